// Who may do what, by privilege and by predicate, and by which way: rlsproof.access(). The server says what is allowed;
// lists of grants and memberships are read only to name the way.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/world.hpp"

#include "server/rewrite.hpp"

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
    bool identity = false; // the scope is a comparison of one column with who is asking
    Reached rows = Reached::none;
    std::string via;
};

std::string_view word(Reached rows);

// Ordered by persona, object, command; empty names are all. REQUIRES: names of the world, or a pattern.
std::vector<Access> read_access(const World &world, const std::string &persona, const std::string &object);

// Which commands mean something for a relation, on this server.
bool knows(const Relation &relation, Command command);

// The statement that stands for a row-wise command on a relation; with `reads` one that also reads its rows, as a WHERE
// does, and so has to pass the SELECT policies too.
std::string statement_for(const Relation &relation, const Persona &persona, Command command, bool reads);

// Whether the relation is one the statement is about, rather than one that policies look into on the way.
bool counts(const BaseRelation &base, Command command);

// Why no policy binds a role on a table whose row security is on.
class Exemptions {
public:
    std::string why(const Relation &relation, const std::string &role);

private:
    std::map<std::string, std::string> exempt_; // role → superuser, BYPASSRLS or nothing
};

std::string role_name(Oid role);

// SQL on one line; what stands between quotes stays as it is.
std::string one_line(const std::string &sql);

// Raises Error{not_found} with the names that come near.
const Persona &persona_named(const World &world, const std::string &name);

// The name in full of what somebody wrote. Raises Error{not_found} where there is no such object.
std::string object_named(const std::string &written);

} // namespace rlsproof::server
