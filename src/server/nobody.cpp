#include "server/nobody.hpp"

#include <string>

#include <fmt/format.h>

#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

// It has a meaning where something is compared with it as it stands, where a column has it by default, and where a
// function that mentions it writes.
constexpr const char *kHasNoMeaning = R"(
with said(how) as (
  select pg_catalog.pg_get_expr(e, p.polrelid)
  from pg_catalog.pg_policy p, lateral (values (p.polqual), (p.polwithcheck)) x(e) where e is not null
  union all
  select p.prosrc from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where n.nspname not in ('pg_catalog', 'information_schema') and pg_catalog.strpos(p.prosrc, $1) > 0
  union all
  select pg_catalog.pg_get_viewdef(c.oid) from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')),
meant(how) as (
  select 1 from said where how ~* ('(=|<>|!=|from)\s*\(?''' || $1 || '''')
    or how ~* ('''' || $1 || '''(::\w+)?\)?\s*(=|<>|!=)') or how ~* ('(\min\s*\(|\[)[^()\]]*''' || $1 || '''')
    or how ~* '\m(insert|update|merge)\M' and pg_catalog.strpos(how, $1) > 0
  union all
  select 1 from pg_catalog.pg_attrdef d where pg_catalog.strpos(pg_catalog.pg_get_expr(d.adbin, d.adrelid), $1) > 0)
select not exists (select from meant))";

// The column, and what it refers to.
constexpr const char *kPlaces = R"(
select a.attrelid::pg_catalog.regclass, pg_catalog.quote_ident(a.attname), a.atttypid::pg_catalog.regtype
from pg_catalog.pg_attribute a
where a.attrelid = $1::oid and a.attnum = $2::int2 or (a.attrelid, a.attnum) in (
  select k.confrelid, k.confkey[pg_catalog.array_position(k.conkey, $2::int2)]
  from pg_catalog.pg_constraint k where k.contype = 'f' and k.conrelid = $1::oid and $2::int2 = any (k.conkey)))";

} // namespace

bool Nobody::is_named_by(Oid table, int column) {
    if (!has_no_meaning_) {
        has_no_meaning_ = false;
        (void)attempt(Finish::rollback,
                      [&] { has_no_meaning_ = query(kHasNoMeaning, {std::string(kNil)}).boolean(0, 0); });
    }
    if (!*has_no_meaning_) return false;
    const auto [known, is_new] = known_.try_emplace({table, column}, false);
    if (!is_new) return known->second;
    bool held = true;
    (void)attempt(Finish::rollback, [&] {
        const Rows places = query(kPlaces, {std::to_string(table), std::to_string(column)});
        bool found = places.empty();
        for (size_t i = 0; i < places.size(); i++) {
            const std::string type = places.text(i, 2);
            found = found || (type != "uuid" && type != "text" && type != "character varying") ||
                    query(fmt::format("select exists (select from {} where {} = '{}')", places.text(i, 0),
                                      places.text(i, 1), kNil))
                        .boolean(0, 0);
        }
        held = found;
    });
    return known->second = !held;
}

} // namespace rlsproof::server
