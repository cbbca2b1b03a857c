// A scan is watched by a function of ours in the place of its own (ExecSetExecProcNode): what it hands on still has the
// tenant in its scan slot, also where the query does not select it.
//
// What costs is one more call for each row. So the usual row, of the tenant that the one before was of, is told by its
// bytes: where all columns before the tenant's have a fixed width and no NULL is among them, it lies in the same place
// in each row, and neither is the row taken apart nor any function asked whether two values are the same.
#include "server/guard/tenant_eye.hpp"

#include <utility>

#include "server/guard/stricter.hpp"
#include "server/guard/tenant_path.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "catalog/pg_am.h"
#include "executor/executor.h"
#include "optimizer/clauses.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/uuid.h"
}

namespace rlsproof::server::guard {

namespace {

Watch *innermost = nullptr;

// The node that was asked for a row last, and the eye on it.
struct Current {
    const PlanState *state;
    Eye *eye;
};
Current current{nullptr, nullptr};

void unlink(void *pointer) {
    const auto *const gone = static_cast<Watch *>(pointer);
    // Another node may come to lie where its were.
    current = {nullptr, nullptr};
    for (Watch **place = &innermost; *place != nullptr; place = &(*place)->outer)
        if (*place == gone) {
            *place = gone->outer;
            return;
        }
}

[[gnu::noinline]] void find(PlanState *state) {
    const Watch *watch = innermost;
    if (watch == nullptr || watch->state != state->state) watch = watch_of(state->state);
    if (watch == nullptr) elog(ERROR, "a scan is watched for nobody");
    current = {state, watch->eye[state->plan->plan_node_id]};
}

// ---- rows that are told by their bytes

// The number of a row's columns and whether one is NULL, as they lie side by side.
constexpr uint32 kHead = HEAP_NATTS_MASK | static_cast<uint32>(HEAP_HASNULL) << 16;

inline uint32 head_of(const HeapTupleHeaderData *row) {
    return (row->t_infomask2 | static_cast<uint32>(row->t_infomask) << 16) & kHead;
}

// With NULLs, or made before the table got its last columns: then the bytes lie in their place all the same, if no NULL
// lies before them.
inline bool in_place(const Eye *eye, const HeapTupleHeaderData *row) {
    return HeapTupleHeaderGetNatts(row) >= eye->column &&
           ((row->t_infomask & HEAP_HASNULL) == 0 || (eye->bits != 0 && (row->t_bits[0] & eye->bits) == eye->bits));
}

template <int Width>
inline TenantBytes bytes_of(const Eye *eye, const HeapTupleHeaderData *row) {
    TenantBytes bytes{{0, 0}, false, false};
    memcpy(bytes.word, reinterpret_cast<const char *>(row) + row->t_hoff + eye->offset, Width);
    return bytes;
}

template <int Width>
inline bool same_bytes(const TenantBytes &left, const TenantBytes &right) {
    return left.word[0] == right.word[0] && (Width <= 8 || left.word[1] == right.word[1]);
}

// Where those of a tenant are kept, by some of their bits.
template <int Width>
inline TenantBytes *place_for(Eye *eye, const TenantBytes &bytes) {
    const uint64 word = Width <= 8 ? bytes.word[0] : bytes.word[0] ^ bytes.word[1];
    return &eye->known[(word * UINT64CONST(0x9E3779B97F4A7C15)) >> (64 - Eye::kKnownBits)];
}

inline void count(Kind *kind, bool other) {
    ++kind->rows;
    kind->other_rows += other ? 1 : 0;
}

TupleTableSlot *counted(PlanState *state) {
    if (current.state != state) find(state);
    Eye *const eye = current.eye;
    TupleTableSlot *const slot = eye->real(state);
    if (!TupIsNull(slot)) ++eye->kind->rows;
    return slot;
}

// A row of another tenant than the one before.
template <int Width>
[[gnu::noinline]] void look_at_another(Eye *eye, const HeapTupleHeaderData *row) {
    Kind *const kind = eye->kind;
    const bool told_by_bytes = in_place(eye, row);
    TenantBytes bytes{{0, 0}, false, false};
    TenantBytes *place = nullptr;
    if (told_by_bytes) {
        bytes = bytes_of<Width>(eye, row);
        place = place_for<Width>(eye, bytes);
        if (place->known && same_bytes<Width>(*place, bytes)) {
            eye->last_bytes = *place;
            count(kind, place->other);
            return;
        }
    }
    const int64 others = kind->other_rows;
    look_at_row(eye, eye->slot);
    bytes.other = kind->other_rows > others;
    bytes.known = true;
    if (told_by_bytes) *place = eye->last_bytes = bytes;
    // Where nobody knows whose rows they should be, there is nothing left to be seen.
    if (kind->more && !kind->session_known) ExecSetExecProcNode(eye->state, counted);
}

template <int Width>
TupleTableSlot *watched_by_bytes(PlanState *state) {
    if (current.state != state) find(state);
    Eye *const eye = current.eye;
    TupleTableSlot *const slot = eye->real(state);
    if (TupIsNull(slot)) return slot;
    const HeapTupleHeaderData *const row = reinterpret_cast<BufferHeapTupleTableSlot *>(eye->slot)->base.tuple->t_data;
    if ((head_of(row) == eye->head || in_place(eye, row)) && eye->last_bytes.known &&
        same_bytes<Width>(bytes_of<Width>(eye, row), eye->last_bytes))
        count(eye->kind, eye->last_bytes.other);
    else
        look_at_another<Width>(eye, row);
    return slot;
}

// How wide a column is that lies in the same place in every row without NULLs, and where; 0 where there is none.
int width_of(const TupleDescData *shape, AttrNumber column, uint16 *offset) {
    int here = 0;
    for (int i = 0; i < column; ++i) {
        const FormData_pg_attribute *const attribute = TupleDescAttr(const_cast<TupleDescData *>(shape), i);
        if (attribute->attlen <= 0) return 0;
        here = att_align_nominal(here, attribute->attalign);
        if (i + 1 == column) {
            *offset = static_cast<uint16>(here);
            const bool word = attribute->attbyval && (attribute->attlen == 4 || attribute->attlen == 8);
            return word || attribute->attlen == UUID_LEN ? attribute->attlen : 0;
        }
        here += attribute->attlen;
        if (here > BLCKSZ) return 0;
    }
    return 0;
}

// ---- all others

TupleTableSlot *watched(PlanState *state) {
    if (current.state != state) find(state);
    Eye *const first = current.eye;
    TupleTableSlot *const slot = first->real(state);
    if (!TupIsNull(slot))
        for (Eye *eye = first; eye != nullptr; eye = eye->next)
            look_at_row(eye, eye->written ? slot : reinterpret_cast<ScanState *>(state)->ss_ScanTupleSlot);
    return slot;
}

ExecProcNodeMtd function_for(Eye *eye) {
    switch (nodeTag(eye->state)) {
    case T_SeqScanState:
    case T_SampleScanState:
    case T_IndexScanState:
    case T_BitmapHeapScanState:
    case T_TidScanState:
    case T_TidRangeScanState: break;
    default: return watched;
    }
    const auto *const scan = reinterpret_cast<const ScanState *>(eye->state);
    eye->slot = scan->ss_ScanTupleSlot;
    // Whether a row is shared is its own affair, not its tenant's.
    if (eye->written || eye->excused || eye->shared != nullptr || eye->next != nullptr || eye->path != nullptr ||
        !eye->kind->by_image || scan->ss_currentRelation == nullptr ||
        scan->ss_currentRelation->rd_rel->relam != HEAP_TABLE_AM_OID || !TTS_IS_BUFFERTUPLE(eye->slot))
        return watched;
    const int width = width_of(eye->slot->tts_tupleDescriptor, eye->column, &eye->offset);
    eye->head = static_cast<uint32>(eye->slot->tts_tupleDescriptor->natts);
    eye->bits = static_cast<uint8>(eye->column <= 8 ? (1U << eye->column) - 1 : 0);
    switch (width) {
    case 4: return watched_by_bytes<4>;
    case 8: return watched_by_bytes<8>;
    case UUID_LEN: return watched_by_bytes<UUID_LEN>;
    default: return watched;
    }
}

// ---- rows that an expression makes

// Stays in its place: the first evaluation of an expression puts the function for the next ones there.
Datum looked_at(ExprState *state, ExprContext *context, bool *null) {
    Projected *made = nullptr;
    for (const Watch *watch = innermost; made == nullptr && watch != nullptr; watch = watch->outer)
        for (made = watch->projected; made != nullptr && made->state != state;) made = made->next;
    if (made == nullptr) elog(ERROR, "a row is watched for nobody");
    for (Eye *eye = made->existing; eye != nullptr; eye = eye->next) look_at_row(eye, context->ecxt_scantuple);
    const Datum result = made->real(state, context, null);
    if (state->evalfunc != looked_at) {
        made->real = state->evalfunc;
        state->evalfunc = looked_at;
    }
    if (made->made != nullptr) {
        // The slot is not told yet that it has them.
        TupleTableSlot *const slot = state->resultslot;
        const int place = made->made->column - 1;
        look_at_tenant(made->made, slot, slot->tts_values[place], slot->tts_isnull[place]);
    }
    return result;
}

void look_at_expression(Watch *watch, ExprState *expression, Eye *made, Eye *existing) {
    auto *const one = static_cast<Projected *>(MemoryContextAllocZero(watch->memory, sizeof(Projected)));
    one->state = expression;
    one->real = std::exchange(one->state->evalfunc, looked_at);
    one->made = made;
    one->existing = existing;
    one->next = std::exchange(watch->projected, one);
}

// Whether what a scan selects of a row goes through functions that could tell of it, by an error or otherwise, before
// it is known whose the row is. Matters where that stops the statement.
bool may_tell(const Watch *watch, const PlanState *scan) {
    return (watch->stops_mixed || watch->stops_other) && scan->ps_ProjInfo != nullptr &&
           contain_leaked_vars(reinterpret_cast<Node *>(scan->plan->targetlist));
}

} // namespace

Watch *watch_of(const EState *state) {
    for (Watch *watch = innermost; watch != nullptr; watch = watch->outer)
        if (watch->state == state) return watch;
    return nullptr;
}

Watch *new_watch(MemoryContext memory, const Source &source, bool may_refuse) {
    auto *const watch = static_cast<Watch *>(MemoryContextAllocZero(memory, sizeof(Watch)));
    watch->memory = memory;
    watch->source = source;
    watch->may_refuse = may_refuse;
    watch->stops_mixed = may_refuse && refused(Rule::tenant_mixed, source.text);
    watch->stops_written = may_refuse && refused(Rule::tenant_write, source.text);
    watch->stops_other = may_refuse && refused(Rule::tenant_mismatch, source.text);
    watch->callback.func = unlink;
    watch->callback.arg = watch;
    MemoryContextRegisterResetCallback(memory, &watch->callback);
    watch->outer = innermost;
    innermost = watch;
    return watch;
}

Eye *new_eye(Watch *watch, const Tenancy *tenancy, bool written, AttrNumber column) {
    if (tenancy->links == 0 && is_computed(tenancy->table, tenancy->column)) return nullptr;
    MemoryContext const before = MemoryContextSwitchTo(watch->memory);
    const Oid apart = !written && waived(Rule::tenant_mixed, tenancy->shown) ? tenancy->shown : InvalidOid;
    Kind *const kind = column > 0 ? kind_of(watch, tenancy, written, apart) : nullptr;
    TenantPath *const path = kind != nullptr && tenancy->links > 0 ? path_to_tenant(tenancy) : nullptr;
    Eye *eye = nullptr;
    if (kind != nullptr && (tenancy->links == 0 || path != nullptr)) {
        eye = static_cast<Eye *>(palloc0(sizeof(Eye)));
        eye->watch = watch;
        eye->written = written;
        eye->column = column;
        eye->shown = tenancy->shown;
        eye->null_shared = tenancy->null_shared;
        eye->path = path;
        eye->kind = kind;
        eye->excused = waived(written ? Rule::tenant_write : Rule::tenant_mismatch, tenancy->shown);
        eye->last = -1;
    }
    MemoryContextSwitchTo(before);
    return eye;
}

void attach(Eye *eye, PlanState *state) {
    if (!eye->written && may_tell(eye->watch, state)) {
        look_before(eye, &state->ps_ProjInfo->pi_state);
        return;
    }
    Eye **const place = &eye->watch->eye[state->plan->plan_node_id];
    eye->state = state;
    eye->next = *place;
    eye->real = eye->next != nullptr ? eye->next->real : state->ExecProcNodeReal;
    *place = eye;
    ExecSetExecProcNode(state, function_for(eye));
}

void attach_to_row(Watch *watch, ProjectionInfo *projection, Eye *made, Eye *existing) {
    look_at_expression(watch, &projection->pi_state, made, existing);
}

// Where two eyes are on one scan, they share an expression.
void look_before(Eye *eye, ExprState *expression) {
    for (Projected *one = eye->watch->projected; one != nullptr; one = one->next)
        if (one->state == expression) {
            eye->next = std::exchange(one->existing, eye);
            return;
        }
    look_at_expression(eye->watch, expression, nullptr, eye);
}

void look_at_row(Eye *eye, TupleTableSlot *slot) {
    bool null;
    Datum value;
    // The columns before it need not be taken apart for this one.
    if (slot->tts_nvalid < eye->column && TTS_IS_BUFFERTUPLE(slot))
        value = heap_getattr(reinterpret_cast<BufferHeapTupleTableSlot *>(slot)->base.tuple, eye->column,
                             slot->tts_tupleDescriptor, &null);
    else
        value = slot_getattr(slot, eye->column, &null);
    look_at_tenant(eye, slot, value, null);
}

} // namespace rlsproof::server::guard
