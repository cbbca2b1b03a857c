// Latencies by query shape, role, database and route: gathered in the backend, handed over in batches.
#pragma once

#include <algorithm>

#include "model/histogram.hpp"

#include "server/guard/event.hpp"
#include "server/guard/shared_table.hpp"
#include "server/guard/shared_text.hpp"

namespace rlsproof::server::guard {

struct QueryKey {
    uint64 shape;
    uint64 route; // hashed; 0 where there is none
    Oid role;
    Oid database;
};

// What many executions come to. Times are milliseconds.
struct Latencies {
    uint64 calls;
    uint64 rows;
    double total;
    double least;
    double greatest;

    // REQUIRES: `least` holds something already.
    void add(const Latencies &other) {
        calls += other.calls;
        rows += other.rows;
        total += other.total;
        least = std::min(least, other.least);
        greatest = std::max(greatest, other.greatest);
    }
};

// Whether the normal form of a shape is known. It takes a parse to make, so it is made once and not for each call.
enum class Wording : uint8_t {
    unknown, // to be made when the shape is seen next
    known,
    unreadable, // too long, or newer than the parser
};

// All of it is written under the exclusive lock.
struct QueryValue {
    Latencies latencies;
    histogram::Histogram<uint32> histogram;
    uint64 fingerprint;
    Wording wording;
    int32 route_encoding;
    char route[Tags::kSize];
    char query[kQuerySize]; // UTF-8
};

using QueryTable = SharedTable<QueryKey, QueryValue>;
extern QueryTable queries;

// Hands over what this backend has gathered, also where that means to wait for a lock.
void flush_latencies();

} // namespace rlsproof::server::guard
