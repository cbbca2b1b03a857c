// A hash table of fixed size in shared memory, cut into partitions with a lock each.
//
// An entry lies in the partition its hash says. Whoever looks one up holds the lock of that partition in either mode
// and may count in it by atomics; whoever puts one in, writes anything else or copies one whole holds it exclusively.
// Nobody holds the locks of two partitions but lock_all(), which takes them in order.
//
// A full table makes room where the new entry goes: few entries are looked at, the one that was used least makes way.
// So the table never grows, and no insertion takes longer than any other.
#pragma once

#include <algorithm>
#include <cstring>

#include "server/postgres.hpp"

extern "C" {
#include "port/atomics.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
}

namespace rlsproof::server::guard {

inline constexpr int kMostPartitions = 16;

// What stands in shared memory beside the entries.
struct SharedTableHead {
    pg_atomic_uint32 taken;       // entries that were ever in use; those beyond have never been written
    pg_atomic_uint64 evicted;     // entries that made way
    uint32 hand[kMostPartitions]; // the bucket at which the next search for room starts, one for each partition
};

// Key is compared byte by byte, so it has no holes. Value is plain.
template <typename Key, typename Value>
class SharedTable {
public:
    struct Entry {
        Key key;
        uint32 hash;
        int32 next;   // in the bucket; -1 ends it
        uint32 owner; // partition + 1; 0 where the entry is free. Changes from 0 only, and back by clear() only
        pg_atomic_uint32 used; // grows to kMostUsed with use, shrinks each time room is looked for
        Value value;
    };

    static int partitions_for(int capacity) {
        int partitions = 1;
        while (partitions < kMostPartitions && capacity / (partitions * 2) >= kLeastInPartition) partitions *= 2;
        return partitions;
    }

    static Size size_for(int capacity) {
        Size size = MAXALIGN(sizeof(SharedTableHead));
        size = add_size(size, MAXALIGN(mul_size(buckets_for(capacity), sizeof(int32))));
        return add_size(size, MAXALIGN(mul_size(static_cast<Size>(capacity), sizeof(Entry))));
    }

    // Finds its place in `memory`, which has size_for(capacity) bytes; `fresh` memory is made an empty table.
    void attach(char *memory, int capacity, LWLockPadded *locks, bool fresh) {
        head_ = reinterpret_cast<SharedTableHead *>(memory);
        memory += MAXALIGN(sizeof(SharedTableHead));
        buckets_ = reinterpret_cast<int32 *>(memory);
        count_ = buckets_for(capacity);
        memory += MAXALIGN(count_ * sizeof(int32));
        entries_ = reinterpret_cast<Entry *>(memory);
        capacity_ = capacity;
        partitions_ = partitions_for(capacity);
        locks_ = locks;
        if (!fresh) return;
        pg_atomic_init_u32(&head_->taken, 0);
        pg_atomic_init_u64(&head_->evicted, 0);
        for (int i = 0; i < capacity_; ++i) entries_[i].owner = 0;
        empty();
    }

    int capacity() const { return capacity_; }
    int partitions() const { return partitions_; }
    int taken() const { return static_cast<int>(std::min(pg_atomic_read_u32(&head_->taken), uint32(capacity_))); }
    uint64 evicted() const { return pg_atomic_read_u64(&head_->evicted); }

    LWLock *lock_of(uint32 hash) const { return &locks_[partition_of(hash)].lock; }

    // Nothing where there is no such entry. `uses` is for how many this one counts when room is looked for.
    // REQUIRES: the lock of the hash's partition.
    Entry *find(const Key &key, uint32 hash, uint32 uses = 1) const {
        for (int32 at = buckets_[bucket_of(hash)]; at >= 0; at = entries_[at].next) {
            Entry &entry = entries_[at];
            if (entry.hash == hash && memcmp(&entry.key, &key, sizeof(Key)) == 0) {
                touch(entry, uses);
                return &entry;
            }
        }
        return nullptr;
    }

    // Puts an entry in; its value is the caller's to fill. Nothing where the partition has no entry that could make
    // way, which takes a table that is all but empty of partitions' worth of room. REQUIRES: the lock of the hash's
    // partition, exclusively; find() has found nothing.
    Entry *insert(const Key &key, uint32 hash, uint32 uses = 1) {
        Entry *const entry = room(partition_of(hash));
        if (entry == nullptr) return nullptr;
        entry->key = key;
        entry->hash = hash;
        pg_atomic_init_u32(&entry->used, std::min(uses, kMostUsed));
        int32 &first = buckets_[bucket_of(hash)];
        entry->next = first;
        first = static_cast<int32>(entry - entries_);
        // Readers look at the owner first, and without the lock.
        pg_write_barrier();
        entry->owner = partition_of(hash) + 1;
        return entry;
    }

    // Copies the entry at a place in 0..taken()-1. False where none is there.
    bool copy(int place, Entry *to) const {
        const Entry &entry = entries_[place];
        const uint32 owner = *const_cast<const volatile uint32 *>(&entry.owner);
        if (owner == 0) return false;
        LWLock *const lock = &locks_[owner - 1].lock;
        LWLockAcquire(lock, LW_EXCLUSIVE);
        const bool there = entry.owner == owner;
        if (there) memcpy(static_cast<void *>(to), &entry, sizeof(Entry));
        LWLockRelease(lock);
        return there;
    }

    void lock_all() const {
        for (int i = 0; i < partitions_; ++i) LWLockAcquire(&locks_[i].lock, LW_EXCLUSIVE);
    }
    void unlock_all() const {
        for (int i = partitions_; i > 0; --i) LWLockRelease(&locks_[i - 1].lock);
    }

    // REQUIRES: lock_all().
    void clear() {
        for (int i = 0; i < taken(); ++i) entries_[i].owner = 0;
        pg_atomic_write_u32(&head_->taken, 0);
        pg_atomic_write_u64(&head_->evicted, 0);
        empty();
    }

private:
    static constexpr int kLeastInPartition = 16;
    static constexpr int kLooks = 16; // entries looked at while room is looked for
    static constexpr uint32 kMostUsed = 10;

    static uint32 buckets_for(int capacity) {
        uint32 buckets = kMostPartitions;
        while (buckets < static_cast<uint32>(capacity)) buckets *= 2;
        return buckets;
    }
    uint32 bucket_of(uint32 hash) const { return hash & (count_ - 1); }
    uint32 partition_of(uint32 hash) const { return hash & (static_cast<uint32>(partitions_) - 1); }

    void empty() {
        for (uint32 i = 0; i < count_; ++i) buckets_[i] = -1;
        for (uint32 &hand : head_->hand) hand = 0;
    }

    // Two that do this at a time count as one; it is a hint.
    static void touch(Entry &entry, uint32 uses) {
        const uint32 used = pg_atomic_read_u32(&entry.used);
        if (used < kMostUsed) pg_atomic_write_u32(&entry.used, std::min(used + uses, kMostUsed));
    }

    Entry *room(uint32 partition) {
        if (pg_atomic_read_u32(&head_->taken) < static_cast<uint32>(capacity_)) {
            const uint32 place = pg_atomic_fetch_add_u32(&head_->taken, 1);
            if (place < static_cast<uint32>(capacity_)) return &entries_[place];
        }
        return evict(partition);
    }

    // The hand goes round the partition's buckets as that of a clock does.
    Entry *evict(uint32 partition) {
        const uint32 own = count_ / static_cast<uint32>(partitions_);
        uint32 &hand = head_->hand[partition];
        Entry *least = nullptr;
        uint32 least_used = UINT32_MAX;
        for (uint32 turned = 0, seen = 0; turned < own && least_used > 0 && (seen < kLooks || least == nullptr);
             ++turned) {
            const uint32 bucket = hand * static_cast<uint32>(partitions_) + partition;
            hand = (hand + 1) % own;
            for (int32 at = buckets_[bucket]; at >= 0; at = entries_[at].next, ++seen) {
                Entry &entry = entries_[at];
                const uint32 used = pg_atomic_read_u32(&entry.used);
                if (used < least_used) {
                    least = &entry;
                    least_used = used;
                }
                if (used > 0) pg_atomic_write_u32(&entry.used, used - 1);
            }
        }
        if (least == nullptr) return nullptr;
        int32 *link = &buckets_[bucket_of(least->hash)];
        while (&entries_[*link] != least) link = &entries_[*link].next;
        *link = least->next;
        pg_atomic_fetch_add_u64(&head_->evicted, 1);
        return least;
    }

    SharedTableHead *head_ = nullptr;
    int32 *buckets_ = nullptr;
    Entry *entries_ = nullptr;
    LWLockPadded *locks_ = nullptr;
    uint32 count_ = 0;
    int capacity_ = 0;
    int partitions_ = 0;
};

} // namespace rlsproof::server::guard
