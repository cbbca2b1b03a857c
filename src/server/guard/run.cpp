#include "server/guard/run.hpp"

#include "server/compat.hpp"
#include "server/guard/body_text.hpp"
#include "server/guard/series.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/stricter.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/tuptable.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "tcop/pquery.h"
#include "utils/portal.h"
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
    int64 read;
    int64 written;
    RuleSet told;
};
Transaction transaction;

void begin_transaction_anew() {
    if (transaction.id != compat::local_transaction()) transaction = {compat::local_transaction(), 0, 0, 0};
}

// Hands back what the statement added since the last time.
Done add_to_transaction(Running *running, const Done &done) {
    begin_transaction_anew();
    const Done added{done.read - running->read, done.written - running->written};
    transaction.read += added.read;
    transaction.written += added.written;
    running->read = done.read;
    running->written = done.written;
    return added;
}

// Told once of a statement or a transaction; where it is refused, every further statement is.
void exceeded(Violations *found, RuleSet *told, const char *text, Rule rule, int64 counted, int allowed) {
    if ((*told & only(rule)) != 0 && !refused(rule, text)) return;
    Violation *const violation = found->add(rule);
    if (violation == nullptr) return;
    violation->measured = static_cast<double>(counted);
    violation->allowed = allowed;
    violation->counted = true;
    *told |= only(rule);
}

inline void compare(Violations *found, RuleSet *told, const char *text, Rule rule, int64 counted, int allowed) {
    if (counted > allowed && wants(rule)) exceeded(found, told, text, rule, counted, allowed);
}

// Most statements come here once: what a call costs would be paid by all of them.
[[gnu::always_inline]] inline void judge_counted(const QueryDesc *query, Running *running, Violations *found) {
    const Done done = done_by(running);
    compare(found, &running->told, query->sourceText, Rule::rows_read, done.read, limits.rows_read);
    if (!wants(Rule::transaction_rows_read) && !wants(Rule::transaction_rows_written)) return;
    // Who adds nothing is not refused for what others did: a transaction that wrote too much may still look.
    const Done added = add_to_transaction(running, done);
    if (added.read > 0)
        compare(found, &transaction.told, query->sourceText, Rule::transaction_rows_read, transaction.read,
                limits.transaction_rows_read);
    if (added.written > 0)
        compare(found, &transaction.told, query->sourceText, Rule::transaction_rows_written, transaction.written,
                limits.transaction_rows_written);
}

// What can be said before the first row of an answer is read.
void judge_coming(const QueryDesc *query, bool may_refuse) {
    Violations found;
    judge_answer(query->plannedstmt, query->params, &found);
    if (found.count > 0) tell(found, source_of(query), may_refuse);
}

} // namespace

Source source_of(const QueryDesc *query) {
    if (is_empty(query->sourceText))
        return {body_text(query->plannedstmt), -1, 0, static_cast<uint64>(query->plannedstmt->queryId)};
    return {query->sourceText, query->plannedstmt->stmt_location, query->plannedstmt->stmt_len,
            static_cast<uint64>(query->plannedstmt->queryId)};
}

void begin_answer(const QueryDesc *query, Running *running, uint64 count, bool may_refuse) {
    running->at_work = true;
    running->within = GetCurrentSubTransactionId();
    switch (query->dest->mydest) {
    case DestRemote:
    case DestRemoteExecute:
    case DestRemoteSimple:
    case DestDebug: running->answers = true; break;
    case DestCopyOut: running->answers = true; return;
    case DestTuplestore:
        // What EXECUTE, FETCH, RETURNING and a cursor that outlives its transaction answer with is gathered first. So
        // is what a function returns, but a function is called by a statement at work.
        // A procedure that goes through a query and commits meanwhile has it gathered for itself.
        running->answers = ActivePortal == nullptr || !ActivePortal->portalPinned;
        for (const Running *outer = running->outer; outer != nullptr; outer = outer->outer)
            if (outer->at_work && SubTransactionIsActive(outer->within)) running->answers = false;
        break;
    default: return;
    }
    if (running->answers && count == 0 && running->returned == 0 && may_be_without_limit(query->plannedstmt))
        judge_coming(query, may_refuse);
}

DestReceiver *stopping_receiver(QueryDesc *query, Running *running) {
    if (!running->answers || !refused(Rule::result_rows, query->sourceText)) return nullptr;
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
    // The statement around this one was just interrupted: that goes first. A function that caught it is asked again.
    if (fired && QueryCancelPending) return outer;
    fired = false;
    if (running->counters == 0 || !refused(Rule::rows_read, query->sourceText) ||
        pardoned(Rule::rows_read, source_of(query)))
        return outer;
    if (timer == MAX_TIMEOUTS) timer = RegisterTimeout(USER_TIMEOUT, look);
    armed = running;
    if (outer == nullptr)
        enable_timeout_every(timer, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kLookEvery), kLookEvery);
    return outer;
}

void disarm(const Running *outer) {
    // This one was not armed; what may be pending is meant for the one around it.
    if (armed == outer) return;
    if (outer == nullptr) disable_timeout(timer, false);
    armed = outer;
    // The statement was through before it was stopped; what it read is judged all the same.
    if (fired) QueryCancelPending = false;
    fired = false;
}

bool interrupted(const Running *running) {
    if (!fired || armed != running) return false;
    // Whose time is up as well is told so: the server raises that once, and whoever caught our error would go on.
    return StatementTimeout <= 0 || GetCurrentTimestamp() < get_timeout_finish_time(STATEMENT_TIMEOUT);
}

void judge_passed(Passing passing, int64 rows, const Source &source, bool may_refuse) {
    if (passing == Passing::none || rows <= 0) return;
    begin_transaction_anew();
    Violations found;
    if (passing == Passing::into_table) {
        transaction.written += rows;
        compare(&found, &transaction.told, source.text, Rule::transaction_rows_written, transaction.written,
                limits.transaction_rows_written);
    } else {
        RuleSet told = 0;
        transaction.read += rows;
        compare(&found, &told, source.text, Rule::rows_read, rows, limits.rows_read);
        compare(&found, &transaction.told, source.text, Rule::transaction_rows_read, transaction.read,
                limits.transaction_rows_read);
        if (passing == Passing::to_client)
            compare(&found, &told, source.text, Rule::result_rows, rows, limits.result_rows);
    }
    if (found.count > 0) tell(found, source, may_refuse);
}

void judge_run(const QueryDesc *query, Running *running, bool may_refuse) {
    Violations found;
    const EState *const state = query->estate;
    running->returned += state->es_processed;

    if ((active & kCounted) != 0) judge_counted(query, running, &found);
    if (running->answers && (query->operation == CMD_SELECT || query->plannedstmt->hasReturning))
        compare(&found, &running->told, query->sourceText, Rule::result_rows, static_cast<int64>(running->returned),
                limits.result_rows);
    if (running->answers && (active & kShaped) != 0)
        note_sent(
            {source_of(query), query->params, query->plannedstmt, state->es_processed, query->operation == CMD_SELECT},
            &found);
    if (found.count > 0) tell(found, source_of(query), may_refuse);
}

void judge_finish(const QueryDesc *query, Running *running, bool may_refuse) {
    Violations found;
    if ((active & kCounted) != 0) judge_counted(query, running, &found);
    if (found.count > 0) tell(found, source_of(query), may_refuse);
}

} // namespace rlsproof::server::guard
