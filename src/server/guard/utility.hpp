// Statements that pass neither planner nor executor, or carry another one in them.
#pragma once

#include "server/guard/statement.hpp"

namespace rlsproof::server::guard {

// TRUNCATE and COPY ... TO.
void judge_utility(Node *statement, Violations *found);

// EXECUTE, cursors, COPY, CREATE TABLE AS, REFRESH, EXPLAIN: the statement inside is the one the client sent.
bool carries_statement(const Node *statement);

} // namespace rlsproof::server::guard
