// COPY FROM passes neither planner nor executor. What it has is a condition, COPY t FROM ... WHERE ..., which the
// server evaluates over each row before that is stored: one of ours, which lets all rows through, sees whose they are.
#pragma once

#include "server/guard/tenant_seen.hpp"

extern "C" {
#include "nodes/plannodes.h"
}

namespace rlsproof::server::guard {

struct WatchedCopy {
    PlannedStmt *statement; // to be run in the place of the one that was sent
    Watch *watch;           // nullptr where nothing has to be looked at, or nothing can; its memory is to be deleted
};

// REQUIRES: tenant_write is wanted. What cannot be looked at is a violation at once.
WatchedCopy watch_copy(PlannedStmt *statement, const Source &source, bool may_refuse, Violations *found);

} // namespace rlsproof::server::guard
