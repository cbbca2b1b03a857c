#include "server/guard/running.hpp"

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/workers.hpp"

namespace rlsproof::server::guard {

namespace {

Running *innermost = nullptr;

// Most statements run alone: the first one has its place here, which is cheaper to take than memory. Others have theirs
// in the memory of their query.
Running place_of_one;
bool taken = false;

void unlink(void *pointer) {
    const auto *const gone = static_cast<Running *>(pointer);
    if (gone == &place_of_one) taken = false;
    // Cursors end in any order.
    for (Running **place = &innermost; *place != nullptr; place = &(*place)->outer)
        if (*place == gone) {
            *place = gone->outer;
            return;
        }
}

int64 read_by_workers_of(const Running *running) {
    return running->parallel ? read_by_workers() - running->workers : 0;
}

// What was read and changed of one relation since `counter` was set.
inline Done done_of(const Counter &counter) {
    const compat::Counted now = compat::counted(counter.relation);
    return {(counter.index ? now.returned : now.returned + now.fetched) - counter.read, now.written - counter.written};
}

[[gnu::noinline]] void make_room(Running *running) {
    const bool inside = running->counter == running->first;
    running->room *= 2;
    const Size size = sizeof(Counter) * static_cast<size_t>(running->room);
    auto *const larger = static_cast<Counter *>(inside ? palloc(size) : repalloc(running->counter, size));
    if (inside) memcpy(larger, running->first, sizeof(running->first));
    running->counter = larger;
}

inline void add(Running *running, Relation relation, bool index) {
    for (int i = 0; i < running->counters; ++i)
        if (running->counter[i].relation == relation) return;
    if (running->counters == running->room) make_room(running);
    Counter *const counter = &running->counter[running->counters++];
    const compat::Counted now = compat::counted(relation);
    *counter = {relation, index, index ? now.returned : now.returned + now.fetched, now.written};
}

bool index_walker(PlanState *state, void *pointer) {
    Relation index = nullptr;
    if (IsA(state, IndexScanState))
        index = reinterpret_cast<IndexScanState *>(state)->iss_RelationDesc;
    else if (IsA(state, IndexOnlyScanState))
        index = reinterpret_cast<IndexOnlyScanState *>(state)->ioss_RelationDesc;
    if (index != nullptr) add(static_cast<Running *>(pointer), index, true);
    return compat::walk_states(state, index_walker, pointer);
}

} // namespace

Running *begin_running(const QueryDesc *query) {
    EState *const state = query->estate;
    MemoryContext const before = MemoryContextSwitchTo(state->es_query_cxt);
    Running *const running = taken ? static_cast<Running *>(palloc(sizeof(Running))) : &place_of_one;
    static_cast<Progress &>(*running) = {};
    running->state = state;
    running->counter = running->first;
    running->room = Running::kFirst;
    if (tracking) INSTR_TIME_SET_CURRENT(running->started);
    if ((active & kCounted) != 0) {
        for (Index i = 0; i < state->es_range_table_size; ++i) {
            Relation const relation = state->es_relations[i];
            if (relation != nullptr && !exempt_table(RelationGetRelid(relation))) add(running, relation, false);
        }
        if (running->counters > 0) index_walker(query->planstate, running);
        running->parallel = query->plannedstmt->parallelModeNeeded;
        if (running->parallel) running->workers = read_by_workers();
    }
    running->callback.func = unlink;
    running->callback.arg = running;
    if (running == &place_of_one) taken = true;
    MemoryContextRegisterResetCallback(state->es_query_cxt, &running->callback);
    running->outer = innermost;
    innermost = running;
    MemoryContextSwitchTo(before);
    return running;
}

Running *running_of(const EState *state) {
    for (Running *running = innermost; running != nullptr; running = running->outer)
        if (running->state == state) return running;
    return nullptr;
}

Done done_by(const Running *running) {
    Done all{read_by_workers_of(running), 0};
    for (int i = 0; i < running->counters; ++i) {
        const Done one = done_of(running->counter[i]);
        all.read += one.read;
        all.written += one.written;
    }
    // A subtransaction that was rolled back takes its writes with it.
    if (all.written < 0) all.written = 0;
    return all;
}

void settle_with_outer(const Running *running) {
    const int64 by_workers = read_by_workers_of(running);
    for (Running *outer = running->outer; by_workers > 0 && outer != nullptr; outer = outer->outer)
        outer->workers += by_workers;
    for (int i = 0; i < running->counters; ++i) {
        const Counter &counter = running->counter[i];
        const Done done = done_of(counter);
        for (Running *outer = running->outer; outer != nullptr; outer = outer->outer)
            for (int j = 0; j < outer->counters; ++j)
                if (outer->counter[j].relation == counter.relation) {
                    outer->counter[j].read += done.read;
                    outer->counter[j].written += done.written;
                }
    }
}

} // namespace rlsproof::server::guard
