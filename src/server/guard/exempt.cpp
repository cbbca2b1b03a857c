#include "server/guard/exempt.hpp"

#include "server/boundary.hpp"
#include "server/compat.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"
}

namespace rlsproof::server::guard {

bool ours(Oid table) {
    const char *const schema = get_namespace_name(get_rel_namespace(table));
    return schema != nullptr && strcmp(schema, "rlsproof") == 0;
}

bool inspecting = false;

bool inside_worker = false;

int altering = 0;

bool acting_for_key = false;

bool exempt_now() {
    return boundary::inside > 0 || (IsParallelWorker() && !inside_worker) || creating_extension || IsBinaryUpgrade ||
           (InNoForceRLSOperation() && !acting_for_key) || compat::in_autovacuum();
}

namespace {

// Whether nothing but these columns of the table is read.
bool reads_only(const PlannedStmt *plan, RangeTblEntry *entry, const AttrNumber *columns, int count) {
    Bitmapset *others = bms_copy(compat::selected_columns(plan, entry));
    for (int i = 0; i < count; ++i) others = bms_del_member(others, columns[i] - FirstLowInvalidHeapAttributeNumber);
    return bms_is_empty(others);
}

} // namespace

// It is sent as a text like any other, so it is known by what it reads: the columns of a key that there is, and of what
// that refers to. Somebody else's statement that reads no more than these learns no more either.
bool asks_for_key(const QueryDesc *query) {
    const PlannedStmt *const plan = query->plannedstmt;
    RangeTblEntry *from = nullptr;
    RangeTblEntry *to = nullptr;
    ListCell *cell;
    foreach (cell, plan->rtable) {
        auto *const entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind != RTE_RELATION || compat::required_privileges(plan, entry) == 0) continue;
        if (to != nullptr) return false;
        (from == nullptr ? from : to) = entry;
    }
    if (query->operation != CMD_SELECT || plan->subplans != NIL || to == nullptr) return false;
    Relation const relation = relation_open(from->relid, NoLock);
    bool found = false;
    foreach (cell, RelationGetFKeyList(relation)) {
        const auto *const key = static_cast<const ForeignKeyCacheInfo *>(lfirst(cell));
        found = found || (key->confrelid == to->relid && reads_only(plan, from, key->conkey, key->nkeys) &&
                          reads_only(plan, to, key->confkey, key->nkeys));
    }
    relation_close(relation, NoLock);
    return found;
}

bool foreign_key_at_work() {
    return boundary::inside == 0 && InNoForceRLSOperation() && !acting_for_key;
}

const char *table_name(Oid table) {
    const char *const name = get_rel_name(table);
    if (name == nullptr) return psprintf("%u", table);
    return quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)), name);
}

bool protected_table(Oid table) {
    HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple)) return false;
    const bool result = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relrowsecurity;
    ReleaseSysCache(tuple);
    return result;
}

} // namespace rlsproof::server::guard
