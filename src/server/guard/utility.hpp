// Statements that pass neither planner nor executor.
#pragma once

#include "server/guard/statement.hpp"

namespace rlsproof::server::guard {

// TRUNCATE and COPY ... TO.
void judge_utility(Node *statement, Violations *found);

// Where the rows go that no executor counts for the guard: COPY ... FROM and CREATE TABLE AS write them, COPY table TO
// reads them.
enum class Passing { none, into_table, to_client, to_file };
Passing passing(const Node *statement);

// COPY, CREATE TABLE AS, REFRESH and cursors: the rows of the statement inside are not answered all at once.
bool keeps_rows(const Node *statement);

} // namespace rlsproof::server::guard
