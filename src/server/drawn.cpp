#include "server/drawn.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "server/bodies.hpp"
#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

#include "server/postgres.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kDraws = 16, kLong = 16, kDiffering = 8;

bool draws_itself(const std::string &expression) {
    return query(R"(
select $1 ~ 'gen_random_uuid\(|uuid_generate_v4\(|md5\(.*random\(\)|gen_random_bytes\((8|9|[1-9][0-9])\)'
   and $1 !~* '\m(substr|substring|left|right|lpad|rpad|floor|round|split_part|trunc)\M')",
                 {expression})
        .boolean(0, 0);
}

// The one function of the application that the default calls, its owner, and whether it draws from what cannot be
// guessed: what it makes of that must not hide how little it has drawn, so it cuts nothing off and hashes nothing.
Rows called(const Column &column) {
    return query(R"(
select p.oid, p.proowner, l.lanname in ('sql', 'plpgsql') and p.provolatile = 'v' and not p.proretset
  and d.definition ~ '\m(gen_random_bytes|gen_random_uuid|uuid_generate_v4)\s*\('
  and d.definition !~ '\mgen_random_bytes\s*\(\s*[0-7]\s*\)'
  and d.definition !~* '\m(substr|substring|left|right|lpad|rpad|floor|round|split_part|trunc|mod|overlay|get_byte|md5|digest|hmac|crypt|sha\d+|hash\w*)\M'
from pg_catalog.pg_attrdef a
join pg_catalog.pg_depend f on f.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and f.objid = a.oid
  and f.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
join pg_catalog.pg_proc p on p.oid = f.refobjid join pg_catalog.pg_language l on l.oid = p.prolang
cross join pg_catalog.pg_get_functiondef(p.oid) d(definition)
where a.adrelid = $1::oid and a.adnum = $2::int2 and p.prokind = 'f')",
                 {std::to_string(column.relation), std::to_string(column.number)});
}

size_t differing(const std::string &a, const std::string &b) {
    size_t count = std::max(a.size(), b.size()) - std::min(a.size(), b.size());
    for (size_t i = 0; i < std::min(a.size(), b.size()); i++) count += a[i] != b[i];
    return count;
}

// Each is long, and unlike all the others in many places.
bool unlike(const std::vector<std::string> &words) {
    for (size_t i = 0; i < words.size(); i++) {
        if (words[i].size() < kLong) return false;
        for (size_t other = 0; other < i; other++)
            if (differing(words[i], words[other]) < kDiffering) return false;
    }
    return true;
}

bool draws_by_function(const Column &column, const std::string &expression) {
    const bool cut = query("select $1 ~* '\\m(substr|substring|left|right|lpad|rpad|split_part|md5|hash\\w*|crypt)\\M'",
                           {expression})
                         .boolean(0, 0);
    const Rows function = cut ? Rows() : called(column);
    if (function.size() != 1 || !function.boolean(0, 2)) return false;
    Bodies bodies;
    const Body &body = bodies.of(function.oid(0, 0));
    if (!body.known || !body.relations.empty() || body.builds || !body.harm.empty()) return false;
    std::vector<std::string> words;
    const Outcome drawn = attempt(Finish::rollback, [&] {
        int security;
        Oid user;
        GetUserIdAndSecContext(&user, &security);
        const AsUser owner(function.oid(0, 1), security);
        use_default_search_path();
        for (size_t i = 0; i < kDraws; i++)
            words.push_back(query(fmt::format("select ({})::text", expression), {}, false).text(0, 0));
    });
    return drawn.ok && unlike(words);
}

} // namespace

bool is_drawn(const Column &column, const std::string &expression) {
    return !expression.empty() && (draws_itself(expression) || draws_by_function(column, expression));
}

} // namespace rlsproof::server
