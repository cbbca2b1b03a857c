#include "server/guard/tenant_copy.hpp"

#include "server/guard/exempt.hpp"
#include "server/guard/tenant_eye.hpp"

extern "C" {
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
}

namespace rlsproof::server::guard {

namespace {

constexpr const char *kSchema = "rlsproof";
constexpr const char *kFunction = "copied";

// Whether the current user may call what the condition calls.
bool usable() {
    const Oid schema = get_namespace_oid(kSchema, true);
    if (!OidIsValid(schema)) return false;
    const Oid any = ANYOID;
    List *const name = list_make2(makeString(pstrdup(kSchema)), makeString(pstrdup(kFunction)));
    const Oid function = LookupFuncName(name, 1, &any, true);
    if (!OidIsValid(function)) return false;
    const auto may = [](PGFunction asks, Oid object, const char *privilege) {
        return DatumGetBool(
            DirectFunctionCall2(asks, ObjectIdGetDatum(object), PointerGetDatum(cstring_to_text(privilege))));
    };
    return may(has_schema_privilege_id, schema, "USAGE") && may(has_function_privilege_id, function, "EXECUTE");
}

// Locked, so that the name still stands for it when COPY looks for it; not for who may not write there.
Oid table_of(const RangeVar *name) {
    const Oid table = RangeVarGetRelid(name, NoLock, true);
    if (!OidIsValid(table) || RecoveryInProgress() || pg_class_aclcheck(table, GetUserId(), ACL_INSERT) != ACLCHECK_OK)
        return table;
    LockRelationOid(table, RowExclusiveLock);
    return RangeVarGetRelid(name, NoLock, true);
}

// The column as the parser leaves it. Named, it would ask for the privilege to read it, which who copies need not have.
Node *column_of(Oid table, AttrNumber column) {
    Oid type;
    int32 typmod;
    Oid collation;
    get_atttypetypmodcoll(table, column, &type, &typmod, &collation);
    return reinterpret_cast<Node *>(makeVar(1, column, type, typmod, collation, 0));
}

} // namespace

WatchedCopy watch_copy(PlannedStmt *statement, const Source &source, bool may_refuse, Violations *found) {
    WatchedCopy result{statement, nullptr};
    hear_of_changes();
    const auto *const sent = reinterpret_cast<CopyStmt *>(statement->utilityStmt);
    const Oid table = table_of(sent->relation);
    const Tenancy *const tenancy = OidIsValid(table) && !exempt_table(table) ? tenancy_of(table) : nullptr;
    if (tenancy == nullptr || tenancy->source < 0) return result;
    const AttrNumber column = tenancy->links > 0 ? tenancy->link[0].column : tenancy->column;
    Eye *eye = nullptr;
    if (get_attgenerated(table, column) == '\0' && ActiveSnapshotSet() && usable()) {
        Watch *const watch = new_watch(
            AllocSetContextCreate(CurrentMemoryContext, "rlsproof copy", ALLOCSET_SMALL_SIZES), source, may_refuse);
        watch->snapshot = GetActiveSnapshot();
        watch->table = table;
        watch->copied = eye = new_eye(watch, tenancy, true, column);
        if (eye == nullptr) MemoryContextDelete(watch->memory);
    }
    if (eye == nullptr) {
        Violation *const violation = found->add(Rule::tenant_write);
        if (violation == nullptr) return result;
        violation->relation = tenancy->shown;
        violation->unseen = true;
        return result;
    }
    result.watch = eye->watch;
    MemoryContext const before = MemoryContextSwitchTo(result.watch->memory);
    result.statement = static_cast<PlannedStmt *>(copyObjectImpl(statement));
    auto *const copy = reinterpret_cast<CopyStmt *>(result.statement->utilityStmt);
    List *const name = list_make2(makeString(pstrdup(kSchema)), makeString(pstrdup(kFunction)));
    auto *const look =
        reinterpret_cast<Node *>(makeFuncCall(name, list_make1(column_of(table, column)), COERCE_EXPLICIT_CALL, -1));
    // After the condition that was sent: rows that do not meet that are not put in.
    copy->whereClause = copy->whereClause == nullptr
                            ? look
                            : reinterpret_cast<Node *>(makeBoolExpr(AND_EXPR, list_make2(copy->whereClause, look), -1));
    MemoryContextSwitchTo(before);
    return result;
}

} // namespace rlsproof::server::guard

using namespace rlsproof::server;

extern "C" {

// Anybody may call it, and nothing comes of that: it looks where a COPY is at work, and what is handed to it is of the
// type of the column that is looked at.
PG_FUNCTION_INFO_V1(rlsproof_copied);
Datum rlsproof_copied(PG_FUNCTION_ARGS) {
    const guard::Watch *const watch = guard::watch_of(nullptr);
    guard::Eye *const eye = watch != nullptr ? watch->copied : nullptr;
    if (eye == nullptr) PG_RETURN_BOOL(true);
    Oid type;
    int32 typmod;
    Oid collation;
    get_atttypetypmodcoll(watch->table, eye->column, &type, &typmod, &collation);
    if (get_fn_expr_argtype(fcinfo->flinfo, 0) == type)
        guard::look_at_tenant(eye, nullptr, PG_GETARG_DATUM(0), PG_ARGISNULL(0));
    PG_RETURN_BOOL(true);
}

} // extern "C"
