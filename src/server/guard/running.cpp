#include "server/guard/running.hpp"

#include <algorithm>

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

int64 read_by(const Counter &counter) {
    const compat::Counted now = compat::counted(counter.relation);
    return counter.index ? now.returned : now.returned + now.fetched;
}

struct Found {
    Running *running;
    int room;
};

[[gnu::noinline]] void make_room(Found *found) {
    Running *const running = found->running;
    const bool inside = running->counter == running->first;
    found->room *= 2;
    const Size size = sizeof(Counter) * static_cast<size_t>(found->room);
    auto *const larger = static_cast<Counter *>(inside ? palloc(size) : repalloc(running->counter, size));
    if (inside) memcpy(larger, running->first, sizeof(running->first));
    running->counter = larger;
}

inline void add(Found *found, Relation relation, bool index) {
    Running *const running = found->running;
    for (int i = 0; i < running->counters; ++i)
        if (running->counter[i].relation == relation) return;
    if (running->counters == found->room) make_room(found);
    Counter *const counter = &running->counter[running->counters++];
    const compat::Counted now = compat::counted(relation);
    *counter = {relation, index, index ? now.returned : now.returned + now.fetched, now.written};
}

bool index_walker(PlanState *state, void *pointer) {
    auto *const found = static_cast<Found *>(pointer);
    if (IsA(state, IndexScanState)) {
        Relation const index = reinterpret_cast<IndexScanState *>(state)->iss_RelationDesc;
        if (index != nullptr) add(found, index, true);
    } else if (IsA(state, IndexOnlyScanState)) {
        Relation const index = reinterpret_cast<IndexOnlyScanState *>(state)->ioss_RelationDesc;
        if (index != nullptr) add(found, index, true);
    } else {
        return compat::walk_states(state, index_walker, pointer);
    }
    // Most statements are one of these and nothing else.
    if (state->initPlan == NIL && state->subPlan == NIL) return false;
    return compat::walk_states(state, index_walker, pointer);
}

} // namespace

Running *begin_running(const QueryDesc *query) {
    EState *const state = query->estate;
    MemoryContext const before = MemoryContextSwitchTo(state->es_query_cxt);
    Running *const running = taken ? static_cast<Running *>(palloc(sizeof(Running))) : &place_of_one;
    memset(running, 0, offsetof(Running, first));
    running->state = state;
    running->counter = running->first;
    if (tracking) INSTR_TIME_SET_CURRENT(running->started);
    if ((active & kCounted) != 0) {
        Found found{running, Running::kFirst};
        for (Index i = 0; i < state->es_range_table_size; ++i) {
            Relation const relation = state->es_relations[i];
            if (relation != nullptr && !exempt_table(RelationGetRelid(relation))) add(&found, relation, false);
        }
        if (running->counters > 0) index_walker(query->planstate, &found);
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
    Done done{static_cast<double>(read_by_workers_of(running)), 0};
    for (int i = 0; i < running->counters; ++i) {
        const Counter &counter = running->counter[i];
        done.read += static_cast<double>(read_by(counter) - counter.read);
        done.written += static_cast<double>(compat::counted(counter.relation).written - counter.written);
    }
    // A subtransaction that was rolled back takes its writes with it.
    done.written = std::max(done.written, 0.0);
    return done;
}

void settle_with_outer(const Running *running) {
    const int64 by_workers = read_by_workers_of(running);
    for (Running *outer = running->outer; by_workers > 0 && outer != nullptr; outer = outer->outer)
        outer->workers += by_workers;
    for (int i = 0; i < running->counters; ++i) {
        const Counter &counter = running->counter[i];
        const int64 read = read_by(counter) - counter.read;
        const int64 written = compat::counted(counter.relation).written - counter.written;
        for (Running *outer = running->outer; outer != nullptr; outer = outer->outer)
            for (int j = 0; j < outer->counters; ++j)
                if (outer->counter[j].relation == counter.relation) {
                    outer->counter[j].read += read;
                    outer->counter[j].written += written;
                }
    }
}

} // namespace rlsproof::server::guard
