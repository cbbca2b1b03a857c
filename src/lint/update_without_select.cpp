// Somebody may change rows and see none: an UPDATE or DELETE that names rows by a column must pass the SELECT policies
// too, so it silently changes nothing.
#include <algorithm>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

namespace {

bool has(const std::vector<std::string> &names, const std::string &name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool lets_through(const Relation &relation, const std::string &persona, const char *command) {
    return std::any_of(relation.policies.begin(), relation.policies.end(), [&](const Policy &policy) {
        return policy.permissive && !policy.predicate.empty() && !policy.facts.never &&
               (policy.command == command || policy.command == "ALL") && has(policy.facts.personas, persona) &&
               !has(policy.facts.shut, persona);
    });
}

} // namespace

void update_without_select(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations) {
        if (!relation.row_security || relation.platform) continue;
        std::vector<std::string> personas;
        std::set<Command> commands;
        for (const Reach &reach : relation.reach) {
            // Without the privilege the statement fails, and says so.
            if (!reach.row_security || !reach.commands.contains(Command::select)) continue;
            if (lets_through(relation, reach.persona, "SELECT")) continue;
            bool any = false;
            for (const Command command : {Command::update, Command::remove})
                if (reach.commands.contains(command) &&
                    lets_through(relation, reach.persona, std::string(name(command)).c_str())) {
                    commands.insert(command);
                    any = true;
                }
            if (any) personas.push_back(reach.persona);
        }
        if (personas.empty()) continue;
        Finding finding = start(rule);
        finding.level = Level::warning;
        finding.object = relation.name;
        finding.message =
            fmt::format("{} may {} {} but see no row of it: the statement changes nothing and reports no error",
                        listed(personas), listed(commands), relation.name);
        finding.detail = "A statement that reads a column, in its WHERE or RETURNING, must pass the SELECT policies as "
                         "well, and none lets these callers see a row.";
        finding.hint = "Add a SELECT policy with the same condition.";
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
