// The plan as a whole: its scans of tenants' tables, what hands values to them, and the joins by which the rows of one
// table are held to what another's say.
#include "server/guard/tenant_plan.hpp"

#include <utility>

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server::guard {

namespace {

constexpr const char *kName = "rlsproof tenants";

// ---- the node in the plan

void copy_node(ExtensibleNode *to, const ExtensibleNode *from) {
    auto *const copy = reinterpret_cast<TenantPlan *>(to);
    const auto *const source = reinterpret_cast<const TenantPlan *>(from);
    copy->generation = source->generation;
    copy->settled = source->settled;
    copy->count = source->count;
    copy->scan = static_cast<TenantScan *>(palloc(sizeof(TenantScan) * static_cast<size_t>(source->count + 1)));
    for (int i = 0; i < source->count; ++i) {
        copy->scan[i] = source->scan[i];
        copy->scan[i].value = static_cast<Const *>(copyObjectImpl(source->scan[i].value));
    }
}

bool equal_node(const ExtensibleNode *left, const ExtensibleNode *right) {
    return left == right;
}

// Printed for nobody; what is read back is out of date, and so made anew.
void print_node(StringInfoData *, const ExtensibleNode *) {}
void read_node(ExtensibleNode *node) {
    reinterpret_cast<TenantPlan *>(node)->generation = 0;
    reinterpret_cast<TenantPlan *>(node)->count = 0;
}

const ExtensibleNodeMethods kMethods = {kName, sizeof(TenantPlan), copy_node, equal_node, print_node, read_node};

// ---- a walk over plans

void visit(Plan *plan, PlanLook *look);

void visit_all(List *plans, PlanLook *look) {
    ListCell *cell;
    foreach (cell, plans) visit(static_cast<Plan *>(lfirst(cell)), look);
}

void visit(Plan *plan, PlanLook *look) {
    if (plan == nullptr) return;
    check_stack_depth();
    look->nodes = lappend(look->nodes, plan);
    visit(plan->lefttree, look);
    visit(plan->righttree, look);
    switch (nodeTag(plan)) {
    case T_Append: visit_all(reinterpret_cast<Append *>(plan)->appendplans, look); break;
    case T_MergeAppend: visit_all(reinterpret_cast<MergeAppend *>(plan)->mergeplans, look); break;
    case T_SubqueryScan: visit(reinterpret_cast<SubqueryScan *>(plan)->subplan, look); break;
    case T_CustomScan: visit_all(reinterpret_cast<CustomScan *>(plan)->custom_plans, look); break;
    default: break;
    }
}

TenantScan *add(PlanLook *look, Oid table, Plan *scan, AttrNumber column) {
    if (look->count == look->room) {
        look->room = look->room * 2 + 4;
        const Size size = sizeof(TenantScan) * static_cast<size_t>(look->room);
        look->found = static_cast<TenantScan *>(look->found == nullptr ? palloc(size) : repalloc(look->found, size));
    }
    TenantScan *const found = &look->found[look->count++];
    memset(found, 0, sizeof(TenantScan));
    found->table = table;
    found->owner = table;
    found->node = scan != nullptr ? scan->plan_node_id : -1;
    found->column = column;
    found->pin = scan != nullptr ? Pin::none : Pin::written;
    found->bound_to = -1;
    look->scans = lappend(look->scans, scan);
    return found;
}

// In the order in which the query names them, whatever the plan makes of it.
void sort_by_query(PlanLook *look) {
    const auto number = [&](int i) { return static_cast<const Scan *>(list_nth(look->scans, i))->scanrelid; };
    for (int i = 1; i < look->count; ++i)
        for (int j = i; j > 0 && number(j) < number(j - 1); --j) {
            std::swap(look->found[j], look->found[j - 1]);
            std::swap(lfirst(list_nth_cell(look->scans, j)), lfirst(list_nth_cell(look->scans, j - 1)));
        }
}

// ---- joins

struct Sides {
    bool outer; // whose rows come through only where the other side has a match
    bool inner;
};

Sides held_sides(JoinType type) {
    switch (type) {
    case JOIN_INNER:
    case JOIN_SEMI: return {true, true};
    case JOIN_LEFT:
    case JOIN_ANTI: return {false, true};
    case JOIN_RIGHT: return {true, false};
    default: return {false, false};
    }
}

struct Pair {
    PlanLook *look;
    Origin origin; // of the other side
};

void tie_to_other(Origin origin, void *pointer) {
    const auto *const pair = static_cast<const Pair *>(pointer);
    if (origin.scan != nullptr) note_tie(pair->look, origin.scan, origin.column, pair->origin);
}

void look_at_join_condition(PlanLook *look, Plan *join, Sides sides, Node *condition) {
    if (condition == nullptr || !IsA(condition, OpExpr)) return;
    const auto *const comparison = reinterpret_cast<OpExpr *>(condition);
    if (list_length(comparison->args) != 2) return;
    const auto *const left = static_cast<const Node *>(linitial(comparison->args));
    const auto *const right = static_cast<const Node *>(lsecond(comparison->args));
    const Oid type = exprType(left);
    // Which collation the columns have is not known here, so it has to be one by which only equal texts are equal.
    if (!OidIsValid(equality(comparison->opno, type, InvalidOid, comparison->inputcollid))) return;
    for (const auto &[here, there] : {std::pair(left, right), std::pair(right, left)}) {
        const Node *bare = here;
        while (IsA(bare, RelabelType))
            bare = reinterpret_cast<const Node *>(reinterpret_cast<const RelabelType *>(bare)->arg);
        if (!IsA(bare, Var)) continue;
        const bool outer = reinterpret_cast<const Var *>(bare)->varno == OUTER_VAR;
        if (!(outer ? sides.outer : sides.inner)) continue;
        Pair pair{look, first_origin(look, join, there)};
        each_origin(look, join, here, Through::only_held, tie_to_other, &pair);
    }
}

struct Handed {
    PlanLook *look;
    Plan *nest;
    const NestLoopParam *parameter;
    Origin inner; // the column of the inner side that the parameter is compared with
};

void tie_outer(Origin origin, void *pointer) {
    const auto *const handed = static_cast<const Handed *>(pointer);
    if (origin.scan != nullptr) note_tie(handed->look, origin.scan, origin.column, handed->inner);
}

bool is_parameter(const Node *node, int number) {
    while (IsA(node, RelabelType))
        node = reinterpret_cast<const Node *>(reinterpret_cast<const RelabelType *>(node)->arg);
    return IsA(node, Param) && reinterpret_cast<const Param *>(node)->paramkind == PARAM_EXEC &&
           reinterpret_cast<const Param *>(node)->paramid == number;
}

// What a nested loop hands to its inner side and compares there holds the outer side as well: a row that has no match
// does not come through. Looked for only where nothing in between lets rows through that were not compared.
void look_for_parameter(Handed *handed, Plan *plan) {
    if (plan == nullptr) return;
    switch (nodeTag(plan)) {
    case T_Material:
    case T_Memoize:
    case T_Sort:
    case T_Unique: return look_for_parameter(handed, plan->lefttree);
    case T_NestLoop:
    case T_HashJoin:
    case T_MergeJoin: {
        const JoinType type = reinterpret_cast<const Join *>(plan)->jointype;
        if (type == JOIN_INNER || type == JOIN_SEMI || type == JOIN_LEFT) look_for_parameter(handed, plan->lefttree);
        if (type == JOIN_INNER || type == JOIN_SEMI || type == JOIN_RIGHT) look_for_parameter(handed, plan->righttree);
        return;
    }
    default: break;
    }
    if (!OidIsValid(table_of(handed->look, plan))) return;
    ListCell *cell;
    foreach (cell, conditions_of(plan)) {
        const auto *const condition = static_cast<const Node *>(lfirst(cell));
        if (!IsA(condition, OpExpr)) continue;
        const auto *const comparison = reinterpret_cast<const OpExpr *>(condition);
        if (list_length(comparison->args) != 2) continue;
        const auto *left = static_cast<const Node *>(linitial(comparison->args));
        const auto *right = static_cast<const Node *>(lsecond(comparison->args));
        if (is_parameter(left, handed->parameter->paramno)) std::swap(left, right);
        if (!is_parameter(right, handed->parameter->paramno) ||
            !OidIsValid(equality(comparison->opno, exprType(left), InvalidOid, comparison->inputcollid)))
            continue;
        const Node *bare = left;
        while (IsA(bare, RelabelType))
            bare = reinterpret_cast<const Node *>(reinterpret_cast<const RelabelType *>(bare)->arg);
        const AttrNumber column = column_of(plan, bare);
        handed->inner = column > 0 ? Origin{plan, column} : Origin{nullptr, 0};
        each_origin(handed->look, handed->nest, reinterpret_cast<const Node *>(handed->parameter->paramval),
                    Through::only_held, tie_outer, handed);
    }
}

void look_at_join(PlanLook *look, Plan *plan) {
    const auto *const join = reinterpret_cast<Join *>(plan);
    const Sides sides = held_sides(join->jointype);
    ListCell *cell;
    foreach (cell, join->joinqual) look_at_join_condition(look, plan, sides, static_cast<Node *>(lfirst(cell)));
    // A condition above an outer join, of which nothing that fails it comes through.
    foreach (cell, plan->qual) look_at_join_condition(look, plan, {true, true}, static_cast<Node *>(lfirst(cell)));
    if (IsA(plan, NestLoop) && sides.outer)
        foreach (cell, reinterpret_cast<NestLoop *>(plan)->nestParams) {
            Handed handed{look, plan, lfirst_node(NestLoopParam, cell), {nullptr, 0}};
            look_for_parameter(&handed, plan->righttree);
        }
    List *keys = NIL;
    if (IsA(plan, HashJoin)) keys = reinterpret_cast<HashJoin *>(plan)->hashclauses;
    if (IsA(plan, MergeJoin)) keys = reinterpret_cast<MergeJoin *>(plan)->mergeclauses;
    foreach (cell, keys) look_at_join_condition(look, plan, sides, static_cast<Node *>(lfirst(cell)));
}

bool handed_walker(Node *node, void *pointer) {
    if (node == nullptr) return false;
    if (IsA(node, Param)) {
        const auto *const param = reinterpret_cast<const Param *>(node);
        Behind from{};
        return param->paramkind == PARAM_EXEC &&
               (!behind(static_cast<const PlanLook *>(pointer), param->paramid, &from) || from.nest != nullptr);
    }
    return compat::walk(node, handed_walker, pointer);
}

// Whether a scan gives anything but all rows of its table, or those that meet another's: a join limits neither side.
bool limited(const PlanLook *look, const Plan *scan) {
    for (int i = 0; i < look->count; ++i)
        if (list_nth(look->scans, i) == scan && look->found[i].pin > Pin::weak) return true;
    if (has_partial_index(scan)) return true;
    ListCell *cell;
    foreach (cell, conditions_of(scan))
        if (!handed_walker(static_cast<Node *>(lfirst(cell)), const_cast<PlanLook *>(look))) return true;
    return false;
}

// The scan that holds the tenants of scan `held`, by a column that it was compared with; -1 where there is none.
int holder(PlanLook *look, int held, const Origin &origin) {
    const Oid table = look->found[held].owner;
    const Tenancy *const tenancy = tenancy_of(table);
    if (tenancy == nullptr || origin.scan == nullptr) return -1;
    const Tenancy known = *tenancy;
    bool taken = false;
    for (int i = 0; i < look->count; ++i) {
        if (list_nth(look->scans, i) != origin.scan) continue;
        // Rows that are everybody's have a tenant all the same, who is looked at as another table's is.
        const TenantScan &scan = look->found[i];
        const Tenancy *const there = scan.carrier ? nullptr : tenancy_of(scan.owner);
        if (there != nullptr && there->shared_tree != nullptr && (scan.pin < Pin::session || scan.with_null)) continue;
        taken = true;
        if (known.links == 0 && look->found[i].column == origin.column) return i;
        // By a path: to the row that it leads to, whose own tenant is looked at.
        if (known.links > 0 && look->found[i].table == known.link[0].table && origin.column == known.link[0].key)
            return i;
    }
    // Another table's values: of memberships, for one.
    const Oid other = table_of(look, origin.scan);
    if (taken || known.links > 0 || !OidIsValid(other)) return -1;
    Oid type;
    int32 typmod;
    Oid collation;
    get_atttypetypmodcoll(other, origin.column, &type, &typmod, &collation);
    if (type != known.type || collation != known.collation) return -1;
    TenantScan *const carrier = add(look, other, origin.scan, origin.column);
    carrier->owner = table;
    carrier->carrier = true;
    Tenancy without = known;
    without.shared_tree = nullptr;
    without.null_shared = false;
    look_at_conditions(look, origin.scan, &without, carrier);
    return look->count - 1;
}

// Whether one is held, over others, by the second: those hold each other to nothing.
bool holds_back(const PlanLook *look, int one, int second) {
    for (int steps = 0; one >= 0 && steps <= look->count; ++steps, one = look->found[one].bound_to)
        if (one == second) return true;
    return false;
}

// What another table's rows hold this one's to. Joined tables that nothing limits hold each other to nothing.
void look_at_ties(PlanLook *look) {
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < look->count; ++i) {
            if (look->found[i].pin >= Pin::set || look->found[i].bound_to >= 0 || look->found[i].carrier) continue;
            ListCell *cell;
            foreach (cell, look->ties) {
                const auto *const tie = static_cast<const Tie *>(lfirst(cell));
                if (list_nth(look->scans, i) != tie->scan || look->found[i].column != tie->column) continue;
                const Origin origin = before_rounds(look, tie);
                const bool holds = origin.scan == nullptr || limited(look, origin.scan);
                if (!holds) continue;
                if (look->found[i].pin < Pin::joined) more = true;
                look->found[i].pin = Pin::joined;
                const int other = origin.several ? -1 : holder(look, i, origin);
                if (other < 0 || holds_back(look, other, i)) continue;
                look->found[i].bound_to = other;
                break;
            }
        }
    }
}

void look_at_written(PlanLook *look) {
    if (look->plan->commandType == CMD_SELECT && !look->plan->hasModifyingCTE) return;
    ListCell *cell;
    foreach (cell, look->plan->resultRelations) {
        const RangeTblEntry *const entry = rt_fetch(static_cast<Index>(lfirst_int(cell)), look->plan->rtable);
        const Tenancy *const tenancy = tenancy_of(entry->relid);
        if (tenancy != nullptr) add(look, entry->relid, nullptr, tenancy->column);
    }
}

// Most statements read one table. The scan, where a plan is that and what is done with its rows; nullptr where it is
// more.
Plan *only_scan(const PlannedStmt *plan) {
    if (plan->commandType != CMD_SELECT || plan->subplans != NIL || plan->hasModifyingCTE) return nullptr;
    Plan *here = plan->planTree;
    for (;; here = here->lefttree) {
        if (here == nullptr || here->righttree != nullptr) return nullptr;
        switch (nodeTag(here)) {
        case T_SeqScan:
        case T_IndexScan:
        case T_IndexOnlyScan:
        case T_BitmapHeapScan:
        case T_TidScan: return here;
        case T_Limit:
        case T_LockRows:
        case T_Sort:
        case T_Agg:
        case T_Result: break;
        default: return nullptr;
        }
    }
}

// In one piece, with a place for its only scan.
TenantPlan *with_one_scan(PlannedStmt *plan, Plan *scan) {
    const RangeTblEntry *const entry = rt_fetch(reinterpret_cast<Scan *>(scan)->scanrelid, plan->rtable);
    const Tenancy *const tenancy = tenancy_of(entry->relid);
    struct Both {
        TenantPlan plan;
        TenantScan scan;
    };
    auto *const both = static_cast<Both *>(palloc0(sizeof(Both)));
    TenantPlan *const result = &both->plan;
    result->scan = &both->scan;
    if (tenancy == nullptr) {
        result->settled = true;
        return result;
    }
    both->scan.table = both->scan.owner = entry->relid;
    both->scan.node = scan->plan_node_id;
    both->scan.bound_to = -1;
    both->scan.column = tenancy->column;
    if (!held_plainly(scan, tenancy, &both->scan)) return nullptr;
    result->count = 1;
    result->settled = true;
    return result;
}

TenantPlan *with_all_scans(PlannedStmt *plan);

} // namespace

bool settles(const TenantScan &scan) {
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
    default: return false;
    }
}

void define_tenant_plan() {
    RegisterExtensibleNodeMethods(&kMethods);
}

void fetch_in_turn(PlannedStmt *plan) {
    bool any = false;
    ListCell *cell;
    foreach (cell, plan->rtable) any = any || lfirst_node(RangeTblEntry, cell)->relkind == RELKIND_FOREIGN_TABLE;
    if (!any) return;
    PlanLook look{plan, NIL, NIL, NIL, nullptr, 0, 0};
    visit(plan->planTree, &look);
    visit_all(plan->subplans, &look);
    foreach (cell, look.nodes) {
        auto *const scan = static_cast<Plan *>(lfirst(cell));
        if (IsA(scan, ForeignScan)) scan->async_capable = false;
    }
}

TenantPlan *look_at_tenants(PlannedStmt *plan) {
    // Asking may bring news: what is found then counts from before.
    const uint64 generation = tenancy_generation();
    Plan *const only = only_scan(plan);
    TenantPlan *result = only != nullptr ? with_one_scan(plan, only) : nullptr;
    if (result == nullptr) result = with_all_scans(plan);
    result->node.type = T_ExtensibleNode;
    result->node.extnodename = kName;
    result->generation = generation;
    return result;
}

namespace {

// What another server joins or counts: whose rows it reads, and by which conditions, the plan does not tell.
void add_remote(PlanLook *look, Plan *scan) {
    const Bitmapset *const relations = compat::remote_relations(scan);
    for (int number = -1; (number = bms_next_member(relations, number)) >= 0;) {
        const RangeTblEntry *const entry = rt_fetch(static_cast<Index>(number), look->plan->rtable);
        const Tenancy *const tenancy = entry->rtekind == RTE_RELATION ? tenancy_of(entry->relid) : nullptr;
        if (tenancy == nullptr) continue;
        add(look, entry->relid, scan, tenancy->links > 0 ? tenancy->link[0].column : tenancy->column)->pin =
            Pin::expression;
    }
}

TenantPlan *with_all_scans(PlannedStmt *plan) {
    auto *const result = static_cast<TenantPlan *>(palloc0(sizeof(TenantPlan)));
    PlanLook look{plan, NIL, NIL, NIL, nullptr, 0, 0};
    visit(plan->planTree, &look);
    visit_all(plan->subplans, &look);
    ListCell *cell;
    foreach (cell, look.nodes) {
        auto *const scan = static_cast<Plan *>(lfirst(cell));
        add_remote(&look, scan);
        const Oid table = table_of(&look, scan);
        const Tenancy *const tenancy = OidIsValid(table) ? tenancy_of(table) : nullptr;
        if (tenancy == nullptr) continue;
        // By a path: it is the column that leads on that is held to one row.
        TenantScan *const found =
            add(&look, table, scan, tenancy->links > 0 ? tenancy->link[0].column : tenancy->column);
        look_at_conditions(&look, scan, tenancy, found);
    }
    sort_by_query(&look);
    bool open = false;
    for (int i = 0; i < look.count; ++i) open = open || look.found[i].pin < Pin::set;
    if (open) {
        foreach (cell, look.nodes) {
            auto *const join = static_cast<Plan *>(lfirst(cell));
            if (IsA(join, HashJoin) || IsA(join, MergeJoin) || IsA(join, NestLoop)) look_at_join(&look, join);
        }
        look_at_ties(&look);
    }
    look_at_written(&look);
    result->count = look.count;
    result->scan = look.found;
    result->settled = held_alike(look.found, look.count);
    for (int i = 0; i < look.count; ++i)
        result->settled = result->settled && look.found[i].pin != Pin::written && settles(look.found[i]);
    return result;
}

} // namespace

const TenantPlan *tenant_plan_of(const PlannedStmt *plan) {
    ListCell *cell;
    foreach (cell, plan->invalItems) {
        const auto *const item = static_cast<const ExtensibleNode *>(lfirst(cell));
        if (!IsA(item, ExtensibleNode) || (item->extnodename != kName && strcmp(item->extnodename, kName) != 0))
            continue;
        const auto *const found = reinterpret_cast<const TenantPlan *>(item);
        return found->generation == tenancy_generation() ? found : nullptr;
    }
    return nullptr;
}

} // namespace rlsproof::server::guard
