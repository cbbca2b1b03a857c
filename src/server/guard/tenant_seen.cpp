#include "server/guard/tenant_seen.hpp"

#include "server/guard/tenant_path.hpp"
#include "server/guard/tenant_session.hpp"

extern "C" {
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"
#include "utils/uuid.h"
}

namespace rlsproof::server::guard {

namespace {

// ---- what is said

Violation *say_mixed(const Kind &kind, Violations *found) {
    if (kind.written || !wants(Rule::tenant_mixed) || kind.count + (kind.more ? 1 : 0) < 2) return nullptr;
    Violation *const violation = found->add(Rule::tenant_mixed);
    if (violation == nullptr) return nullptr;
    violation->relation = kind.table;
    violation->measured = kind.count;
    violation->counted = true;
    violation->note = kind.more ? psprintf("There are more; " INT64_FORMAT " rows were looked at.", kind.rows)
                                : psprintf(INT64_FORMAT " rows were looked at.", kind.rows);
    violation->tenants = named_tenants(kind, false);
    return violation;
}

Violation *say_other(const Kind &kind, Violations *found) {
    const Rule rule = kind.written ? Rule::tenant_write : Rule::tenant_mismatch;
    if (!wants(rule) || kind.other_rows == 0) return nullptr;
    Violation *const violation = found->add(rule);
    if (violation == nullptr) return nullptr;
    violation->relation = kind.other_table;
    violation->measured = static_cast<double>(kind.other_rows);
    violation->counted = true;
    violation->tenants = named_tenants(kind, true);
    return violation;
}

// What is waived is an event all the same. Comes before what is not, for which it makes room.
void say_excused(Kind *kind, Violations *found) {
    const Rule rule = kind->written ? Rule::tenant_write : Rule::tenant_mismatch;
    if (kind->excused_told || kind->excused_rows == 0 || !wants(rule)) return;
    Violation *const violation = found->add(rule);
    if (violation == nullptr) return;
    kind->excused_told = true;
    violation->relation = kind->excused_table;
    violation->measured = static_cast<double>(kind->excused_rows);
    violation->counted = true;
    violation->tenants = named_tenants(*kind, true);
}

// Each kind once: that one was let pass says nothing of the others.
void say_rest(Kind *kind, bool other, bool mixed, Violations *found) {
    const Rule rule = kind->written ? Rule::tenant_write : Rule::tenant_mismatch;
    if (other && (kind->told & only(rule)) == 0 && say_other(*kind, found) != nullptr) kind->told |= only(rule);
    if (mixed && (kind->told & only(Rule::tenant_mixed)) == 0 && say_mixed(*kind, found) != nullptr)
        kind->told |= only(Rule::tenant_mixed);
}

bool stops_other(const Watch *watch, const Kind *kind) {
    return kind->written ? watch->stops_written : watch->stops_other;
}

void stop(Watch *watch, Kind *kind) {
    Violations found;
    say_rest(kind, stops_other(watch, kind), watch->stops_mixed, &found);
    // Comes back where it was waived.
    if (found.count > 0) tell(found, watch->source, watch->may_refuse);
}

// ---- one row

bool same(Kind *kind, Datum left, Datum right) {
    if (kind->by_value && kind->by_image) return left == right;
    if (kind->by_image && datum_image_eq(left, right, false, kind->length)) return true;
    if (kind->by_image && kind->length > 0) return false;
    return DatumGetBool(FunctionCall2Coll(&kind->equal, kind->collation, left, right));
}

bool is_shared(const Eye *eye, TupleTableSlot *slot) {
    if (eye->shared == nullptr) return false;
    eye->context->ecxt_scantuple = slot;
    const bool result = ExecQual(eye->shared, eye->context);
    ResetExprContext(eye->context);
    return result;
}

// Where to look for a value first.
int start_of_search(const Kind *kind, Datum value) {
    uint64 word = static_cast<uint64>(value);
    if (!kind->by_value) {
        if (kind->length != UUID_LEN) return 0;
        memcpy(&word, DatumGetPointer(value) + UUID_LEN - sizeof(word), sizeof(word));
    }
    return static_cast<int>((word * UINT64CONST(0x9E3779B97F4A7C15)) >> 58);
}

// Which of the tenants that were seen this one is; -1 for none.
int find_seen(Kind *kind, Datum value, bool null) {
    uint8 *const near = &kind->near[null ? 0 : start_of_search(kind, value)];
    const auto is = [&](int i) {
        return kind->seen[i].null == null && (null || same(kind, kind->seen[i].value, value));
    };
    if (*near < kind->count && is(*near)) return *near;
    for (int i = 0; i < kind->count; ++i)
        if (is(i)) return *near = static_cast<uint8>(i);
    return -1;
}

void count_other(Eye *eye) {
    Kind *const kind = eye->kind;
    int64 *const rows = eye->excused ? &kind->excused_rows : &kind->other_rows;
    if ((*rows)++ > 0) return;
    (eye->excused ? kind->excused_table : kind->other_table) = eye->shown;
    if (!eye->excused && stops_other(eye->watch, kind)) stop(eye->watch, kind);
}

// A tenant that the last row was not of.
void look_at_other(Watch *watch, Eye *eye, TupleTableSlot *slot, Datum value, bool null) {
    Kind *const kind = eye->kind;
    if (null ? eye->null_shared : false) return;
    if (is_shared(eye, slot)) return;
    if (kind->more && !kind->session_known) return;
    const int found = find_seen(kind, value, null);
    if (found >= 0) {
        eye->last = found;
        if (kind->seen[found].other && !eye->judged) count_other(eye);
        return;
    }
    bool own = !kind->session_known;
    for (int i = 0; !own && !null && i < kind->own_count; ++i) own = same(kind, kind->own[i], value);
    if (kind->count == Kind::kMost) {
        kind->more = true;
        eye->last = -1;
    } else {
        MemoryContext const before = MemoryContextSwitchTo(watch->memory);
        kind->seen[kind->count].value = null ? Datum{0} : datumCopy(value, kind->by_value, kind->length);
        kind->seen[kind->count].null = null;
        kind->seen[kind->count].other = !own;
        MemoryContextSwitchTo(before);
        eye->last = kind->count++;
        if (kind->count == 1) kind->table = eye->shown;
    }
    if (!own && !eye->judged) count_other(eye);
    if (watch->stops_mixed && kind->count > 1) stop(watch, kind);
}

// Columns of one application are not all of one type. What may stand for the same tenant is compared as one that holds
// all of them: integers of any width, which are the same word, and texts.
Oid common_type(Oid type) {
    switch (getBaseType(type)) {
    case INT2OID:
    case INT4OID:
    case INT8OID: return INT8OID;
    case TEXTOID:
    case VARCHAROID: return TEXTOID;
    default: return getBaseType(type);
    }
}

// Whether equal values are equal bytes.
bool equal_by_image(Oid type, Oid collation) {
    switch (type) {
    case BOOLOID:
    case INT8OID:
    case OIDOID:
    case DATEOID:
    case UUIDOID: return true;
    case TEXTOID: return !OidIsValid(collation) || get_collation_isdeterministic(collation);
    default: return type_is_enum(type);
    }
}

} // namespace

Kind *kind_of(Watch *watch, const Tenancy *tenancy, bool written, Oid apart) {
    // Asked of the session as that type.
    Tenancy common = *tenancy;
    common.type = common_type(tenancy->type);
    if (common.type != tenancy->type) common.typmod = -1;
    const bool by_image = equal_by_image(common.type, common.collation);
    // Any other by which only equal texts are equal is as good.
    if (by_image && OidIsValid(common.collation)) common.collation = C_COLLATION_OID;
    ListCell *cell;
    foreach (cell, watch->kinds) {
        auto *const kind = static_cast<Kind *>(lfirst(cell));
        if (kind->written == written && kind->source == common.source && kind->type == common.type &&
            kind->collation == common.collation && kind->apart == apart)
            return kind;
    }
    const TypeCacheEntry *const type = lookup_type_cache(common.type, TYPECACHE_EQ_OPR_FINFO);
    if (!OidIsValid(type->eq_opr_finfo.fn_oid)) return nullptr;
    const SessionTenants *const tenants = session_tenants(&common);
    // Where the session's cannot be asked for, what is written is compared with nothing. What is read is told by
    // judge_tenants().
    if (written && tenants != nullptr && tenants->failure != nullptr) return nullptr;
    auto *const kind = static_cast<Kind *>(palloc0(sizeof(Kind)));
    kind->written = written;
    kind->apart = apart;
    kind->source = common.source;
    kind->type = common.type;
    kind->collation = common.collation;
    get_typlenbyval(common.type, &kind->length, &kind->by_value);
    kind->by_image = by_image;
    fmgr_info_copy(&kind->equal, const_cast<FmgrInfo *>(&type->eq_opr_finfo), CurrentMemoryContext);
    // Without a tenant nothing is another's; tenant_unset says so.
    kind->session_known = tenants != nullptr && tenants->count > 0;
    if (kind->session_known) {
        kind->own_count = tenants->count;
        kind->own = static_cast<Datum *>(palloc(sizeof(Datum) * static_cast<size_t>(tenants->count)));
        for (int i = 0; i < tenants->count; ++i)
            kind->own[i] = datumCopy(tenants->values[i], kind->by_value, kind->length);
    }
    watch->kinds = lappend(watch->kinds, kind);
    return kind;
}

void look_at_tenant(Eye *eye, TupleTableSlot *slot, Datum value, bool null) {
    Kind *const kind = eye->kind;
    ++kind->rows;
    if (eye->path != nullptr) value = tenant_behind(eye->path, eye->watch->snapshot, value, null, &null);
    // A shared row may have the tenant that is not the session's: those are looked at one by one.
    if (eye->last >= 0 && !null && !kind->seen[eye->last].null &&
        (kind->by_value ? value == kind->seen[eye->last].value
                        : datum_image_eq(value, kind->seen[eye->last].value, false, kind->length))) {
        if (!kind->seen[eye->last].other || eye->judged) return;
        if (!is_shared(eye, slot)) count_other(eye);
        return;
    }
    look_at_other(eye->watch, eye, slot, value, null);
}

void say_seen(Watch *watch, const Source &source, bool may_refuse) {
    Violations found;
    ListCell *cell;
    foreach (cell, watch->kinds) say_excused(static_cast<Kind *>(lfirst(cell)), &found);
    foreach (cell, watch->kinds) say_rest(static_cast<Kind *>(lfirst(cell)), true, true, &found);
    if (found.count > 0) tell(found, source, may_refuse);
}

} // namespace rlsproof::server::guard
