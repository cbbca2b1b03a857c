// Which scans of a statement have to be looked at. A statement that is watched is run without parallel workers: two of
// them could each see one tenant, and rows of both be gone before anybody has put that together.
#include "server/guard/tenant_watch.hpp"

#include <algorithm>

#include "server/compat.hpp"
#include "server/guard/run.hpp"
#include "server/guard/tenant_eye.hpp"
#include "server/guard/tenant_write.hpp"

extern "C" {
#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "foreign/fdwapi.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/rel.h"
}

namespace rlsproof::server::guard {

namespace {

bool in_target(const Plan *plan, Index number, AttrNumber column) {
    Bitmapset *used = nullptr;
    pull_varattnos(reinterpret_cast<Node *>(plan->targetlist), number, &used);
    pull_varattnos(reinterpret_cast<Node *>(plan->qual), number, &used);
    return bms_is_member(column - FirstLowInvalidHeapAttributeNumber, used);
}

// The place of the column in what the scan hands on; 0 where it does not get to see it.
AttrNumber place_of(const Plan *plan, AttrNumber column, const PlanState *state) {
    const List *shape = NIL;
    switch (nodeTag(plan)) {
    case T_SeqScan:
    case T_SampleScan:
    case T_IndexScan:
    case T_BitmapHeapScan:
    case T_TidScan:
    case T_TidRangeScan: return column;
    case T_IndexOnlyScan: shape = reinterpret_cast<const IndexOnlyScan *>(plan)->indextlist; break;
    case T_ForeignScan:
        if (reinterpret_cast<const ForeignScan *>(plan)->fdw_scan_tlist != NIL || plan->async_capable ||
            reinterpret_cast<const Scan *>(plan)->scanrelid == 0)
            return 0;
        // Others are not fetched, and read as NULL.
        return in_target(plan, reinterpret_cast<const Scan *>(plan)->scanrelid, column) ||
                       in_target(plan, reinterpret_cast<const Scan *>(plan)->scanrelid, InvalidAttrNumber)
                   ? column
                   : AttrNumber{0};
    case T_CustomScan: {
        const TupleTableSlot *const slot = reinterpret_cast<const ScanState *>(state)->ss_ScanTupleSlot;
        Relation const relation = reinterpret_cast<const ScanState *>(state)->ss_currentRelation;
        const bool whole = reinterpret_cast<const CustomScan *>(plan)->custom_scan_tlist == NIL && slot != nullptr &&
                           relation != nullptr && slot->tts_tupleDescriptor != nullptr &&
                           slot->tts_tupleDescriptor->natts == RelationGetDescr(relation)->natts;
        return whole && in_target(plan, reinterpret_cast<const Scan *>(plan)->scanrelid, column) ? column
                                                                                                 : AttrNumber{0};
    }
    default: return 0;
    }
    ListCell *cell;
    foreach (cell, shape) {
        const auto *const entry = lfirst_node(TargetEntry, cell);
        if (!entry->resjunk && IsA(entry->expr, Var) &&
            reinterpret_cast<const Var *>(entry->expr)->varattno == column &&
            exprType(reinterpret_cast<const Node *>(entry->expr)) != NAMEOID)
            return entry->resno;
    }
    return 0;
}

bool proven(const TenantPlan *plan, int number) {
    // Held by another scan: by whatever holds that.
    for (int steps = 0; steps <= plan->count; ++steps) {
        const TenantScan &scan = plan->scan[number];
        if (settles(scan)) return true;
        if (scan.bound_to < 0) return false;
        number = scan.bound_to;
    }
    return false;
}

struct Search {
    Watch *watch;
    const TenantPlan *plan;
    bool *open;
    const bool *judged;
    Violations *found;
};

// Whether any part of it may change what is in the way of what it puts in.
bool changes_conflicts(const PlannedStmt *plan) {
    const auto does = [](const Plan *node) {
        return IsA(node, ModifyTable) &&
               reinterpret_cast<const ModifyTable *>(node)->onConflictAction == ONCONFLICT_UPDATE;
    };
    if (does(plan->planTree)) return true;
    if (!plan->hasModifyingCTE) return false;
    ListCell *cell;
    foreach (cell, plan->subplans)
        if (lfirst(cell) != nullptr && does(static_cast<const Plan *>(lfirst(cell)))) return true;
    return false;
}

bool search(PlanState *state, void *pointer) {
    const auto *const looking = static_cast<const Search *>(pointer);
    Watch *const watch = looking->watch;
    if (IsA(state, ModifyTableState)) {
        if (wants(Rule::tenant_write))
            look_at_modify(watch, reinterpret_cast<ModifyTableState *>(state), looking->found);
        if ((active & kWatchedReads) != 0)
            look_at_conflicts(watch, reinterpret_cast<ModifyTableState *>(state), looking->found);
    }
    for (int i = 0; i < looking->plan->count; ++i) {
        const TenantScan &scan = looking->plan->scan[i];
        if (!looking->open[i] || scan.node != state->plan->plan_node_id) continue;
        const Tenancy *const tenancy = tenancy_of(scan.owner);
        if (tenancy == nullptr) continue;
        Eye *const eye = new_eye(watch, tenancy, false, place_of(state->plan, scan.column, state));
        if (eye == nullptr) {
            unseen_read(tenancy, looking->judged[i], looking->found);
            continue;
        }
        eye->judged = looking->judged[i];
        // A sub-select may be met more than once, and a scan may have two columns to be looked at.
        looking->open[i] = false;
        if (tenancy->shared_tree != nullptr && !scan.carrier) {
            // An index that hands on less than the table does not say which rows are shared.
            if (IsA(state->plan, IndexOnlyScan) || IsA(state->plan, ForeignScan) || IsA(state->plan, CustomScan)) {
                unseen_read(tenancy, looking->judged[i], looking->found);
                continue;
            }
            auto *const tree = static_cast<List *>(stringToNode(const_cast<char *>(tenancy->shared_tree)));
            ChangeVarNodes(reinterpret_cast<Node *>(tree), 1,
                           static_cast<int>(reinterpret_cast<const Scan *>(state->plan)->scanrelid), 0);
            eye->shared = ExecInitQual(tree, nullptr);
            eye->context = CreateExprContext(const_cast<EState *>(watch->state));
        }
        attach(eye, state);
    }
    return compat::walk_states(state, search, pointer);
}

bool count_nodes(PlanState *state, void *pointer) {
    int *const nodes = static_cast<int *>(pointer);
    *nodes = std::max(*nodes, state->plan->plan_node_id + 1);
    return compat::walk_states(state, count_nodes, pointer);
}

} // namespace

void unseen_read(const Tenancy *tenancy, bool judged, Violations *found) {
    for (const Rule rule : {Rule::tenant_mixed, Rule::tenant_mismatch}) {
        if (!wants(rule) || (judged && rule == Rule::tenant_mismatch) ||
            (rule == Rule::tenant_mismatch && tenancy->source < 0))
            continue;
        Violation *const violation = found->add(rule);
        if (violation == nullptr) continue;
        violation->relation = tenancy->shown;
        violation->unseen = true;
    }
}

void begin_watch(const QueryDesc *query, const TenantPlan *plan, bool may_refuse, Violations *found) {
    EState *const state = query->estate;
    MemoryContext const before = MemoryContextSwitchTo(state->es_query_cxt);
    auto *const open = static_cast<bool *>(palloc0(sizeof(bool) * static_cast<size_t>(plan->count + 1)));
    bool any = false;
    for (int i = 0; i < plan->count; ++i) {
        // What is held by a scan that is watched itself is watched there.
        open[i] = (active & kWatchedReads) != 0 && plan->scan[i].bound_to < 0 && !proven(plan, i);
        any = any || open[i] || (plan->scan[i].pin == Pin::written && wants(Rule::tenant_write));
    }
    // What a plan proves of one scan is no longer all where another is open, or held to something else: rows of the two
    // may be a mixture.
    // A row that is in the way of an INSERT is read by no scan, and may be returned.
    any = any || ((active & kWatchedReads) != 0 && changes_conflicts(query->plannedstmt));
    auto *const judged = static_cast<bool *>(palloc0(sizeof(bool) * static_cast<size_t>(plan->count + 1)));
    bool reads = wants(Rule::tenant_mixed) && !held_alike(plan->scan, plan->count);
    for (int i = 0; i < plan->count; ++i) reads = reads || open[i];
    for (int i = 0; reads && wants(Rule::tenant_mixed) && i < plan->count; ++i)
        if (!open[i] && plan->scan[i].bound_to < 0 && plan->scan[i].pin >= Pin::session &&
            plan->scan[i].pin != Pin::written)
            any = open[i] = judged[i] = true;
    if (any) {
        int nodes = 0;
        count_nodes(query->planstate, &nodes);
        Watch *const watch = new_watch(state->es_query_cxt, source_of(query), may_refuse);
        watch->state = state;
        watch->snapshot = state->es_snapshot;
        watch->eye = static_cast<Eye **>(palloc0(sizeof(Eye *) * static_cast<size_t>(nodes)));
        Search looking{watch, plan, open, judged, found};
        search(query->planstate, &looking);
    }
    MemoryContextSwitchTo(before);
}

namespace {

bool any_foreign_tenant(const PlannerInfo *root) {
    for (int i = 1; i < root->simple_rel_array_size; ++i) {
        const RangeTblEntry *const entry = root->simple_rte_array[i];
        if (entry != nullptr && entry->rtekind == RTE_RELATION && entry->relkind == RELKIND_FOREIGN_TABLE &&
            tenancy_of(entry->relid) != nullptr)
            return true;
    }
    return false;
}

} // namespace

void read_the_table(const PlannerInfo *root, RelOptInfo *rel, const RangeTblEntry *entry) {
    if (entry->rtekind != RTE_RELATION) return;
    if (entry->relkind == RELKIND_FOREIGN_TABLE && rel->fdwroutine != nullptr && any_foreign_tenant(root)) {
        auto *const own = static_cast<FdwRoutine *>(palloc(sizeof(FdwRoutine)));
        *own = *rel->fdwroutine;
        own->GetForeignJoinPaths = nullptr;
        own->GetForeignUpperPaths = nullptr;
        rel->fdwroutine = own;
    }
    const Tenancy *tenancy = nullptr;
    AttrNumber column = 0;
    for (List *const paths : {rel->pathlist, rel->partial_pathlist}) {
        if (paths == NIL) continue;
        ListCell *cell;
        foreach (cell, paths) {
            auto *const path = static_cast<Path *>(lfirst(cell));
            if (path->pathtype != T_IndexOnlyScan || !IsA(path, IndexPath)) continue;
            if (tenancy == nullptr) {
                tenancy = tenancy_of(entry->relid);
                if (tenancy == nullptr) return;
                column = tenancy->links > 0 ? tenancy->link[0].column : tenancy->column;
            }
            const IndexOptInfo *const index = reinterpret_cast<IndexPath *>(path)->indexinfo;
            // One over a part of the table that is about the tenant says whose rows they are.
            Bitmapset *about = nullptr;
            pull_varattnos(reinterpret_cast<Node *>(index->indpred), rel->relid, &about);
            bool has = bms_is_member(column - FirstLowInvalidHeapAttributeNumber, about);
            for (int i = 0; i < index->ncolumns; ++i)
                has = has || (index->indexkeys[i] == column && index->canreturn[i] && tenancy->shared_tree == nullptr);
            if (!has) path->pathtype = T_IndexScan;
        }
    }
}

} // namespace rlsproof::server::guard
