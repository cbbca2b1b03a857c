// Reading what policies and constraints say about columns off their node trees: plain functions that the server may
// jump over, and what they note. Their notes live in the memory context of the caller.
#pragma once

#include "server/postgres.hpp"

extern "C" {
#include "nodes/pg_list.h"
#include "utils/array.h"
}

namespace rlsproof::server {

enum class HintKind {
    value,         // a column is compared with a constant
    shunned,       // which it must not be
    pattern,       // with a regular expression that it has to match
    identity,      // with something about the caller
    identity_path, // its first folder is
    name_part,     // a part of it is compared with a constant, or cast to a type: `other_number` says which part
    name_pattern,  // such a part has to match a regular expression
    limit,         // a number of another table is weighed against something
    read,          // a column of another table is read
    function,      // is called
    joined,        // columns of two tables are compared with each other
    joined_part,   // a part of a name and a column of another table are
    matched,       // a column with one that a sub-select looks up
    personal,      // a column of a row that is the caller's own is read
    mention,       // a constant, wherever it stands
    read_as,       // a text is cast to another type
    table,         // is read
    given_to,      // a column is handed to a function, `other`, as the argument of this number
    handed,        // a constant is handed to a function, as the argument of this number
    asked,         // a constant that something about the caller is compared with, and the function that says it
};

struct RawHint {
    HintKind kind;
    Oid relation; // or the function
    int number;
    bool own;          // a column of the policy's own table
    const char *value; // nullptr is NULL
    Oid other;         // a column it is joined with, or the type it is cast to
    int other_number;
};

struct HintWalk {
    Oid relation;      // whose policy it is
    List *stack;       // of Query *, innermost last
    const Oid *asking; // functions that look at who is calling
    int asking_count;
    List *found; // of RawHint *
};

// Reads one predicate, as the catalog stores it.
void walk_hints(const char *tree, HintWalk *walk);

// A value that something may have of which it is only asked that it is there; nullptr for types of which none is known.
const char *some_value(Oid type);

// A value of a type as text.
const char *text_of(Oid type, Datum value);

// The elements of an array that are not NULL. REQUIRES: `use` is a plain function's own, without destructors.
template <typename Use>
void each_element(Datum array, Use use) {
    ArrayType *values = DatumGetArrayTypeP(array);
    ArrayIterator elements = array_create_iterator(values, 0, nullptr);
    Datum value;
    bool null;
    while (array_iterate(elements, &value, &null))
        if (!null) use(ARR_ELEMTYPE(values), value);
    array_free_iterator(elements);
}

} // namespace rlsproof::server
