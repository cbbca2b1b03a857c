// A way up that was gone: what a persona wrote or called, and what it reached by that.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/finding.hpp"
#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/bodies.hpp"
#include "server/hints.hpp"
#include "server/tables.hpp"

namespace rlsproof::server {

struct Way {
    std::string rule;
    const Relation *relation; // the table that is written to; of a call alone nothing
    Command command;
    std::string statement;
    std::string column;               // that is set; empty where a row is put in or taken away
    const Function *function;         // that is called then; or nothing
    std::vector<std::string> gained;  // tables that show more of other people's rows than before
    std::string when;                 // the circumstances, or what is written next; empty where there is nothing
    std::string witness = "";         // where the statement alone does not show it
    std::string trigger = "";         // that takes the row further
    std::string moves = "";           // whom, or what, the column is made to name
    std::string shows = "";           // who shows what the row points to, and with whose rights
    std::string words = "";           // columns that are shown, where a function is called with what is in them
    std::string who = "it";           // that sees more
    bool by_next_token = false;       // it shows once the token is made anew
    bool changes = false;             // and may change them then, having seen them before
    std::vector<std::string> by = {}; // who decides by what that trigger writes
    const Function *then = nullptr;   // that takes up what was put into `words` by the call
    std::string appointed = "";       // who may do it, where it takes more than an account
};

// Who says that what was opened is open.
std::vector<std::string> deciders(const Way &way, const Tables &tables, const Hints &hints);
std::string some_deciders(std::vector<std::string> by);

// It was done: what could not be told otherwise, or failed, is told by that. Without a witness the statement is one.
void make_open(std::span<Cell> cells, const Persona &persona, const std::string &object, Command command,
               const std::string &what, const std::string &statement, const std::string &witness = "");

// Adds the finding, and makes the cell of the write that opens it say so.
void accuse_of(const Way &way, const Persona &persona, const Tables &tables, const Hints &hints,
               std::vector<Cell> &cells, std::vector<Finding> &findings);

// Whether the database itself puts somebody's row in, when one of these accounts is made.
bool made_at_sign_up(Bodies &bodies, const std::vector<Oid> &accounts, Oid table);

} // namespace rlsproof::server
