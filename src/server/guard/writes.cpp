// write_without_where: UPDATE, DELETE and MERGE, at any depth, in which no condition says which rows of the table are
// meant. WHERE true is no condition, nor is one that never mentions the table. The table's own policies do not count:
// whoever wrote the statement did not write them.
#include "server/guard/facts.hpp"

#include "server/compat.hpp"

extern "C" {
#include "utils/syscache.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace rlsproof::server::guard {

namespace {

struct Search {
    const Query *query;
    int target;
    bool limited;
};

// Whether the condition can keep a row of the target out: it mentions the target and is not true of every row.
bool limits(const Search *search, Node *condition) {
    if (is_orclause(condition)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<BoolExpr *>(condition)->args)
            if (!limits(search, static_cast<Node *>(lfirst(cell)))) return false;
        return true;
    }
    if (is_andclause(condition)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<BoolExpr *>(condition)->args)
            if (limits(search, static_cast<Node *>(lfirst(cell)))) return true;
        return false;
    }
    if (IsA(condition, OpExpr)) {
        // id = id, the habit of those who were told to write a WHERE.
        const auto *const operation = reinterpret_cast<OpExpr *>(condition);
        if (list_length(operation->args) == 2 && equal(linitial(operation->args), lsecond(operation->args)))
            return false;
    }
    if (IsA(condition, NullTest)) {
        const auto *const test = reinterpret_cast<NullTest *>(condition);
        if (test->nulltesttype == IS_NOT_NULL && IsA(test->arg, Var)) {
            const auto *const var = reinterpret_cast<Var *>(test->arg);
            const RangeTblEntry *const entry = rt_fetch(var->varno, search->query->rtable);
            // Where a row lies, and the like, is always there.
            if (var->varlevelsup == 0 && entry->rtekind == RTE_RELATION && var->varattno < 0) return false;
            if (var->varlevelsup == 0 && entry->rtekind == RTE_RELATION && var->varattno > 0) {
                HeapTuple const tuple =
                    SearchSysCache2(ATTNUM, ObjectIdGetDatum(entry->relid), Int16GetDatum(var->varattno));
                const bool never =
                    HeapTupleIsValid(tuple) && reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple))->attnotnull;
                if (HeapTupleIsValid(tuple)) ReleaseSysCache(tuple);
                if (never) return false;
            }
        }
    }
    return bms_is_member(search->target, mentioned(search->query, condition));
}

void look_at(Node *condition, void *pointer) {
    auto *const search = static_cast<Search *>(pointer);
    // Nothing is computed here: 1 = 1 mentions no table, and 1/0 = 1 may stand where the server never comes to it.
    search->limited = search->limited || limits(search, condition);
}

// Whether a MERGE has an action for every row that the condition lets through.
bool merges_all(const Query *query) {
    const Search search{query, query->resultRelation, false};
    ListCell *cell;
    foreach (cell, query->mergeActionList) {
        const MergeAction *const action = lfirst_node(MergeAction, cell);
        if (!compat::changes_rows(action) || action->commandType == CMD_NOTHING) continue;
        if (action->qual == nullptr || !limits(&search, action->qual)) return true;
    }
    return false;
}

bool changes_rows(const Query *query) {
    switch (query->commandType) {
    case CMD_UPDATE:
    case CMD_DELETE: return true;
    case CMD_MERGE: return merges_all(query);
    default: return false;
    }
}

} // namespace

void find_whole_writes(const Query *query, List **items) {
    if (changes_rows(query) && query->resultRelation > 0) {
        const RangeTblEntry *const entry = rt_fetch(query->resultRelation, query->rtable);
        Search search{query, query->resultRelation, false};
        if (entry->rtekind == RTE_RELATION) {
            each_condition(query, look_at, &search);
            if (!search.limited) append(items, Fact::whole_write, entry->relid);
        }
    }
    // Statements that change something stand in the WITH list of the topmost query alone.
    ListCell *cell;
    foreach (cell, query->cteList) {
        const CommonTableExpr *const part = lfirst_node(CommonTableExpr, cell);
        if (IsA(part->ctequery, Query)) find_whole_writes(reinterpret_cast<Query *>(part->ctequery), items);
    }
}

} // namespace rlsproof::server::guard
