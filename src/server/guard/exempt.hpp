// What the guard does not look at: the server's own tables and ours, and statements that nobody sent.
#pragma once

#include "server/boundary.hpp"

extern "C" {
#include "access/transam.h"
#include "executor/execdesc.h"
}

namespace rlsproof::server::guard {

// System catalogs and information_schema: what initdb made has numbers below this one.
inline bool exempt_table(Oid table) {
    return table < FirstNormalObjectId;
}

// Tables of this extension. Asked only where something was found: it looks at the catalogs.
bool ours(Oid table);

// Statements that run on the server's own behalf, or on ours: checks of foreign keys, scripts of extensions, upgrades,
// parallel workers' parts (whose leader speaks for them), autovacuum, and what our own functions run.
bool exempt_now();

// While a worker runs its part of a statement: what a function sends there is a statement like any other.
RLSPROOF_OURS extern bool inside_worker;

// How many ALTER TABLE are at work; and whether this is what they ask themselves of a new foreign key.
RLSPROOF_OURS extern int altering;
bool asks_for_key(const QueryDesc *query);

// Whether what runs is the action of a foreign key, or its check.
bool foreign_key_at_work();

// True while the action of a foreign key changes rows: what runs because of that are the statements of triggers, which
// somebody wrote.
RLSPROOF_OURS extern bool acting_for_key;

// True while check_query() looks at a statement: nothing runs then, and the persona is taken on for it alone.
RLSPROOF_OURS extern bool inspecting;

// schema.table, quoted where it has to be; palloc'd.
const char *table_name(Oid table);

bool protected_table(Oid table);

} // namespace rlsproof::server::guard
