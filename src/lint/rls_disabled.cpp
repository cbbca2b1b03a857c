// A table that strangers reach by privilege, and nothing decides about its rows.
#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void rls_disabled(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations) {
        if (!relation.is_table()) continue;
        if (relation.row_security || !relation.policies.empty() || relation.extension_member) continue;
        const Relation *parent = world.relation(relation.parent);
        if (parent != nullptr && parent->row_security) continue; // exposed_partition says it better
        const Reached reached = reached_by_strangers(world, relation, kRowCommands);
        if (reached.personas.empty()) continue;
        Finding finding = start(rule);
        finding.level = Level::error;
        finding.object = relation.name;
        finding.message =
            fmt::format("{} can {} every row of {}", listed(reached.personas), listed(reached.commands), relation.name);
        finding.detail = "Row level security is off, so privileges alone decide, and they are granted.";
        finding.hint =
            "Switch row level security on and write a policy for each command that somebody needs; or revoke "
            "the privileges.";
        finding.fix = fmt::format("ALTER TABLE {} ENABLE ROW LEVEL SECURITY;", relation.name);
        finding.evidence = "privilege";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
