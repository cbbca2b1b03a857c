// Privileges that no policy ever looks at: TRUNCATE empties a table past all policies, TRIGGER runs code as whoever
// writes, REFERENCES tells which keys exist. GRANT ALL gives them away unseen.
#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void truncate_granted(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    static const std::set<Command> past_policies = {Command::truncate, Command::trigger, Command::maintain};
    for (const Relation &relation : world.relations) {
        if (relation.kind != RelationKind::table && relation.kind != RelationKind::partitioned_table) continue;
        if (relation.extension_member || !relation.row_security) continue; // rls_disabled says it already
        const Reached reached = reached_by_strangers(world, relation, past_policies);
        if (!reached.commands.contains(Command::truncate)) continue;
        Finding finding = start(rule);
        finding.level = Level::note;
        finding.category = Category::permissions;
        finding.object = relation.name;
        finding.message = fmt::format("{} hold {} on {}, which no policy looks at", listed(reached.personas),
                                      listed(reached.commands), relation.name);
        finding.detail = "The API offers no way to run these commands; a function that runs SQL from outside, or a "
                         "direct connection, would.";
        finding.hint = "Grant the four row commands by name instead of ALL.";
        std::string roles;
        for (const Persona &persona : world.personas)
            for (const std::string &name : reached.personas)
                if (persona.name == name && roles.find(persona.role) == std::string::npos)
                    roles += (roles.empty() ? "" : ", ") + persona.role;
        finding.fix = fmt::format("REVOKE TRUNCATE, TRIGGER, REFERENCES ON {} FROM {};", relation.name, roles);
        finding.evidence = "privilege";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
