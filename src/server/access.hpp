// Who may do what, by privilege and by predicate, and by which way: rlsproof.access() and explain(). The server says
// what is allowed; lists of grants and memberships are read only to name the way.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/rewrite.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

enum class Reached { none, some, all, unknown };

struct Access {
    std::string persona;
    std::string object;
    std::string kind;
    Command command = Command::select;
    bool held = false;     // the privilege, through a schema that may be used
    std::string privilege; // the ways it is held, or - and why it is of no use
    std::string predicate; // what policies add, as SQL; a failure as SQLSTATE and message
    std::string scope;     // the same, fit to be declared: rows that can be reached; empty where it is not one text
    Reached rows = Reached::none;
    std::string via;
};

// Ordered by persona, object, command; empty names are all. REQUIRES: names of the world, or a pattern.
std::vector<Access> read_access(const World &world, const std::string &persona, const std::string &object);

// The statement that stands for a command on a relation, reading as little as it can or the columns it changes.
std::string statement_for(const Relation &relation, const Persona &persona, Command command, bool reads);

std::string explain(const World &world, const std::string &persona, const std::string &object, Command command);

// Raises Error{not_found} with the names that come near.
const Persona &persona_named(const World &world, const std::string &name);

} // namespace rlsproof::server
