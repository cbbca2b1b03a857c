// What the conditions of one scan say of the tenant's column. Conditions are those of the finished plan: what policies,
// equivalences with constants and partial indexes came to is in them.
#include "server/guard/tenant_plan.hpp"

#include <algorithm>
#include <utility>

#include "server/compat.hpp"
#include "server/guard/stored.hpp"
#include "server/guard/tenant_session.hpp"

extern "C" {
#include "access/genam.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"
}

namespace rlsproof::server::guard {

namespace {

struct Conditions {
    PlanLook *look;
    Plan *scan;
    const Tenancy *tenancy;
    AttrNumber column; // that is held
    List *shared;      // the declared predicate of shared rows, over this scan's columns
    TenantScan *best;
};

const Node *relabelled(const Node *node) {
    while (node != nullptr && IsA(node, RelabelType))
        node = reinterpret_cast<const Node *>(reinterpret_cast<const RelabelType *>(node)->arg);
    return node;
}

bool is_column(const Conditions &c, const Node *node) {
    node = relabelled(node);
    return node != nullptr && column_of(c.scan, node) == c.column;
}

struct Mention {
    const Conditions *conditions;
    bool found;
};

bool mention_walker(Node *node, void *pointer) {
    auto *const mention = static_cast<Mention *>(pointer);
    if (node == nullptr || mention->found) return false;
    if (IsA(node, Var)) {
        mention->found = is_column(*mention->conditions, node);
        return false;
    }
    return compat::walk(node, mention_walker, mention);
}

bool mentions(const Conditions &c, Node *node) {
    Mention mention{&c, false};
    mention_walker(node, &mention);
    return mention.found;
}

bool any_variable(Node *node, void *) {
    if (node == nullptr) return false;
    if (IsA(node, Var) || IsA(node, SubPlan)) return true;
    return compat::walk(node, any_variable, nullptr);
}

// Better than what was found before?
void improve(TenantScan *best, const TenantScan &found) {
    if (found.pin <= best->pin) return;
    TenantScan merged = found;
    merged.table = best->table;
    merged.owner = best->owner;
    merged.carrier = best->carrier;
    merged.node = best->node;
    merged.column = best->column;
    merged.bound_to = best->bound_to;
    *best = merged;
}

// The other side of a comparison with the column.
TenantScan held_to(const Conditions &c, Node *other, bool list) {
    TenantScan found{};
    auto *const bare = const_cast<Node *>(relabelled(other));
    const Pin one = list ? Pin::set : Pin::none;
    if (IsA(bare, Const)) {
        found.value = reinterpret_cast<Const *>(bare);
        found.pin = found.value->constisnull ? Pin::expression : list ? one : Pin::literal;
        return found;
    }
    if (IsA(bare, Param)) {
        const auto *const param = reinterpret_cast<Param *>(bare);
        if (param->paramkind == PARAM_EXTERN) {
            found.parameter = param->paramid;
            found.pin = list ? one : Pin::parameter;
            return found;
        }
        Behind from{};
        if (param->paramkind != PARAM_EXEC || !behind(c.look, param->paramid, &from)) {
            // Handed down by an outer query, row by row.
            found.pin = Pin::joined;
        } else if (from.nest != nullptr) {
            found.tied = true;
            note_tie(c.look, c.scan, c.column,
                     first_origin(c.look, from.nest, reinterpret_cast<const Node *>(from.outer)));
        } else {
            // (SELECT current_setting(...)), as policies are advised to write.
            const Plan *const plan = from.subplan;
            const bool plain = IsA(plan, Result) && plan->lefttree == nullptr &&
                               reinterpret_cast<const Result *>(plan)->resconstantqual == nullptr;
            const Node *const value =
                plain && plan->targetlist != NIL
                    ? reinterpret_cast<const Node *>(linitial_node(TargetEntry, plan->targetlist)->expr)
                    : nullptr;
            found.pin = list ? one : Pin::expression;
            if (value != nullptr && c.tenancy->links == 0 && is_session_tenant(c.tenancy, value, list))
                found.pin = Pin::session;
        }
        return found;
    }
    if (any_variable(bare, nullptr) || contain_volatile_functions(bare)) {
        found.pin = Pin::weak;
        return found;
    }
    if (c.tenancy->links == 0 && is_session_tenant(c.tenancy, bare, list))
        found.pin = Pin::session;
    else
        found.pin = list ? one : Pin::expression;
    return found;
}

TenantScan by_comparison(const Conditions &c, Oid operation, Oid collation, List *arguments, bool list) {
    TenantScan found{};
    auto *const left = static_cast<Node *>(linitial(arguments));
    auto *const right = static_cast<Node *>(lsecond(arguments));
    const bool first = is_column(c, left);
    if (!first && (list || !is_column(c, right))) return found;
    Oid type = c.tenancy->type;
    int32 typmod;
    Oid own_collation = c.tenancy->collation;
    // That of a path's first step, or of another table's column, is not the tenancy's.
    if (c.tenancy->links > 0 || c.best->carrier)
        get_atttypetypmodcoll(c.best->table, c.column, &type, &typmod, &own_collation);
    found.pin = Pin::weak;
    const Oid function = equality(operation, type, own_collation, collation);
    if (!OidIsValid(function)) return found;
    TenantScan held = held_to(c, first ? right : left, list);
    held.function = function;
    held.collation = collation;
    held.column_first = first;
    return held;
}

TenantScan by_condition(const Conditions &c, Node *condition);

bool everybodys(const Conditions &c, Node *condition) {
    if (IsA(condition, NullTest)) {
        const auto *const test = reinterpret_cast<const NullTest *>(condition);
        return c.tenancy->null_shared && c.tenancy->links == 0 && test->nulltesttype == IS_NULL && !test->argisrow &&
               is_column(c, reinterpret_cast<const Node *>(test->arg));
    }
    return c.shared != NIL && predicate_implied_by(c.shared, list_make1(condition), false);
}

bool whole_number(const Const *value, int64 *number) {
    switch (value->consttype) {
    case INT2OID: *number = DatumGetInt16(value->constvalue); return true;
    case INT4OID: *number = DatumGetInt32(value->constvalue); return true;
    case INT8OID: *number = DatumGetInt64(value->constvalue); return true;
    default: return false;
    }
}

// Also where it is an int in one table and a bigint in the other.
bool same_constant(const Const *left, const Const *right) {
    int64 one;
    int64 two;
    if (equal(left, right)) return true;
    return !left->constisnull && !right->constisnull && whole_number(left, &one) && whole_number(right, &two) &&
           one == two;
}

bool same_value(const TenantScan &left, const TenantScan &right) {
    return left.pin == right.pin && left.parameter == right.parameter && left.pin != Pin::expression &&
           (left.value == nullptr || same_constant(left.value, right.value));
}

// Every branch holds the tenant, or lets through what is everybody's: then so does all of it.
TenantScan by_any_branch(const Conditions &c, List *branches) {
    TenantScan found{};
    bool shared = false;
    ListCell *cell;
    foreach (cell, branches) {
        auto *const branch = static_cast<Node *>(lfirst(cell));
        if (everybodys(c, branch)) {
            shared = true;
            continue;
        }
        const TenantScan one = by_condition(c, branch);
        if (one.pin <= Pin::weak) {
            found.pin = Pin::weak;
            return found;
        }
        if (found.pin == Pin::none)
            found = one;
        else if (!same_value(found, one)) {
            // Which values these are is seen in the rows.
            found = TenantScan{};
            found.pin = Pin::set;
        }
    }
    if (found.pin == Pin::none)
        found.pin = Pin::shared;
    else
        found.with_null = found.with_null || shared;
    return found;
}

// A join that one of several branches asks for holds nothing: rows come through by the others.
TenantScan by_branches(const Conditions &c, List *branches) {
    int own = 0;
    ListCell *cell;
    foreach (cell, branches)
        if (!everybodys(c, static_cast<Node *>(lfirst(cell)))) ++own;
    const int ties = list_length(c.look->ties);
    const TenantScan found = by_any_branch(c, branches);
    if (own > 1) c.look->ties = list_truncate(c.look->ties, ties);
    return found;
}

TenantScan by_condition(const Conditions &c, Node *condition) {
    TenantScan found{};
    if (condition == nullptr) return found;
    if (IsA(condition, List) || is_andclause(condition)) {
        TenantScan best{};
        ListCell *cell;
        foreach (cell, IsA(condition, List) ? reinterpret_cast<List *>(condition)
                                            : reinterpret_cast<BoolExpr *>(condition)->args)
            improve(&best, by_condition(c, static_cast<Node *>(lfirst(cell))));
        return best;
    }
    if (everybodys(c, condition)) {
        found.pin = Pin::shared;
        return found;
    }
    if (IsA(condition, OpExpr)) {
        const auto *const comparison = reinterpret_cast<OpExpr *>(condition);
        if (list_length(comparison->args) == 2)
            found = by_comparison(c, comparison->opno, comparison->inputcollid, comparison->args, false);
    } else if (IsA(condition, ScalarArrayOpExpr)) {
        const auto *const any = reinterpret_cast<ScalarArrayOpExpr *>(condition);
        if (any->useOr) found = by_comparison(c, any->opno, any->inputcollid, any->args, true);
    } else if (IsA(condition, SubPlan)) {
        // IN (SELECT ...): one of the values that another query gives.
        const auto *const sub = reinterpret_cast<SubPlan *>(condition);
        if (sub->subLinkType == ANY_SUBLINK && IsA(sub->testexpr, OpExpr)) {
            const auto *const test = reinterpret_cast<OpExpr *>(sub->testexpr);
            if (is_column(c, static_cast<Node *>(linitial(test->args)))) {
                TenantScan one = by_comparison(c, test->opno, test->inputcollid, test->args, false);
                found.pin = one.pin > Pin::weak ? Pin::joined : Pin::weak;
            }
        }
    } else if (is_orclause(condition)) {
        found = by_branches(c, reinterpret_cast<BoolExpr *>(condition)->args);
        if (found.pin == Pin::weak) found.pin = Pin::none;
    }
    if (found.pin == Pin::none && !found.tied && mentions(c, condition)) found.pin = Pin::weak;
    return found;
}

} // namespace

namespace {

// Those that a scan has beside its filter.
const List *own_conditions(const Plan *scan) {
    switch (nodeTag(scan)) {
    case T_IndexScan: return reinterpret_cast<const IndexScan *>(scan)->indexqualorig;
    case T_IndexOnlyScan: return reinterpret_cast<const IndexOnlyScan *>(scan)->indexqual;
    case T_BitmapHeapScan: return reinterpret_cast<const BitmapHeapScan *>(scan)->bitmapqualorig;
    case T_TidScan: return reinterpret_cast<const TidScan *>(scan)->tidquals;
    case T_TidRangeScan: return reinterpret_cast<const TidRangeScan *>(scan)->tidrangequals;
    case T_ForeignScan: return reinterpret_cast<const ForeignScan *>(scan)->fdw_recheck_quals;
    default: return NIL;
    }
}

} // namespace

bool held_alike(const TenantScan *scans, int count) {
    const auto by_value = [](const TenantScan &scan) {
        return settles(scan) && scan.pin >= Pin::session && scan.pin != Pin::written;
    };
    const auto source_of = [](const TenantScan &scan) {
        const Tenancy *const tenancy = tenancy_of(scan.owner);
        return tenancy != nullptr ? tenancy->source : -1;
    };
    for (int i = 1; i < count; ++i) {
        if (!by_value(scans[i])) continue;
        for (int j = 0; j < i; ++j)
            if (by_value(scans[j]) && !same_value(scans[i], scans[j]) && source_of(scans[i]) == source_of(scans[j]))
                return false;
    }
    return true;
}

List *conditions_of(const Plan *scan) {
    return list_concat(list_copy(scan->qual), own_conditions(scan));
}

namespace {

// Whether one of these does; a comparison with the session's own goes into `found`, and a value is looked for still.
bool held_by_value(const List *conditions, const Plan *scan, const Tenancy *tenancy, TenantScan *found) {
    ListCell *cell;
    foreach (cell, conditions) {
        const auto *const comparison = static_cast<const OpExpr *>(lfirst(cell));
        if (!IsA(comparison, OpExpr) || list_length(comparison->args) != 2) continue;
        const Node *left = relabelled(static_cast<const Node *>(linitial(comparison->args)));
        const Node *right = relabelled(static_cast<const Node *>(lsecond(comparison->args)));
        const bool first = IsA(left, Var);
        if (!first) std::swap(left, right);
        const bool value = IsA(right, Const) && !reinterpret_cast<const Const *>(right)->constisnull;
        const bool parameter = IsA(right, Param) && reinterpret_cast<const Param *>(right)->paramkind == PARAM_EXTERN;
        if (!IsA(left, Var) || column_of(scan, left) != found->column) continue;
        const bool session = !value && !parameter && is_session_tenant(tenancy, right, false);
        if (!value && !parameter && !session) continue;
        const Oid function = equality(comparison->opno, tenancy->type, tenancy->collation, comparison->inputcollid);
        if (!OidIsValid(function)) continue;
        found->pin = value ? Pin::literal : parameter ? Pin::parameter : Pin::session;
        if (value)
            found->value = const_cast<Const *>(reinterpret_cast<const Const *>(right));
        else if (parameter)
            found->parameter = reinterpret_cast<const Param *>(right)->paramid;
        found->function = function;
        found->collation = comparison->inputcollid;
        found->column_first = first;
        // A value says more: it is compared.
        if (!session) return true;
    }
    return false;
}

} // namespace

bool held_plainly(const Plan *scan, const Tenancy *tenancy, TenantScan *found) {
    if (tenancy->links > 0) return false;
    return held_by_value(scan->qual, scan, tenancy, found) ||
           held_by_value(own_conditions(scan), scan, tenancy, found) || found->pin != Pin::none;
}

namespace {

// What a partial index is about is left out of the plan's conditions.
List *predicate_of_index(const Plan *scan) {
    Oid index = InvalidOid;
    if (IsA(scan, IndexScan)) index = reinterpret_cast<const IndexScan *>(scan)->indexid;
    if (IsA(scan, IndexOnlyScan)) index = reinterpret_cast<const IndexOnlyScan *>(scan)->indexid;
    if (!OidIsValid(index)) return NIL;
    // Most have none; the last of those is kept.
    static Oid without = InvalidOid;
    static uint64 known = 0;
    if (index == without && known == changes()) return NIL;
    Relation const relation = index_open(index, AccessShareLock);
    List *const predicate = RelationGetIndexPredicate(relation);
    index_close(relation, AccessShareLock);
    if (predicate == NIL) {
        without = index;
        known = changes();
        return NIL;
    }
    List *const copy = static_cast<List *>(copyObjectImpl(predicate));
    ChangeVarNodes(reinterpret_cast<Node *>(copy), 1, static_cast<int>(reinterpret_cast<const Scan *>(scan)->scanrelid),
                   0);
    return copy;
}

} // namespace

bool has_partial_index(const Plan *scan) {
    return predicate_of_index(scan) != NIL;
}

AttrNumber column_of(const Plan *scan, const Node *node) {
    if (!IsA(node, Var)) return 0;
    const auto *const var = reinterpret_cast<const Var *>(node);
    if (var->varno != INDEX_VAR) {
        const bool own =
            var->varlevelsup == 0 && var->varno == static_cast<int>(reinterpret_cast<const Scan *>(scan)->scanrelid);
        return own ? var->varattno : AttrNumber{0};
    }
    const List *shape = NIL;
    if (IsA(scan, IndexOnlyScan)) shape = reinterpret_cast<const IndexOnlyScan *>(scan)->indextlist;
    if (IsA(scan, ForeignScan)) shape = reinterpret_cast<const ForeignScan *>(scan)->fdw_scan_tlist;
    if (IsA(scan, CustomScan)) shape = reinterpret_cast<const CustomScan *>(scan)->custom_scan_tlist;
    if (var->varattno <= 0 || var->varattno > list_length(shape)) return 0;
    const auto *const entry = static_cast<const TargetEntry *>(list_nth(shape, var->varattno - 1));
    return IsA(entry->expr, Var) ? reinterpret_cast<const Var *>(entry->expr)->varattno : AttrNumber{0};
}

namespace {

bool looked_up(Oid operation, Oid type, Oid own, Oid used) {
    const TypeCacheEntry *const known = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY | TYPECACHE_HASH_OPFAMILY);
    const bool equality =
        (OidIsValid(known->btree_opf) &&
         get_op_opfamily_strategy(operation, known->btree_opf) == BTEqualStrategyNumber) ||
        (OidIsValid(known->hash_opf) && get_op_opfamily_strategy(operation, known->hash_opf) == HTEqualStrategyNumber);
    // Under another collation other texts may be equal than the column tells apart.
    return equality && (used == own || !OidIsValid(used) || get_collation_isdeterministic(used));
}

} // namespace

Oid equality(Oid operation, Oid type, Oid own, Oid used) {
    struct Answer {
        uint64 known; // changes up to which it holds
        Oid operation;
        Oid type;
        Oid own;
        Oid used;
        Oid function;
    };
    static Answer answers[16];
    Answer *const answer = &answers[(operation ^ type) % 16];
    if (answer->known == changes() && answer->operation == operation && answer->type == type && answer->own == own &&
        answer->used == used)
        return answer->function;
    // What is heard of while it is looked up makes it out of date.
    const uint64 known = changes();
    const Oid function = looked_up(operation, type, own, used) ? get_opcode(operation) : InvalidOid;
    *answer = {known, operation, type, own, used, function};
    return function;
}

void look_at_conditions(PlanLook *look, Plan *scan, const Tenancy *tenancy, TenantScan *found) {
    Conditions c{look, scan, tenancy, found->column, NIL, found};
    if (tenancy->shared_tree != nullptr) {
        c.shared = static_cast<List *>(stringToNode(const_cast<char *>(tenancy->shared_tree)));
        ChangeVarNodes(reinterpret_cast<Node *>(c.shared), 1,
                       static_cast<int>(reinterpret_cast<const Scan *>(scan)->scanrelid), 0);
    }
    List *const all = list_concat(conditions_of(scan), predicate_of_index(scan));
    improve(found, by_condition(c, reinterpret_cast<Node *>(all)));
    if (c.shared != NIL && found->pin < Pin::shared && predicate_implied_by(c.shared, all, false))
        found->pin = Pin::shared;
}

} // namespace rlsproof::server::guard
