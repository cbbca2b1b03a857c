#include "lint/words.hpp"

#include <algorithm>

namespace rlsproof::lint {

bool is_stranger(const Persona &persona) {
    const std::string kind = persona.name.substr(0, persona.name.find(':'));
    return !persona.bypasses && (kind == "anon" || kind == "outsider" || kind == "newcomer");
}

Reached reached_by_strangers(const World &world, const Relation &relation, const std::set<Command> &commands) {
    Reached reached;
    for (const Persona &persona : world.personas) {
        const Reach *reach = is_stranger(persona) ? relation.reach_of(persona.name) : nullptr;
        if (reach == nullptr) continue;
        std::set<Command> both;
        std::set_intersection(reach->commands.begin(), reach->commands.end(), commands.begin(), commands.end(),
                              std::inserter(both, both.end()));
        if (both.empty()) continue;
        reached.personas.push_back(persona.name);
        reached.commands.merge(both);
    }
    return reached;
}

Finding start(const Rule &rule) {
    Finding finding;
    finding.rule = rule.id;
    finding.category = rule.category;
    return finding;
}

std::string listed(const std::vector<std::string> &names) {
    std::string text;
    for (size_t i = 0; i < names.size(); i++) {
        if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
        text += names[i];
    }
    return text;
}

std::string listed(const std::set<Command> &commands) {
    std::vector<std::string> names;
    for (const Command command : commands) names.emplace_back(name(command));
    return listed(names);
}

} // namespace rlsproof::lint
