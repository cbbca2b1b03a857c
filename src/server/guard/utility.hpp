// Statements that pass neither planner nor executor.
#pragma once

#include "server/guard/statement.hpp"

namespace rlsproof::server::guard {

// TRUNCATE and COPY ... TO.
void judge_utility(Node *statement, Violations *found);

// COPY, CREATE TABLE AS, REFRESH and cursors: the rows of the statement inside are not answered all at once.
bool keeps_rows(const Node *statement);

} // namespace rlsproof::server::guard
