#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/vault.hpp"

#include <vector>

#include "server/awake.hpp"
#include "server/environment.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

constexpr const char *kReads = R"(
select 1 from pg_catalog.pg_class c where c.oid = any ($1::oid[]) and c.relnamespace = pg_catalog.to_regnamespace('vault')::oid
  and exists (select from pg_catalog.pg_proc p where p.pronamespace = c.relnamespace and p.proname = 'create_secret'))";

constexpr const char *kPuttingIn = R"(
select p.oid from pg_catalog.pg_proc p where p.pronamespace = pg_catalog.to_regnamespace('vault')::oid
  and p.proname = 'create_secret')";

// Helpers are handed the name by whoever calls them: where any function reads the vault, all are looked at.
constexpr const char *kAsking = R"(
select p.oid from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where n.nspname !~ '^(pg_|information_schema$|vault$)' and l.lanname in ('sql', 'plpgsql') and p.prokind in ('f', 'p')
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                  and d.objid = p.oid and d.deptype = 'e')
  and exists (select from pg_catalog.pg_proc r join pg_catalog.pg_namespace rn on rn.oid = r.pronamespace
              where rn.nspname <> 'vault' and r.prokind in ('f', 'p')
                and coalesce(nullif(r.prosrc, ''), pg_catalog.pg_get_function_sqlbody(r.oid)) ilike '%decrypted_secrets%')
order by p.oid)";

} // namespace

bool is_vault(const Body &body) {
    std::vector<std::string> read;
    for (const auto &[table, written] : body.relations) read.push_back(std::to_string(table));
    return !read.empty() && !query(kReads, {array_literal(read)}).empty();
}

bool may_put_into_vault(const World &world, Bodies &bodies) {
    const Rows putting_in = query(kPuttingIn);
    bool undone = !putting_in.empty();
    for (size_t i = 0; i < putting_in.size() && !is_thrown_away(); i++)
        undone = undone && why_not_undone(world, bodies.of(putting_in.oid(i, 0))).empty();
    return undone;
}

void add_asked_of_vault(const Body &body, std::set<std::string> &names) {
    for (const auto &[column, value] : body.compared)
        if (value) names.insert(*value);
}

void put_into_vault(const std::set<std::string> &names) {
    for (const std::string &name : names)
        (void)attempt(Finish::commit, [&] { // one that is there already stays
            (void)query("select vault.create_secret($1, $2)", {kVaultSecret, name}, false);
        });
}

void stock_vault(const World &world, Bodies &bodies) {
    if (!may_put_into_vault(world, bodies)) return;
    std::set<std::string> names;
    const Rows asking = query(kAsking);
    for (size_t i = 0; i < asking.size(); i++)
        if (const Body &body = bodies.of(asking.oid(i, 0)); is_vault(body)) add_asked_of_vault(body, names);
    put_into_vault(names);
}

} // namespace rlsproof::server
