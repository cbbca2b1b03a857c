// Events in shared memory: one entry for a rule, shape, role, database and table, and a ring of the latest.
#pragma once

#include "server/guard/event.hpp"
#include "server/guard/shared_table.hpp"
#include "server/guard/shared_text.hpp"

extern "C" {
#include "datatype/timestamp.h"
}

namespace rlsproof::server::guard {

inline constexpr int kFates = static_cast<int>(Fate::waived) + 1;

struct EventKey {
    uint64 fingerprint;
    Oid role;
    Oid database;
    Oid relation;
    uint32 rule;
};

// What both an entry and the ring keep of an event as text.
struct EventText {
    int32 encoding;
    char query[kQuerySize];
    char table[kTableSize];
};

// Counted in under the shared lock, by atomics; the labels by whoever holds their flag.
struct EventValue {
    pg_atomic_uint64 fates[kFates];
    pg_atomic_uint64 measured; // events that came with a number of rows
    pg_atomic_uint64 rows;     // the bits of a double: their sum
    pg_atomic_uint64 max_rows; // likewise
    pg_atomic_uint64 last_seen;
    TimestampTz first_seen;
    pg_atomic_flag labelling;
    Mode mode; // of the latest event, as are the tags
    Tags tags;
    EventText text;
};

using EventTable = SharedTable<EventKey, EventValue>;
extern EventTable events;

struct RecentEvent {
    uint64 number; // counted from 1; 0 where nothing was written yet
    TimestampTz at;
    EventKey key;
    Mode mode;
    int32 pid;
    double rows;
    Tags tags;
    EventText text;
};

// The ring: a lock for all of it, held for one copy of one event.
struct Ring {
    RecentEvent *slots;
    int size;
    LWLock *lock;

    // The event at a place in 0..size-1. False where none is there.
    bool copy(int place, RecentEvent *to) const;
};
extern Ring recent;

} // namespace rlsproof::server::guard
