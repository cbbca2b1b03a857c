// What the names in a function's body mean: also where whoever asks may not use the schema they are in.
// Plain functions that the server may jump over.
#pragma once

#include "server/postgres.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace rlsproof::server {

// InvalidOid where there is none.
Oid relation_named(const RangeVar *name);

// The OIDs of all functions of a name, whatever their arguments.
List *functions_named(List *name);

// What functions of a name that are called with so many arguments take for those that are left out: of Node *.
List *defaults_taken(List *name, int given);

// string_to_array() and its kin.
bool splits_text(const char *function);

// The parts of a text are cast to the elements of `type`, or to itself, and a text that is one of them is one as well:
// `string_to_array(current_setting('app.teams'), ',')::int[]` reads a number. `type` may be nullptr.
const char *type_of_part(const char *type);

// The names in statements that are read but not analyzed: what they are of is only known when all are there.
struct BodyNames {
    List *tables;  // of RangeVar *
    List *others;  // of char *: what else columns may be of: sub-selects, functions
    List *columns; // of char *, char * in turn: what a column is of, and its name
    List *targets; // of RangeVar *, char * in turn: a table and a column of it that is written
};

void note_names(Node *statement, BodyNames *names);

// The first name that means nothing here, as "there is no table x"; nullptr where all do. `ctes`: of char *.
const char *missing_name(const BodyNames *names, const List *ctes, const List *calls);

} // namespace rlsproof::server
