// A scan is watched by a function of ours in the place of its own (ExecSetExecProcNode): what it hands on still has the
// tenant in its scan slot, also where the query does not select it. A statement that is watched is run without parallel
// workers: two of them could each see one tenant, and rows of both be gone before anybody has put that together.
#include "server/guard/tenant_watch.hpp"

#include <algorithm>

#include "server/compat.hpp"
#include "server/guard/run.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/stricter.hpp"
#include "server/guard/tenant_path.hpp"
#include "server/guard/tenant_session.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"
}

namespace rlsproof::server::guard {

// Tenants of one kind: those that sessions know by the same setting, claim or query.
struct Kind {
    bool written; // what is put in is told apart from what is read
    int source;
    Oid type;
    Oid collation;
    int16 length;
    bool by_value;
    bool by_image; // equal values are equal bytes
    FmgrInfo equal;
    bool session_known;
    int own_count;
    Datum *own; // the session's
    Oid table;  // the first that was seen, as it was declared
    Oid other_table;
    int64 rows;
    int64 other_rows; // of tenants that are not the session's
    static constexpr int kMost = 64;
    int count;
    bool more;
    struct {
        Datum value;
        bool null;
        bool other;
    } seen[kMost];
};

struct Eye {
    Eye *next; // on the same scan
    ExecProcNodeMtd real;
    bool written;      // looked at in what the node hands on, on its way into a table
    AttrNumber column; // in the scan's slot
    Oid shown;
    bool null_shared;
    ExprState *shared;
    ExprContext *context;
    TenantPath *path; // to the tenant, where the column only leads to it
    Kind *kind;
    int last; // of the tenants that were seen; -1 before the first
};

struct Watch {
    MemoryContextCallback callback;
    Watch *outer;
    const EState *state;
    Source source;
    bool may_refuse;
    bool stops_mixed;
    bool stops_other;
    bool stops_written;
    RuleSet told;
    int kinds;
    Kind **kind;
    int nodes;
    Eye **eye; // by the number of the plan's node
};

namespace {

Watch *innermost = nullptr;

void unlink(void *pointer) {
    const auto *const gone = static_cast<Watch *>(pointer);
    for (Watch **place = &innermost; *place != nullptr; place = &(*place)->outer)
        if (*place == gone) {
            *place = gone->outer;
            return;
        }
}

// ---- what is said

Violation *say_mixed(const Kind &kind, Violations *found) {
    if (kind.written || !wants(Rule::tenant_mixed) || kind.count + (kind.more ? 1 : 0) < 2) return nullptr;
    Violation *const violation = found->add(Rule::tenant_mixed);
    if (violation == nullptr) return nullptr;
    violation->relation = kind.table;
    violation->measured = kind.count;
    violation->counted = true;
    violation->note = kind.more ? psprintf("There are more; " INT64_FORMAT " rows were looked at.", kind.rows)
                                : psprintf(INT64_FORMAT " rows were looked at.", kind.rows);
    return violation;
}

Violation *say_other(const Kind &kind, Violations *found) {
    const Rule rule = kind.written ? Rule::tenant_write : Rule::tenant_mismatch;
    if (!wants(rule) || kind.other_rows == 0) return nullptr;
    Violation *const violation = found->add(rule);
    if (violation == nullptr) return nullptr;
    violation->relation = kind.other_table;
    violation->measured = static_cast<double>(kind.other_rows);
    violation->counted = true;
    return violation;
}

void stop(Watch *watch, const Kind &kind) {
    Violations found;
    const Rule rule = kind.written ? Rule::tenant_write : Rule::tenant_mismatch;
    if ((kind.written ? watch->stops_written : watch->stops_other) && (watch->told & only(rule)) == 0 &&
        say_other(kind, &found) != nullptr)
        watch->told |= only(rule);
    if (watch->stops_mixed && (watch->told & only(Rule::tenant_mixed)) == 0 && say_mixed(kind, &found) != nullptr)
        watch->told |= only(Rule::tenant_mixed);
    // Comes back where it was waived.
    if (found.count > 0) tell(found, watch->source, watch->may_refuse);
}

// ---- one row

bool same(Kind *kind, Datum left, Datum right) {
    if (kind->by_value && kind->by_image) return left == right;
    if (kind->by_image && datum_image_eq(left, right, false, kind->length)) return true;
    if (kind->by_image && kind->length > 0) return false;
    return DatumGetBool(FunctionCall2Coll(&kind->equal, kind->collation, left, right));
}

bool is_shared(const Eye *eye, TupleTableSlot *slot) {
    if (eye->shared == nullptr) return false;
    eye->context->ecxt_scantuple = slot;
    const bool result = ExecQual(eye->shared, eye->context);
    ResetExprContext(eye->context);
    return result;
}

// A tenant that the last row was not of.
void look_at_other(Watch *watch, Eye *eye, TupleTableSlot *slot, Datum value, bool null) {
    Kind *const kind = eye->kind;
    if (null ? eye->null_shared : false) return;
    if (is_shared(eye, slot)) return;
    if (kind->more && !kind->session_known) return;
    for (int i = 0; !kind->more && i < kind->count; ++i)
        if (kind->seen[i].null == null && (null || same(kind, kind->seen[i].value, value))) {
            eye->last = i;
            if (kind->seen[i].other) ++kind->other_rows;
            return;
        }
    bool own = !kind->session_known;
    for (int i = 0; !own && !null && i < kind->own_count; ++i) own = same(kind, kind->own[i], value);
    if (!own) {
        if (kind->other_rows == 0) kind->other_table = eye->shown;
        ++kind->other_rows;
    }
    if (kind->count == Kind::kMost) {
        kind->more = true;
        eye->last = -1;
    } else {
        MemoryContext const before = MemoryContextSwitchTo(watch->state->es_query_cxt);
        kind->seen[kind->count].value = null ? Datum{0} : datumCopy(value, kind->by_value, kind->length);
        kind->seen[kind->count].null = null;
        kind->seen[kind->count].other = !own;
        MemoryContextSwitchTo(before);
        eye->last = kind->count++;
        if (kind->count == 1) kind->table = eye->shown;
    }
    if (((kind->written ? watch->stops_written : watch->stops_other) && !own) ||
        (watch->stops_mixed && kind->count > 1))
        stop(watch, *kind);
}

void look_at_row(Watch *watch, Eye *eye, TupleTableSlot *slot) {
    Kind *const kind = eye->kind;
    ++kind->rows;
    bool null;
    Datum value;
    // The columns before it need not be taken apart for this one.
    if (slot->tts_nvalid < eye->column && TTS_IS_BUFFERTUPLE(slot))
        value = heap_getattr(reinterpret_cast<BufferHeapTupleTableSlot *>(slot)->base.tuple, eye->column,
                             slot->tts_tupleDescriptor, &null);
    else
        value = slot_getattr(slot, eye->column, &null);
    if (eye->path != nullptr) value = tenant_behind(eye->path, watch->state->es_snapshot, value, null, &null);
    // A shared row may have the tenant that is not the session's: those are looked at one by one.
    if (eye->last >= 0 && !null && !kind->seen[eye->last].null &&
        (kind->by_value ? value == kind->seen[eye->last].value
                        : datum_image_eq(value, kind->seen[eye->last].value, false, kind->length))) {
        if (!kind->seen[eye->last].other) return;
        if (!is_shared(eye, slot)) ++kind->other_rows;
        return;
    }
    look_at_other(watch, eye, slot, value, null);
}

TupleTableSlot *watched(PlanState *state) {
    Watch *watch = innermost;
    if (watch == nullptr || watch->state != state->state) watch = watch_of(state->state);
    if (watch == nullptr) elog(ERROR, "a scan is watched for nobody");
    Eye *const first = watch->eye[state->plan->plan_node_id];
    TupleTableSlot *const slot = first->real(state);
    if (!TupIsNull(slot))
        for (Eye *eye = first; eye != nullptr; eye = eye->next)
            look_at_row(watch, eye, eye->written ? slot : reinterpret_cast<ScanState *>(state)->ss_ScanTupleSlot);
    return slot;
}

// ---- where to look

bool equal_by_image(Oid type, Oid collation) {
    switch (getBaseType(type)) {
    case BOOLOID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case OIDOID:
    case DATEOID:
    case UUIDOID: return true;
    case TEXTOID:
    case VARCHAROID: return !OidIsValid(collation) || get_collation_isdeterministic(collation);
    default: return type_is_enum(type);
    }
}

Kind *kind_of(Watch *watch, const Tenancy *tenancy, bool written) {
    for (int i = 0; i < watch->kinds; ++i) {
        Kind *const kind = watch->kind[i];
        if (kind->written == written && kind->source == tenancy->source && kind->type == tenancy->type &&
            kind->collation == tenancy->collation)
            return kind;
    }
    const TypeCacheEntry *const type = lookup_type_cache(tenancy->type, TYPECACHE_EQ_OPR_FINFO);
    if (!OidIsValid(type->eq_opr_finfo.fn_oid)) return nullptr;
    auto *const kind = static_cast<Kind *>(palloc0(sizeof(Kind)));
    kind->written = written;
    kind->source = tenancy->source;
    kind->type = tenancy->type;
    kind->collation = tenancy->collation;
    get_typlenbyval(tenancy->type, &kind->length, &kind->by_value);
    kind->by_image = equal_by_image(tenancy->type, tenancy->collation);
    fmgr_info_copy(&kind->equal, const_cast<FmgrInfo *>(&type->eq_opr_finfo), CurrentMemoryContext);
    const SessionTenants *const tenants = session_tenants(tenancy);
    // Without a tenant nothing is another's; tenant_unset says so.
    kind->session_known = tenants != nullptr && tenants->count > 0;
    if (kind->session_known) {
        kind->own_count = tenants->count;
        kind->own = static_cast<Datum *>(palloc(sizeof(Datum) * static_cast<size_t>(tenants->count)));
        for (int i = 0; i < tenants->count; ++i)
            kind->own[i] = datumCopy(tenants->values[i], kind->by_value, kind->length);
    }
    watch->kind[watch->kinds++] = kind;
    return kind;
}

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
        if (reinterpret_cast<const ForeignScan *>(plan)->fdw_scan_tlist != NIL) return 0;
        // Others are not fetched, and read as NULL.
        return in_target(plan, reinterpret_cast<const Scan *>(plan)->scanrelid, column) ? column : AttrNumber{0};
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
        switch (scan.pin) {
        case Pin::literal:
        case Pin::parameter: {
            // By a path it is one row's key, and its tenant is still to be seen.
            const Tenancy *const tenancy = tenancy_of(scan.owner);
            return tenancy != nullptr && tenancy->links == 0;
        }
        case Pin::session:
        case Pin::shared:
        case Pin::written: return true;
        default: break;
        }
        if (scan.bound_to < 0) return false;
        number = scan.bound_to;
    }
    return false;
}

struct Search {
    Watch *watch;
    const TenantPlan *plan;
    bool *open;
    Violations *found;
};

void unseen(const Tenancy *tenancy, Violations *found) {
    for (const Rule rule : {Rule::tenant_mixed, Rule::tenant_mismatch}) {
        if (!wants(rule) || (rule == Rule::tenant_mismatch && tenancy->source < 0)) continue;
        Violation *const violation = found->add(rule);
        if (violation == nullptr) continue;
        violation->relation = tenancy->shown;
        violation->unseen = true;
    }
}

void attach(Watch *watch, Eye *eye, PlanState *state) {
    const int node = state->plan->plan_node_id;
    eye->next = watch->eye[node];
    eye->real = eye->next != nullptr ? eye->next->real : state->ExecProcNodeReal;
    if (eye->next == nullptr) ExecSetExecProcNode(state, watched);
    watch->eye[node] = eye;
}

void unseen_write(const Tenancy *tenancy, Violations *found) {
    if (tenancy->source < 0) return;
    Violation *const violation = found->add(Rule::tenant_write);
    if (violation == nullptr) return;
    violation->relation = tenancy->shown;
    violation->unseen = true;
}

// Whether a row that is in the way of an INSERT can only be of the tenant that is put in, and stays so.
bool conflict_within_tenant(const ModifyTable *modify, AttrNumber column) {
    if (list_member_int(modify->onConflictCols, column)) return false;
    ListCell *cell;
    foreach (cell, modify->arbiterIndexes) {
        Relation const index = index_open(lfirst_oid(cell), AccessShareLock);
        bool has = false;
        for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); ++i)
            has = has || index->rd_index->indkey.values[i] == column;
        index_close(index, NoLock);
        if (!has) return false;
    }
    return modify->arbiterIndexes != NIL;
}

// What an action of MERGE makes of the column: nothing, or the session's own tenant.
bool action_keeps_tenant(const MergeAction *action, const Tenancy *tenancy, AttrNumber column) {
    if (action->commandType != CMD_INSERT && action->commandType != CMD_UPDATE) return true;
    int place = column;
    if (action->commandType == CMD_UPDATE) {
        place = 0;
        ListCell *cell;
        foreach (cell, action->updateColnos)
            if (lfirst_int(cell) == column) place = foreach_current_index(cell) + 1;
        if (place == 0) return true;
    }
    ListCell *cell;
    foreach (cell, action->targetList) {
        const auto *const entry = lfirst_node(TargetEntry, cell);
        if (entry->resno == place)
            return tenancy->links == 0 &&
                   is_session_tenant(tenancy, reinterpret_cast<const Node *>(entry->expr), false);
    }
    return false;
}

// The rows that a statement puts into a table, before they are put there.
void look_at_modify(const Search *looking, ModifyTableState *state) {
    auto *const modify = reinterpret_cast<ModifyTable *>(state->ps.plan);
    const RangeTblEntry *const entry =
        exec_rt_fetch(static_cast<Index>(linitial_int(modify->resultRelations)), state->ps.state);
    const Tenancy *const tenancy = tenancy_of(entry->relid);
    PlanState *const child = outerPlanState(&state->ps);
    if (tenancy == nullptr || child == nullptr) return;
    const AttrNumber column = tenancy->links > 0 ? tenancy->link[0].column : tenancy->column;
    AttrNumber place = 0;
    switch (modify->operation) {
    case CMD_INSERT:
        place = column;
        if (modify->onConflictAction == ONCONFLICT_UPDATE && !conflict_within_tenant(modify, column))
            unseen_write(tenancy, looking->found);
        break;
    case CMD_UPDATE: {
        ListCell *cell;
        foreach (cell, static_cast<List *>(linitial(modify->updateColnosLists)))
            if (lfirst_int(cell) == column) place = static_cast<AttrNumber>(foreach_current_index(cell) + 1);
        if (place == 0) return;
        break;
    }
    case CMD_MERGE: {
        ListCell *list;
        foreach (list, modify->mergeActionLists) {
            ListCell *cell;
            foreach (cell, static_cast<List *>(lfirst(list)))
                if (!action_keeps_tenant(lfirst_node(MergeAction, cell), tenancy, column)) {
                    unseen_write(tenancy, looking->found);
                    return;
                }
        }
        return;
    }
    default: return;
    }
    // Computed later, or by another server.
    const bool hidden = !bms_is_empty(modify->fdwDirectModifyPlans) || get_attgenerated(entry->relid, column) != '\0';
    Kind *const kind = hidden ? nullptr : kind_of(looking->watch, tenancy, true);
    TenantPath *const path = kind != nullptr && tenancy->links > 0 ? path_to_tenant(tenancy) : nullptr;
    if (kind == nullptr || (tenancy->links > 0 && path == nullptr)) {
        unseen_write(tenancy, looking->found);
        return;
    }
    auto *const eye = static_cast<Eye *>(palloc0(sizeof(Eye)));
    eye->written = true;
    eye->column = place;
    eye->shown = tenancy->shown;
    eye->null_shared = tenancy->null_shared;
    eye->path = path;
    eye->kind = kind;
    eye->last = -1;
    attach(looking->watch, eye, child);
}

bool search(PlanState *state, void *pointer) {
    const auto *const looking = static_cast<const Search *>(pointer);
    Watch *const watch = looking->watch;
    if (IsA(state, ModifyTableState) && wants(Rule::tenant_write))
        look_at_modify(looking, reinterpret_cast<ModifyTableState *>(state));
    for (int i = 0; i < looking->plan->count; ++i) {
        const TenantScan &scan = looking->plan->scan[i];
        if (!looking->open[i] || scan.node != state->plan->plan_node_id) continue;
        const Tenancy *const tenancy = tenancy_of(scan.owner);
        if (tenancy == nullptr) continue;
        const AttrNumber place = place_of(state->plan, scan.column, state);
        Kind *const kind = place > 0 ? kind_of(watch, tenancy, false) : nullptr;
        TenantPath *const path = kind != nullptr && tenancy->links > 0 ? path_to_tenant(tenancy) : nullptr;
        if (kind == nullptr || (tenancy->links > 0 && path == nullptr)) {
            unseen(tenancy, looking->found);
            continue;
        }
        auto *const eye = static_cast<Eye *>(palloc0(sizeof(Eye)));
        // A sub-select may be met more than once, and a scan may have two columns to be looked at.
        looking->open[i] = false;
        eye->column = place;
        eye->shown = tenancy->shown;
        eye->null_shared = tenancy->null_shared;
        eye->kind = kind;
        eye->path = path;
        eye->last = -1;
        if (tenancy->shared_tree != nullptr && !scan.carrier) {
            // An index that hands on less than the table does not say which rows are shared.
            if (IsA(state->plan, IndexOnlyScan) || IsA(state->plan, ForeignScan) || IsA(state->plan, CustomScan)) {
                unseen(tenancy, looking->found);
                continue;
            }
            auto *const tree = static_cast<List *>(stringToNode(const_cast<char *>(tenancy->shared_tree)));
            ChangeVarNodes(reinterpret_cast<Node *>(tree), 1,
                           static_cast<int>(reinterpret_cast<const Scan *>(state->plan)->scanrelid), 0);
            eye->shared = ExecInitQual(tree, nullptr);
            eye->context = CreateExprContext(const_cast<EState *>(watch->state));
        }
        attach(watch, eye, state);
    }
    return compat::walk_states(state, search, pointer);
}

bool count_nodes(PlanState *state, void *pointer) {
    int *const nodes = static_cast<int *>(pointer);
    *nodes = std::max(*nodes, state->plan->plan_node_id + 1);
    return compat::walk_states(state, count_nodes, pointer);
}

} // namespace

Watch *watch_of(const EState *state) {
    for (Watch *watch = innermost; watch != nullptr; watch = watch->outer)
        if (watch->state == state) return watch;
    return nullptr;
}

void begin_watch(const QueryDesc *query, bool may_refuse, Violations *found) {
    const TenantPlan *const plan = tenants_of(query);
    if (plan == nullptr || plan->count == 0) return;
    EState *const state = query->estate;
    MemoryContext const before = MemoryContextSwitchTo(state->es_query_cxt);
    auto *const open = static_cast<bool *>(palloc0(sizeof(bool) * static_cast<size_t>(plan->count)));
    int nodes = 0;
    bool any = false;
    for (int i = 0; i < plan->count; ++i) {
        // What is held by a scan that is watched itself is watched there.
        open[i] = (active & kWatchedReads) != 0 && plan->scan[i].bound_to < 0 && !proven(plan, i);
        any = any || open[i] || (plan->scan[i].pin == Pin::written && wants(Rule::tenant_write));
    }
    if (any) count_nodes(query->planstate, &nodes);
    if (any) {
        auto *const watch = static_cast<Watch *>(palloc0(sizeof(Watch)));
        watch->state = state;
        watch->source = source_of(query);
        watch->may_refuse = may_refuse;
        watch->stops_mixed = may_refuse && refused(Rule::tenant_mixed, query->sourceText);
        watch->stops_written = may_refuse && refused(Rule::tenant_write, query->sourceText);
        watch->stops_other = may_refuse && refused(Rule::tenant_mismatch, query->sourceText);
        watch->kind = static_cast<Kind **>(palloc0(sizeof(Kind *) * 2 * static_cast<size_t>(plan->count)));
        watch->nodes = nodes;
        watch->eye = static_cast<Eye **>(palloc0(sizeof(Eye *) * static_cast<size_t>(nodes)));
        Search looking{watch, plan, open, found};
        search(query->planstate, &looking);
        watch->callback.func = unlink;
        watch->callback.arg = watch;
        MemoryContextRegisterResetCallback(state->es_query_cxt, &watch->callback);
        watch->outer = innermost;
        innermost = watch;
    }
    MemoryContextSwitchTo(before);
}

void judge_watch(const QueryDesc *query, Watch *watch, bool may_refuse) {
    Violations found;
    for (int i = 0; i < watch->kinds; ++i) {
        if ((watch->told & only(watch->kind[i]->written ? Rule::tenant_write : Rule::tenant_mismatch)) == 0)
            say_other(*watch->kind[i], &found);
        if ((watch->told & only(Rule::tenant_mixed)) == 0) say_mixed(*watch->kind[i], &found);
    }
    for (int i = 0; i < found.count; ++i) watch->told |= only(found.list[i].rule);
    if (found.count > 0) tell(found, source_of(query), may_refuse);
}

void read_the_table(RelOptInfo *rel, const RangeTblEntry *entry) {
    if (entry->rtekind != RTE_RELATION || !any_tenancy()) return;
    const Tenancy *const tenancy = tenancy_of(entry->relid);
    if (tenancy == nullptr) return;
    const AttrNumber column = tenancy->links > 0 ? tenancy->link[0].column : tenancy->column;
    for (List *const paths : {rel->pathlist, rel->partial_pathlist}) {
        ListCell *cell;
        foreach (cell, paths) {
            auto *const path = static_cast<Path *>(lfirst(cell));
            if (path->pathtype != T_IndexOnlyScan || !IsA(path, IndexPath)) continue;
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
