#include "lint/words.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

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

std::string comma_separated(const std::vector<std::string> &names) {
    return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<std::string> strangers_of(const World &world, const Function &function) {
    std::vector<std::string> names;
    for (const Persona &persona : world.personas)
        if (is_stranger(persona) &&
            std::find(function.callers.begin(), function.callers.end(), persona.name) != function.callers.end())
            names.push_back(persona.name);
    return names;
}

std::string signature(const Function &function) {
    return function.name.substr(function.name.find(':') + 1);
}

std::string_view routine(const Function &function) {
    return function.procedure ? "PROCEDURE" : "FUNCTION";
}

std::string grantees(const World &world, const std::vector<std::string> &personas) {
    std::vector<std::string> roles;
    for (const Persona &persona : world.personas) {
        const std::string role = quoted(persona.role);
        if (std::find(personas.begin(), personas.end(), persona.name) != personas.end() &&
            std::find(roles.begin(), roles.end(), role) == roles.end())
            roles.push_back(role);
    }
    return comma_separated(roles);
}

std::string revoke_execute(const World &world, const Function &function, const std::vector<std::string> &callers) {
    return fmt::format("REVOKE EXECUTE ON {} {} FROM PUBLIC, {};", routine(function), signature(function),
                       grantees(world, callers));
}

std::string quoted(const std::string &name) {
    const bool plain = !name.empty() && (name[0] < '0' || name[0] > '9') &&
                       name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (plain) return name;
    std::string text = "\"";
    for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
    return text + '"';
}

std::string schema_of(const std::string &qualified) {
    bool inside = false;
    for (size_t i = 0; i < qualified.size(); i++) {
        if (qualified[i] == '"') inside = !inside;
        if (qualified[i] == '.' && !inside) return qualified.substr(0, i);
    }
    return qualified;
}

} // namespace rlsproof::lint
