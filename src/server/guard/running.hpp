// A statement that is being executed: what has to be remembered of it until it ends.
#pragma once

#include "server/guard/statement.hpp"

extern "C" {
#include "portability/instr_time.h"
}

namespace rlsproof::server::guard {

// A relation whose rows are counted by the server anyway, and how far its numbers were at the start. An index counts
// the entries it returned, a table the rows of its scans.
struct Counter {
    Relation relation;
    bool index;
    int64 read;
    int64 written;
};

// How far a statement has come; nothing of it at first.
struct Progress {
    bool at_work;            // being executed, not a cursor that waits
    SubTransactionId within; // where it is; a cursor that fails in one that is rolled back stays, and works no more
    bool answers;            // its rows go to a client as the answer to what it sent
    instr_time started;
    uint64 returned; // rows, over all the parts a cursor was fetched in
    bool parallel;   // workers may read for it
    int64 workers;   // what its workers had read before
    int64 read;      // rows that were added to the transaction's
    int64 written;
    RuleSet told; // what was said of it already
    int counters;
};

// Lives as long as the memory of its query and is unlinked when that goes, whichever way: by its end, an error, or a
// portal that is dropped.
struct Running : Progress {
    MemoryContextCallback callback;
    Running *outer;
    const EState *state;
    Counter *counter; // `first`, or a larger place
    int room;         // for so many
    static constexpr int kFirst = 4;
    Counter first[kFirst];
};

// REQUIRES: ExecutorStart has run.
Running *begin_running(const QueryDesc *query);

// The one of this query; nullptr where nothing had to be remembered.
Running *running_of(const EState *state);

// How much the statement read and changed so far, what statements inside it did left out.
struct Done {
    int64 read;
    int64 written;
};
Done done_by(const Running *running);

// What is counted is taken off the statements around it, which may be looking at the same tables.
void settle_with_outer(const Running *running);

} // namespace rlsproof::server::guard
