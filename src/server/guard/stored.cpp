#include "server/guard/stored.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/relation.h"
#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace rlsproof::server::guard {

// Counts changes of any table: of ours, and of those whose names were looked up.
uint64 changes_heard = 0;

namespace {

void forget(Datum, Oid) {
    ++changes_heard;
}

void forget_operators(Datum, int, uint32) {
    ++changes_heard;
}

Oid find(const char *table) {
    const Oid schema = get_namespace_oid("rlsproof", true);
    return OidIsValid(schema) ? get_relname_relid(table, schema) : InvalidOid;
}

// One column of one row as text; nullptr for NULL.
char *text_of(Relation relation, HeapTuple tuple, const char *column) {
    const AttrNumber number = get_attnum(RelationGetRelid(relation), column);
    bool null = true;
    const Datum value = number > 0 ? heap_getattr(tuple, number, RelationGetDescr(relation), &null) : Datum{0};
    if (null) return nullptr;
    const Oid type = TupleDescAttr(RelationGetDescr(relation), number - 1)->atttypid;
    if (type == DATEOID) {
        // In ISO order whatever the session's DateStyle is, so that days can be compared as texts.
        int year, month, day;
        j2date(DatumGetDateADT(value) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
        return psprintf("%04d-%02d-%02d", year, month, day);
    }
    Oid output;
    bool varlena;
    getTypeOutputInfo(type, &output, &varlena);
    return OidOutputFunctionCall(output, value);
}

// The texts of all rows, column by column, row after row.
List *read(Oid table, const char *const *columns) {
    List *texts = NIL;
    Relation const relation = try_relation_open(table, AccessShareLock);
    if (relation == nullptr) return texts;
    SysScanDesc const scan = systable_beginscan(relation, InvalidOid, false, nullptr, 0, nullptr);
    while (HeapTuple const tuple = systable_getnext(scan)) {
        for (const char *const *column = columns; *column != nullptr; ++column)
            texts = lappend(texts, text_of(relation, tuple, *column));
    }
    systable_endscan(scan);
    relation_close(relation, AccessShareLock);
    return texts;
}

} // namespace

uint64 listen_for_changes() {
    // Registered when it is first asked for: a session that breaks no rule listens to nothing.
    CacheRegisterRelcacheCallback(forget, Datum{0});
    for (const int cache : {AMOPOPID, CLAOID}) CacheRegisterSyscacheCallback(cache, forget_operators, Datum{0});
    return changes_heard = 1;
}

const std::vector<std::vector<Value>> &Stored::rows() {
    const Oid table = call(find, table_);
    if (table == read_ && generation_ == changes() && OidIsValid(table)) return rows_;
    rows_.clear();
    read_ = InvalidOid;
    if (!OidIsValid(table)) return rows_;
    // Taken before the rows are: what changes meanwhile is read the next time.
    generation_ = changes();
    const List *const texts = call(read, table, columns_);
    size_t width = 0;
    while (columns_[width] != nullptr) ++width;
    for (int i = 0; i < list_length(texts); ++i) {
        if (static_cast<size_t>(i) % width == 0) rows_.emplace_back();
        const auto *const text = static_cast<const char *>(list_nth(texts, i));
        rows_.back().push_back(text != nullptr ? Value(text) : Value());
    }
    read_ = table;
    return rows_;
}

} // namespace rlsproof::server::guard

using namespace rlsproof::server;

extern "C" {

// AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE, for each statement.
PG_FUNCTION_INFO_V1(rlsproof_declared);
Datum rlsproof_declared(PG_FUNCTION_ARGS) {
    if (!CALLED_AS_TRIGGER(fcinfo)) elog(ERROR, "rlsproof.declared() is a trigger function");
    CacheInvalidateRelcache(reinterpret_cast<TriggerData *>(fcinfo->context)->tg_relation);
    return PointerGetDatum(nullptr);
}

} // extern "C"
