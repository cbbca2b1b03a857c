// Whose rows a statement puts into a table: looked at before they are there.
#pragma once

#include "server/guard/tenant_eye.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

namespace rlsproof::server::guard {

// Puts eyes on what a node writes. What cannot be looked at is a violation at once.
void look_at_modify(Watch *watch, ModifyTableState *state, Violations *found);

// Puts one on the rows that are in the way of an INSERT and are changed and returned instead, as rows that are read.
void look_at_conflicts(Watch *watch, ModifyTableState *state, Violations *found);

} // namespace rlsproof::server::guard
