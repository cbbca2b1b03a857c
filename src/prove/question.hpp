// A question to the prover as plain values: tables with what their constraints say, and claims about rows of them.
#pragma once

#include <string>
#include <vector>

#include "expr/tree.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

struct Column {
    int number = 0;
    std::string name;
    expr::Type type;
    bool nullable = true;
    int64_t least = 0, most = -1; // of an enumeration: its first and last label; nothing where most < least
};

struct Key {
    std::string name; // PRIMARY KEY orders(id)
    std::vector<int> columns;
};

struct Reference {
    std::string name; // FOREIGN KEY lines(order_id)
    std::vector<int> columns;
    int parent = 0;
    std::vector<int> parent_columns;
};

// What no row may make false, as a CHECK does. The row it is about is the variable `row`.
struct Check {
    std::string name;
    expr::Row row;
    expr::Expr condition;
    bool stored = true; // of rows that are there; otherwise of new ones as well
};

struct Table {
    std::string name;
    std::vector<Column> columns;
    std::vector<Key> keys;
    std::vector<Reference> references;
    std::vector<Check> checks;
    int of = -1; // the table whose rows these are, after a statement; -1 where they are as they were

    const Column *column(int number) const {
        for (const Column &c : columns)
            if (c.number == number) return &c;
        return nullptr;
    }
};

// A row the question is about: one that is there, or one that is written and not there yet.
struct Subject {
    expr::Row row;
    std::string name;
    bool present = true;
    int replaces = -1; // the subject that this row takes the place of
};

// A reference by which a row may be taken along, or changed in its columns, where what it refers to goes or changes.
struct Tie : Reference {
    bool removes = false, nulls = false; // ON DELETE CASCADE; SET NULL
    bool moves = false;                  // ON UPDATE CASCADE
    bool any_value = false;              // SET DEFAULT
};

// What one statement may do to the rows of a table, any number of them, from the state before to the one after it.
struct Step {
    int before = 0, after = 0; // tables
    expr::Row old, fresh;      // a row as it was, and as it is afterwards
    // When it may be put in, changed, taken away; without, it may not.
    expr::Expr insert, update, remove;
    std::vector<int> fixed; // columns that a change leaves as they are
    std::vector<Tie> follows;
    bool truncate = false; // all of it may be taken away, and nothing that refers to it follows
};

struct Claim {
    std::string name; // what it says, for the script's reader
    expr::Expr condition;
    bool holds = true; // it is true; otherwise it is false or NULL
};

// Is there a state of the database and a row of which all the claims hold? The answer "no" is a proof of the opposite.
struct Question {
    std::string title;
    std::vector<Table> tables;
    std::vector<Subject> subjects; // the statements of `steps` do not write them
    std::vector<Claim> claims;
    // Of literals of a type whose = is coarser than identity: which of them are equal.
    std::vector<std::vector<std::pair<expr::Type, std::string>>> equal_literals;
    // The claim that must not be. Where the others cannot hold together either, a proof is about nothing. -1 for none.
    int bad = -1;
    // Parameters that a small state had better have equal.
    std::vector<std::pair<std::string, std::string>> alike = {};
    std::vector<Step> steps = {}; // one of each table that may change
    int next_row = 1000000;       // row variables from here on are free to use
};

} // namespace rlsproof::prove
