#include "server/guard/advice.hpp"

#include <vector>

#include <fmt/format.h>

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/settings.hpp"

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "commands/defrem.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server::guard {

namespace {

// What a condition of a filter offers an index: a column compared for equality, a column that is ordered, a column that
// has to be NULL.
struct Columns {
    List *equal = NIL;
    List *ordered = NIL;
    List *null = NIL;
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
        if (!plain_column(right, &column) || IsA(condition, ScalarArrayOpExpr)) return;
        opno = get_commutator(opno);
        other = left;
    }
    AttrNumber second;
    if (plain_column(other, &second) || !OidIsValid(opno)) return;
    const int meaning = strategy(opno, exprType(other == right ? left : right));
    if (meaning == BTEqualStrategyNumber)
        columns->equal = list_append_unique_int(columns->equal, column);
    else if (meaning != 0)
        columns->ordered = list_append_unique_int(columns->ordered, column);
}

Columns *columns_of(const PlanState *scan) {
    auto *const columns = static_cast<Columns *>(palloc0(sizeof(Columns)));
    ListCell *cell;
    foreach (cell, scan->plan->qual) look_at(static_cast<Node *>(lfirst(cell)), columns);
    return columns;
}

std::string column_name(Oid table, int column) {
    const char *const name = call(get_attname, table, static_cast<AttrNumber>(column), true);
    return name != nullptr ? call(quote_identifier, name) : "";
}

// The index that would serve the filter of a scan; empty where its filter offers no column.
std::string index_for(const Violation &found) {
    if (found.scan == nullptr) return {};
    const Columns *const columns = call(columns_of, found.scan);
    std::vector<std::string> keys;
    for (int i = 0; i < list_length(columns->equal); ++i)
        keys.push_back(column_name(found.relation, list_nth_int(columns->equal, i)));
    // One ordered column is all that a b-tree can use.
    if (columns->ordered != NIL) keys.push_back(column_name(found.relation, linitial_int(columns->ordered)));
    std::string condition;
    for (int i = 0; i < list_length(columns->null); ++i) {
        const std::string name = column_name(found.relation, list_nth_int(columns->null, i));
        if (keys.empty())
            keys.push_back(name);
        else
            condition += fmt::format("{}{} IS NULL", condition.empty() ? " WHERE " : " AND ", name);
    }
    if (keys.empty()) return {};
    return fmt::format("CREATE INDEX ON {} ({}){};", call(table_name, found.relation), fmt::join(keys, ", "),
                       condition);
}

} // namespace

std::string advice(const Violation &found, const Shape &) {
    switch (found.rule) {
    case Rule::matrix_access:
        return "Declare the access with rlsproof.expect(), or take away the grant or the policy that lets it through.";
    case Rule::rls_bypass:
        return "Use a role that does not own the table and has neither BYPASSRLS nor SUPERUSER; for the owner, ALTER "
               "TABLE ... FORCE ROW LEVEL SECURITY.";
    case Rule::write_without_where: return "Say which rows are meant, by a column of the table.";
    case Rule::copy_out: return "Let a role that may do so export data, or waive this one by name.";
    case Rule::cartesian_join: return "Add the condition that joins them.";
    case Rule::full_scan:
    case Rule::scan_rows: {
        const std::string index = index_for(found);
        if (!index.empty()) return index;
        return found.rule == Rule::full_scan ? "Add a condition on an indexed column, or a LIMIT."
                                             : "Add a more selective condition, or a LIMIT.";
    }
    case Rule::rows_read: return "Add a more selective condition, or an index for the one there is.";
    case Rule::no_limit:
    case Rule::result_rows: return "Add a LIMIT, and ask for the next page by the last key that was seen.";
    case Rule::deep_offset:
        return "Ask for the next page by the last key that was seen (WHERE key > $1 ORDER BY key LIMIT n) instead of "
               "OFFSET.";
    case Rule::n_plus_one: return "Ask once for all of them: WHERE key = ANY($1).";
    case Rule::repeated_query: return "Keep the answer, or ask once.";
    case Rule::transaction_rows_read: return "Do the work in smaller transactions, or read less.";
    case Rule::transaction_rows_written: return "Do the work in smaller transactions.";
    }
    return {};
}

} // namespace rlsproof::server::guard
