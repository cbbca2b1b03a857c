// A published table that strangers may read and that has no row level security: every change goes to every subscriber.
#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void published_unprotected(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations) {
        if (!relation.published || relation.row_security || relation.extension_member) continue;
        if (!relation.is_table()) continue;
        const Relation *parent = world.relation(relation.parent);
        if (parent != nullptr && parent->published) continue; // said of the whole
        const Reached reached = reached_by_strangers(world, relation, {Command::select});
        if (reached.personas.empty()) continue;
        Finding finding = start(rule);
        finding.level = Level::error;
        finding.object = relation.name;
        finding.message = fmt::format("every change of {} is published, and {} may hear all of them", relation.name,
                                      listed(reached.personas));
        finding.detail = "It is in a publication, and row level security is off: what broadcasts the changes asks the "
                         "policies who may hear them, and there are none.";
        finding.hint = "Switch row level security on and write a SELECT policy, or take the table out of the "
                       "publication.";
        finding.fix = fmt::format("ALTER TABLE {} ENABLE ROW LEVEL SECURITY;", relation.name);
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
