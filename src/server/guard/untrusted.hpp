// Rules for SQL that nobody vouches for: what a client may send, and what errors may tell it. What runs inside of the
// functions it may call is somebody else's text, and only read_only looks at it.
#pragma once

#include "server/guard/statement.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace rlsproof::server::guard {

// How many of the planner, the executor and CALL are at work: above 0, what is parsed is not what a client sent.
RLSPROOF_OURS extern int at_work;

inline bool counts_depth() {
    return (active & kSent) != 0 || hide_error_values;
}

// The statement as it was written, before views and policies come into it.
void judge_sent(Query *query, Violations *found);

// Utility statements, and what is evaluated for them past the planner.
void judge_command(const Node *statement, Violations *found);

// read_only, of a plan and of a utility statement.
void judge_writing(PlannedStmt *plan, Violations *found);
void judge_writing_command(Node *statement, Violations *found);

// A function that is called by the protocol's own message for it, past parser, planner and executor.
void judge_called(Oid function, Violations *found);

// Whether an error that is raised while rows are looked at may hold a value of one.
bool may_hold_values(int sqlstate);
[[noreturn]] void raise_without_values(int sqlstate);

// Sees that the statement ends when rlsproof.max_statement_time is over, whatever statement_timeout says.
void hold_to_time();

} // namespace rlsproof::server::guard
