// The evidence at run time: rows that are read, changed and returned.
#pragma once

#include "server/guard/running.hpp"

extern "C" {
#include "nodes/params.h"
#include "tcop/dest.h"
}

namespace rlsproof::server::guard {

Source source_of(const QueryDesc *query);

// Whether the rows of this query leave the server.
bool leaves(const QueryDesc *query);

// A receiver in front of the query's own that stops before one row too many leaves the server; nullptr where nothing
// has to be stopped. It lives in the query's memory.
DestReceiver *stopping_receiver(QueryDesc *query, Running *running);

// From here on the statement is interrupted soon after it read more rows than it may, until disarm() gets back what
// arm() returned. Does nothing where it may read as many as it likes.
const Running *arm(const QueryDesc *query, Running *running);
void disarm(const Running *outer);
// Whether the interrupt came from here.
bool interrupted();

// Judges what was counted up to now; `explained` says that nothing may be refused. REQUIRES: ExecutorRun has run.
void judge_run(const QueryDesc *query, Running *running, bool explained);

} // namespace rlsproof::server::guard
