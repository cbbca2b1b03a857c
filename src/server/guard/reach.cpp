// full_scan, the structural part: does any condition that an index could serve reach this table? Answered from what the
// planner knows of the query and the table's indexes, not from costs: so the answer is the same before and after
// ANALYZE, on an empty table and on a full one.
//
// A table is within reach where a condition on it alone can use an index, where a join leads to it by an index from a
// table that is, or by a unique key from a small one.
#include "server/guard/facts.hpp"

#include "server/compat.hpp"
#include "server/guard/settings.hpp"

extern "C" {
#include "optimizer/pathnode.h"
#include "access/sysattr.h"
#include "catalog/pg_am.h"
#include "catalog/pg_opfamily.h"
#include "nodes/makefuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server::guard {

namespace {

struct Reach {
    PlannerInfo *root;
    RelOptInfo *rel;
};

// The columns of an index that a condition can be used with when it comes alone.
int leading_columns(const IndexOptInfo *index) {
    return index->relam == BTREE_AM_OID || index->relam == HASH_AM_OID ? 1 : index->nkeycolumns;
}

bool own(const Reach &reach, Node *node) {
    return bms_is_member(static_cast<int>(reach.rel->relid), pull_varnos(reach.root, node));
}

// Asks the support function of an operator or a function, as the planner does for LIKE 'a%' and its like.
bool supported(const Reach &reach, Oid function, Node *clause, int argument, IndexOptInfo *index, int column) {
    const Oid support = get_func_support(function);
    if (!OidIsValid(support)) return false;
    SupportRequestIndexCondition request;
    memset(&request, 0, sizeof(request));
    request.type = T_SupportRequestIndexCondition;
    request.root = reach.root;
    request.funcid = function;
    request.node = clause;
    request.indexarg = argument;
    request.index = index;
    request.indexcol = column;
    request.opfamily = index->opfamily[column];
    request.indexcollation = index->indexcollations[column];
    request.lossy = true;
    return DatumGetPointer(OidFunctionCall1(support, PointerGetDatum(&request))) != nullptr;
}

bool collates(const IndexOptInfo *index, int column, Oid collation) {
    return !OidIsValid(index->indexcollations[column]) || index->indexcollations[column] == collation;
}

bool operator_serves(const Reach &reach, OpExpr *operation, IndexOptInfo *index, int column) {
    if (list_length(operation->args) != 2) return false;
    auto *const left = static_cast<Node *>(linitial(operation->args));
    auto *const right = static_cast<Node *>(lsecond(operation->args));
    Oid opno = operation->opno;
    int argument = 0;
    Node *other = right;
    if (!match_index_to_operand(left, column, index)) {
        if (!match_index_to_operand(right, column, index)) return false;
        opno = get_commutator(opno);
        argument = 1;
        other = left;
    }
    if (own(reach, other) || contain_volatile_functions(other)) return false;
    if (OidIsValid(opno) && collates(index, column, operation->inputcollid) &&
        op_in_opfamily(opno, index->opfamily[column]))
        return true;
    set_opfuncid(operation);
    return supported(reach, operation->opfuncid, reinterpret_cast<Node *>(operation), argument, index, column);
}

bool function_serves(const Reach &reach, FuncExpr *function, IndexOptInfo *index, int column) {
    ListCell *cell;
    foreach (cell, function->args)
        if (match_index_to_operand(static_cast<Node *>(lfirst(cell)), column, index) &&
            supported(reach, function->funcid, reinterpret_cast<Node *>(function), foreach_current_index(cell), index,
                      column))
            return true;
    return false;
}

bool serves(const Reach &reach, Node *clause, IndexOptInfo *index, int column) {
    switch (nodeTag(clause)) {
    case T_OpExpr: return operator_serves(reach, reinterpret_cast<OpExpr *>(clause), index, column);
    case T_FuncExpr:
        return function_serves(reach, reinterpret_cast<FuncExpr *>(clause), index, column) ||
               (compat::is_boolean_family(index->opfamily[column]) && match_index_to_operand(clause, column, index));
    case T_ScalarArrayOpExpr: {
        const auto *const any = reinterpret_cast<ScalarArrayOpExpr *>(clause);
        auto *const left = static_cast<Node *>(linitial(any->args));
        auto *const right = static_cast<Node *>(lsecond(any->args));
        return any->useOr && match_index_to_operand(left, column, index) && !own(reach, right) &&
               collates(index, column, any->inputcollid) && op_in_opfamily(any->opno, index->opfamily[column]);
    }
    case T_RowCompareExpr: {
        const auto *const row = reinterpret_cast<RowCompareExpr *>(clause);
        return match_index_to_operand(static_cast<Node *>(linitial(row->largs)), column, index) ||
               match_index_to_operand(static_cast<Node *>(linitial(row->rargs)), column, index);
    }
    case T_NullTest: {
        const auto *const test = reinterpret_cast<NullTest *>(clause);
        return test->nulltesttype == IS_NULL && !test->argisrow && index->amsearchnulls &&
               match_index_to_operand(reinterpret_cast<Node *>(test->arg), column, index);
    }
    case T_BooleanTest:
        return compat::is_boolean_family(index->opfamily[column]) &&
               match_index_to_operand(reinterpret_cast<Node *>(reinterpret_cast<BooleanTest *>(clause)->arg), column,
                                      index);
    case T_BoolExpr:
        return is_notclause(clause) && compat::is_boolean_family(index->opfamily[column]) &&
               match_index_to_operand(reinterpret_cast<Node *>(get_notclausearg(clause)), column, index);
    default: return compat::is_boolean_family(index->opfamily[column]) && match_index_to_operand(clause, column, index);
    }
}

// A row named by where it lies.
bool by_place(Node *clause) {
    if (IsA(clause, CurrentOfExpr)) return true;
    List *arguments = NIL;
    if (IsA(clause, OpExpr)) arguments = reinterpret_cast<OpExpr *>(clause)->args;
    if (IsA(clause, ScalarArrayOpExpr)) arguments = reinterpret_cast<ScalarArrayOpExpr *>(clause)->args;
    ListCell *cell;
    foreach (cell, arguments) {
        const auto *const node = static_cast<Node *>(lfirst(cell));
        if (IsA(node, Var) && reinterpret_cast<const Var *>(node)->varattno == SelfItemPointerAttributeNumber)
            return true;
    }
    return false;
}

bool usable(const IndexOptInfo *index) {
    return !index->hypothetical && (index->indpred == NIL || index->predOK);
}

bool any_index_serves(const Reach &reach, Node *clause) {
    if (by_place(clause)) return true;
    ListCell *cell;
    foreach (cell, reach.rel->indexlist) {
        auto *const index = lfirst_node(IndexOptInfo, cell);
        if (!usable(index)) continue;
        for (int column = 0; column < leading_columns(index); ++column)
            if (serves(reach, clause, index, column)) return true;
    }
    return false;
}

// One condition: an OR needs an index for each of its arms, an AND for any.
bool indexable(const Reach &reach, Node *clause) {
    if (IsA(clause, RestrictInfo)) {
        auto *const restriction = reinterpret_cast<RestrictInfo *>(clause);
        clause = restriction->orclause != nullptr ? reinterpret_cast<Node *>(restriction->orclause)
                                                  : reinterpret_cast<Node *>(restriction->clause);
    }
    if (is_orclause(clause)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<BoolExpr *>(clause)->args)
            if (!indexable(reach, static_cast<Node *>(lfirst(cell)))) return false;
        return true;
    }
    if (is_andclause(clause)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<BoolExpr *>(clause)->args)
            if (indexable(reach, static_cast<Node *>(lfirst(cell)))) return true;
        return false;
    }
    return any_index_serves(reach, clause);
}

// A condition that an index may be asked about before the table's policies were: a leaky one waits behind them.
bool in_time(const Reach &reach, RestrictInfo *restriction) {
    return restriction_is_securely_promotable(restriction, reach.rel);
}

bool is_table(const RelOptInfo *rel) {
    return rel->rtekind == RTE_RELATION;
}

// Whether the planner found a way by an index that needs nothing from other tables. Where it kept none it may have been
// for their costs, so that answers nothing.
bool has_index_path(const RelOptInfo *rel) {
    ListCell *cell;
    foreach (cell, rel->pathlist) {
        const auto *const path = static_cast<const Path *>(lfirst(cell));
        if (path->param_info != nullptr) continue;
        if (IsA(path, IndexPath) && reinterpret_cast<const IndexPath *>(path)->indexclauses != NIL) return true;
        if (IsA(path, BitmapHeapPath) || IsA(path, TidPath)) return true;
    }
    return false;
}

bool held_by_itself(const Reach &reach) {
    if (has_index_path(reach.rel)) return true;
    ListCell *cell;
    foreach (cell, reach.rel->baserestrictinfo) {
        auto *const restriction = lfirst_node(RestrictInfo, cell);
        if (in_time(reach, restriction) && indexable(reach, reinterpret_cast<Node *>(restriction))) return true;
    }
    // An index over part of a table, which is the part that is asked for, is a limit of its own.
    foreach (cell, reach.rel->indexlist) {
        const auto *const index = lfirst_node(IndexOptInfo, cell);
        if (index->indpred != NIL && index->predOK) return true;
    }
    return false;
}

// How many rows of a table a join may lead to, for each of those it comes from.
enum class Leads { to_any, to_one };

bool fits(const IndexOptInfo *index, Leads how) {
    return how == Leads::to_any || (index->unique && index->immediate && index->nkeycolumns == 1);
}

// An equality with what a unique key is.
bool finds_one(const Reach &reach, const RestrictInfo *restriction) {
    ListCell *cell;
    foreach (cell, reach.rel->indexlist) {
        auto *const index = lfirst_node(IndexOptInfo, cell);
        if (usable(index) && fits(index, Leads::to_one) &&
            serves(reach, reinterpret_cast<Node *>(restriction->clause), index, 0))
            return true;
    }
    return false;
}

// Whether a join leads here by an index from what is in `reached`.
bool led_to(const Reach &reach, const Bitmapset *reached, Leads how) {
    const auto from_reached = [&](const Bitmapset *relids) {
        Bitmapset *const others = bms_del_member(bms_copy(relids), static_cast<int>(reach.rel->relid));
        return !bms_is_empty(others) && bms_is_subset(others, reached);
    };
    ListCell *cell;
    foreach (cell, reach.rel->joininfo) {
        auto *const restriction = lfirst_node(RestrictInfo, cell);
        if (!from_reached(restriction->clause_relids) || !in_time(reach, restriction)) continue;
        if (how == Leads::to_any ? indexable(reach, reinterpret_cast<Node *>(restriction))
                                 : restriction->mergeopfamilies != NIL && finds_one(reach, restriction))
            return true;
    }
    RelOptInfo *const parent = find_base_rel(
        reach.root, static_cast<int>(reach.rel->top_parent_relids != nullptr
                                         ? static_cast<Index>(bms_singleton_member(reach.rel->top_parent_relids))
                                         : reach.rel->relid));
    foreach (cell, reach.root->eq_classes) {
        const auto *const group = lfirst_node(EquivalenceClass, cell);
        if (group->ec_merged != nullptr || !bms_is_member(static_cast<int>(parent->relid), group->ec_relids)) continue;
        bool other = false;
        ListCell *inner;
        foreach (inner, group->ec_members) {
            const auto *const member = lfirst_node(EquivalenceMember, inner);
            other = other || (!member->em_is_child && !bms_is_empty(member->em_relids) &&
                              !bms_is_member(static_cast<int>(parent->relid), member->em_relids) &&
                              bms_is_subset(member->em_relids, reached));
        }
        if (!other) continue;
        foreach (inner, group->ec_members) {
            const auto *const member = lfirst_node(EquivalenceMember, inner);
            if (member->em_is_child || !bms_equal(member->em_relids, parent->relids)) continue;
            auto *node = reinterpret_cast<Node *>(member->em_expr);
            if (parent != reach.rel) node = compat::for_child(reach.root, node, reach.rel, parent);
            ListCell *indexes;
            foreach (indexes, reach.rel->indexlist) {
                auto *const index = lfirst_node(IndexOptInfo, indexes);
                for (int column = 0; usable(index) && fits(index, how) && column < leading_columns(index); ++column)
                    if (list_member_oid(group->ec_opfamilies, index->opfamily[column]) &&
                        match_index_to_operand(node, column, index))
                        return true;
            }
        }
    }
    return false;
}

// A partitioned table is taken to be large, as where its scan is judged.
bool is_small(PlannerInfo *root, const RelOptInfo *rel) {
    return is_table(rel) && !root->simple_rte_array[rel->relid]->inh &&
           rel->pages < static_cast<BlockNumber>(limits.small_table);
}

Bitmapset *small_ones(PlannerInfo *root) {
    Bitmapset *small = nullptr;
    for (int i = 1; limits.small_table > 0 && i < root->simple_rel_array_size; ++i) {
        const RelOptInfo *const rel = root->simple_rel_array[i];
        if (rel != nullptr && rel->reloptkind == RELOPT_BASEREL && is_small(root, rel))
            small = bms_add_member(small, i);
    }
    return small;
}

// Reading all of a small table is nothing, and no more is the one row that each of its rows leads to.
bool led_to(const Reach &reach, const Bitmapset *reached, const Bitmapset *small) {
    return led_to(reach, reached, Leads::to_any) ||
           (!bms_is_empty(small) && led_to(reach, bms_union(reached, small), Leads::to_one));
}

// What is in reach by itself: tables with a condition of their own, and all that is no table, which is judged where its
// own query is.
Bitmapset *in_reach(PlannerInfo *root, const Bitmapset *small) {
    Bitmapset *reached = nullptr;
    for (int i = 1; i < root->simple_rel_array_size; ++i) {
        RelOptInfo *const rel = root->simple_rel_array[i];
        if (rel == nullptr || rel->reloptkind != RELOPT_BASEREL) continue;
        if (!is_table(rel) || held_by_itself({root, rel})) reached = bms_add_member(reached, i);
    }
    for (bool more = true; more;) {
        more = false;
        for (int i = 1; i < root->simple_rel_array_size; ++i) {
            RelOptInfo *const rel = root->simple_rel_array[i];
            if (rel == nullptr || rel->reloptkind != RELOPT_BASEREL || bms_is_member(i, reached)) continue;
            if (led_to({root, rel}, reached, small)) {
                reached = bms_add_member(reached, i);
                more = true;
            }
        }
    }
    return reached;
}

} // namespace

void find_out_of_reach(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *entry) {
    if (entry->rtekind != RTE_RELATION || entry->relkind == RELKIND_PARTITIONED_TABLE || entry->inh) return;
    if (rel->reloptkind != RELOPT_BASEREL && rel->reloptkind != RELOPT_OTHER_MEMBER_REL) return;
    const Reach reach{root, rel};
    if (held_by_itself(reach)) return;
    if (bms_num_members(root->all_baserels) > 1) {
        const Bitmapset *const small = small_ones(root);
        if (led_to(reach, in_reach(root, small), small)) return;
    }
    append(&root->glob->invalItems, Fact::out_of_reach, entry->relid);
}

} // namespace rlsproof::server::guard
