// Queries that come one after the other: N+1 candidates and repetitions.
#pragma once

#include "server/guard/statement.hpp"

namespace rlsproof::server::guard {

// One query that a client sent and that ran to its end.
struct Sent {
    Source source;
    const struct ParamListInfoData *parameters;
    const struct PlannedStmt *plan;
    uint64 rows;
    bool reads; // SELECT
};

// Adds it to its series and says where that became too long. The transaction, or the pause between two statements
// outside one, ends a series.
void note_sent(const Sent &sent, Violations *found);

} // namespace rlsproof::server::guard
