// Reading the node trees of policies and views: plain functions that the server may jump over, and what they note.
// Their notes live in the memory context of the caller.
#pragma once

#include "server/postgres.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

namespace rlsproof::server {

enum class NoteKind {
    function,        // is called
    row_call,        // is called for each row, with nothing of the row
    metadata,        // the claim user_metadata is read
    metadata_column, // a column raw_user_meta_data is read
    self,            // a column of a sub-select that is compared with itself, and that the policy's table has as well
    outer,           // a column that a sub-select shows of the protected row, and that is compared with what it shows
    captured,        // a column of a sub-select whose path is taken apart where the file's own was meant
    detached,        // a table whose having rows decides, for no row and no caller in particular
    null_equal,      // a column for which NULL equals a caller without a value
    identity_equal,  // a column that has to equal something of the caller
    sent,            // a column that has to equal what the request brings along: a header, a cookie
    sent_signed_in,  // the same, beside a condition that asks whether somebody is signed in
    loose_address,   // the caller's e-mail address has to end in what an address of anybody's own domain ends in, too
    said_by_header,  // a header that is no secret has to say what is written there: `number` in kNoSecrets
};

// Headers of which everybody knows what they are to say. A word that only some know is none of these.
constexpr const char *kNoSecrets[] = {"origin",           "referer",          "user-agent",    "host",
                                      "x-forwarded-host", "x-requested-with", "x-client-info", "accept-language"};

struct Note {
    NoteKind kind;
    Oid object; // relation or function
    int number; // of a column
};

struct TreeWalk {
    Oid relation;      // whose policy it is; invalid for a view
    const Oid *asking; // functions that look at who is calling
    int asking_count;
    const Oid *sending; // of these, the functions that say what the request brings along, and nothing else
    int sending_count;
    const Oid *reading; // and those that ask tables
    int reading_count;
    List *notes; // of Note *
    bool asks_who;

    // Of the policy as a whole.
    int predicates; // that it has
    int negations;  // of them
    bool always;    // USING (true)
    bool never;     // USING (false)

    // Where the walk is.
    List *stack;      // of Query *, innermost last
    bool check;       // in a predicate about new rows, not about rows that are read
    int once;         // sub-selects around, evaluated once
    int alternatives; // ORs and NOTs around
};

// Whether a setting holds what the request brings along, which is whatever its sender likes.
bool is_sent_setting(const char *name);

// Reads one predicate of a policy, as the catalog stores it; `check` for WITH CHECK.
void walk_policy(const char *tree, bool check, TreeWalk *walk);

// Reads a view's rule: its functions into `everything`, what its conditions say into `conditions`.
void walk_view(const char *tree, TreeWalk *everything, TreeWalk *conditions);

} // namespace rlsproof::server
