#include "server/guard/exempt.hpp"

#include "server/boundary.hpp"
#include "server/compat.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/transam.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "postmaster/autovacuum.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"
}

namespace rlsproof::server::guard {

bool exempt_table(Oid table) {
    // initdb's objects, information_schema among them, lie below this number.
    return table < FirstNormalObjectId;
}

bool ours(Oid table) {
    const char *const schema = get_namespace_name(get_rel_namespace(table));
    return schema != nullptr && strcmp(schema, "rlsproof") == 0;
}

bool exempt_now() {
    return boundary::inside > 0 || IsParallelWorker() || creating_extension || IsBinaryUpgrade ||
           InNoForceRLSOperation() || IsAutoVacuumWorkerProcess();
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

namespace {

bool exec_param_walker(Node *node, void *context) {
    if (node == nullptr) return false;
    if (IsA(node, Param) && reinterpret_cast<Param *>(node)->paramkind == PARAM_EXEC) return true;
    return compat::walk(node, exec_param_walker, context);
}

} // namespace

bool contains_exec_param(Node *node) {
    return exec_param_walker(node, nullptr);
}

} // namespace rlsproof::server::guard
