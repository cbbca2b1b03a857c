// Statements that pass neither planner nor executor.
#pragma once

#include "server/guard/statement.hpp"

namespace rlsproof::server::guard {

// TRUNCATE and COPY ... TO.
void judge_utility(Node *statement, Violations *found);

// EXECUTE and FETCH: their rows are gathered before they are sent.
bool gathers_answer(const Node *statement);

// COPY, CREATE TABLE AS, REFRESH and cursors: the rows of the statement inside are not answered all at once.
bool keeps_rows(const Node *statement);

} // namespace rlsproof::server::guard
