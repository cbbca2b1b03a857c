#include "server/guard/exempt.hpp"

#include "server/boundary.hpp"
#include "server/compat.hpp"

extern "C" {
#include "access/parallel.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"
}

namespace rlsproof::server::guard {

bool ours(Oid table) {
    const char *const schema = get_namespace_name(get_rel_namespace(table));
    return schema != nullptr && strcmp(schema, "rlsproof") == 0;
}

bool inspecting = false;

bool acting_for_key = false;

bool exempt_now() {
    return boundary::inside > 0 || IsParallelWorker() || creating_extension || IsBinaryUpgrade ||
           (InNoForceRLSOperation() && !acting_for_key) || compat::in_autovacuum();
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
