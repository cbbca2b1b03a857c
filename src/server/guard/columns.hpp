// One row of a view over shared memory, filled column by column in the order of its declaration.
#pragma once

#include "server/guard/shared_text.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "nodes/execnodes.h"
}

namespace rlsproof::server::guard {

// `readable`: whether the caller may read what other roles' statements say (may_read); where not, a text is NULL, and
// that of a statement says why.
class Columns {
public:
    void text(const char *value);
    void integer(int64 value);
    void small(int32 value);
    void number(double value, bool known);
    void time(TimestampTz value);
    void fingerprint(uint64 value, bool known);
    // The server's query id, as it is shown elsewhere.
    void identifier(uint64 value, bool known);
    // NULL where it is empty.
    void shared_text(const char *value, int encoding, bool readable);
    void statement(const char *value, int encoding, bool readable);
    // By name; NULL where it is gone.
    void role(Oid role);
    void database(Oid database);

    void put(ReturnSetInfo *result);

private:
    static constexpr int kMost = 24;

    void add(Datum value, bool null);

    Datum values_[kMost];
    bool nulls_[kMost];
    int count_ = 0;
};

// Memory for one row at a time: however many there are, they take no more than the widest of them.
class RowMemory {
public:
    RowMemory();
    // Before each row.
    void next();
    // After the last one. An error on the way leaves it to the caller's context.
    void end();

private:
    MemoryContext rows_;
    MemoryContext before_;
};

} // namespace rlsproof::server::guard
