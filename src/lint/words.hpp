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

std::string comma_separated(const std::vector<std::string> &names);

// The strangers that may call the function.
std::vector<std::string> strangers_of(const World &world, const Function &function);

// "schema.name(types)", without the word in front of it.
std::string signature(const Function &function);
// FUNCTION or PROCEDURE, as statements about it say.
std::string_view routine(const Function &function);

// The roles of these personas, each once, for GRANT and REVOKE.
std::string grantees(const World &world, const std::vector<std::string> &personas);
std::string revoke_execute(const World &world, const Function &function, const std::vector<std::string> &callers);

// A name as an SQL identifier, in quotes where it needs them.
std::string quoted(const std::string &name);

// The schema of a qualified name.
std::string schema_of(const std::string &qualified);

// From how many rows on reading all of them is worth a word.
inline constexpr long kManyRows = 10000;

inline const std::set<Command> kRowCommands = {Command::select, Command::insert, Command::update, Command::remove};

} // namespace rlsproof::lint
