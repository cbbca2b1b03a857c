// Taking notes of what predicates say: where a column is that an expression reads, and which rows are the caller's own.
// Plain functions that the server may jump over.
#pragma once

#include "server/hint_walk.hpp"

#include "server/postgres.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
}

namespace rlsproof::server {

void note(HintWalk *walk, HintKind kind, Oid relation, int number, bool own, const char *value, Oid other = InvalidOid,
          int other_number = 0);
void note_joined(HintWalk *walk, Oid relation, int number, Oid other, int other_number);

struct Place {
    Oid relation;
    int number;
    bool own;
};

// The column of a table that an expression is, where it is one.
bool place_of(Node *node, const HintWalk *walk, Place *place);

bool is_identity(Node *node, const HintWalk *walk);

// The columns of one row that a query reads, as those of a row of the caller's own.
void note_row(HintWalk *walk, Query *query, int number);

// A row is the caller's own where a condition that every result must meet ties it to who is asking. What such a row
// says is said of the caller; the same column of another row is no more than a state.
void note_own_rows(HintWalk *walk, Query *query, Node *condition);

} // namespace rlsproof::server
