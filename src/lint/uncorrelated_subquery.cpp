// A sub-select in a policy that says nothing about the row it protects, though it was meant to: an unqualified name was
// taken for the inner table's own column, or for the row's where the inner table has none; of a file, the path is
// looked for in another table's name; or the condition mentions neither the row nor the caller.
#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void uncorrelated_subquery(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations)
        for (const Policy &policy : relation.policies) {
            const PolicyFacts &facts = policy.facts;
            if (facts.self_compared.empty() && facts.outer_shown.empty() && facts.captured.empty() &&
                facts.detached.empty())
                continue;
            Finding finding = start(rule);
            finding.object = relation.name;
            finding.key = fmt::format("{}:{}:{}", rule.id, relation.name, policy.name);
            finding.evidence = "structural";
            if (!facts.self_compared.empty()) {
                finding.level = Level::error;
                finding.message = fmt::format("the policy \"{}\" of {} compares {} of its sub-select with itself",
                                              policy.name, relation.name, listed(facts.self_compared));
                finding.detail = "Inside a sub-select an unqualified name is the inner table's column where there is "
                                 "one, so the comparison is true for every row, and the row that is protected is not "
                                 "looked at.";
                finding.hint = fmt::format("Write the table's name before the column: {}.{}.", relation.name,
                                           facts.self_compared.front());
            } else if (!facts.outer_shown.empty()) {
                finding.level = Level::error;
                finding.message = fmt::format("the policy \"{}\" of {} compares {} of the row with itself", policy.name,
                                              relation.name, listed(facts.outer_shown));
                finding.detail = "The table of its sub-select has no column of that name, so the name is the protected "
                                 "row's: the comparison is true as soon as the sub-select finds anything at all.";
                finding.hint = "Write the name of the sub-select's table before the column: the server then says what "
                               "is missing.";
            } else if (!facts.captured.empty()) {
                finding.level = Level::error;
                finding.message = fmt::format("the policy \"{}\" of {} takes {} apart and not the name of the file",
                                              policy.name, relation.name, listed(facts.captured));
                finding.detail = "Inside a sub-select an unqualified name is the inner table's column where there is "
                                 "one. Nothing of the file is looked at: whoever has a row there whose name is a path "
                                 "of that kind reaches all files, and nobody else any.";
                finding.hint = "Write the table's name before the column: storage.foldername(objects.name).";
            } else {
                finding.level = Level::warning;
                finding.message = fmt::format("the policy \"{}\" of {} asks whether {} {} rows, for no row and no "
                                              "caller in particular",
                                              policy.name, relation.name, listed(facts.detached),
                                              facts.detached.size() == 1 ? "has" : "have");
                finding.detail = "Its sub-select mentions neither the protected row nor who is asking: it is true for "
                                 "everybody and every row, or for nobody.";
                finding.hint = "Join the sub-select with the row, or with the caller.";
            }
            findings.push_back(std::move(finding));
        }
}

} // namespace rlsproof::lint
