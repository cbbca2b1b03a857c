#include "server/guard/index_advice.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/indexes.hpp"

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/partition.h"
#include "catalog/pg_operator.h"
#include "commands/defrem.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
}

namespace rlsproof::server::guard {

namespace {

// What a condition of a filter offers an index: a column compared for equality, a column that is ordered, a column that
// has to be NULL.
struct Columns {
    List *equal = NIL;
    List *ordered = NIL;
    List *null = NIL;
    List *sorted = NIL;         // keys that a LIMIT asks for the first of ...
    AttrNumber sorted_by = 0;   // ... and the first one's column
    List *expressions = NIL;    // compared for equality: lower(email)
    AttrNumber converted = 0;   // a column that is converted to the type of what it is compared with
    List *searched = NIL;       // columns searched with LIKE, from anywhere in them
    List *contained = NIL;      // columns whose type has an index of another kind for the operator ...
    const char *kind = nullptr; // ... and which
};

bool plain_column(Node *node, AttrNumber *column) {
    if (IsA(node, RelabelType)) node = reinterpret_cast<Node *>(reinterpret_cast<RelabelType *>(node)->arg);
    if (!IsA(node, Var) || reinterpret_cast<Var *>(node)->varattno <= 0) return false;
    *column = reinterpret_cast<Var *>(node)->varattno;
    return true;
}

// The meaning a b-tree gives the operator: 0 where it has none.
int strategy(Oid opno, Oid type) {
    const Oid opclass = GetDefaultOpClass(type, BTREE_AM_OID);
    return OidIsValid(opclass) ? get_op_opfamily_strategy(opno, get_opclass_family(opclass)) : 0;
}

// Whether the standard operators of an index of this kind have the operator.
bool indexed_by(const char *kind, Oid opno, Oid type) {
    const Oid method = get_index_am_oid(kind, true);
    const Oid opclass = OidIsValid(method) ? GetDefaultOpClass(type, method) : InvalidOid;
    return OidIsValid(opclass) && op_in_opfamily(opno, get_opclass_family(opclass));
}

// What an index over an expression could serve: something computed from the row alone, compared with something else.
void look_at_expression(Node *left, Node *right, Oid opno, Columns *columns) {
    if (contain_var_clause(right) || !contain_var_clause(left) || contain_mutable_functions(left) ||
        contain_subplans(left) || strategy(opno, exprType(left)) != BTEqualStrategyNumber)
        return;
    const auto *const cast = reinterpret_cast<const FuncExpr *>(left);
    if (IsA(left, FuncExpr) && cast->funcformat == COERCE_IMPLICIT_CAST &&
        plain_column(static_cast<Node *>(linitial(cast->args)), &columns->converted))
        return;
    columns->expressions = lappend(columns->expressions, left);
}

void look_at(Node *condition, Columns *columns) {
    AttrNumber column;
    if (IsA(condition, NullTest)) {
        const auto *const test = reinterpret_cast<NullTest *>(condition);
        if (test->nulltesttype == IS_NULL && plain_column(reinterpret_cast<Node *>(test->arg), &column))
            columns->null = list_append_unique_int(columns->null, column);
        return;
    }
    List *arguments = NIL;
    Oid opno = InvalidOid;
    if (IsA(condition, OpExpr)) {
        arguments = reinterpret_cast<OpExpr *>(condition)->args;
        opno = reinterpret_cast<OpExpr *>(condition)->opno;
    } else if (IsA(condition, ScalarArrayOpExpr) && reinterpret_cast<ScalarArrayOpExpr *>(condition)->useOr) {
        arguments = reinterpret_cast<ScalarArrayOpExpr *>(condition)->args;
        opno = reinterpret_cast<ScalarArrayOpExpr *>(condition)->opno;
    }
    if (list_length(arguments) != 2) return;
    auto *const left = static_cast<Node *>(linitial(arguments));
    auto *const right = static_cast<Node *>(lsecond(arguments));
    Node *other = right;
    if (!plain_column(left, &column)) {
        if (!plain_column(right, &column)) look_at_expression(left, right, opno, columns);
        if (!plain_column(right, &column) || IsA(condition, ScalarArrayOpExpr)) return;
        opno = get_commutator(opno);
        other = left;
    }
    AttrNumber second;
    if (plain_column(other, &second) || !OidIsValid(opno)) return;
    if (other == right && (opno == OID_TEXT_LIKE_OP || opno == OID_TEXT_ICLIKE_OP)) {
        columns->searched = list_append_unique_int(columns->searched, column);
        return;
    }
    const int meaning = strategy(opno, exprType(other == right ? left : right));
    if (meaning == BTEqualStrategyNumber)
        columns->equal = list_append_unique_int(columns->equal, column);
    else if (meaning != 0)
        columns->ordered = list_append_unique_int(columns->ordered, column);
    else if (IsA(condition, OpExpr) && columns->kind == nullptr)
        for (const char *const kind : {"gin", "gist"}) {
            if (!indexed_by(kind, opno, exprType(other == right ? left : right))) continue;
            columns->contained = list_make1_int(column);
            columns->kind = kind;
            break;
        }
}

// --- columns that are joined, where the scan feeds a join and has no condition of its own

List *join_conditions(const Plan *plan) {
    switch (nodeTag(plan)) {
    case T_HashJoin: return reinterpret_cast<const HashJoin *>(plan)->hashclauses;
    case T_MergeJoin: return reinterpret_cast<const MergeJoin *>(plan)->mergeclauses;
    case T_NestLoop: return reinterpret_cast<const NestLoop *>(plan)->join.joinqual;
    default: return NIL;
    }
}

bool hands_on(const Plan *plan) {
    return IsA(plan, Hash) || IsA(plan, Sort) || IsA(plan, Material);
}

bool leads_to(const Plan *input, const Plan *scan) {
    while (input != nullptr && input != scan && hands_on(input)) input = input->lefttree;
    return input == scan;
}

// The join that reads the scan, with nothing but sorting and keeping between them.
const Plan *join_over(const Plan *plan, const Plan *scan) {
    if (plan == nullptr) return nullptr;
    if (join_conditions(plan) != NIL && (leads_to(plan->lefttree, scan) || leads_to(plan->righttree, scan)))
        return plan;
    const Plan *const left = join_over(plan->lefttree, scan);
    return left != nullptr ? left : join_over(plan->righttree, scan);
}

// The column of the scan that the join knows as the n-th of its input; 0 where it is none.
AttrNumber column_of_scan(const Plan *input, const Plan *scan, AttrNumber n) {
    for (;; input = input->lefttree) {
        const TargetEntry *const entry = get_tle_by_resno(input->targetlist, n);
        if (entry == nullptr || !IsA(entry->expr, Var)) return 0;
        n = reinterpret_cast<const Var *>(entry->expr)->varattno;
        if (input == scan) return std::max<AttrNumber>(n, 0);
    }
}

void look_at_join(const PlanState *scan, Columns *columns) {
    const Plan *join = join_over(scan->state->es_plannedstmt->planTree, scan->plan);
    ListCell *cell;
    foreach (cell, scan->state->es_plannedstmt->subplans)
        if (join == nullptr) join = join_over(static_cast<const Plan *>(lfirst(cell)), scan->plan);
    if (join == nullptr) return;
    const bool outer = leads_to(join->lefttree, scan->plan);
    foreach (cell, join_conditions(join)) {
        const auto *const condition = static_cast<const OpExpr *>(lfirst(cell));
        if (!IsA(condition, OpExpr) || list_length(condition->args) != 2) continue;
        ListCell *side;
        foreach (side, condition->args) {
            auto *node = static_cast<Node *>(lfirst(side));
            if (IsA(node, RelabelType)) node = reinterpret_cast<Node *>(reinterpret_cast<RelabelType *>(node)->arg);
            const auto *const var = reinterpret_cast<const Var *>(node);
            if (!IsA(node, Var) || var->varno != (outer ? OUTER_VAR : INNER_VAR) ||
                strategy(condition->opno, exprType(node)) != BTEqualStrategyNumber)
                continue;
            const AttrNumber column =
                column_of_scan(outer ? join->lefttree : join->righttree, scan->plan, var->varattno);
            if (column > 0) columns->equal = list_append_unique_int(columns->equal, column);
        }
    }
}

// --- columns that are sorted, where a LIMIT wants the first rows alone

// The sort that reads the scan, below a LIMIT.
const Sort *sort_over(const Plan *plan, const Plan *scan, bool limited) {
    if (plan == nullptr) return nullptr;
    if (limited && IsA(plan, Sort) && plan->lefttree == scan) return reinterpret_cast<const Sort *>(plan);
    const bool passes = IsA(plan, GatherMerge) || IsA(plan, LockRows);
    limited = IsA(plan, Limit) ? reinterpret_cast<const Limit *>(plan)->limitCount != nullptr : limited && passes;
    const Sort *const left = sort_over(plan->lefttree, scan, limited);
    return left != nullptr ? left : sort_over(plan->righttree, scan, limited);
}

void look_at_sort(const PlanState *scan, Columns *columns) {
    const Sort *const sort = sort_over(scan->state->es_plannedstmt->planTree, scan->plan, false);
    const auto relation = reinterpret_cast<const ScanState *>(scan)->ss_currentRelation;
    bool first_falls = false;
    for (int i = 0; sort != nullptr && i < sort->numCols; ++i) {
        AttrNumber column;
        const TargetEntry *const entry = get_tle_by_resno(scan->plan->targetlist, sort->sortColIdx[i]);
        if (entry == nullptr || !plain_column(reinterpret_cast<Node *>(entry->expr), &column)) return;
        const int meaning = strategy(sort->sortOperators[i], exprType(reinterpret_cast<Node *>(entry->expr)));
        if (meaning != BTLessStrategyNumber && meaning != BTGreaterStrategyNumber) return;
        const bool falls = meaning == BTGreaterStrategyNumber;
        const char *const name = quote_identifier(get_attname(RelationGetRelid(relation), column, false));
        if (i == 0) {
            columns->sorted_by = column;
            first_falls = falls;
        }
        // An index is read from either end, so the first key's direction is no matter where NULLs lie as they do by
        // themselves.
        const bool odd_nulls = sort->nullsFirst[i] != falls;
        if (odd_nulls && i > 0) return;
        columns->sorted =
            lappend(columns->sorted, odd_nulls ? psprintf("%s %s", name, falls ? "DESC NULLS LAST" : "NULLS FIRST")
                                     : falls != first_falls ? psprintf("%s DESC", name)
                                                            : pstrdup(name));
        if (odd_nulls) return;
    }
}

Columns *columns_of(const PlanState *scan) {
    auto *const columns = static_cast<Columns *>(palloc0(sizeof(Columns)));
    ListCell *cell;
    foreach (cell, scan->plan->qual) look_at(static_cast<Node *>(lfirst(cell)), columns);
    if (scan->plan->qual == NIL) look_at_join(scan, columns);
    if (scan->plan->qual == NIL ? columns->equal == NIL : columns->equal != NIL && columns->ordered == NIL)
        look_at_sort(scan, columns);
    return columns;
}

const char *expression_text(const PlanState *scan, Oid table, Node *expression) {
    // The scan's number in its plan becomes the only one there is.
    Node *const alone = static_cast<Node *>(copyObjectImpl(expression));
    ChangeVarNodes(alone, static_cast<int>(reinterpret_cast<const Scan *>(scan->plan)->scanrelid), 1, 0);
    return deparse_expression(alone, deparse_context_for(get_rel_name(table), table), false, true);
}

// The column a proposed index would start with.
AttrNumber first_of(const Columns &columns) {
    for (const List *const list : {columns.equal, columns.ordered})
        if (list != NIL) return static_cast<AttrNumber>(linitial_int(list));
    if (columns.sorted != NIL) return columns.sorted_by;
    return columns.null != NIL ? static_cast<AttrNumber>(linitial_int(columns.null)) : 0;
}

// Whether there is an index for the column already: then it is not an index that lacks.
bool leads_an_index(Oid table, AttrNumber column) {
    return any_index(table, [&](const FormData_pg_index *index) { return index->indkey.values[0] == column; });
}

std::string column_name(Oid table, int column) {
    const char *const name = call(get_attname, table, static_cast<AttrNumber>(column), true);
    return name != nullptr ? call(quote_identifier, name) : "";
}

// What the index is made on: of a partition the table that the statement named, so that all of them get one.
Oid table_for(const Violation *found) {
    if (!get_rel_relispartition(found->relation)) return found->relation;
    Oid table = found->relation;
    ListCell *ancestor;
    foreach (ancestor, get_partition_ancestors(found->relation)) {
        ListCell *cell;
        foreach (cell, found->scan->state->es_plannedstmt->rtable)
            if (lfirst_node(RangeTblEntry, cell)->relid == lfirst_oid(ancestor)) table = lfirst_oid(ancestor);
    }
    return table;
}

} // namespace

std::string conversion_in(const Violation &found) {
    if (found.scan == nullptr) return {};
    const Columns *const columns = call(columns_of, found.scan);
    if (columns->converted == 0) return {};
    const Oid type = call(get_atttype, found.relation, columns->converted);
    return fmt::format("Compare {} with a value of type {}: another makes the server convert every row.",
                       column_name(found.relation, columns->converted), call(format_type_be, type));
}

std::string index_for(const Violation &found) {
    if (found.scan == nullptr) return {};
    const Columns *const columns = call(columns_of, found.scan);
    const std::string table = call(table_name, call(table_for, &found));
    std::vector<std::string> keys;
    for (int i = 0; i < list_length(columns->equal); ++i)
        keys.push_back(column_name(found.relation, list_nth_int(columns->equal, i)));
    // One ordered column is all that a b-tree can use.
    if (columns->ordered != NIL) keys.push_back(column_name(found.relation, linitial_int(columns->ordered)));
    for (int i = 0; i < list_length(columns->sorted); ++i)
        keys.push_back(static_cast<const char *>(list_nth(columns->sorted, i)));
    std::string condition;
    for (int i = 0; i < list_length(columns->null); ++i) {
        const std::string name = column_name(found.relation, list_nth_int(columns->null, i));
        if (keys.empty())
            keys.push_back(name);
        else
            condition += fmt::format("{}{} IS NULL", condition.empty() ? " WHERE " : " AND ", name);
    }
    if (keys.empty())
        for (int i = 0; i < list_length(columns->expressions); ++i)
            keys.push_back(fmt::format("({})", call(expression_text, found.scan, found.relation,
                                                    static_cast<Node *>(list_nth(columns->expressions, i)))));
    if (keys.empty() && columns->searched != NIL)
        return fmt::format("CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX ON {} USING gin ({} gin_trgm_ops);",
                           table, column_name(found.relation, linitial_int(columns->searched)));
    if (keys.empty() && columns->contained != NIL)
        return fmt::format("CREATE INDEX ON {} USING {} ({});", table, columns->kind,
                           column_name(found.relation, linitial_int(columns->contained)));
    if (keys.empty() || (columns->expressions == NIL && call(leads_an_index, found.relation, first_of(*columns))))
        return {};
    return fmt::format("CREATE INDEX ON {} ({}){};", table, fmt::join(keys, ", "), condition);
}

} // namespace rlsproof::server::guard
