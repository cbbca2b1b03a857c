// The evidence at run time: rows that are read, changed and returned.
#pragma once

#include "server/guard/running.hpp"
#include "server/guard/utility.hpp"

extern "C" {
#include "nodes/params.h"
#include "tcop/dest.h"
}

namespace rlsproof::server::guard {

Source source_of(const QueryDesc *query);

// Called before each part is fetched, `count` rows or (0) all: whether these rows are an answer to a client, and what
// can be said of it before the first of them is read.
void begin_answer(const QueryDesc *query, Running *running, uint64 count, bool may_refuse);

// A receiver in front of the query's own that stops before one row too many leaves the server; nullptr where nothing
// has to be stopped. It lives in the query's memory.
DestReceiver *stopping_receiver(QueryDesc *query, Running *running);

// From here on the statement is interrupted soon after it read more rows than it may, until disarm() gets back what
// arm() returned. Does nothing where it may read as many as it likes.
const Running *arm(const QueryDesc *query, Running *running);
void disarm(const Running *outer);
// Whether the interrupt came from here and is meant for this statement, not for one around it.
bool interrupted(const Running *running);

// Judges rows that went by uncounted, when they have gone.
void judge_passed(Passing passing, int64 rows, const Source &source, bool may_refuse);

// Judges what was counted up to now. REQUIRES: ExecutorRun has run.
void judge_run(const QueryDesc *query, Running *running, bool may_refuse);

// The same of what only ExecutorFinish does: parts of WITH that change something and that nobody reads.
void judge_finish(const QueryDesc *query, Running *running, bool may_refuse);

} // namespace rlsproof::server::guard
