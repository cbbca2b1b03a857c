// cartesian_join: tables in one FROM between which no condition stands. Decided on the query, not on the plan: there an
// equality with a constant replaces the join it came from, and a nested loop without a condition is all that is seen.
#include "server/guard/facts.hpp"

#include <initializer_list>

#include "server/compat.hpp"
#include "server/guard/indexes.hpp"

extern "C" {
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server::guard {

namespace {

// Which entries of one range table belong together: the usual forest, on the stack for all but absurd queries.
struct Groups {
    const Query *query;
    int *parent;     // by range table index; 0 where the entry is not in FROM
    List *pinned;    // expressions something was compared with ...
    List *pinned_by; // ... and the entry that was
    List *columns;   // columns compared for equality with something else: entry, column, entry, column
};

int root_of(const Groups *groups, int entry) {
    while (groups->parent[entry] != entry) entry = groups->parent[entry];
    return entry;
}

void unite(Groups *groups, int left, int right) {
    if (groups->parent[left] == 0 || groups->parent[right] == 0) return;
    groups->parent[root_of(groups, right)] = root_of(groups, left);
}

void unite_all(Groups *groups, const Bitmapset *members) {
    int first = -1;
    for (int member = -1; (member = bms_next_member(members, member)) >= 0;) {
        if (groups->parent[member] == 0) continue;
        if (first < 0)
            first = member;
        else
            unite(groups, first, member);
    }
}

// Two tables that are both held to the same value are joined by it: a.tenant = $1 AND b.tenant = $1.
void note_pin(Groups *groups, Node *value, int entry) {
    ListCell *known;
    ListCell *by;
    forboth(known, groups->pinned, by, groups->pinned_by) {
        if (equal(lfirst(known), value)) unite(groups, lfirst_int(by), entry);
    }
    groups->pinned = lappend(groups->pinned, value);
    groups->pinned_by = lappend_int(groups->pinned_by, entry);
}

void look_at(Node *condition, void *pointer) {
    auto *const groups = static_cast<Groups *>(pointer);
    const Bitmapset *const members = mentioned(groups->query, condition);
    unite_all(groups, members);

    int entry;
    if (!IsA(condition, OpExpr) || !bms_get_singleton_member(members, &entry) || groups->parent[entry] == 0) return;
    const auto *const operation = reinterpret_cast<OpExpr *>(condition);
    if (list_length(operation->args) != 2) return;
    auto *const left = static_cast<Node *>(linitial(operation->args));
    auto *const right = static_cast<Node *>(lsecond(operation->args));
    for (Node *const side : {left, right}) {
        if (!bms_is_empty(mentioned(groups->query, side))) continue;
        note_pin(groups, side, entry);
        auto *const other = side == left ? right : left;
        if (!IsA(other, Var) || !op_mergejoinable(operation->opno, exprType(other))) continue;
        groups->columns = lappend_int(groups->columns, entry);
        groups->columns = lappend_int(groups->columns, reinterpret_cast<Var *>(other)->varattno);
    }
}

bool held(const Groups *groups, int entry, AttrNumber column) {
    for (int i = 0; i + 1 < list_length(groups->columns); i += 2)
        if (list_nth_int(groups->columns, i) == entry && list_nth_int(groups->columns, i + 1) == column) return true;
    return false;
}

// A table of which a unique key leaves one row at most.
bool one_row_of(const Groups *groups, int entry) {
    const RangeTblEntry *const table = rt_fetch(entry, groups->query->rtable);
    if (table->rtekind != RTE_RELATION || groups->columns == NIL) return false;
    return any_index(table->relid, [&](const FormData_pg_index *index) {
        bool all = index->indisunique && index->indimmediate;
        for (int i = 0; all && i < index->indnkeyatts; ++i) all = held(groups, entry, index->indkey.values[i]);
        return all;
    });
}

// A sub-select that is one row whatever it reads.
bool one_row(const Query *query) {
    if (query->hasAggs && query->groupClause == NIL && query->groupingSets == NIL) return true;
    if (query->limitCount != nullptr && IsA(query->limitCount, Const)) {
        const auto *const limit = reinterpret_cast<Const *>(query->limitCount);
        return !limit->constisnull && DatumGetInt64(limit->constvalue) <= 1;
    }
    return query->jointree == nullptr || query->jointree->fromlist == NIL;
}

// A table that stands for an entry: itself, or the first that a sub-select reads. InvalidOid for what holds no table or
// only one row, which multiplies nothing.
Oid table_of(const RangeTblEntry *entry) {
    if (entry->rtekind == RTE_RELATION) return entry->relid;
    if (entry->rtekind != RTE_SUBQUERY || one_row(entry->subquery)) return InvalidOid;
    ListCell *cell;
    foreach (cell, entry->subquery->rtable) {
        const Oid table = table_of(lfirst_node(RangeTblEntry, cell));
        if (OidIsValid(table)) return table;
    }
    return InvalidOid;
}

void collect_entries(Groups *groups, Node *node, List **entries) {
    if (IsA(node, RangeTblRef)) {
        const int entry = reinterpret_cast<RangeTblRef *>(node)->rtindex;
        groups->parent[entry] = entry;
        *entries = lappend_int(*entries, entry);
    } else if (IsA(node, FromExpr)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<FromExpr *>(node)->fromlist)
            collect_entries(groups, static_cast<Node *>(lfirst(cell)), entries);
    } else if (IsA(node, JoinExpr)) {
        collect_entries(groups, reinterpret_cast<JoinExpr *>(node)->larg, entries);
        collect_entries(groups, reinterpret_cast<JoinExpr *>(node)->rarg, entries);
    }
}

// What a LATERAL item says about others joins it to them.
void unite_lateral(Groups *groups, int index) {
    const RangeTblEntry *const entry = rt_fetch(index, groups->query->rtable);
    if (!entry->lateral) return;
    Node *const inner = entry->rtekind == RTE_SUBQUERY ? reinterpret_cast<Node *>(entry->subquery)
                                                       : reinterpret_cast<Node *>(entry->functions);
    const Bitmapset *const members = mentioned(groups->query, inner);
    unite_all(groups, bms_add_member(bms_copy(members), index));
}

void find_here(const Query *query, List **items) {
    if (query->jointree == nullptr || list_length(query->rtable) < 2) return;
    Groups groups{query, nullptr, NIL, NIL, NIL};
    groups.parent = static_cast<int *>(palloc0(sizeof(int) * static_cast<size_t>(list_length(query->rtable) + 1)));
    List *entries = NIL;
    collect_entries(&groups, reinterpret_cast<Node *>(query->jointree), &entries);
    if (list_length(entries) < 2) return;
    each_condition(query, look_at, &groups);
    ListCell *cell;
    foreach (cell, entries) unite_lateral(&groups, lfirst_int(cell));

    // One table for each group that holds any.
    List *tables = NIL;
    List *roots = NIL;
    foreach (cell, entries) {
        const Oid table = table_of(rt_fetch(lfirst_int(cell), query->rtable));
        const int root = root_of(&groups, lfirst_int(cell));
        if (!OidIsValid(table) || list_member_int(roots, root) || one_row_of(&groups, lfirst_int(cell))) continue;
        roots = lappend_int(roots, root);
        tables = lappend_oid(tables, table);
    }
    if (list_length(tables) < 2) return;
    foreach (cell, tables) append(items, Fact::part_of_product, lfirst_oid(cell));
}

bool query_walker(Node *node, void *items) {
    if (node == nullptr) return false;
    if (IsA(node, Query)) {
        const auto *const query = reinterpret_cast<Query *>(node);
        find_here(query, static_cast<List **>(items));
        return compat::walk_query(const_cast<Query *>(query), query_walker, items, 0);
    }
    return compat::walk(node, query_walker, items);
}

} // namespace

void find_products(const Query *query, List **items) {
    query_walker(reinterpret_cast<Node *>(const_cast<Query *>(query)), items);
}

} // namespace rlsproof::server::guard
