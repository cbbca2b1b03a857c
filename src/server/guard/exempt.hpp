// What the guard does not look at: the server's own tables and ours, and statements that nobody sent.
#pragma once

#include "server/boundary.hpp"

namespace rlsproof::server::guard {

// System catalogs and information_schema.
bool exempt_table(Oid table);

// Tables of this extension. Asked only where something was found: it looks at the catalogs.
bool ours(Oid table);

// Statements that run on the server's own behalf, or on ours: checks of foreign keys, scripts of extensions, upgrades,
// parallel workers (whose leader speaks for them), autovacuum, and what our own functions run.
bool exempt_now();

// schema.table, quoted where it has to be; palloc'd.
const char *table_name(Oid table);

bool protected_table(Oid table);

// Whether an expression waits for a value that another part of the plan computes.
bool contains_exec_param(Node *node);

} // namespace rlsproof::server::guard
