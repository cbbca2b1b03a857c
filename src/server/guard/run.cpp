#include "server/guard/run.hpp"

#include "server/compat.hpp"
#include "server/guard/series.hpp"
#include "server/guard/settings.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "storage/latch.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
}

namespace rlsproof::server::guard {

namespace {

// ---- rows that are returned

struct Stopping {
    DestReceiver receiver; // first: the executor knows this part
    DestReceiver *real;
    QueryDesc *query;
    Running *running;
    uint64 room; // rows that may still leave
};

bool stop_or_pass(TupleTableSlot *slot, DestReceiver *self) {
    auto *const stopping = reinterpret_cast<Stopping *>(self);
    if (stopping->room == 0) {
        Violations found;
        Violation *const violation = found.add(Rule::result_rows);
        violation->measured = static_cast<double>(limits.result_rows) + 1;
        violation->allowed = limits.result_rows;
        violation->counted = true;
        stopping->running->told |= only(Rule::result_rows);
        tell(found, source_of(stopping->query), true);
        // Somebody waived it: everything passes from here on.
        stopping->room = PG_UINT64_MAX;
    }
    --stopping->room;
    return stopping->real->receiveSlot(slot, stopping->real);
}

void start_real(DestReceiver *self, int operation, TupleDesc type) {
    DestReceiver *const real = reinterpret_cast<Stopping *>(self)->real;
    real->rStartup(real, operation, type);
}

void stop_real(DestReceiver *self) {
    DestReceiver *const real = reinterpret_cast<Stopping *>(self)->real;
    real->rShutdown(real);
}

// Its owner ends it.
void keep_real(DestReceiver *) {}

// ---- rows that are read

// What the timer looks at. It runs between any two instructions, so it reads numbers and sets flags.
const Running *volatile armed = nullptr;
volatile bool fired = false;

void look() {
    const Running *const running = armed;
    if (running == nullptr || fired || QueryCancelPending) return;
    double read = 0;
    for (int i = 0; i < running->counters; ++i) {
        const Counter &counter = running->counter[i];
        const compat::Counted now = compat::counted(counter.relation);
        read += static_cast<double>((counter.index ? now.returned : now.returned + now.fetched) - counter.read);
    }
    if (read <= limits.rows_read) return;
    fired = true;
    QueryCancelPending = true;
    InterruptPending = true;
    SetLatch(MyLatch);
}

constexpr int kLookEvery = 10; // milliseconds
TimeoutId timer = MAX_TIMEOUTS;

// ---- the transaction

struct Transaction {
    LocalTransactionId id;
    double read;
    double written;
};
Transaction transaction;

void add_to_transaction(Running *running, const Done &done) {
    if (transaction.id != compat::local_transaction()) transaction = {compat::local_transaction(), 0, 0};
    transaction.read += done.read - running->read;
    transaction.written += done.written - running->written;
    running->read = done.read;
    running->written = done.written;
}

void exceed(Violations *found, Running *running, Rule rule, double counted, int allowed) {
    if (!wants(rule) || counted <= allowed || (running->told & only(rule)) != 0) return;
    Violation *const violation = found->add(rule);
    if (violation == nullptr) return;
    violation->measured = counted;
    violation->allowed = allowed;
    violation->counted = true;
    running->told |= only(rule);
}

} // namespace

Source source_of(const QueryDesc *query) {
    return {query->sourceText, query->plannedstmt->stmt_location, query->plannedstmt->stmt_len,
            static_cast<uint64>(query->plannedstmt->queryId)};
}

bool leaves(const QueryDesc *query) {
    switch (query->dest->mydest) {
    case DestRemote:
    case DestRemoteExecute:
    case DestRemoteSimple:
    case DestDebug:
    case DestCopyOut:
    case DestTuplestore: return true;
    default: return false;
    }
}

DestReceiver *stopping_receiver(QueryDesc *query, Running *running) {
    if (mode_of(Rule::result_rows) != Mode::error || !running->top || !leaves(query)) return nullptr;
    auto *const stopping =
        static_cast<Stopping *>(MemoryContextAllocZero(query->estate->es_query_cxt, sizeof(Stopping)));
    stopping->receiver.receiveSlot = stop_or_pass;
    stopping->receiver.rStartup = start_real;
    stopping->receiver.rShutdown = stop_real;
    stopping->receiver.rDestroy = keep_real;
    stopping->receiver.mydest = query->dest->mydest;
    stopping->real = query->dest;
    stopping->query = query;
    stopping->running = running;
    const auto allowed = static_cast<uint64>(limits.result_rows);
    stopping->room = running->returned >= allowed ? 0 : allowed - running->returned;
    return &stopping->receiver;
}

const Running *arm(const QueryDesc *query, Running *running) {
    const Running *const outer = armed;
    if (mode_of(Rule::rows_read) != Mode::error || running->counters == 0 ||
        pardoned(Rule::rows_read, source_of(query)))
        return outer;
    if (timer == MAX_TIMEOUTS) timer = RegisterTimeout(USER_TIMEOUT, look);
    fired = false;
    armed = running;
    if (outer == nullptr)
        enable_timeout_every(timer, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kLookEvery), kLookEvery);
    return outer;
}

void disarm(const Running *outer) {
    if (armed == nullptr) return;
    if (outer == nullptr) disable_timeout(timer, false);
    armed = outer;
    // The statement was through before it was stopped; what it read is judged all the same.
    if (fired) QueryCancelPending = false;
}

bool interrupted() {
    return fired;
}

void judge_run(const QueryDesc *query, Running *running, bool explained) {
    Violations found;
    const EState *const state = query->estate;
    running->returned += state->es_processed;

    if ((active & kCounted) != 0) {
        const Done done = done_by(running);
        exceed(&found, running, Rule::rows_read, done.read, limits.rows_read);
        if (wants(Rule::transaction_rows_read) || wants(Rule::transaction_rows_written)) {
            add_to_transaction(running, done);
            exceed(&found, running, Rule::transaction_rows_read, transaction.read, limits.transaction_rows_read);
            exceed(&found, running, Rule::transaction_rows_written, transaction.written,
                   limits.transaction_rows_written);
        }
    }
    if (running->top && (query->operation == CMD_SELECT || query->plannedstmt->hasReturning) && leaves(query))
        exceed(&found, running, Rule::result_rows, static_cast<double>(running->returned), limits.result_rows);
    if (running->top && (active & kShaped) != 0 && !explained)
        note_sent({source_of(query), query->params, state->es_processed, query->operation == CMD_SELECT}, &found);
    fired = false;
    tell(found, source_of(query), !explained);
}

} // namespace rlsproof::server::guard
