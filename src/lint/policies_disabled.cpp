// Policies that do nothing: somebody wrote them, and row level security is off.
#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void policies_disabled(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations) {
        if (relation.row_security || relation.policies.empty()) continue;
        const Reached reached = reached_by_strangers(world, relation, kRowCommands);
        std::vector<std::string> names;
        for (const Policy &policy : relation.policies) names.push_back('"' + policy.name + '"');
        Finding finding = start(rule);
        finding.object = relation.name;
        finding.detail = fmt::format("It has the {} {}, and none of them is applied while row level security is off.",
                                     names.size() == 1 ? "policy" : "policies", listed(names));
        finding.hint = "Switch row level security on; then look at what the policies let through.";
        finding.fix = fmt::format("ALTER TABLE {} ENABLE ROW LEVEL SECURITY;", relation.name);
        if (reached.personas.empty()) {
            finding.level = Level::warning;
            finding.category = Category::hygiene;
            finding.message = fmt::format("the policies of {} are not applied", relation.name);
            finding.evidence = "structural";
        } else {
            finding.level = Level::error;
            finding.message = fmt::format("the policies of {} are not applied: {} can {} every row", relation.name,
                                          listed(reached.personas), listed(reached.commands));
            finding.evidence = "privilege";
        }
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
