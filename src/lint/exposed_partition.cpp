// A partition or inheritance child that strangers may name directly: its parent's policies apply only to queries that
// name the parent.
#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void exposed_partition(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &child : world.relations) {
        const Relation *parent = child.parent.empty() ? nullptr : world.relation(child.parent);
        if (parent == nullptr || !parent->row_security || child.row_security || !child.policies.empty()) continue;
        const Reached reached = reached_by_strangers(world, child, kRowCommands);
        if (reached.personas.empty()) continue;
        Finding finding = start(rule);
        finding.level = Level::error;
        finding.object = child.name;
        finding.message = fmt::format("{} can {} every row of {} by naming it instead of {}", listed(reached.personas),
                                      listed(reached.commands), child.name, parent->name);
        finding.detail =
            fmt::format("The policies of {} apply to queries that name it. {} has row level security of its "
                        "own, and it is off.",
                        parent->name, child.name);
        finding.hint =
            "Switch row level security on for each child, without policies: access through the parent is not "
            "affected.";
        finding.fix = fmt::format("ALTER TABLE {} ENABLE ROW LEVEL SECURITY;", child.name);
        finding.evidence = "privilege";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
