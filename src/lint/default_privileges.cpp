// What is created next goes to strangers at once: default privileges hand a role's new tables out before anybody has
// switched row level security on.
#include <algorithm>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void default_privileges(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    std::vector<std::string> done;
    for (const DefaultPrivilege &first : world.default_privileges) {
        if (std::find(done.begin(), done.end(), first.schema) != done.end()) continue;
        done.push_back(first.schema);
        std::vector<std::string> creators, personas;
        std::set<Command> commands;
        std::string fix;
        bool platform = true;
        const auto once = [](std::vector<std::string> &list, const std::string &text) {
            if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
        };
        for (const DefaultPrivilege &given : world.default_privileges) {
            if (given.schema != first.schema) continue;
            std::vector<std::string> strangers;
            for (const Persona &persona : world.personas)
                if (is_stranger(persona) &&
                    std::find(given.personas.begin(), given.personas.end(), persona.name) != given.personas.end())
                    strangers.push_back(persona.name);
            if (strangers.empty()) continue;
            platform = platform && given.platform;
            for (const std::string &persona : strangers) once(personas, persona);
            once(creators, given.creator);
            commands.insert(given.commands.begin(), given.commands.end());
            fix += fmt::format("{}ALTER DEFAULT PRIVILEGES FOR ROLE {}{} REVOKE ALL ON TABLES FROM {};",
                               fix.empty() ? "" : " ", quoted(given.creator),
                               given.everywhere ? "" : " IN SCHEMA " + quoted(given.schema), given.grantee);
        }
        if (personas.empty()) continue;
        Finding finding = start(rule);
        // Nobody chose it, and a project that is in order has it like any other.
        if (platform) {
            finding.level = Level::note;
            finding.category = Category::hygiene;
        }
        finding.object = "schema:" + first.schema;
        finding.message = fmt::format("every table that {} creates in schema {} is handed to {} at once",
                                      listed(creators), first.schema, listed(personas));
        finding.detail = fmt::format("Default privileges grant {}. Until somebody switches row level security on, the "
                                     "next table has no other protection.",
                                     listed(commands));
        if (platform) finding.detail += " The platform makes every project like this, and this one has added nothing.";
        finding.hint = "Take the defaults back and grant table by table.";
        finding.fix = std::move(fix);
        finding.evidence = "privilege";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
