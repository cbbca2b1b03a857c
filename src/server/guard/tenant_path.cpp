#include "server/guard/tenant_path.hpp"

#include "server/guard/indexes.hpp"

extern "C" {
#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"
}

namespace rlsproof::server::guard {

namespace {

struct Step {
    Oid table;
    Oid index;
    AttrNumber key;
    AttrNumber next; // the column that leads on, or the tenant
    Oid equal;
    Oid collation;
};

// A unique index, which is a b-tree, over the whole table and this column alone.
Oid index_of(Relation table, AttrNumber key) {
    ListCell *cell;
    foreach (cell, RelationGetIndexList(table)) {
        HeapTuple const tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
        if (!HeapTupleIsValid(tuple)) continue;
        const auto *const index = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
        const bool fits = index->indisunique && index->indisvalid && index->indnkeyatts == 1 &&
                          index->indkey.values[0] == key && heap_attisnull(tuple, Anum_pg_index_indpred, nullptr);
        ReleaseSysCache(tuple);
        if (fits) return lfirst_oid(cell);
    }
    return InvalidOid;
}

} // namespace

struct TenantPath {
    int steps;
    Step *step;
    // The key that was asked for last, and what was found.
    bool asked;
    Datum key;
    bool key_by_value;
    int16 key_length;
    Datum tenant;
    bool null;
    bool by_value;
    int16 length;
    MemoryContext memory;
};

TenantPath *path_to_tenant(const Tenancy *tenancy) {
    auto *const path = static_cast<TenantPath *>(palloc0(sizeof(TenantPath)));
    path->steps = tenancy->links;
    path->step = static_cast<Step *>(palloc0(sizeof(Step) * static_cast<size_t>(tenancy->links)));
    Oid from = tenancy->table;
    for (int i = 0; i < tenancy->links; ++i) {
        const TenantLink &link = tenancy->link[i];
        Step *const step = &path->step[i];
        Oid type;
        Oid key_type;
        int32 typmod;
        Oid collation;
        get_atttypetypmodcoll(from, link.column, &type, &typmod, &collation);
        get_atttypetypmodcoll(link.table, link.key, &key_type, &typmod, &step->collation);
        if (i == 0) get_typlenbyval(type, &path->key_length, &path->key_by_value);
        if (type != key_type || get_rel_relkind(link.table) != RELKIND_RELATION || is_computed(from, link.column))
            return nullptr;
        Relation const table = try_relation_open(link.table, AccessShareLock);
        if (table == nullptr) return nullptr;
        step->table = link.table;
        step->key = link.key;
        step->index = index_of(table, link.key);
        step->next = i + 1 < tenancy->links ? tenancy->link[i + 1].column : tenancy->column_at_end;
        step->equal = lookup_type_cache(key_type, TYPECACHE_EQ_OPR_FINFO)->eq_opr_finfo.fn_oid;
        relation_close(table, NoLock);
        if (!OidIsValid(step->index) || !OidIsValid(step->equal)) return nullptr;
        from = link.table;
    }
    if (is_computed(from, tenancy->column_at_end)) return nullptr;
    get_typlenbyval(tenancy->type, &path->length, &path->by_value);
    path->memory = AllocSetContextCreate(CurrentMemoryContext, "rlsproof tenant path", ALLOCSET_SMALL_SIZES);
    return path;
}

Datum tenant_behind(TenantPath *path, Snapshot snapshot, Datum key, bool null_key, bool *null) {
    *null = true;
    if (null_key) return Datum{0};
    if (path->asked && datum_image_eq(path->key, key, path->key_by_value, path->key_length)) {
        *null = path->null;
        return path->tenant;
    }
    path->asked = false;
    MemoryContextReset(path->memory);
    MemoryContext const before = MemoryContextSwitchTo(path->memory);
    path->key = datumCopy(key, path->key_by_value, path->key_length);
    Datum value = path->key;
    bool nothing = false;
    for (int i = 0; !nothing && i < path->steps; ++i) {
        const Step &step = path->step[i];
        Relation const table = table_open(step.table, AccessShareLock);
        ScanKeyData scan_key;
        ScanKeyEntryInitialize(&scan_key, 0, step.key, BTEqualStrategyNumber, InvalidOid, step.collation, step.equal,
                               value);
        SysScanDesc const scan = systable_beginscan(table, step.index, true, snapshot, 1, &scan_key);
        HeapTuple const tuple = systable_getnext(scan);
        nothing = !HeapTupleIsValid(tuple);
        if (!nothing) {
            const Datum found = heap_getattr(tuple, step.next, RelationGetDescr(table), &nothing);
            const FormData_pg_attribute *const column = TupleDescAttr(RelationGetDescr(table), step.next - 1);
            if (!nothing) value = datumCopy(found, column->attbyval, column->attlen);
        }
        systable_endscan(scan);
        table_close(table, NoLock);
    }
    MemoryContextSwitchTo(before);
    path->tenant = nothing ? Datum{0} : value;
    path->null = nothing;
    path->asked = true;
    *null = nothing;
    return path->tenant;
}

} // namespace rlsproof::server::guard
