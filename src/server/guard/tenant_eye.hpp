// Eyes on the nodes of a plan that runs, and on what it makes of rows that it writes.
#pragma once

#include "server/guard/tenant_seen.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

namespace rlsproof::server::guard {

// A watch in this memory, which ends when that goes.
Watch *new_watch(MemoryContext memory, const Source &source, bool may_refuse);

// The one of this execution; nullptr where nothing has to be watched. The innermost COPY has a null state.
Watch *watch_of(const EState *state);

// An eye on the tenant's column; nullptr where what is in it cannot be told apart, or its path not be followed.
Eye *new_eye(Watch *watch, const Tenancy *tenancy, bool written, AttrNumber column);

// Puts it on the rows that a node hands on. A table's scan is looked at in its own row.
void attach(Eye *eye, PlanState *state);

// Puts eyes on an expression that makes a row: on the tenant that it makes, and on that of the row it is made from.
void attach_to_row(Watch *watch, ProjectionInfo *projection, Eye *made, Eye *existing);

// Puts one more on the row that an expression is about to make something of, or to judge.
void look_before(Eye *eye, ExprState *expression);

// One row, in any slot.
void look_at_row(Eye *eye, TupleTableSlot *slot);

} // namespace rlsproof::server::guard
