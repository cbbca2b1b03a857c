// Whose rows a statement really reads: looked at where a plan does not prove it. The scans that are not held to one
// tenant are watched, row by row, and the tenants that come by are told apart in a small set.
#pragma once

#include "server/guard/tenant_plan.hpp"
#include "server/guard/tenants.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace rlsproof::server::guard {

// Puts an eye on every scan of the statement that has to be looked at, and on what it writes. What cannot be looked at
// is a violation at once. REQUIRES: ExecutorStart has run.
void begin_watch(const QueryDesc *query, const TenantPlan *plan, bool may_refuse, Violations *found);

// At planning: an index that lacks the tenant's column hides whose the rows are, so the table itself is read; and so
// does another server that joins or counts them, so that is done here.
void read_the_table(const PlannerInfo *root, RelOptInfo *rel, const RangeTblEntry *entry);

} // namespace rlsproof::server::guard
