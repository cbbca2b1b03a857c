#include "server/guard/latency.hpp"

#include "server/guard/shared.hpp"

#include "server/guard/events.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/workers.hpp"
#include "server/normal_form.hpp"

extern "C" {
#include "catalog/pg_authid.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/acl.h"
#include "utils/timestamp.h"
}

namespace rlsproof::server::guard {

SharedHead *shared = nullptr;

namespace {

constexpr char kName[] = "rlsproof guard";

// docs/guard-events.md says how many bytes an entry takes.
static_assert(sizeof(EventTable::Entry) == 1600 && sizeof(RecentEvent) == 1536 && sizeof(QueryTable::Entry) == 3296 &&
              sizeof(histogram::Histogram<uint32>) == 2112);

shmem_request_hook_type next_request = nullptr;
shmem_startup_hook_type next_startup = nullptr;

Size ring_size() {
    return MAXALIGN(mul_size(static_cast<Size>(sizes.recent), sizeof(RecentEvent)));
}

Size whole_size() {
    Size size = MAXALIGN(sizeof(SharedHead));
    size = add_size(size, EventTable::size_for(sizes.events));
    size = add_size(size, ring_size());
    size = add_size(size, QueryTable::size_for(sizes.queries));
    return add_size(size, workers_size());
}

void request() {
    if (next_request != nullptr) next_request();
    RequestAddinShmemSpace(whole_size());
    RequestNamedLWLockTranche(kName,
                              EventTable::partitions_for(sizes.events) + 1 + QueryTable::partitions_for(sizes.queries));
}

void start(SharedHead *head) {
    pg_atomic_init_u64(&head->generation, 1);
    pg_atomic_init_u64(&head->since, static_cast<uint64>(GetCurrentTimestamp()));
    pg_atomic_init_u64(&head->events_lost, 0);
    pg_atomic_init_u64(&head->recent_written, 0);
    pg_atomic_init_u64(&head->executions_lost, 0);
    if (!pg_strong_random(head->tenant_key, sizeof(head->tenant_key)))
        ereport(ERROR, (errmsg("could not generate random bytes")));
}

void clear_ring() {
    for (int i = 0; i < recent.size; ++i) recent.slots[i].number = 0;
}

// Runs when the server starts, and again after a crash: the memory is new then, and so is all in it.
void startup() {
    if (next_startup != nullptr) next_startup();
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    bool found = false;
    auto *memory = static_cast<char *>(ShmemInitStruct(kName, whole_size(), &found));
    auto *const head = reinterpret_cast<SharedHead *>(memory);
    memory += MAXALIGN(sizeof(SharedHead));
    LWLockPadded *locks = GetNamedLWLockTranche(kName);

    events.attach(memory, sizes.events, locks, !found);
    memory += EventTable::size_for(sizes.events);
    locks += events.partitions();
    recent = {reinterpret_cast<RecentEvent *>(memory), sizes.recent, &locks->lock};
    memory += ring_size();
    ++locks;
    queries.attach(memory, sizes.queries, locks, !found);
    attach_workers(memory + QueryTable::size_for(sizes.queries), !found);
    if (!found) {
        start(head);
        clear_ring();
    }
    shared = head;
    LWLockRelease(AddinShmemInitLock);

    // libpg_query keeps some memory from its first text on. Taken now it is every session's from the start, and does
    // not come to lie in the middle of what a session's statements take and give back.
    NormalForm form;
    (void)normal_form("SELECT 1", 8, &form);
}

int64 number(const pg_atomic_uint64 *counter) {
    return static_cast<int64>(pg_atomic_read_u64(const_cast<pg_atomic_uint64 *>(counter)));
}

} // namespace

void prepare_shared_memory() {
    // Memory can only be asked for while the server starts.
    if (!process_shared_preload_libraries_in_progress) return;
    next_request = shmem_request_hook;
    shmem_request_hook = request;
    next_startup = shmem_startup_hook;
    shmem_startup_hook = startup;
}

bool has_shared_memory() {
    return shared != nullptr;
}

SharedStatus shared_status() {
    SharedStatus status = {};
    if (shared == nullptr) return status;
    status.present = true;
    status.bytes = static_cast<int64>(whole_size());
    status.since = number(&shared->since);
    status.events = events.taken();
    status.events_most = events.capacity();
    status.events_evicted = static_cast<int64>(events.evicted());
    status.events_lost = number(&shared->events_lost);
    const int64 written = number(&shared->recent_written);
    status.recent = std::min<int64>(written, recent.size);
    status.recent_most = recent.size;
    status.recent_overwritten = written - status.recent;
    status.queries = queries.taken();
    status.queries_most = queries.capacity();
    status.queries_evicted = static_cast<int64>(queries.evicted());
    status.executions_lost = number(&shared->executions_lost);
    return status;
}

void reset_shared() {
    if (shared == nullptr) return;
    // First, so that no backend adds to the emptied tables what it gathered before.
    pg_atomic_fetch_add_u64(&shared->generation, 1);
    pg_atomic_write_u64(&shared->since, static_cast<uint64>(GetCurrentTimestamp()));

    events.lock_all();
    events.clear();
    pg_atomic_write_u64(&shared->events_lost, 0);
    events.unlock_all();

    LWLockAcquire(recent.lock, LW_EXCLUSIVE);
    clear_ring();
    pg_atomic_write_u64(&shared->recent_written, 0);
    LWLockRelease(recent.lock);

    queries.lock_all();
    queries.clear();
    pg_atomic_write_u64(&shared->executions_lost, 0);
    queries.unlock_all();
}

bool shared_or_notice() {
    if (shared != nullptr) return true;
    ereport(NOTICE,
            (errmsg("the guard keeps no events and no latencies: rlsproof was not loaded when the server started"),
             errhint("Add rlsproof to shared_preload_libraries and restart the server. Warnings and log lines "
                     "work without it.")));
    return false;
}

bool may_read(Oid role) {
    return role == GetUserId() || has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

} // namespace rlsproof::server::guard
