// The tenants that come by while a statement runs, told apart in small sets: one for each way in which sessions know
// theirs.
#pragma once

#include "server/guard/tenancy.hpp"
#include "server/guard/tenants.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "fmgr.h"
}

namespace rlsproof::server::guard {

struct TenantPath;

// Tenants of one kind: those that sessions know by the same setting, claim or query.
struct Kind {
    bool written; // what is put in is told apart from what is read
    int source;
    Oid type;
    Oid collation;
    int16 length;
    bool by_value;
    bool by_image; // equal values are equal bytes
    FmgrInfo equal;
    bool session_known;
    int own_count;
    Datum *own; // the session's
    Oid table;  // the first that was seen, as it was declared
    Oid other_table;
    int64 rows;
    int64 other_rows; // of tenants that are not the session's
    Oid apart;        // the table alone, where tenant_mixed is waived for it
    Oid excused_table;
    int64 excused_rows; // the same of tables that are waived: counted, and no more
    bool excused_told;
    RuleSet told;
    static constexpr int kMost = 64;
    uint8 near[kMost]; // where a value was seen last, by some of its bits
    int count;
    bool more;
    struct {
        Datum value;
        bool null;
        bool other;
    } seen[kMost];
};

// A tenant by the bytes of its column; and whether rows of it are counted as another's than the session's.
struct TenantBytes {
    uint64 word[2];
    bool known;
    bool other;
};

// One column that is looked at: of a scan's rows, or of rows on their way into a table.
struct Eye {
    // All that a row of a tenant that was seen before needs: see tenant_eye.cpp.
    ExecProcNodeMtd real;
    TupleTableSlot *slot; // where the scan has its row; nullptr where that differs
    uint32 head;          // of a row whose columns lie where they always do
    uint16 offset;        // of the column in such a row
    uint8 bits;           // the null bits of the column and those before it
    TenantBytes last_bytes;
    Kind *kind;
    static constexpr int kKnownBits = 6;
    TenantBytes known[1 << kKnownBits];

    struct Watch *watch;
    Eye *next; // on the same scan
    PlanState *state;
    bool judged;       // by its plan: looked at only for whether its rows and others' are a mixture
    bool excused;      // that rows of it are another's is waived
    bool written;      // looked at in what the node hands on, on its way into a table
    AttrNumber column; // in the scan's slot
    Oid shown;
    bool null_shared;
    ExprState *shared;
    ExprContext *context;
    TenantPath *path; // to the tenant, where the column only leads to it
    int last;         // of the tenants that were seen; -1 before the first
};

// What an expression makes of a row: an action of MERGE, DO UPDATE of ON CONFLICT, or what a scan selects.
struct Projected {
    Projected *next;
    ExprState *state;
    ExprStateEvalFunc real;
    Eye *made;     // nullptr where the column is not set
    Eye *existing; // the row that was in the way, or that a scan is about to make its own of; and the next on it
};

struct Watch {
    MemoryContextCallback callback;
    Watch *outer;
    const EState *state; // nullptr for COPY
    MemoryContext memory;
    Snapshot snapshot;
    Source source;
    bool may_refuse;
    bool stops_mixed;
    bool stops_other;
    bool stops_written;
    List *kinds; // of Kind
    Eye **eye;   // by the number of the plan's node
    Projected *projected;
    Oid table; // of COPY
    Eye *copied;
};

// The kind of this tenancy, or of a table alone where `apart` is one; nullptr where its values cannot be told apart.
Kind *kind_of(Watch *watch, const Tenancy *tenancy, bool written, Oid apart);

// One value of the column that is looked at; `slot` has its row, where shared rows are told by a predicate.
void look_at_tenant(Eye *eye, TupleTableSlot *slot, Datum value, bool null);

// The tenants that were seen, or those of them that are not the session's, as a JSON array without its brackets:
// hashed, unless rlsproof.show_tenants asks for them. Part of tenant_values.cpp.
const char *named_tenants(const Kind &kind, bool only_others);

// Rows of the table are read that no eye can be put on; `judged` where the plan told that they are the session's.
void unseen_read(const Tenancy *tenancy, bool judged, Violations *found);

// What was seen up to now, where it was not told yet.
void say_seen(Watch *watch, const Source &source, bool may_refuse);

} // namespace rlsproof::server::guard
