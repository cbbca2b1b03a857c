// A policy for which a row without a tenant and a caller without a tenant belong together: NULL is not distinct from
// NULL.
#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void null_tenant(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations)
        for (const Policy &policy : relation.policies) {
            if (policy.facts.null_equal.empty() || !policy.permissive) continue;
            const std::string columns = listed(policy.facts.null_equal);
            Finding finding = start(rule);
            finding.level = Level::warning;
            finding.object = relation.name;
            finding.key = fmt::format("{}:{}:{}", rule.id, relation.name, policy.name);
            finding.message = fmt::format("the policy \"{}\" of {} gives rows without {} to every caller without one",
                                          policy.name, relation.name, columns);
            finding.detail = fmt::format("It compares with IS NOT DISTINCT FROM, for which two NULLs are equal, and {} "
                                         "may be NULL.",
                                         columns);
            finding.hint = "Compare with =, or make the column NOT NULL. Where such rows are meant for everybody, say "
                           "so with IS NULL.";
            finding.evidence = "structural";
            findings.push_back(std::move(finding));
        }
}

} // namespace rlsproof::lint
