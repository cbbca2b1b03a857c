// A policy of a big table compares a column with who is asking, and no index begins with that column: every statement
// reads the whole table.
#include <algorithm>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void unindexed_policy_column(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations) {
        if (!relation.row_security || relation.platform || relation.extension_member || relation.rows < kManyRows)
            continue;
        std::vector<std::string> columns;
        for (const Policy &policy : relation.policies)
            for (const std::string &column : policy.facts.identity_equals) {
                const auto &leads = relation.index_leads;
                if (std::find(leads.begin(), leads.end(), column) != leads.end()) continue;
                if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
            }
        for (const std::string &column : columns) {
            Finding finding = start(rule);
            finding.level = Level::warning;
            finding.object = relation.name;
            finding.key = fmt::format("{}:{}:{}", rule.id, relation.name, column);
            finding.message = fmt::format("policies of {} compare {} with the caller, and no index begins with it",
                                          relation.name, column);
            finding.detail = "The condition is added to every statement of these callers, and without an index each of "
                             "them reads the whole table.";
            finding.hint = "Create an index that begins with the column.";
            finding.fix = fmt::format("CREATE INDEX CONCURRENTLY ON {} ({});", relation.name, column);
            finding.evidence = "structural";
            findings.push_back(std::move(finding));
        }
    }
}

} // namespace rlsproof::lint
