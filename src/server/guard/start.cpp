// The verdict at the start of an execution, when the plan is known and no row was read: what the plan itself says, and
// the facts it carries. Plain code on the hot path: nothing here owns anything.
#include "server/guard/statement.hpp"

#include <algorithm>
#include <utility>

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/facts.hpp"
#include "server/guard/matrix.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/tenants.hpp"
#include "server/guard/untrusted.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_type.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"
#include "parser/parsetree.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
}

namespace rlsproof::server::guard {

namespace {

// What a node of the plan inherits from those above it.
struct Above {
    bool limited = false;  // a LIMIT stops it early
    double fraction = 1.0; // of its rows that the LIMIT lets it expect to read
    double loops = 1.0;    // how often it is expected to be run
};

struct Walk {
    Violations *found;
    Facts facts;
    bool any_out_of_reach;
    Above above;
};

double pages_of(Relation relation) {
    return RELKIND_HAS_STORAGE(relation->rd_rel->relkind) ? RelationGetNumberOfBlocks(relation) : 0;
}

// A partitioned table has no pages of its own and is taken to be large.
bool small(Relation relation) {
    return RELKIND_HAS_STORAGE(relation->rd_rel->relkind) && pages_of(relation) < limits.small_table;
}

bool only_not_null(List *quals) {
    ListCell *cell;
    foreach (cell, quals) {
        const auto *const node = static_cast<const Node *>(lfirst(cell));
        if (!IsA(node, NullTest) || reinterpret_cast<const NullTest *>(node)->nulltesttype != IS_NOT_NULL) return false;
    }
    return true;
}

// Whether the scan starts at the first row and has nothing but its filter to stop it.
bool whole(const PlanState *state) {
    switch (nodeTag(state->plan)) {
    case T_SeqScan: return true;
    case T_IndexScan: return only_not_null(reinterpret_cast<IndexScan *>(state->plan)->indexqualorig);
    case T_IndexOnlyScan: return only_not_null(reinterpret_cast<IndexOnlyScan *>(state->plan)->indexqual);
    default: return false;
    }
}

double expected_rows(const PlanState *state, Relation relation) {
    if (!IsA(state->plan, SeqScan)) return state->plan->plan_rows;
    BlockNumber pages;
    double rows;
    double visible;
    estimate_rel_size(relation, nullptr, &pages, &rows, &visible);
    return rows;
}

void look_at_scan(Walk *walk, PlanState *state) {
    Relation const relation = reinterpret_cast<ScanState *>(state)->ss_currentRelation;
    if (relation == nullptr || exempt_table(RelationGetRelid(relation))) return;
    if (walk->any_out_of_reach && walk->facts.has(Fact::out_of_reach, RelationGetRelid(relation)) && whole(state) &&
        !(walk->above.limited && state->plan->qual == NIL) && !small(relation)) {
        Violation *found = walk->found->add(Rule::full_scan);
        // Of several tables the one with a filter is told: there an index helps.
        if (found == nullptr && state->plan->qual != NIL) {
            found = walk->found->find(Rule::full_scan);
            if (found->scan->plan->qual != NIL || waived(Rule::full_scan, RelationGetRelid(relation))) found = nullptr;
        }
        if (found != nullptr) {
            found->relation = RelationGetRelid(relation);
            found->measured = expected_rows(state, relation);
            found->scan = state;
        }
    }
    // One look at the plan's own number spares most scans the question.
    if (wants(Rule::scan_rows) &&
        (IsA(state->plan, SeqScan) || state->plan->plan_rows * walk->above.loops > limits.scan_rows)) {
        const double rows = expected_rows(state, relation) * walk->above.fraction * walk->above.loops;
        Violation *const found = rows > limits.scan_rows ? walk->found->add(Rule::scan_rows) : nullptr;
        if (found != nullptr) {
            found->relation = RelationGetRelid(relation);
            found->measured = rows;
            found->allowed = limits.scan_rows;
            found->scan = state;
        }
    }
}

// A parameter as it is sent, or widened to the type of OFFSET: nothing that could fail where the query itself would
// not.
bool plain_parameter(Node *node) {
    if (IsA(node, FuncExpr)) {
        const auto *const widened = reinterpret_cast<FuncExpr *>(node);
        if (widened->funcid != F_INT8_INT4 && widened->funcid != F_INT8_INT2) return false;
        node = static_cast<Node *>(linitial(widened->args));
    }
    return IsA(node, Param) && reinterpret_cast<Param *>(node)->paramkind == PARAM_EXTERN;
}

// Whether a LIMIT keeps the rows to what an answer may have. One of more rows does not, and LIMIT ALL is none; one that
// only the executor knows is taken for one.
bool keeps_to_limit(Node *count, ParamListInfo parameters) {
    if (count == nullptr) return false;
    if (IsA(count, Const)) {
        const auto *const constant = reinterpret_cast<Const *>(count);
        return !constant->constisnull && DatumGetInt64(constant->constvalue) <= limits.no_limit_rows;
    }
    if (!plain_parameter(count) || parameters == nullptr || parameters->paramFetch != nullptr) return true;
    if (IsA(count, FuncExpr)) count = static_cast<Node *>(linitial(reinterpret_cast<FuncExpr *>(count)->args));
    const int number = reinterpret_cast<Param *>(count)->paramid;
    if (number > parameters->numParams) return true;
    const ParamExternData &parameter = parameters->params[number - 1];
    if (parameter.isnull) return false;
    return parameter.ptype != INT8OID
               ? (parameter.ptype != INT4OID || DatumGetInt32(parameter.value) <= limits.no_limit_rows)
               : DatumGetInt64(parameter.value) <= limits.no_limit_rows;
}

// The number of an OFFSET that is known before the statement runs; negative where it is not.
double offset_of(LimitState *state) {
    Node *const node = reinterpret_cast<Limit *>(state->ps.plan)->limitOffset;
    if (node == nullptr) return 0;
    if (!IsA(node, Const)) {
        // Planned without values: which they will be is not known.
        if (!plain_parameter(node) || state->ps.state->es_param_list_info == nullptr) return -1;
        bool null;
        const Datum value = ExecEvalExprSwitchContext(state->limitOffset, state->ps.ps_ExprContext, &null);
        return null ? 0 : static_cast<double>(DatumGetInt64(value));
    }
    const auto *const constant = reinterpret_cast<Const *>(node);
    return constant->constisnull ? 0 : static_cast<double>(DatumGetInt64(constant->constvalue));
}

void look_at_limit(Walk *walk, LimitState *state) {
    if (wants(Rule::deep_offset)) {
        const double offset = offset_of(state);
        Violation *const found = offset > limits.offset ? walk->found->add(Rule::deep_offset) : nullptr;
        if (found != nullptr) {
            found->measured = offset;
            found->allowed = limits.offset;
        }
    }
    Node *const count = reinterpret_cast<Limit *>(state->ps.plan)->limitCount;
    if (count == nullptr) return;
    walk->above.limited = walk->above.limited || keeps_to_limit(count, state->ps.state->es_param_list_info);
    const double below = outerPlan(state->ps.plan)->plan_rows;
    if (below > 0) walk->above.fraction *= std::min(1.0, state->ps.plan->plan_rows / below);
}

bool walker(PlanState *state, void *pointer);
bool walk_node(Walk *walk, PlanState *state);

// The nodes this one reads from, the sub-selects in its expressions left out.
void walk_inputs(PlanState *state, Walk *walk) {
    List *const initial = std::exchange(state->initPlan, NIL);
    List *const sub = std::exchange(state->subPlan, NIL);
    compat::walk_states(state, walker, walk);
    state->initPlan = initial;
    state->subPlan = sub;
}

// Sub-selects in the expressions of a node that gives so many rows. A LIMIT above stops the node and none of them;
// EXISTS stops at its first row, and a CTE is read as the node that reads it asks for rows.
void look_at_subplans(Walk *walk, const List *subplans, double rows_of_node) {
    const Above above = walk->above;
    ListCell *cell;
    foreach (cell, subplans) {
        const auto *const subplan = lfirst_node(SubPlanState, cell);
        const double rows = std::max(1.0, subplan->planstate->plan->plan_rows);
        // What depends on the row is asked for each of them.
        const double loops = above.loops * (subplan->subplan->parParam == NIL ? 1.0 : std::max(1.0, rows_of_node));
        switch (subplan->subplan->subLinkType) {
        case CTE_SUBLINK: break;
        case EXISTS_SUBLINK: walk->above = {true, 1.0 / rows, loops}; break;
        default: walk->above = {false, 1.0, loops}; break;
        }
        walker(subplan->planstate, walk);
        walk->above = above;
    }
}

bool walker(PlanState *state, void *pointer) {
    auto *const walk = static_cast<Walk *>(pointer);
    // Most statements are one of these and nothing else.
    if ((IsA(state, IndexScanState) || IsA(state, IndexOnlyScanState)) && state->initPlan == NIL &&
        state->subPlan == NIL) {
        look_at_scan(walk, state);
        return false;
    }
    return walk_node(walk, state);
}

[[gnu::noinline]] bool walk_node(Walk *walk, PlanState *state) {
    const Above above = walk->above;
    if (IsA(state, LimitState)) look_at_limit(walk, reinterpret_cast<LimitState *>(state));
    if (state->initPlan != NIL) look_at_subplans(walk, state->initPlan, 1.0);
    if (state->subPlan != NIL) look_at_subplans(walk, state->subPlan, state->plan->plan_rows * above.fraction);
    switch (nodeTag(state)) {
    case T_SeqScanState:
    case T_IndexScanState:
    case T_IndexOnlyScanState:
    case T_BitmapHeapScanState:
    case T_SampleScanState:
    case T_TidRangeScanState: look_at_scan(walk, state); break;
    case T_LimitState:
    // Rows pass through one by one, so a LIMIT above stops what is below.
    case T_ResultState:
    case T_ProjectSetState:
    case T_AppendState:
    case T_MergeAppendState:
    case T_LockRowsState:
    case T_GatherState:
    case T_GatherMergeState:
    case T_MergeJoinState:
    case T_SubqueryScanState:
    case T_UniqueState: break;
    case T_NestLoopState: {
        // The outer side goes on as the rows are asked for, the inner one runs for each of them.
        const double rows = std::max(1.0, outerPlanState(state)->plan->plan_rows * above.fraction);
        walker(outerPlanState(state), walk);
        walk->above = {true, 1.0, above.loops * rows};
        walk->above.limited = above.limited;
        walker(innerPlanState(state), walk);
        walk->above = above;
        return false;
    }
    case T_HashJoinState:
        // The table of hashes is built from all of the inner side.
        walker(outerPlanState(state), walk);
        walk->above = {false, 1.0, above.loops};
        walker(innerPlanState(state), walk);
        walk->above = above;
        return false;
    default: walk->above = {false, 1.0, above.loops}; break;
    }
    walk_inputs(state, walk);
    walk->above = above;
    return false;
}

void look_at_writes(const Facts &facts, Violations *found) {
    for (int i = 0;; ++i) {
        const Oid table = facts.nth(Fact::whole_write, i);
        if (!OidIsValid(table)) return;
        if (exempt_table(table) || get_rel_persistence(table) == RELPERSISTENCE_TEMP) continue;
        Violation *const violation = found->add(Rule::write_without_where);
        if (violation == nullptr) return;
        violation->relation = table;
    }
}

void look_at_products(const Facts &facts, Violations *found) {
    Oid first = InvalidOid;
    for (int i = 0;; ++i) {
        const Oid table = facts.nth(Fact::part_of_product, i);
        if (!OidIsValid(table)) return;
        if (exempt_table(table)) continue;
        // Locked already: it is part of the statement.
        Relation const relation = try_table_open(table, NoLock);
        if (relation == nullptr) continue;
        const bool passes = small(relation);
        table_close(relation, NoLock);
        if (passes) continue;
        if (!OidIsValid(first)) {
            first = table;
            continue;
        }
        Violation *const violation = found->add(Rule::cartesian_join);
        if (violation == nullptr) return;
        violation->relation = first;
        violation->note = psprintf("Nothing joins %s and %s.", table_name(first), table_name(table));
        first = table;
    }
}

// Rights and the matrix: the tables the statement names, not the partitions the planner added.
void look_at_rights(const QueryDesc *query, Violations *found) {
    ListCell *cell;
    foreach (cell, query->plannedstmt->rtable) {
        auto *const entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind != RTE_RELATION || exempt_table(entry->relid)) continue;
        const AclMode needed = compat::required_privileges(query->plannedstmt, entry);
        if (needed == 0) continue;
        const Oid user = compat::check_as_user(query->plannedstmt, entry);
        if (OidIsValid(user) && user != GetUserId()) continue;
        Relation const relation = query->estate->es_relations[foreach_current_index(cell)];
        judge_rights(entry->relid,
                     relation != nullptr ? relation->rd_rel->relrowsecurity : protected_table(entry->relid), needed,
                     found);
    }
}

} // namespace

bool reads_user_table(const PlannedStmt *plan) {
    ListCell *cell;
    foreach (cell, plan->rtable) {
        const auto *const entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind == RTE_RELATION && !exempt_table(entry->relid)) return true;
    }
    return false;
}

void judge_answer(const PlannedStmt *plan, ParamListInfo parameters, Violations *found) {
    // OFFSET without LIMIT makes the same node.
    Node *const limit = IsA(plan->planTree, Limit) ? reinterpret_cast<Limit *>(plan->planTree)->limitCount : nullptr;
    if (!may_be_without_limit(plan) || plan->commandType != CMD_SELECT || keeps_to_limit(limit, parameters) ||
        !reads_user_table(plan))
        return;
    Violation *const violation = found->add(Rule::no_limit);
    if (violation == nullptr) return;
    violation->measured = plan->planTree->plan_rows;
    violation->allowed = limits.no_limit_rows;
    if (limit != nullptr && !(IsA(limit, Const) && reinterpret_cast<Const *>(limit)->constisnull))
        violation->note = "Its LIMIT lets more through.";
}

Violation *Violations::find(Rule rule) {
    for (int i = count; i-- > 0;)
        if (list[i].rule == rule) return &list[i];
    return nullptr;
}

Violation *Violations::add(Rule rule) {
    Violation *violation = find(rule);
    if (violation != nullptr && !(OidIsValid(violation->relation) && waived(rule, violation->relation))) return nullptr;
    // Each rule has room for one. Where there is none for more, a waived one goes uncounted.
    if (violation == nullptr || count < kMost - kRules) violation = &list[count++];
    *violation = {};
    violation->rule = rule;
    return violation;
}

void Violations::remove(const Violation *gone) {
    list[gone - list] = list[--count];
}

void judge_rights(Oid table, bool is_protected, AclMode used, Violations *found) {
    // Inside a SECURITY DEFINER function other rights are meant to count; audit() looks at those functions.
    // A persona is taken on the same way, where its statements are only looked at.
    if (InLocalUserIdChange() && !inspecting) return;
    if (wants(Rule::rls_bypass) && is_protected && (used & ACL_SELECT) != 0 &&
        check_enable_rls(table, InvalidOid, true) != RLS_ENABLED) {
        Violation *const violation = found->add(Rule::rls_bypass);
        if (violation != nullptr) violation->relation = table;
    }
    if (wants(Rule::matrix_access)) {
        const char *const denied = declared_none(GetUserId(), table, used);
        Violation *const violation = denied != nullptr ? found->add(Rule::matrix_access) : nullptr;
        if (violation != nullptr) {
            violation->relation = table;
            violation->note = pstrdup(denied);
        }
    }
}

void judge_start(const QueryDesc *query, const TenantPlan *tenants, Violations *found) {
    const PlannedStmt *const plan = query->plannedstmt;
    if (wants(Rule::read_only)) judge_writing(query->plannedstmt, found);
    Walk walk{found, Facts(plan), false, {}};

    if (wants(Rule::rls_bypass) || wants(Rule::matrix_access)) look_at_rights(query, found);
    // What is known of tenants alone comes last.
    if (plan->invalItems != NIL && IsA(linitial(plan->invalItems), PlanInvalItem)) {
        if (wants(Rule::write_without_where)) look_at_writes(walk.facts, found);
        if (wants(Rule::cartesian_join)) look_at_products(walk.facts, found);
        walk.any_out_of_reach = wants(Rule::full_scan) && walk.facts.has(Fact::out_of_reach);
    }
    if (walk.any_out_of_reach || wants(Rule::scan_rows) || wants(Rule::deep_offset)) walker(query->planstate, &walk);

    if (tenants != nullptr) judge_tenants(query, tenants, found);

    // A table that is changed as a whole is read as a whole: that was said.
    for (int i = 0; i < found->count; ++i) {
        if (found->list[i].rule != Rule::write_without_where) continue;
        const Violation *const full_scan = found->find(Rule::full_scan);
        if (full_scan != nullptr && full_scan->relation == found->list[i].relation) found->remove(full_scan);
    }
}

} // namespace rlsproof::server::guard
