// One cell of the matrix as a question to the prover: can this persona, in any state of the database, reach a row that
// it should not, or miss one that it should reach?
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/command.hpp"
#include "model/world.hpp"
#include "prove/question.hpp"

#include "server/schema.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

enum class Direction {
    no_more,   // whatever is reached was declared
    no_less,   // whatever was declared is reached
    no_growth, // no write of its own opens what was closed to it, and is not its by declaration
};

constexpr std::string_view name(Direction direction) {
    switch (direction) {
    case Direction::no_more: return "no more";
    case Direction::no_less: return "no less";
    case Direction::no_growth: return "no growth";
    }
    return "no more";
}

// Somebody who signed up a moment ago: rows name it only in tables of accounts, which have one for each person, and
// what is asked of those it has not got; it belongs to nothing.
struct JustSignedUp {
    struct Belonging {
        Oid table, parent;
        int column, parent_column;
    };
    std::set<Oid> accounts;
    std::set<Oid> memberships;                  // tables that may name it as well
    std::vector<Belonging> belongings;          // rows that hang on accounts, and accounts on what people belong to
    std::set<std::pair<Oid, Command>> left_out; // writes of which nothing is asked
};

struct CellToProve {
    const Persona *persona = nullptr;
    const Relation *relation = nullptr;
    Command command = Command::select;
    std::string expected = "none";
    bool declared = false;
    std::string scope; // the predicate of `expected`, where that is a scope
    Direction direction = Direction::no_more;
    bool occurs_nowhere = false; // asked of the states only in which no row names the persona
    bool of_scope = false;       // asked whether the scope itself grows, whatever is reached
    bool unmarked = false;       // asked of states in which no row that names the persona has what policies ask for
    const JustSignedUp *just_signed_up = nullptr; // asked of the states in which the persona is nobody else
    bool any_state = false;                       // asked of all states, whoever the persona is
    const World *world = nullptr;                 // what else there is: what may be written, what triggers do
};

// What is known of the statements that may change what a cell's policies look at.
struct Writes {
    struct Table {
        int before, after; // in the question
        Oid relation;
    };
    std::vector<Table> tables;
    std::vector<std::string> not_followed; // other ways to write there, of which nothing is known
    bool seen_meanwhile = false;           // a policy sees what its own statement has done so far
    bool scope_changes = false;            // the scope itself looks at what may be written
    bool triggers_run = true;              // those there are may be run without harm
};

struct CellQuestion {
    explicit CellQuestion(std::shared_ptr<Catalog> catalog) : schema(std::move(catalog)) {}

    prove::Question question;
    Schema schema;
    std::set<std::string> unset; // settings that were read and are not there
    bool may_raise = false;      // a cast or sub-select in it may fail for some value
    bool names_itself = false;   // asked whether every row it reaches names it, for want of a scope
    bool occurs_nowhere = false; // asked of the states only in which no row names the persona
    bool through_view = false;
    std::string not_shown; // why a counterexample says nothing; empty where it can be shown
    std::string statement;
    Writes writes; // of a question about them
};

// A statement of the persona's own that opened something.
struct Written {
    Oid table = InvalidOid;
    Command command = Command::insert;
    std::vector<std::string> columns; // that were set, of a row that was there
    std::string statement;
};

// Whether somebody's own rows are what nobody has declared: one who has signed up.
bool is_newcomer(const Persona &persona);

// How the fact is named that no row of a table names the persona: this, and the table.
std::string occurs_in_no_row_of(const Persona &persona);

// The statement that stands for the command, with columns that the persona may use.
std::string proof_statement(const CellToProve &cell, Catalog &catalog, bool reads);

// REQUIRES: a subtransaction around it, in which the persona is assumed; `superuser` is who asked. Raises ServerError
// where the server refuses the statement as such: policies that recurse, a missing privilege. `empty` are settings that
// nobody made and that are found empty; any others that nobody made are NULL.
CellQuestion make_question(const CellToProve &cell, Oid superuser, int security, std::shared_ptr<Catalog> catalog,
                           const std::set<std::string> &empty);

} // namespace rlsproof::server
