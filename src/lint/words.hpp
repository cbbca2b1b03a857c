// What several rules say the same way.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "lint/rules.hpp"

#include "base/core_only.hpp"

namespace rlsproof::lint {

// Whether the persona stands for somebody who should reach nothing unless it is declared.
bool is_stranger(const Persona &persona);

// The strangers who reach the relation with one of these commands, and what they can do together.
struct Reached {
    std::vector<std::string> personas;
    std::set<Command> commands;
};
Reached reached_by_strangers(const World &world, const Relation &relation, const std::set<Command> &commands);

// A finding of this rule, with the rule's own category.
Finding start(const Rule &rule);

// "anon", "anon and outsider", "anon, outsider and newcomer"
std::string listed(const std::vector<std::string> &names);
std::string listed(const std::set<Command> &commands);

inline const std::set<Command> kRowCommands = {Command::select, Command::insert, Command::update, Command::remove};

} // namespace rlsproof::lint
