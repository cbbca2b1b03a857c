// The hot half: note_execution() is called for every statement, so it takes no lock and asks nobody, and almost always
// finds all it needs in this backend's batch.
#include "server/guard/latency.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "server/guard/route.hpp"
#include "server/guard/shared.hpp"
#include "server/guard/source.hpp"
#include "server/normal_form.hpp"

extern "C" {
#include "access/xact.h"
#include "common/hashfn.h"
#include "storage/ipc.h"
#include "utils/timestamp.h"
}

namespace rlsproof::server::guard {

QueryTable queries;

namespace {

constexpr int kShapes = 128;         // of a batch; a power of two
constexpr int kPlaces = kShapes * 2; // where they are looked for
constexpr int kSamples = 1024;
constexpr int kNone = -1;
constexpr TimestampTz kFlushAfter = USECS_PER_SEC;
// So many texts are made into normal forms in a second; shapes beyond wait to be seen again. A flood of shapes that are
// never seen again then costs no parse for each.
constexpr int kWordingsPerSecond = 100;

constexpr char kUnreadable[] = "(a statement whose constants could not be taken out)";

// One shape in the batch. What was handed over stays, emptied, so that the next call finds it.
struct Gathered {
    QueryKey key;
    uint32 hash;
    int16 first_sample;
    Wording wording;
    bool has_form; // until it is handed over
    NormalForm form;
    Latencies latencies;
    char route[Tags::kSize];
};

struct Sample {
    int16 next; // of the same shape, or of those that are free
    uint16 bucket;
};

struct Batch {
    uint64 generation;
    TimestampTz flushed;
    TimestampTz wordings_since;
    int wordings;
    int shapes;
    int free_sample;
    int samples; // in use
    int latest;  // the shape that was noted last
    int16 places[kPlaces];
    Gathered gathered[kShapes];
    Sample sample[kSamples];
};

Batch *batch = nullptr;
bool at_exit = false;

void release(Gathered &shape) {
    shape.has_form = false;
}

void clear() {
    for (int i = 0; i < batch->shapes; ++i) release(batch->gathered[i]);
    batch->shapes = 0;
    batch->latest = kNone;
    std::fill_n(batch->places, kPlaces, static_cast<int16>(kNone));
    for (int i = 0; i < kSamples; ++i) batch->sample[i].next = static_cast<int16>(i + 1 < kSamples ? i + 1 : kNone);
    batch->free_sample = 0;
    batch->samples = 0;
}

// --- handing over -------------------------------------------------------------------------------------------------

void start(QueryValue &value, const Gathered &shape) {
    memset(static_cast<void *>(&value), 0, sizeof(value));
    value.latencies.least = shape.latencies.least;
    value.route_encoding = GetDatabaseEncoding();
    strlcpy(value.route, shape.route, sizeof(value.route));
}

// Gives the entry the shape's text, or learns that the entry has lost it with its place.
void settle_wording(QueryValue &value, Gathered &shape) {
    if (value.wording != Wording::unknown) {
        shape.wording = value.wording;
    } else if (shape.wording == Wording::known && shape.has_form) {
        value.wording = Wording::known;
        value.fingerprint = shape.form.fingerprint;
        put_text(value.query, kQuerySize, shape.form.text, shape.form.length, PG_UTF8);
    } else if (shape.wording == Wording::unreadable) {
        value.wording = Wording::unreadable;
        strlcpy(value.query, kUnreadable, sizeof(value.query));
    } else {
        shape.wording = Wording::unknown;
    }
}

bool lock(uint32 hash, bool wait) {
    LWLock *const lock = queries.lock_of(hash);
    if (wait) return LWLockAcquire(lock, LW_EXCLUSIVE), true;
    return LWLockConditionalAcquire(lock, LW_EXCLUSIVE);
}

// False where the lock is busy; the shape then stays as it is.
bool hand_over(Gathered &shape, bool wait) {
    if (!lock(shape.hash, wait)) return false;
    // Read under the lock: a reset that is under way is either before us or will find what we write.
    const bool current = pg_atomic_read_u64(&shared->generation) == batch->generation;
    if (current) {
        const auto uses = static_cast<uint32>(std::bit_width(shape.latencies.calls));
        QueryTable::Entry *entry = queries.find(shape.key, shape.hash, uses);
        if (entry == nullptr) {
            entry = queries.insert(shape.key, shape.hash, uses);
            if (entry != nullptr) start(entry->value, shape);
        }
        if (entry != nullptr) {
            entry->value.latencies.add(shape.latencies);
            for (int at = shape.first_sample; at != kNone; at = batch->sample[at].next)
                entry->value.histogram.add(batch->sample[at].bucket);
            settle_wording(entry->value, shape);
        } else {
            pg_atomic_fetch_add_u64(&shared->executions_lost, shape.latencies.calls);
        }
    }
    LWLockRelease(queries.lock_of(shape.hash));
    if (shape.wording == Wording::known) release(shape);
    return true;
}

void forget_samples(Gathered &shape) {
    int last = kNone;
    for (int at = shape.first_sample; at != kNone; at = batch->sample[at].next) {
        last = at;
        --batch->samples;
    }
    if (last != kNone) {
        batch->sample[last].next = static_cast<int16>(batch->free_sample);
        batch->free_sample = shape.first_sample;
    }
    shape.first_sample = kNone;
    shape.latencies = {};
}

// Whether everything was handed over.
bool flush(bool wait) {
    bool all = true;
    for (int i = 0; i < batch->shapes; ++i) {
        Gathered &shape = batch->gathered[i];
        if (shape.latencies.calls == 0) continue;
        if (hand_over(shape, wait))
            forget_samples(shape);
        else
            all = false;
    }
    return all;
}

void flush_at_exit(int, Datum) {
    flush_latencies();
}

// --- gathering ----------------------------------------------------------------------------------------------------

// Static, so that it does not lie among the memory that every statement takes and gives back: that made each of them
// dearer than the gathering itself.
void make_batch() {
    static Batch room;
    batch = &room;
    batch->generation = pg_atomic_read_u64(&shared->generation);
    clear();
    if (!at_exit) before_shmem_exit(flush_at_exit, Datum{0});
    at_exit = true;
}

bool worded_in_shared(const Gathered &shape) {
    LWLock *const lock = queries.lock_of(shape.hash);
    if (!LWLockConditionalAcquire(lock, LW_SHARED)) return false;
    const QueryTable::Entry *const entry = queries.find(shape.key, shape.hash);
    const bool worded = entry != nullptr && entry->value.wording != Wording::unknown;
    LWLockRelease(lock);
    return worded;
}

void word(Gathered &shape, const Execution &execution) {
    const TimestampTz now = GetCurrentStatementStartTimestamp();
    if (now - batch->wordings_since >= USECS_PER_SEC) {
        batch->wordings_since = now;
        batch->wordings = 0;
    }
    if (execution.text == nullptr || batch->wordings >= kWordingsPerSecond) return;
    if (worded_in_shared(shape)) {
        shape.wording = Wording::known;
        return;
    }
    ++batch->wordings;
    const Part part = part_of({execution.text, execution.location, execution.length, execution.shape});
    shape.has_form = normal_form(part.start, part.length, &shape.form);
    shape.wording = shape.has_form ? Wording::known : Wording::unreadable;
}

bool same(const QueryKey &a, const QueryKey &b) {
    return a.shape == b.shape && a.role == b.role && a.route == b.route;
}

uint32 hash_of(const QueryKey &key) {
    return hash_bytes(reinterpret_cast<const unsigned char *>(&key), sizeof(key));
}

// Where the shape is, or kNone and in `place` where it may be put.
int look_up(const QueryKey &key, uint32 hash, uint32 *place) {
    // The low bits choose the bucket in shared memory, the high ones the place here.
    for (*place = hash >> 16;; ++*place) {
        *place &= kPlaces - 1;
        const int found = batch->places[*place];
        if (found == kNone || same(batch->gathered[found].key, key)) return found;
    }
}

// The shape's place in the batch; kNone where none is free.
int shape_for(const QueryKey &key, const char *route) {
    if (batch->latest != kNone && same(batch->gathered[batch->latest].key, key)) return batch->latest;
    const uint32 hash = hash_of(key);
    uint32 place;
    int found = look_up(key, hash, &place);
    if (found != kNone) return found;
    if (batch->shapes == kShapes) {
        if (!flush(false)) return kNone;
        clear();
        look_up(key, hash, &place);
    }
    found = batch->shapes++;
    batch->places[place] = static_cast<int16>(found);
    Gathered &shape = batch->gathered[found];
    shape.key = key;
    shape.hash = hash;
    shape.first_sample = kNone;
    shape.wording = Wording::unknown;
    shape.has_form = false;
    shape.latencies = {};
    strlcpy(shape.route, route, sizeof(shape.route));
    return found;
}

void add_sample(Gathered &shape, const Execution &execution) {
    const int at = batch->free_sample;
    Sample &sample = batch->sample[at];
    batch->free_sample = sample.next;
    sample.next = shape.first_sample;
    sample.bucket = static_cast<uint16>(histogram::bucket_of(execution.milliseconds));
    shape.first_sample = static_cast<int16>(at);
    ++batch->samples;

    const double time = std::max(execution.milliseconds, 0.0);
    Latencies &sum = shape.latencies;
    sum.least = sum.calls == 0 ? time : std::min(sum.least, time);
    sum.greatest = std::max(sum.greatest, time);
    sum.total += time;
    sum.rows += execution.rows;
    ++sum.calls;
}

} // namespace

void note_execution(const Execution &execution) {
    if (shared == nullptr || execution.shape == 0) return;
    if (batch == nullptr) make_batch();
    const uint64 generation = pg_atomic_read_u64(&shared->generation);
    if (batch->generation != generation) {
        clear();
        batch->generation = generation;
        batch->flushed = 0; // whoever reset them waits for something to show
    }

    const Route &route = route_of(execution.text);
    const QueryKey key = {execution.shape, route.hash, GetUserId(), MyDatabaseId};
    if (batch->samples == kSamples) (void)flush(false);
    const int found = batch->samples == kSamples ? kNone : shape_for(key, route.text);
    if (found == kNone) {
        pg_atomic_fetch_add_u64(&shared->executions_lost, 1);
        return;
    }
    batch->latest = found;
    Gathered &shape = batch->gathered[found];
    if (shape.wording == Wording::unknown) word(shape, execution);
    add_sample(shape, execution);

    const TimestampTz now = GetCurrentStatementStartTimestamp();
    if (batch->samples == kSamples || now - batch->flushed >= kFlushAfter) {
        batch->flushed = now;
        (void)flush(false);
    }
}

void flush_latencies() {
    if (shared != nullptr && batch != nullptr) (void)flush(true);
}

} // namespace rlsproof::server::guard
