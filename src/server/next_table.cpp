#include "server/next_table.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

constexpr const char *kName = "rlsproof_next_table";

// "anon: SELECT, INSERT" for every persona that could reach the new table, or nothing.
std::vector<std::string> reached(const World &world, const std::string &table) {
    std::vector<std::string> result;
    for (const Persona &persona : world.personas) {
        const Rows held = query(R"(
select pg_catalog.string_agg(c.command, ', ' order by c.place)
from pg_catalog.unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) with ordinality c(command, place)
where pg_catalog.has_table_privilege($1, $2::pg_catalog.regclass, c.command)
  and pg_catalog.has_schema_privilege($1, (select relnamespace from pg_catalog.pg_class where oid = $2::pg_catalog.regclass), 'USAGE'))",
                                {persona.role, table}, false);
        if (held.value(0, 0)) result.push_back(fmt::format("{}: {}", persona.name, held.text(0, 0)));
    }
    return result;
}

} // namespace

void prove_default_privileges(const World &world, std::vector<Finding> &findings) {
    for (Finding &finding : findings) {
        if (finding.rule != "default_privileges") continue;
        for (const DefaultPrivilege &given : world.default_privileges) {
            if (finding.object != "schema:" + given.schema || finding.evidence == "execution") continue;
            const std::string table = quote_identifier(given.schema) + '.' + kName;
            std::vector<std::string> who;
            const Outcome made = attempt(Finish::rollback, [&] {
                // An event trigger's effects may reach beyond the transaction.
                set_locally("session_replication_role", "replica");
                set_locally("role", given.creator);
                (void)execute(fmt::format("create table {} (id int)", table));
                who = reached(world, table);
            });
            if (!made.ok || who.empty()) continue;
            finding.evidence = "execution";
            finding.detail += fmt::format(" Seen on a table that {} created, and that is gone again: {}.",
                                          given.creator, fmt::join(who, "; "));
        }
    }
}

} // namespace rlsproof::server
