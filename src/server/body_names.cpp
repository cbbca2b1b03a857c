#include "server/body_names.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/transam.h"
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

List *defaults_taken(List *name, int given) {
    List *result = NIL;
    ListCell *cell;
    foreach (cell, functions_named(name)) {
        HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(lfirst_oid(cell)));
        if (!HeapTupleIsValid(tuple)) continue;
        const auto *function = (Form_pg_proc)GETSTRUCT(tuple);
        const int left_out = Min(function->pronargs - given, function->pronargdefaults);
        bool null = true;
        const Datum trees = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargdefaults, &null);
        if (left_out > 0 && !null && function->oid >= FirstNormalObjectId) {
            List *defaults = castNode(List, stringToNode(TextDatumGetCString(trees)));
            for (int i = list_length(defaults) - left_out; i < list_length(defaults); i++)
                result = lappend(result, list_nth(defaults, i));
        }
        ReleaseSysCache(tuple);
    }
    return result;
}

namespace {

void note_targets(RangeVar *table, List *targets, BodyNames *names) {
    ListCell *cell;
    foreach (cell, targets)
        if (lfirst_node(ResTarget, cell)->name != nullptr)
            names->targets = lappend(lappend(names->targets, table), lfirst_node(ResTarget, cell)->name);
}

void note_other(const Alias *alias, BodyNames *names) {
    if (alias != nullptr) names->others = lappend(names->others, alias->aliasname);
}

bool walk_names(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *names = static_cast<BodyNames *>(context);
    switch (nodeTag(node)) {
    case T_RangeVar: names->tables = lappend(names->tables, node); return false;
    case T_RangeSubselect: note_other(((RangeSubselect *)node)->alias, names); break;
    case T_RangeFunction: note_other(((RangeFunction *)node)->alias, names); break;
    case T_RangeTableFunc: note_other(((RangeTableFunc *)node)->alias, names); break;
    case T_JoinExpr: note_other(((JoinExpr *)node)->alias, names); break;
    case T_InsertStmt: note_targets(((InsertStmt *)node)->relation, ((InsertStmt *)node)->cols, names); break;
    case T_UpdateStmt: note_targets(((UpdateStmt *)node)->relation, ((UpdateStmt *)node)->targetList, names); break;
    case T_ColumnRef: {
        List *fields = ((ColumnRef *)node)->fields;
        const int length = list_length(fields);
        if (length < 2 || !IsA(llast(fields), String) || !IsA(list_nth(fields, length - 2), String)) break;
        names->columns = lappend(lappend(names->columns, strVal(list_nth(fields, length - 2))), strVal(llast(fields)));
        break;
    }
    default: break;
    }
    return compat::walk_raw(node, walk_names, context);
}

bool named(const List *list, const char *name) {
    ListCell *cell;
    foreach (cell, list)
        if (strcmp((const char *)lfirst(cell), name) == 0) return true;
    return false;
}

bool is_missing(const RangeVar *table, const List *ctes) {
    // A transition table of a trigger, as a CTE, is no relation.
    return (table->schemaname != nullptr || !named(ctes, table->relname)) && !OidIsValid(relation_named(table));
}

const char *no_column(const RangeVar *table, const char *column) {
    const Oid relation = relation_named(table);
    if (!OidIsValid(relation) || get_attnum(relation, column) != InvalidAttrNumber) return nullptr;
    return psprintf("there is no column %s in %s", quote_identifier(column), quote_identifier(table->relname));
}

} // namespace

void note_names(Node *statement, BodyNames *names) {
    (void)walk_names(statement, names);
}

const char *missing_name(const BodyNames *names, const List *ctes, const List *calls) {
    ListCell *cell;
    foreach (cell, names->tables) {
        const auto *table = lfirst_node(RangeVar, cell);
        if (is_missing(table, ctes))
            return psprintf("there is no table %s%s%s",
                            table->schemaname != nullptr ? quote_identifier(table->schemaname) : "",
                            table->schemaname != nullptr ? "." : "", quote_identifier(table->relname));
    }
    for (int i = 0; i + 1 < list_length(names->targets); i += 2)
        if (const char *missing =
                no_column((RangeVar *)list_nth(names->targets, i), (const char *)list_nth(names->targets, i + 1)))
            return missing;
    for (int i = 0; i + 1 < list_length(names->columns); i += 2) {
        const auto *of = (const char *)list_nth(names->columns, i);
        const auto *column = (const char *)list_nth(names->columns, i + 1);
        if (named(names->others, of) || named(ctes, of)) continue;
        // One name may stand for several tables, in one statement and the next.
        const char *missing = nullptr;
        bool found = false;
        foreach (cell, names->tables) {
            const auto *table = lfirst_node(RangeVar, cell);
            const char *alias = table->alias != nullptr ? table->alias->aliasname : table->relname;
            if (strcmp(alias, of) != 0) continue;
            const char *lacks = named(ctes, table->relname) ? nullptr : no_column(table, column);
            found = found || lacks == nullptr;
            missing = lacks;
        }
        if (missing != nullptr && !found) return missing;
    }
    foreach (cell, calls) {
        auto *name = (List *)lfirst(cell);
        if (functions_named(name) == NIL && !OidIsValid(TypenameGetTypid(strVal(llast(name)))))
            return psprintf("there is no function %s()", NameListToString(name));
    }
    return nullptr;
}

bool splits_text(const char *function) {
    for (const char *splitter :
         {"string_to_array", "string_to_table", "regexp_split_to_array", "regexp_split_to_table"})
        if (strcmp(function, splitter) == 0) return true;
    return false;
}

const char *type_of_part(const char *type) {
    if (type == nullptr) return "text";
    return *type == '_' ? type + 1 : type;
}

} // namespace rlsproof::server
