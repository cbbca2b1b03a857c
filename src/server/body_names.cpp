#include "server/body_names.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace rlsproof::server {

Oid relation_named(const RangeVar *name) {
    if (name->schemaname == nullptr) return RangeVarGetRelid(name, NoLock, true);
    const Oid schema = get_namespace_oid(name->schemaname, true);
    return OidIsValid(schema) ? get_relname_relid(name->relname, schema) : InvalidOid;
}

List *functions_named(List *name) {
    List *result = NIL;
    if (list_length(name) == 1) {
        for (auto *candidate = compat::candidates(name); candidate != nullptr; candidate = candidate->next)
            result = list_append_unique_oid(result, candidate->oid);
        return result;
    }
    const char *schema_name = strVal(list_nth(name, list_length(name) - 2));
    const Oid schema = get_namespace_oid(schema_name, true);
    if (!OidIsValid(schema)) return NIL;
    CatCList *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(strVal(llast(name))));
    for (int i = 0; i < list->n_members; i++) {
        const auto *function = (Form_pg_proc)GETSTRUCT(&list->members[i]->tuple);
        if (function->pronamespace == schema) result = list_append_unique_oid(result, function->oid);
    }
    ReleaseSysCacheList(list);
    return result;
}

} // namespace rlsproof::server
