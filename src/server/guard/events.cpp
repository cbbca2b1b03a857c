#include "server/guard/events.hpp"

#include <bit>
#include <cstring>

#include "server/guard/exempt.hpp"
#include "server/guard/shared.hpp"

extern "C" {
#include "access/xact.h"
#include "common/hashfn.h"
#include "utils/timestamp.h"
}

namespace rlsproof::server::guard {

EventTable events;
Ring recent;

namespace {

void put_table_name(char *to, Oid relation) {
    *to = '\0';
    // The end of a transaction knows no catalogs.
    if (!OidIsValid(relation) || !IsTransactionState()) return;
    const char *const name = table_name(relation);
    put_text(to, kTableSize, name, static_cast<int>(strlen(name)), GetDatabaseEncoding());
}

void fill_text(EventText *text, const Event &event) {
    text->encoding = GetDatabaseEncoding();
    const char *const query = event.query != nullptr ? event.query : "";
    put_text(text->query, kQuerySize, query, static_cast<int>(strlen(query)), text->encoding);
    put_table_name(text->table, event.relation);
}

void add_double(pg_atomic_uint64 *to, double value) {
    uint64 known = pg_atomic_read_u64(to);
    while (!pg_atomic_compare_exchange_u64(to, &known, std::bit_cast<uint64>(std::bit_cast<double>(known) + value))) {
    }
}

void raise_double(pg_atomic_uint64 *to, double value) {
    uint64 known = pg_atomic_read_u64(to);
    while (value > std::bit_cast<double>(known) &&
           !pg_atomic_compare_exchange_u64(to, &known, std::bit_cast<uint64>(value))) {
    }
}

void raise_time(pg_atomic_uint64 *to, TimestampTz value) {
    uint64 known = pg_atomic_read_u64(to);
    while (value > static_cast<TimestampTz>(known) &&
           !pg_atomic_compare_exchange_u64(to, &known, static_cast<uint64>(value))) {
    }
}

// REQUIRES: the lock of the entry's partition.
void count(EventValue &value, const Event &event, TimestampTz now) {
    pg_atomic_fetch_add_u64(&value.fates[static_cast<int>(event.fate)], 1);
    if (event.rows >= 0) {
        pg_atomic_fetch_add_u64(&value.measured, 1);
        add_double(&value.rows, event.rows);
        raise_double(&value.max_rows, event.rows);
    }
    raise_time(&value.last_seen, now);
    // Who finds the flag taken leaves the labels to the other: both are the latest.
    if (!pg_atomic_test_set_flag(&value.labelling)) return;
    value.mode = event.mode;
    if (memcmp(&value.tags, &event.tags, sizeof(Tags)) != 0) value.tags = event.tags;
    pg_atomic_clear_flag(&value.labelling);
}

// REQUIRES: the lock of the entry's partition, exclusively.
void start(EventValue &value, const EventText &text, TimestampTz now) {
    for (pg_atomic_uint64 &fate : value.fates) pg_atomic_init_u64(&fate, 0);
    pg_atomic_init_u64(&value.measured, 0);
    pg_atomic_init_u64(&value.rows, std::bit_cast<uint64>(0.0));
    pg_atomic_init_u64(&value.max_rows, std::bit_cast<uint64>(0.0));
    pg_atomic_init_u64(&value.last_seen, static_cast<uint64>(now));
    pg_atomic_init_flag(&value.labelling);
    value.first_seen = now;
    value.mode = Mode::off;
    memset(&value.tags, 0, sizeof(Tags));
    value.text = text;
}

bool count_known(const EventKey &key, uint32 hash, const Event &event, TimestampTz now) {
    LWLock *const lock = events.lock_of(hash);
    LWLockAcquire(lock, LW_SHARED);
    EventTable::Entry *const entry = events.find(key, hash);
    if (entry != nullptr) count(entry->value, event, now);
    LWLockRelease(lock);
    return entry != nullptr;
}

void count_new(const EventKey &key, uint32 hash, const Event &event, const EventText &text, TimestampTz now) {
    LWLock *const lock = events.lock_of(hash);
    LWLockAcquire(lock, LW_EXCLUSIVE);
    EventTable::Entry *entry = events.find(key, hash);
    if (entry == nullptr) {
        entry = events.insert(key, hash);
        if (entry != nullptr) start(entry->value, text, now);
    }
    if (entry != nullptr)
        count(entry->value, event, now);
    else
        pg_atomic_fetch_add_u64(&shared->events_lost, 1);
    LWLockRelease(lock);
}

void add_to_ring(const EventKey &key, const Event &event, const EventText &text, TimestampTz now) {
    LWLockAcquire(recent.lock, LW_EXCLUSIVE);
    const uint64 number = pg_atomic_fetch_add_u64(&shared->recent_written, 1) + 1;
    RecentEvent &slot = recent.slots[(number - 1) % static_cast<uint64>(recent.size)];
    slot.number = number;
    slot.at = now;
    slot.key = key;
    slot.mode = event.mode;
    slot.pid = MyProcPid;
    slot.rows = event.rows;
    slot.tags = event.tags;
    slot.text = text;
    LWLockRelease(recent.lock);
}

} // namespace

bool Ring::copy(int place, RecentEvent *to) const {
    LWLockAcquire(lock, LW_SHARED);
    memcpy(static_cast<void *>(to), &slots[place], sizeof(RecentEvent));
    LWLockRelease(lock);
    return to->number != 0;
}

void record(const Event &event) {
    if (shared == nullptr) return;
    EventKey key;
    key.fingerprint = event.fingerprint;
    key.role = GetUserId();
    key.database = MyDatabaseId;
    key.relation = event.relation;
    key.rule = static_cast<uint32>(event.rule);
    const uint32 hash = hash_bytes(reinterpret_cast<const unsigned char *>(&key), sizeof(key));
    const TimestampTz now = GetCurrentTimestamp();

    // The catalogs are asked before a lock is taken.
    EventText text;
    const bool reported = event.fate == Fate::reported;
    if (reported) fill_text(&text, event);
    if (!count_known(key, hash, event, now)) {
        if (!reported) fill_text(&text, event);
        count_new(key, hash, event, text, now);
    }
    if (reported) add_to_ring(key, event, text, now);
}

} // namespace rlsproof::server::guard
