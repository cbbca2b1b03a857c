// INSERT and UPDATE have the row in what their plan hands on. MERGE and DO UPDATE of ON CONFLICT make it of expressions
// while they write, one for each action and target; those are looked at as they are evaluated, and what DO UPDATE is
// about to change as well, since no scan has read it.
#include "server/guard/tenant_write.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/genam.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/readfuncs.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace rlsproof::server::guard {

namespace {

void unseen_write(const Tenancy *tenancy, Violations *found) {
    if (tenancy->source < 0) return;
    Violation *const violation = found->add(Rule::tenant_write);
    if (violation == nullptr) return;
    violation->relation = tenancy->shown;
    violation->unseen = true;
}

// The column that holds the tenant, or the first step to it.
AttrNumber column_of_tenant(const Tenancy *tenancy) {
    return tenancy->links > 0 ? tenancy->link[0].column : tenancy->column;
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

// Computed after the row is made, so that nobody sees it before.
bool generated(Oid table, AttrNumber column) {
    return get_attgenerated(table, column) != '\0';
}

// Whose the row in the way is, and what is made of it. False where it cannot be seen.
bool look_at_conflict(Watch *watch, const ModifyTable *modify, const ResultRelInfo *target, const Tenancy *tenancy) {
    const AttrNumber column = column_of_tenant(tenancy);
    if (conflict_within_tenant(modify, column)) return true;
    // Partitions get expressions of their own when the first row goes to one.
    const OnConflictSetState *const set = target->ri_onConflict;
    if (set == nullptr || target->ri_RelationDesc->rd_rel->relkind != RELKIND_RELATION ||
        generated(RelationGetRelid(target->ri_RelationDesc), column))
        return false;
    Eye *const existing = new_eye(watch, tenancy, true, column);
    Eye *const made = list_member_int(modify->onConflictCols, column) ? new_eye(watch, tenancy, true, column) : nullptr;
    if (existing == nullptr) return false;
    attach_to_row(watch, set->oc_ProjInfo, made, existing);
    return true;
}

bool sets(const MergeAction *action, AttrNumber column) {
    return action->commandType == CMD_INSERT ||
           (action->commandType == CMD_UPDATE && list_member_int(action->updateColnos, column));
}

struct Merge {
    Watch *watch;
    bool unseen;
};

void look_at_action(MergeActionState *state, void *pointer) {
    auto *const merge = static_cast<Merge *>(pointer);
    // The row that is made is one of the target, or of the table that it is a part of: it says so itself.
    const TupleTableSlot *const row = state->mas_proj != nullptr ? state->mas_proj->pi_state.resultslot : nullptr;
    const Oid table = row != nullptr ? get_typ_typrelid(row->tts_tupleDescriptor->tdtypeid) : InvalidOid;
    const Tenancy *const tenancy = OidIsValid(table) ? tenancy_of(table) : nullptr;
    if (tenancy != nullptr && !sets(state->mas_action, column_of_tenant(tenancy))) return;
    Eye *const made = tenancy == nullptr || generated(table, column_of_tenant(tenancy))
                          ? nullptr
                          : new_eye(merge->watch, tenancy, true, column_of_tenant(tenancy));
    if (made == nullptr)
        merge->unseen = true;
    else
        attach_to_row(merge->watch, state->mas_proj, made, nullptr);
}

// Every action of every target.
bool look_at_merge(Watch *watch, ModifyTableState *state) {
    Merge merge{watch, false};
    for (int i = 0; i < state->mt_nrels; ++i)
        for (const CmdType command : {CMD_INSERT, CMD_UPDATE})
            compat::each_merge_action(&state->resultRelInfo[i], command, look_at_action, &merge);
    return !merge.unseen;
}

// What BEFORE triggers make of a row goes through the checks of policies, which a table has or is given here: one that
// is true of every row and looks at it.
bool look_after_triggers(Watch *watch, ResultRelInfo *target, WCOKind kind) {
    const TriggerDesc *const triggers = target->ri_TrigDesc;
    if (triggers == nullptr || target->ri_RelationDesc->rd_rel->relkind != RELKIND_RELATION ||
        !(kind == WCO_RLS_INSERT_CHECK ? triggers->trig_insert_before_row : triggers->trig_update_before_row))
        return false;
    const Tenancy *const tenancy = tenancy_of(RelationGetRelid(target->ri_RelationDesc));
    Eye *const eye =
        tenancy == nullptr || generated(RelationGetRelid(target->ri_RelationDesc), column_of_tenant(tenancy))
            ? nullptr
            : new_eye(watch, tenancy, true, column_of_tenant(tenancy));
    if (eye == nullptr) return false;
    auto *const check = makeNode(WithCheckOption);
    check->kind = kind;
    check->relname = pstrdup(RelationGetRelationName(target->ri_RelationDesc));
    ExprState *const expression = ExecInitQual(list_make1(makeBoolConst(true, false)), nullptr);
    look_before(eye, expression);
    // The lists are the plan's.
    target->ri_WithCheckOptions = lappend(list_copy(target->ri_WithCheckOptions), check);
    target->ri_WithCheckOptionExprs = lappend(list_copy(target->ri_WithCheckOptionExprs), expression);
    return true;
}

} // namespace

void look_at_modify(Watch *watch, ModifyTableState *state, Violations *found) {
    auto *const modify = reinterpret_cast<ModifyTable *>(state->ps.plan);
    const RangeTblEntry *const entry =
        exec_rt_fetch(static_cast<Index>(linitial_int(modify->resultRelations)), state->ps.state);
    const Tenancy *const tenancy = tenancy_of(entry->relid);
    PlanState *const child = outerPlanState(&state->ps);
    if (tenancy == nullptr || child == nullptr) return;
    const AttrNumber column = column_of_tenant(tenancy);
    AttrNumber place = 0;
    switch (modify->operation) {
    case CMD_INSERT:
        place = column;
        if (modify->onConflictAction == ONCONFLICT_UPDATE &&
            !look_at_conflict(watch, modify, state->resultRelInfo, tenancy))
            unseen_write(tenancy, found);
        // A trigger may fill in the tenant.
        if (look_after_triggers(watch, state->resultRelInfo, WCO_RLS_INSERT_CHECK)) return;
        break;
    case CMD_UPDATE: {
        for (int i = 0; i < state->mt_nrels; ++i)
            look_after_triggers(watch, &state->resultRelInfo[i], WCO_RLS_UPDATE_CHECK);
        ListCell *cell;
        foreach (cell, static_cast<List *>(linitial(modify->updateColnosLists)))
            if (lfirst_int(cell) == column) place = static_cast<AttrNumber>(foreach_current_index(cell) + 1);
        if (place == 0) return;
        break;
    }
    case CMD_MERGE:
        if (!look_at_merge(watch, state)) unseen_write(tenancy, found);
        return;
    default: return;
    }
    // By another server, or later.
    const bool hidden = !bms_is_empty(modify->fdwDirectModifyPlans) || generated(entry->relid, column);
    Eye *const eye = hidden ? nullptr : new_eye(watch, tenancy, true, place);
    if (eye == nullptr)
        unseen_write(tenancy, found);
    else
        attach(eye, child);
}

void look_at_conflicts(Watch *watch, ModifyTableState *state, Violations *found) {
    const auto *const modify = reinterpret_cast<const ModifyTable *>(state->ps.plan);
    if (modify->operation != CMD_INSERT || modify->onConflictAction != ONCONFLICT_UPDATE) return;
    const ResultRelInfo *const target = state->resultRelInfo;
    const Tenancy *const tenancy = tenancy_of(RelationGetRelid(target->ri_RelationDesc));
    if (tenancy == nullptr) return;
    const AttrNumber column = column_of_tenant(tenancy);
    const bool plain = target->ri_onConflict != nullptr && target->ri_RelationDesc->rd_rel->relkind == RELKIND_RELATION;
    Eye *const eye = plain || conflict_within_tenant(modify, column) ? new_eye(watch, tenancy, false, column) : nullptr;
    if (eye == nullptr) {
        unseen_read(tenancy, false, found);
        return;
    }
    if (!plain) {
        // It is of the tenant that is put in.
        eye->written = true;
        attach(eye, outerPlanState(&state->ps));
        return;
    }
    if (tenancy->shared_tree != nullptr) {
        eye->shared =
            ExecInitQual(static_cast<List *>(stringToNode(const_cast<char *>(tenancy->shared_tree))), nullptr);
        eye->context = CreateExprContext(state->ps.state);
    }
    look_before(eye, &target->ri_onConflict->oc_ProjInfo->pi_state);
}

} // namespace rlsproof::server::guard
