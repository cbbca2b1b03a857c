// Differences between the server's majors. The only file with PG_VERSION_NUM; it refuses majors that nobody tried.
#pragma once

#include <initializer_list>

#include "server/postgres.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_opfamily.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "pgstat.h"
#include "miscadmin.h"
#include "postmaster/autovacuum.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/rel.h"
#include "commands/explain.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
#if PG_VERSION_NUM >= 160000
#include "nodes/queryjumble.h"
#else
#include "utils/queryjumble.h"
#endif
}

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "rlsproof is built and tested for PostgreSQL 15 to 18"
#endif

namespace rlsproof::server::compat {

// The user whose rights a range table entry is checked with; InvalidOid is the current user.
inline Oid check_as_user(const Query *query, RangeTblEntry *entry) {
#if PG_VERSION_NUM >= 160000
    return entry->perminfoindex != 0 ? getRTEPermissionInfo(query->rteperminfos, entry)->checkAsUser : InvalidOid;
#else
    (void)query;
    return entry->checkAsUser;
#endif
}

// An expression of a grouped query, over the columns of its FROM.
inline Node *ungrouped(Query *query, Node *node) {
#if PG_VERSION_NUM >= 180000
    return query->hasGroupRTE ? flatten_group_exprs(nullptr, query, node) : node;
#else
    (void)query;
    return node;
#endif
}

// The privileges a range table entry needs.
inline AclMode required_privileges(const Query *query, RangeTblEntry *entry) {
#if PG_VERSION_NUM >= 160000
    return entry->perminfoindex != 0 ? getRTEPermissionInfo(query->rteperminfos, entry)->requiredPerms : 0;
#else
    (void)query;
    return entry->requiredPerms;
#endif
}

// Checks the privileges a planned statement needs, as the executor would; raises where one is missing.
inline void check_privileges(PlannedStmt *plan) {
#if PG_VERSION_NUM >= 160000
    (void)ExecCheckPermissions(plan->rtable, plan->permInfos, true);
#else
    (void)ExecCheckRTPerms(plan->rtable, true);
#endif
}

// Walks and mutates expression trees: the callback's declared type changed in 16.
#if PG_VERSION_NUM >= 160000
inline bool walk(Node *node, bool (*walker)(Node *, void *), void *context) {
    return expression_tree_walker(node, walker, context);
}
inline bool walk_raw(Node *node, bool (*walker)(Node *, void *), void *context) {
    return raw_expression_tree_walker(node, walker, context);
}
inline Node *mutate(Node *node, Node *(*mutator)(Node *, void *), void *context) {
    return expression_tree_mutator(node, mutator, context);
}
inline auto *walker(bool (*function)(Node *, void *)) {
    return function;
}
#else
inline bool walk(Node *node, bool (*walker)(Node *, void *), void *context) {
    return expression_tree_walker(node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)), context);
}
inline bool walk_raw(Node *node, bool (*walker)(Node *, void *), void *context) {
    return raw_expression_tree_walker(node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)),
                                      context);
}
inline auto *walker(bool (*function)(Node *, void *)) {
    return reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(function));
}
inline Node *mutate(Node *node, Node *(*mutator)(Node *, void *), void *context) {
    return expression_tree_mutator(node, reinterpret_cast<Node *(*)()>(reinterpret_cast<void (*)()>(mutator)), context);
}
#endif

// Walks a whole query: its targets, its range table with the sub-selects in it, its conditions.
inline bool walk_query(Query *query, bool (*function)(Node *, void *), void *context, int flags) {
    return query_tree_walker(query, walker(function), context, flags);
}
inline bool walk_states(PlanState *state, bool (*function)(PlanState *, void *), void *context) {
    // Most plans are one scan, and to find nothing below it takes as long as to walk a small tree.
    if ((IsA(state, IndexScanState) || IsA(state, IndexOnlyScanState) || IsA(state, SeqScanState)) &&
        state->initPlan == NIL && state->subPlan == NIL)
        return false;
#if PG_VERSION_NUM >= 160000
    return planstate_tree_walker(state, function, context);
#else
    return planstate_tree_walker(state, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(function)), context);
#endif
}

// Every function of a name that the search path shows, whatever its arguments.
inline FuncCandidateList candidates(List *name) {
    return FuncnameGetCandidates(name, -1, NIL, false, false, false, true);
}

// The kind of membership that SET ROLE asks for; until 15 every membership is one.
#if PG_VERSION_NUM >= 160000
inline constexpr const char *may_become = "SET";
#else
inline constexpr const char *may_become = "MEMBER";
#endif

// The same for an entry of a plan.
inline Oid check_as_user(const PlannedStmt *plan, RangeTblEntry *entry) {
#if PG_VERSION_NUM >= 160000
    return entry->perminfoindex != 0 ? getRTEPermissionInfo(plan->permInfos, entry)->checkAsUser : InvalidOid;
#else
    (void)plan;
    return entry->checkAsUser;
#endif
}
inline AclMode required_privileges(const PlannedStmt *plan, RangeTblEntry *entry) {
#if PG_VERSION_NUM >= 160000
    return entry->perminfoindex != 0 ? getRTEPermissionInfo(plan->permInfos, entry)->requiredPerms : 0;
#else
    (void)plan;
    return entry->requiredPerms;
#endif
}

// The entries whose rows another server, or a scan of somebody's own, has joined or counted already.
inline const Bitmapset *remote_relations(const Plan *plan) {
    if ((!IsA(plan, ForeignScan) && !IsA(plan, CustomScan)) || reinterpret_cast<const Scan *>(plan)->scanrelid != 0)
        return nullptr;
    if (IsA(plan, CustomScan)) return reinterpret_cast<const CustomScan *>(plan)->custom_relids;
#if PG_VERSION_NUM >= 160000
    return reinterpret_cast<const ForeignScan *>(plan)->fs_base_relids;
#else
    return reinterpret_cast<const ForeignScan *>(plan)->fs_relids;
#endif
}

// The columns that an entry of a plan reads, counted from FirstLowInvalidHeapAttributeNumber.
inline const Bitmapset *selected_columns(const PlannedStmt *plan, RangeTblEntry *entry) {
#if PG_VERSION_NUM >= 160000
    return entry->perminfoindex != 0 ? getRTEPermissionInfo(plan->permInfos, entry)->selectedCols : nullptr;
#else
    (void)plan;
    return entry->selectedCols;
#endif
}

// The condition that MERGE joins its target by, where it stands apart from the other joins.
inline Node *merge_condition(const Query *query) {
#if PG_VERSION_NUM >= 170000
    return query->mergeJoinCondition;
#else
    (void)query;
    return nullptr;
#endif
}

// Whether a MERGE action is for rows that the target has.
inline bool changes_rows(const MergeAction *action) {
#if PG_VERSION_NUM >= 170000
    return action->matchKind != MERGE_WHEN_NOT_MATCHED_BY_TARGET;
#else
    return action->matched;
#endif
}

// Each state of an action of MERGE that does this with a target's rows.
inline void each_merge_action(ResultRelInfo *target, CmdType command, void (*visit)(MergeActionState *, void *),
                              void *context) {
#if PG_VERSION_NUM >= 170000
    for (List *const actions : target->ri_MergeActions) {
#else
    for (List *const actions : {target->ri_matchedMergeAction, target->ri_notMatchedMergeAction}) {
#endif
        ListCell *cell;
        foreach (cell, actions) {
            auto *const action = static_cast<MergeActionState *>(lfirst(cell));
            if (action->mas_action->commandType == command) visit(action, context);
        }
    }
}

// An expression over a parent's columns as one over a child's.
inline Node *for_child(PlannerInfo *root, Node *node, RelOptInfo *child, RelOptInfo *parent) {
#if PG_VERSION_NUM >= 160000
    return adjust_appendrel_attrs_multilevel(root, node, child, parent);
#else
    return adjust_appendrel_attrs_multilevel(root, node, child->relids, parent->relids);
#endif
}

// What this process counted for a relation since its numbers were last handed over; nothing is counted where
// track_counts is off.
struct Counted {
    int64 returned = 0; // rows of a scan, entries of an index
    int64 fetched = 0;  // rows that a bitmap led to
    int64 written = 0;  // by transactions that are still open
};
inline Counted counted(::Relation relation) {
    Counted result;
    const PgStat_TableStatus *const status = relation->pgstat_info;
    if (status == nullptr) return result;
#if PG_VERSION_NUM >= 160000
    result.returned = status->counts.tuples_returned;
    result.fetched = status->counts.tuples_fetched;
#else
    result.returned = status->t_counts.t_tuples_returned;
    result.fetched = status->t_counts.t_tuples_fetched;
#endif
    for (const PgStat_TableXactStatus *level = status->trans; level != nullptr; level = level->upper)
        result.written += level->tuples_inserted + level->tuples_updated + level->tuples_deleted;
    return result;
}

// Flags of ExecutorStart for a plan whose parameters have no values.
#if PG_VERSION_NUM >= 160000
inline constexpr int explain_generic = EXEC_FLAG_EXPLAIN_GENERIC;
#else
inline constexpr int explain_generic = 0;
#endif

// A number that no other transaction of this process has had.
inline LocalTransactionId local_transaction() {
#if PG_VERSION_NUM >= 170000
    return MyProc->vxid.lxid;
#else
    return MyProc->lxid;
#endif
}

// The places of this process, and of the leader of a parallel worker, among all of them.
inline int backend_number() {
#if PG_VERSION_NUM >= 170000
    return MyProcNumber;
#else
    return MyBackendId;
#endif
}
inline int leader_number() {
#if PG_VERSION_NUM >= 170000
    return ParallelLeaderProcNumber;
#else
    return ParallelLeaderBackendId;
#endif
}

// What a setting's check hook hands on to its assign hook: the server frees it, and is asked for it where it can be.
inline void *setting_alloc(Size size) {
#if PG_VERSION_NUM >= 160000
    return guc_malloc(LOG, size);
#else
    return malloc(size);
#endif
}
inline void setting_free(void *pointer) {
#if PG_VERSION_NUM >= 160000
    if (pointer != nullptr) guc_free(pointer);
#else
    free(pointer);
#endif
}

// What the server keeps of a setting; nullptr where nobody has made one of that name. It may be another one tomorrow:
// a module that defines the name puts its own in the place.
inline config_generic *setting_named(const char *name) {
#if PG_VERSION_NUM >= 160000
    return find_option(name, false, true, 0);
#else
    config_generic **const all = get_guc_variables();
    for (int i = 0; i < GetNumConfigOptions(); ++i)
        if (pg_strcasecmp(all[i]->name, name) == 0) return all[i];
    return nullptr;
#endif
}

// The text of a setting; nullptr where there is none of that name. `place` is where it was found the last time, to be
// kept by whoever asks often: until 15 a search compares names in order.
inline const char *text_of_setting(const char *name, int *place) {
#if PG_VERSION_NUM >= 160000
    (void)place;
#else
    config_generic **const all = get_guc_variables();
    const int count = GetNumConfigOptions();
    if (*place < count && strcmp(all[*place]->name, name) == 0 && all[*place]->vartype == PGC_STRING)
        return *reinterpret_cast<config_string *>(all[*place])->variable;
    if (GetConfigOption(name, true, false) != nullptr)
        for (*place = 0; *place + 1 < count && pg_strcasecmp(all[*place]->name, name) != 0;) ++*place;
#endif
    return GetConfigOption(name, true, false);
}

inline bool in_autovacuum() {
#if PG_VERSION_NUM >= 170000
    return AmAutoVacuumWorkerProcess();
#else
    return IsAutoVacuumWorkerProcess();
#endif
}

// Operator families whose indexes answer a boolean column by itself.
inline bool is_boolean_family(Oid family) {
#if PG_VERSION_NUM >= 160000
    return IsBuiltinBooleanOpfamily(family);
#else
    return IsBooleanOpfamily(family);
#endif
}

// MAINTAIN is a privilege since 17.
#if PG_VERSION_NUM >= 170000
inline constexpr bool has_maintain = true;
#else
inline constexpr bool has_maintain = false;
#endif

} // namespace rlsproof::server::compat

// Signatures that changed between the majors: what a hook takes, and what it hands on.
#if PG_VERSION_NUM >= 180000
#define RLSPROOF_EXECUTOR_RUN_PARAMS QueryDesc *query, ScanDirection direction, uint64 count
#define RLSPROOF_EXECUTOR_RUN_ARGS query, direction, count
#else
#define RLSPROOF_EXECUTOR_RUN_PARAMS QueryDesc *query, ScanDirection direction, uint64 count, bool execute_once
#define RLSPROOF_EXECUTOR_RUN_ARGS query, direction, count, execute_once
#endif

#if PG_VERSION_NUM >= 160000
#define RLSPROOF_CHECK_PERMS_PARAMS List *range_table, List *permissions, bool raise
#define RLSPROOF_CHECK_PERMS_ARGS range_table, permissions, raise
#else
#define RLSPROOF_CHECK_PERMS_PARAMS List *range_table, bool raise
#define RLSPROOF_CHECK_PERMS_ARGS range_table, raise
#endif
