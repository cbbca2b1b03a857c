// The guard's shared memory: which parts there are, who gave them their room, what they have to say of themselves.
//
// A query that breaks no rule writes nothing here but its latency, and that in batches. No lock is held while the
// server is asked anything or memory is taken, and never more than one: guard_reset() alone takes all locks of one
// part, in order, before it goes on to the next. What each lock covers stands where the part does: shared_table.hpp,
// events.hpp, latency.hpp.
#pragma once

#include "server/postgres.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/lwlock.h"
}

namespace rlsproof::server::guard {

// Bytes that nobody knows, for hashes of tenants.
inline constexpr int kTenantKey = 16;

// Counters of everything, free of locks.
struct SharedHead {
    pg_atomic_uint64 generation; // grows with each reset: what was gathered before belongs to an older one
    pg_atomic_uint64 since;      // of the last reset, or the start
    pg_atomic_uint64 events_lost;
    pg_atomic_uint64 recent_written; // since the last reset
    pg_atomic_uint64 executions_lost;
    uint8 tenant_key[kTenantKey]; // never changes
};

// Nothing where the module was not preloaded.
RLSPROOF_OURS extern SharedHead *shared;

// What guard_status() shows of it.
struct SharedStatus {
    bool present; // everything else is 0 where it is not
    int64 bytes;
    TimestampTz since;
    int64 events, events_most;
    int64 events_evicted; // made way for others
    int64 events_lost;    // found no room
    int64 recent, recent_most;
    int64 recent_overwritten;
    int64 queries, queries_most;
    int64 queries_evicted;
    int64 executions_lost; // by all sessions: found no room, or too many came while a lock was busy
};
SharedStatus shared_status();

// Forgets events and latencies, those of all databases.
void reset_shared();

// Tells a caller whose view is empty for want of shared memory why; false where there is none.
bool shared_or_notice();

// Whether the current user may read what a role's statements say.
bool may_read(Oid role);

} // namespace rlsproof::server::guard
