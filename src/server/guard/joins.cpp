// cartesian_join: tables in one FROM between which no condition stands. Decided on the query, not on the plan: there an
// equality with a constant replaces the join it came from, and a nested loop without a condition is all that is seen.
#include "server/guard/facts.hpp"

#include <initializer_list>

#include "server/compat.hpp"
#include "server/guard/indexes.hpp"

extern "C" {
#include "catalog/pg_type_d.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server::guard {

namespace {

// A query and those it stands in, where its common table expressions may be defined.
struct Level {
    const Query *query;
    const Level *above;
    int depth;
};

// How deep sub-selects are followed for what they are made of: one that is read twice is followed twice.
constexpr int kDeepest = 8;

// A column that is held to a value, or to what is computed from other entries.
struct Held {
    int entry;
    AttrNumber column;
    const Bitmapset *by;
};

// Which entries of one range table belong together: the usual forest.
struct Groups {
    const Level *level;
    int *parent;     // by range table index; 0 where the entry is not in FROM
    List *entries;   // those in FROM
    List *pinned;    // expressions something was compared with ...
    List *pinned_by; // ... and the entry that was
    List *held;      // of Held
};

const RangeTblEntry *entry_of(const Groups *groups, int entry) {
    return rt_fetch(entry, groups->level->query->rtable);
}

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

void note_held(Groups *groups, int entry, AttrNumber column, const Bitmapset *by) {
    auto *const held = static_cast<Held *>(palloc(sizeof(Held)));
    *held = {entry, column, by};
    groups->held = lappend(groups->held, held);
}

void look_at(Node *condition, void *pointer) {
    auto *const groups = static_cast<Groups *>(pointer);
    const Query *const query = groups->level->query;
    unite_all(groups, mentioned(query, condition));

    if (!IsA(condition, OpExpr)) return;
    const auto *const operation = reinterpret_cast<OpExpr *>(condition);
    if (list_length(operation->args) != 2) return;
    auto *const left = static_cast<Node *>(linitial(operation->args));
    auto *const right = static_cast<Node *>(lsecond(operation->args));
    // Both below the same value are not joined by it.
    if (!op_mergejoinable(operation->opno, exprType(left)) && !op_hashjoinable(operation->opno, exprType(left))) return;
    for (Node *const side : {left, right}) {
        Node *other = side == left ? right : left;
        int entry;
        if (!bms_get_singleton_member(mentioned(query, side), &entry) || groups->parent[entry] == 0) continue;
        const Bitmapset *const by = mentioned(query, other);
        if (bms_is_member(entry, by)) continue;
        if (bms_is_empty(by)) note_pin(groups, other, entry);
        const Node *const column =
            IsA(side, RelabelType) ? reinterpret_cast<Node *>(reinterpret_cast<RelabelType *>(side)->arg) : side;
        if (!IsA(column, Var)) continue;
        const auto *const var = reinterpret_cast<const Var *>(column);
        if (static_cast<int>(var->varno) == entry && var->varlevelsup == 0) note_held(groups, entry, var->varattno, by);
    }
}

void collect_entries(Groups *groups, Node *node) {
    if (IsA(node, RangeTblRef)) {
        const int entry = reinterpret_cast<RangeTblRef *>(node)->rtindex;
        groups->parent[entry] = entry;
        groups->entries = lappend_int(groups->entries, entry);
    } else if (IsA(node, FromExpr)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<FromExpr *>(node)->fromlist)
            collect_entries(groups, static_cast<Node *>(lfirst(cell)));
    } else if (IsA(node, JoinExpr)) {
        collect_entries(groups, reinterpret_cast<JoinExpr *>(node)->larg);
        collect_entries(groups, reinterpret_cast<JoinExpr *>(node)->rarg);
    }
}

Groups entries_of(const Level *level) {
    Groups groups{level, nullptr, NIL, NIL, NIL, NIL};
    const auto entries = static_cast<size_t>(list_length(level->query->rtable));
    groups.parent = static_cast<int *>(palloc0(sizeof(int) * (entries + 1)));
    collect_entries(&groups, reinterpret_cast<Node *>(level->query->jointree));
    // What MERGE changes joins the others when it is planned.
    const int target = level->query->commandType == CMD_MERGE ? level->query->resultRelation : 0;
    if (target > 0 && groups.parent[target] == 0) {
        groups.parent[target] = target;
        groups.entries = lappend_int(groups.entries, target);
    }
    return groups;
}

// --- what is one row at most, and what holds a table

// LIMIT 1; the number is widened to the type of LIMIT, and nothing was folded yet.
bool limited_to_one(const Query *query) {
    Node *count = query->limitCount;
    if (count == nullptr || query->limitOption == LIMIT_OPTION_WITH_TIES) return false;
    if (IsA(count, FuncExpr) && reinterpret_cast<FuncExpr *>(count)->funcid == F_INT8_INT4)
        count = static_cast<Node *>(linitial(reinterpret_cast<FuncExpr *>(count)->args));
    if (!IsA(count, Const) || reinterpret_cast<Const *>(count)->constisnull) return false;
    const auto *const limit = reinterpret_cast<Const *>(count);
    return limit->consttype == INT4OID   ? DatumGetInt32(limit->constvalue) <= 1
           : limit->consttype == INT8OID ? DatumGetInt64(limit->constvalue) <= 1
                                         : false;
}

// A query that is one row whatever it reads.
bool one_row(const Query *query) {
    if (query->hasAggs && query->groupClause == NIL && query->groupingSets == NIL) return true;
    return limited_to_one(query) ||
           (query->setOperations == nullptr && (query->jointree == nullptr || query->jointree->fromlist == NIL));
}

// The query an entry reads from, with what it stands in. Nothing where it is no query, or too deep.
bool query_of(const Level *level, const RangeTblEntry *entry, Level *result) {
    if (level->depth >= kDeepest) return false;
    if (entry->rtekind == RTE_SUBQUERY) {
        *result = {entry->subquery, level, level->depth + 1};
        return true;
    }
    // A recursive query's own rows are those of its tables, which are met where they are read.
    if (entry->rtekind != RTE_CTE || entry->self_reference) return false;
    const Level *defining = level;
    for (Index i = 0; defining != nullptr && i < entry->ctelevelsup; ++i) defining = defining->above;
    if (defining == nullptr) return false;
    ListCell *cell;
    foreach (cell, defining->query->cteList) {
        const auto *const part = lfirst_node(CommonTableExpr, cell);
        if (strcmp(part->ctename, entry->ctename) != 0 || !IsA(part->ctequery, Query)) continue;
        *result = {reinterpret_cast<Query *>(part->ctequery), defining, level->depth + 1};
        return true;
    }
    return false;
}

// A table that stands for an entry: itself, or the first that a sub-select reads. InvalidOid for what holds no table or
// only one row, which multiplies nothing.
Oid table_of(const Level *level, const RangeTblEntry *entry) {
    if (entry->rtekind == RTE_RELATION) return entry->relid;
    Level inner;
    if (!query_of(level, entry, &inner) || one_row(inner.query)) return InvalidOid;
    ListCell *cell;
    if (inner.query->setOperations != nullptr) {
        foreach (cell, inner.query->rtable) {
            const Oid table = table_of(&inner, lfirst_node(RangeTblEntry, cell));
            if (OidIsValid(table)) return table;
        }
        return InvalidOid;
    }
    foreach (cell, entries_of(&inner).entries) {
        const Oid table = table_of(&inner, rt_fetch(lfirst_int(cell), inner.query->rtable));
        if (OidIsValid(table)) return table;
    }
    return InvalidOid;
}

bool is_held(const Groups *groups, int entry, AttrNumber column, const Bitmapset *single) {
    ListCell *cell;
    foreach (cell, groups->held) {
        const auto *const held = static_cast<const Held *>(lfirst(cell));
        if (held->entry == entry && held->column == column && bms_is_subset(held->by, single)) return true;
    }
    return false;
}

const Bitmapset *single_rows(const Groups *groups);

// Whether a unique key, here or in what a sub-select reads, leaves one row of the entry at most, given those that are
// one row each.
bool is_single(const Groups *groups, int number, const Bitmapset *single) {
    const RangeTblEntry *const entry = entry_of(groups, number);
    if (entry->rtekind == RTE_RELATION)
        return groups->held != NIL && any_index(entry->relid, [&](const FormData_pg_index *index) {
                   bool all = index->indisunique && index->indimmediate;
                   for (int i = 0; all && i < index->indnkeyatts; ++i)
                       all = is_held(groups, number, index->indkey.values[i], single);
                   return all;
               });
    Level inner;
    if (!query_of(groups->level, entry, &inner)) return false;
    const Query *const query = inner.query;
    if (one_row(query)) return true;
    if (query->commandType != CMD_SELECT || query->setOperations != nullptr || query->hasTargetSRFs ||
        query->groupingSets != NIL)
        return false;
    Groups parts = entries_of(&inner);
    each_condition(query, look_at, &parts);
    ListCell *cell;
    foreach (cell, groups->held) {
        const auto *const held = static_cast<const Held *>(lfirst(cell));
        if (held->entry != number || !bms_is_subset(held->by, single)) continue;
        const TargetEntry *const column = get_tle_by_resno(query->targetList, held->column);
        if (column == nullptr || !IsA(column->expr, Var)) continue;
        const auto *const var = reinterpret_cast<const Var *>(column->expr);
        if (var->varlevelsup == 0) note_held(&parts, static_cast<int>(var->varno), var->varattno, nullptr);
    }
    return bms_num_members(single_rows(&parts)) == list_length(parts.entries);
}

// The entries that are one row at most, each by itself or by those before it.
const Bitmapset *single_rows(const Groups *groups) {
    Bitmapset *single = nullptr;
    for (int before = -1; before != bms_num_members(single);) {
        before = bms_num_members(single);
        ListCell *cell;
        foreach (cell, groups->entries)
            if (!bms_is_member(lfirst_int(cell), single) && is_single(groups, lfirst_int(cell), single))
                single = bms_add_member(single, lfirst_int(cell));
    }
    return single;
}

// What a LATERAL item says about others joins it to them.
void unite_lateral(Groups *groups, int index) {
    const RangeTblEntry *const entry = entry_of(groups, index);
    if (!entry->lateral) return;
    Node *const inner = entry->rtekind == RTE_SUBQUERY ? reinterpret_cast<Node *>(entry->subquery)
                                                       : reinterpret_cast<Node *>(entry->functions);
    const Bitmapset *const members = mentioned(groups->level->query, inner);
    unite_all(groups, bms_add_member(bms_copy(members), index));
}

void find_here(const Level *level, List **items) {
    const Query *const query = level->query;
    if (query->jointree == nullptr || list_length(query->rtable) < 2) return;
    Groups groups = entries_of(level);
    if (list_length(groups.entries) < 2) return;
    each_condition(query, look_at, &groups);
    ListCell *cell;
    bool apart = false;
    foreach (cell, groups.entries) unite_lateral(&groups, lfirst_int(cell));
    foreach (cell, groups.entries)
        apart = apart || root_of(&groups, lfirst_int(cell)) != root_of(&groups, linitial_int(groups.entries));
    if (!apart) return;

    // One table for each group that holds any.
    const Bitmapset *const single = single_rows(&groups);
    List *tables = NIL;
    List *roots = NIL;
    foreach (cell, groups.entries) {
        const int root = root_of(&groups, lfirst_int(cell));
        if (list_member_int(roots, root) || bms_is_member(lfirst_int(cell), single)) continue;
        const Oid table = table_of(level, entry_of(&groups, lfirst_int(cell)));
        if (!OidIsValid(table)) continue;
        roots = lappend_int(roots, root);
        tables = lappend_oid(tables, table);
    }
    if (list_length(tables) < 2) return;
    foreach (cell, tables) append(items, Fact::part_of_product, lfirst_oid(cell));
}

struct Visit {
    const Level *level;
    List **items;
};

bool query_walker(Node *node, void *pointer) {
    if (node == nullptr) return false;
    if (IsA(node, Query)) {
        const auto *const visit = static_cast<const Visit *>(pointer);
        auto *const query = reinterpret_cast<Query *>(node);
        const Level level{query, visit->level, 0};
        find_here(&level, visit->items);
        Visit inner{&level, visit->items};
        return compat::walk_query(query, query_walker, &inner, 0);
    }
    return compat::walk(node, query_walker, pointer);
}

} // namespace

void find_products(const Query *query, List **items) {
    Visit visit{nullptr, items};
    query_walker(reinterpret_cast<Node *>(const_cast<Query *>(query)), &visit);
}

} // namespace rlsproof::server::guard
