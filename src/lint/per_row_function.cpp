// A policy of a big table calls a function again for each row though nothing of the row goes into it.
#include <algorithm>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void per_row_function(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations) {
        if (!relation.row_security || relation.platform || relation.extension_member || relation.rows < kManyRows)
            continue;
        std::vector<std::string> functions, policies;
        for (const Policy &policy : relation.policies) {
            if (policy.facts.row_calls.empty()) continue;
            policies.push_back('"' + policy.name + '"');
            for (const std::string &function : policy.facts.row_calls)
                if (std::find(functions.begin(), functions.end(), function) == functions.end())
                    functions.push_back(function);
        }
        if (functions.empty()) continue;
        Finding finding = start(rule);
        finding.level = Level::warning;
        finding.object = relation.name;
        finding.message = fmt::format("{} is called again for each row of {}", listed(functions), relation.name);
        finding.detail = fmt::format("The {} {} {} with nothing of the row, so the answer is the same each time.",
                                     policies.size() == 1 ? "policy" : "policies", listed(policies),
                                     policies.size() == 1 ? "calls it" : "call it");
        finding.hint = "Write the call as a sub-select, (SELECT f()): it is then evaluated once for a statement.";
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
