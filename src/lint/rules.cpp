#include "lint/rules.hpp"

#include <array>

#include <fmt/format.h>

#include "base/error.hpp"
#include "lint/all.hpp"

namespace rlsproof::lint {

namespace {

constexpr std::array kRules = {
    Rule{"any_sql", Category::exposure, "a SECURITY DEFINER function that runs what its caller writes",
         "An argument goes into the text of a statement that is run with the owner's rights: its caller is the owner. "
         "Take EXECUTE from everybody but the server; hand over values by USING, never as text.",
         any_sql},
    Rule{"default_privileges", Category::permissions, "tables that are handed to strangers the moment they are created",
         "Default privileges grant a role's new tables to roles of the API or to PUBLIC. Until somebody "
         "switches row level security on, such a table is open. Take the defaults back and grant table by "
         "table.",
         default_privileges},
    Rule{"definer_function", Category::exposure, "a SECURITY DEFINER function that anybody may call",
         "It runs with its owner's rights, past the policies of the tables it touches, and looks at nobody's identity. "
         "Take EXECUTE from PUBLIC, make it SECURITY INVOKER, or let it check the caller.",
         definer_function},
    Rule{"definer_identity", Category::exposure,
         "a SECURITY DEFINER function that takes its caller's word for who somebody is",
         "An argument is compared with a column that holds identities, or written into one, and nothing in the "
         "function looks at who is calling. Take the identity from the session.",
         definer_identity},
    Rule{"definer_request", Category::exposure,
         "a SECURITY DEFINER function by which anybody makes the server send something",
         "Strangers may call it, nothing in it looks at who is calling, and it sends a request in the server's own "
         "name. Take EXECUTE from everybody but the server, or let it check the caller.",
         definer_request},
    Rule{"exposed_matview", Category::exposure, "a materialized view of protected tables that strangers may read",
         "It keeps rows of its own, and row level security cannot be put on it. Revoke SELECT and give out "
         "what each caller may see through something that filters by the caller.",
         exposed_matview},
    Rule{"exposed_partition", Category::exposure, "a partition that can be named past its parent's policies",
         "Policies of a partitioned table apply to queries that name it. Each partition has row level security of its "
         "own. Switch it on for every one.",
         exposed_partition},
    Rule{"forgeable_claim", Category::exposure, "something that users write themselves decides what they may",
         "user_metadata and raw_user_meta_data are the user's own to write, and a function that sets identity "
         "settings from its arguments makes its caller anybody. Decide by app_metadata or by tables users may "
         "not write.",
         forgeable_claim},
    Rule{"immutable_session", Category::exposure, "a function of a policy or view is declared IMMUTABLE and is not",
         "The planner puts its answer into the plan, and a plan that is kept gives the next caller the answer "
         "of the first. Declare it STABLE.",
         immutable_session},
    Rule{"late_tenant_column", Category::performance, "a tenant column behind columns of varying width",
         "Where the guard looks at rows, each of them is taken apart up to the tenant. Put it early in new tables, and "
         "let queries name the tenant.",
         late_tenant_column},
    Rule{"null_tenant", Category::exposure, "rows without a tenant go to callers without one",
         "For IS NOT DISTINCT FROM two NULLs are equal. Compare with =, make the column NOT NULL, or say with "
         "IS NULL that such rows are for everybody.",
         null_tenant},
    Rule{"owner_view", Category::exposure, "a view that reads protected tables with its owner's rights",
         "Unless it is made with security_invoker, a view reads with the rights of its owner, whom policies usually do "
         "not bind: whoever may read the view reads everything behind it.",
         owner_view},
    Rule{"per_row_function", Category::performance, "a policy calls a function again for each row",
         "Nothing of the row goes into the call, so it could be made once for a statement: write it as (SELECT "
         "f()).",
         per_row_function},
    Rule{"permissive_ban", Category::exposure, "a ban that is written as a permissive policy",
         "Permissive policies are joined with OR: whoever is not banned gets in, whatever the other policies "
         "ask for. Make it restrictive.",
         permissive_ban},
    Rule{"policies_disabled", Category::exposure, "policies on a table whose row level security is off",
         "Policies do nothing until ALTER TABLE ... ENABLE ROW LEVEL SECURITY. A table that was dropped and created "
         "again has lost it.",
         policies_disabled},
    Rule{"published_unprotected", Category::exposure, "a published table without row level security",
         "What broadcasts changes asks the policies who may hear them. Without row level security every change "
         "goes to every subscriber.",
         published_unprotected},
    Rule{"restrictive_only", Category::permissions, "only restrictive policies",
         "Restrictive policies narrow what permissive ones let through. Without a permissive one, nothing passes.",
         restrictive_only},
    Rule{"rls_disabled", Category::exposure, "a table that strangers reach, with row level security off",
         "Whoever holds the privilege reaches every row. Switch row level security on, or revoke the privileges.",
         rls_disabled},
    Rule{"search_path_mutable", Category::exposure,
         "a SECURITY DEFINER function that finds what it names by its caller's search path",
         "Something of the same name in another schema, or a temporary table, is used in place of what was "
         "meant, with the owner's rights. Fix the search path and qualify every name.",
         search_path_mutable},
    Rule{"storage_listing", Category::exposure, "a bucket whose files strangers may list",
         "A policy of storage.objects asks about the bucket alone: neither the owner nor the folder of the "
         "file is compared with the caller.",
         storage_listing},
    Rule{"truncate_granted", Category::permissions, "privileges that no policy looks at",
         "TRUNCATE, TRIGGER and MAINTAIN are granted to strangers by GRANT ALL; policies have no say in them.",
         truncate_granted},
    Rule{"unbound_role", Category::exposure, "whoever connects is bound by no policy",
         "Policies do not bind the owner of a table unless row level security is forced, nor a role with BYPASSRLS. "
         "Where that is whom the application connects as, they are written for nobody.",
         unbound_role},
    Rule{"uncorrelated_subquery", Category::exposure, "a sub-select in a policy that says nothing about the row",
         "An unqualified name inside a sub-select is the inner table's column where there is one. Write the "
         "table's name before the column.",
         uncorrelated_subquery},
    Rule{"unindexed_policy_column", Category::performance,
         "a policy compares a column of a big table, and no index begins with it",
         "The condition is part of every statement: without an index each of them reads the whole table.",
         unindexed_policy_column},
    Rule{"update_without_select", Category::permissions, "rows may be changed and not be seen",
         "UPDATE and DELETE that read a column must pass the SELECT policies too: without one they change "
         "nothing and report no error. Add a SELECT policy.",
         update_without_select},
};

} // namespace

std::span<const Rule> rules() {
    return kRules;
}

std::vector<Finding> look(const World &world, const std::string &rule) {
    std::vector<Finding> findings;
    bool known = rule.empty();
    for (const Rule &candidate : kRules) {
        if (!rule.empty() && rule != candidate.id) continue;
        known = true;
        const size_t before = findings.size();
        candidate.look(world, candidate, findings);
        for (size_t i = before; i < findings.size(); i++) {
            Finding &finding = findings[i];
            finding.rule = candidate.id;
            if (finding.key.empty()) finding.key = fmt::format("{}:{}", finding.rule, finding.object);
        }
    }
    if (!known) {
        std::string names;
        for (const Rule &candidate : kRules) names += (names.empty() ? "" : ", ") + std::string(candidate.id);
        throw Error(Code::not_found, fmt::format("there is no rule \"{}\"", rule),
                    fmt::format("The rules are: {}.", names));
    }
    return findings;
}

} // namespace rlsproof::lint
