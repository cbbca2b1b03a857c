// Where the values of a column come from, down through the nodes of a plan to the scans of tables.
#include "server/guard/tenant_plan.hpp"

extern "C" {
#include "miscadmin.h"
#include "parser/parsetree.h"
}

namespace rlsproof::server::guard {

namespace {

const Node *entry_of_column(const Plan *plan, AttrNumber column) {
    if (plan == nullptr || column <= 0 || column > list_length(plan->targetlist)) return nullptr;
    return reinterpret_cast<const Node *>(
        static_cast<const TargetEntry *>(list_nth(plan->targetlist, column - 1))->expr);
}

int readers_of(const PlanLook *look, const CteScan *scan) {
    int readers = 0;
    ListCell *cell;
    foreach (cell, look->nodes) {
        const auto *const node = static_cast<const Plan *>(lfirst(cell));
        if (IsA(node, CteScan) && reinterpret_cast<const CteScan *>(node)->ctePlanId == scan->ctePlanId) ++readers;
    }
    return readers;
}

// Whether a row below this node shows in nothing but the rows above it that have its value in this column.
bool keeps_apart(const PlanLook *look, const Plan *plan, AttrNumber column) {
    switch (nodeTag(plan)) {
    case T_SubqueryScan:
    case T_Append:
    case T_MergeAppend:
    case T_Result:
    case T_ProjectSet:
    case T_NestLoop:
    case T_HashJoin:
    case T_MergeJoin:
    case T_Hash:
    case T_Material:
    case T_Memoize:
    case T_Sort:
    case T_IncrementalSort:
    case T_Unique:
    case T_Limit:
    case T_LockRows:
    case T_Gather:
    case T_GatherMerge:
    case T_SetOp:
    // What is a column there is what its rows are grouped by, or one for each group.
    case T_Group:
    case T_Agg: return true;
    // Another reader need not hold what this one does.
    case T_CteScan: return readers_of(look, reinterpret_cast<const CteScan *>(plan)) == 1;
    // A window is a look at other rows, unless they are of the same value.
    case T_WindowAgg: {
        const auto *const window = reinterpret_cast<const WindowAgg *>(plan);
        for (int i = 0; i < window->partNumCols; ++i)
            if (window->partColIdx[i] == column) return true;
        return false;
    }
    // What is changed or comes round again is done before anything above is asked.
    default: return false;
    }
}

} // namespace

// The table a node scans; InvalidOid where it scans none.
Oid table_of(const PlanLook *look, const Plan *plan) {
    switch (nodeTag(plan)) {
    case T_SeqScan:
    case T_SampleScan:
    case T_IndexScan:
    case T_IndexOnlyScan:
    case T_BitmapHeapScan:
    case T_TidScan:
    case T_TidRangeScan:
    case T_ForeignScan:
    case T_CustomScan: break;
    default: return InvalidOid;
    }
    const Index number = reinterpret_cast<const Scan *>(plan)->scanrelid;
    if (number == 0) return InvalidOid;
    const RangeTblEntry *const entry = rt_fetch(number, look->plan->rtable);
    return entry->rtekind == RTE_RELATION ? entry->relid : InvalidOid;
}

Origin first_origin(const PlanLook *look, Plan *plan, const Node *node) {
    struct First {
        bool found;
        Origin origin;
    } first{false, {nullptr, 0}};
    each_origin(
        look, plan, node, Through::all,
        [](Origin origin, void *pointer) {
            auto *const one = static_cast<First *>(pointer);
            if (one->found)
                one->origin.several = true;
            else
                one->origin = origin;
            one->found = true;
        },
        &first);
    return first.origin;
}

namespace {

const RecursiveUnion *rounds_of(const PlanLook *look, const WorkTableScan *scan) {
    ListCell *cell;
    foreach (cell, look->nodes) {
        const auto *const node = static_cast<const RecursiveUnion *>(lfirst(cell));
        if (IsA(node, RecursiveUnion) && node->wtParam == scan->wtParam) return node;
    }
    return nullptr;
}

struct Round {
    const Tie *tie;
    bool same; // nothing but what it was compared with, or was before
};

void compare_round(Origin origin, void *pointer) {
    auto *const round = static_cast<Round *>(pointer);
    const auto *const scan = reinterpret_cast<const WorkTableScan *>(round->tie->other.scan);
    const bool itself = origin.scan == round->tie->scan && origin.column == round->tie->column;
    const bool before = origin.scan != nullptr && IsA(origin.scan, WorkTableScan) &&
                        reinterpret_cast<const WorkTableScan *>(origin.scan)->wtParam == scan->wtParam &&
                        origin.column == round->tie->other.column;
    round->same = round->same && (itself || before);
}

} // namespace

Origin before_rounds(const PlanLook *look, const Tie *tie) {
    const Origin other = tie->other;
    if (other.scan == nullptr || !IsA(other.scan, WorkTableScan)) return other;
    const Origin elsewhere{nullptr, 0};
    const RecursiveUnion *const rounds = rounds_of(look, reinterpret_cast<const WorkTableScan *>(other.scan));
    if (rounds == nullptr || other.several) return elsewhere;
    Round round{tie, true};
    Plan *const next = rounds->plan.righttree;
    each_origin(look, next, entry_of_column(next, other.column), Through::all, compare_round, &round);
    Plan *const first = rounds->plan.lefttree;
    return round.same ? first_origin(look, first, entry_of_column(first, other.column)) : elsewhere;
}

void note_tie(PlanLook *look, Plan *scan, AttrNumber column, Origin other) {
    auto *const tie = static_cast<Tie *>(palloc(sizeof(Tie)));
    *tie = {scan, column, other};
    look->ties = lappend(look->ties, tie);
}

bool behind(const PlanLook *look, int parameter, Behind *found) {
    ListCell *cell;
    foreach (cell, look->nodes) {
        auto *const plan = static_cast<Plan *>(lfirst(cell));
        ListCell *inner;
        foreach (inner, plan->initPlan) {
            const auto *const sub = lfirst_node(SubPlan, inner);
            if (!list_member_int(sub->setParam, parameter)) continue;
            found->subplan = static_cast<Plan *>(list_nth(look->plan->subplans, sub->plan_id - 1));
            return true;
        }
        if (!IsA(plan, NestLoop)) continue;
        foreach (inner, reinterpret_cast<NestLoop *>(plan)->nestParams) {
            const auto *const handed = lfirst_node(NestLoopParam, inner);
            if (handed->paramno != parameter) continue;
            found->nest = plan;
            found->outer = handed->paramval;
            return true;
        }
    }
    return false;
}

void each_origin(const PlanLook *look, Plan *plan, const Node *node, Through through, void (*visit)(Origin, void *),
                 void *context) {
    check_stack_depth();
    const Origin elsewhere{nullptr, 0};
    while (node != nullptr && IsA(node, RelabelType))
        node = reinterpret_cast<const Node *>(reinterpret_cast<const RelabelType *>(node)->arg);
    if (plan == nullptr || node == nullptr || !IsA(node, Var)) return visit(elsewhere, context);
    const auto *const var = reinterpret_cast<const Var *>(node);
    const auto below = [&](Plan *child) {
        each_origin(look, child, entry_of_column(child, var->varattno), through, visit, context);
    };
    const Oid table = table_of(look, plan);
    if (!OidIsValid(table) && through == Through::only_held && !keeps_apart(look, plan, var->varattno))
        return visit(elsewhere, context);
    switch (nodeTag(plan)) {
    case T_SubqueryScan:
        if (var->varno != OUTER_VAR) return below(reinterpret_cast<SubqueryScan *>(plan)->subplan);
        break;
    case T_CteScan:
        return below(
            static_cast<Plan *>(list_nth(look->plan->subplans, reinterpret_cast<CteScan *>(plan)->ctePlanId - 1)));
    case T_Append:
    case T_MergeAppend: {
        ListCell *cell;
        foreach (cell, IsA(plan, Append) ? reinterpret_cast<Append *>(plan)->appendplans
                                         : reinterpret_cast<MergeAppend *>(plan)->mergeplans)
            below(static_cast<Plan *>(lfirst(cell)));
        return;
    }
    // Of the rounds before: see before_rounds().
    case T_WorkTableScan: return visit(Origin{plan, var->varattno}, context);
    // What came round is of the other side.
    case T_RecursiveUnion: return visit(elsewhere, context);
    default: break;
    }
    if (OidIsValid(table)) {
        const AttrNumber column = column_of(plan, node);
        return visit(column > 0 ? Origin{plan, column} : elsewhere, context);
    }
    if (var->varno == OUTER_VAR && plan->lefttree != nullptr) return below(plan->lefttree);
    if (var->varno == INNER_VAR && plan->righttree != nullptr) return below(plan->righttree);
    visit(elsewhere, context);
}

} // namespace rlsproof::server::guard
