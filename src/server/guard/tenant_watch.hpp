// Whose rows a statement really reads: looked at where a plan does not prove it. The scans that are not held to one
// tenant are watched, row by row, and the tenants that come by are told apart in a small set.
#pragma once

#include "server/guard/tenant_plan.hpp"
#include "server/guard/tenants.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace rlsproof::server::guard {

struct Watch;

// Puts an eye on every scan of the statement that has to be looked at. What cannot be looked at is a violation at once.
// REQUIRES: ExecutorStart has run.
void begin_watch(const QueryDesc *query, bool may_refuse, Violations *found);

// The one of this query; nullptr where nothing has to be watched.
Watch *watch_of(const EState *state);

// What was seen up to now, where it was not told yet. REQUIRES: ExecutorRun has run.
void judge_watch(const QueryDesc *query, Watch *watch, bool may_refuse);

// At planning: an index that lacks the tenant's column hides whose the rows are, so the table itself is read.
void read_the_table(RelOptInfo *rel, const RangeTblEntry *entry);

} // namespace rlsproof::server::guard
