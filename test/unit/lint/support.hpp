// A small world for the rules to look at: one visitor, two signed-in strangers, and somebody who was declared.
#pragma once

#include <string>
#include <vector>

#include "lint/rules.hpp"

namespace rlsproof::lint::sample {

inline World world() {
    World world;
    world.personas = {{"anon", "web_anon", "web", {}, "", false, false},
                      {"outsider", "web_user", "web", {}, "u1", false, false},
                      {"newcomer", "web_user", "web", {}, "u2", false, false},
                      {"clerk", "clerk", "web", {}, "u3", true, false}};
    return world;
}

inline const std::vector<std::string> kStrangers = {"anon", "outsider", "newcomer"};

inline Policy policy(const std::string &name, const std::string &command, const std::vector<std::string> &personas) {
    Policy policy;
    policy.name = name;
    policy.command = command;
    policy.roles = {"web_user"};
    policy.predicate = "(owner = uid())";
    policy.facts.personas = personas;
    return policy;
}

// A table with row level security that these personas reach by these commands.
inline Relation table(const std::string &name, const std::vector<std::string> &personas,
                      const std::set<Command> &commands) {
    Relation table;
    table.name = name;
    table.owner = "app";
    table.row_security = true;
    for (const std::string &persona : personas) table.reach.push_back({persona, commands, true});
    return table;
}

inline Function definer(const std::string &name, const std::vector<std::string> &callers) {
    Function function;
    function.name = "rpc:" + name;
    function.owner = "app";
    function.definer = true;
    function.body_known = true;
    function.callers = callers;
    return function;
}

// The objects a rule speaks of, in its order.
inline std::vector<std::string> objects(const World &world, const std::string &rule) {
    std::vector<std::string> names;
    for (const Finding &finding : look(world, rule)) names.push_back(finding.object);
    return names;
}

} // namespace rlsproof::lint::sample
