// Roles that no policy binds read whatever their queries ask for: service keys, owners, jobs, agents with a database
// tool. What they were seen to read of several tenants is told by role, since the role is what has to change.
#include "base/finding.hpp"

#include "server/seen.hpp"

#include <fmt/format.h>

#include "server/spi.hpp"

namespace rlsproof::server {

const char *const kServiceRead = R"((e.rule in ('tenant_mixed', 'tenant_unpinned') and exists (
  select from pg_catalog.pg_roles r left join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(e.table_name)
  where r.rolname = e.role and (r.rolsuper or r.rolbypassrls
    or (pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE') and not c.relforcerowsecurity)))))";

namespace {

std::string counted(long count, const char *one, const char *many) {
    return count == 1 ? fmt::format("1 {}", one) : fmt::format("{} {}", count, many);
}

} // namespace

void add_service_reads(std::vector<Finding> &findings) {
    const Rows seen = query(fmt::format(R"(
select e.role, e.table_name,
       coalesce(sum(reported + held) filter (where rule = 'tenant_mixed'), 0)::bigint,
       coalesce(sum(reported + held) filter (where rule = 'tenant_unpinned'), 0)::bigint,
       coalesce(max(max_rows) filter (where rule = 'tenant_mixed'), 0)::bigint,
       count(distinct fingerprint), (array_agg(query order by count desc, query collate "C"))[1],
       bool_or(fingerprint is null), bool_and(mode = 'error'),
       (select case when rolsuper then 'a superuser' when rolbypassrls then 'a role with BYPASSRLS'
                    else 'a role that owns the table' end from pg_catalog.pg_roles where rolname = e.role)
from rlsproof.guard_events e
where database = pg_catalog.current_database() and reported + held > 0 and table_name is not null and {}
group by e.role, e.table_name
order by sum(reported + held) desc, e.role collate "C", e.table_name collate "C" limit 100)",
                                        kServiceRead));
    for (size_t i = 0; i < seen.size(); ++i) {
        const std::string &role = seen.text(i, 0), &table = seen.text(i, 1);
        const long mixed = seen.number(i, 2), unpinned = seen.number(i, 3), tenants = seen.number(i, 4);
        const bool refused = seen.boolean(i, 8);
        Finding finding;
        finding.rule = "service_reads_tenants";
        finding.category = Category::exposure;
        finding.level = refused ? Level::note : Level::warning;
        finding.object = table;
        if (mixed > 0)
            finding.message =
                fmt::format("{} {} rows of several tenants: {}, up to {} at once", role,
                            refused ? "was refused" : "reads", counted(mixed, "statement", "statements"), tenants);
        else
            finding.message =
                fmt::format("{} {} it without naming a tenant: {}", role, refused ? "was kept from reading" : "reads",
                            counted(unpinned, "statement", "statements"));
        finding.detail = fmt::format("It is {}, so no policy holds its rows back.", seen.text(i, 9));
        if (mixed > 0 && unpinned > 0)
            finding.detail += fmt::format(" {} named no tenant.", counted(unpinned, "statement", "statements"));
        finding.detail += seen.boolean(i, 7)
                              ? " The statements are not yours to read: pg_read_all_stats shows them."
                              : fmt::format(" {}: {}.",
                                            seen.number(i, 5) == 1
                                                ? "One shape of query"
                                                : fmt::format("{} shapes of query, mostly this one", seen.number(i, 5)),
                                            seen.text(i, 6));
        finding.hint = fmt::format(
            "Compare the tenant in the query, or let the work be done by a role that policies bind. What is meant to "
            "read "
            "all tenants: SELECT rlsproof.waive('{}', {}, '...', '...'); for the rest ALTER ROLE {} SET "
            "rlsproof.rule_tenant_mixed = 'error'.",
            mixed > 0 ? "tenant_mixed" : "tenant_unpinned", quote_literal("role:" + role), quote_identifier(role));
        finding.evidence = "execution";
        finding.key = fmt::format("{}:{}:{}", finding.rule, table, role);
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::server
