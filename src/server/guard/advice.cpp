#include "server/guard/advice.hpp"

#include "server/guard/tenants.hpp"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/indexes.hpp"
#include "server/guard/settings.hpp"

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_operator.h"
#include "commands/defrem.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"
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
    List *expressions = NIL; // compared for equality: lower(email)
    List *searched = NIL;    // columns searched with LIKE, from anywhere in them
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

// What an index over an expression could serve: something computed from the row alone, compared with something else.
void look_at_expression(Node *left, Node *right, Oid opno, Columns *columns) {
    if (contain_var_clause(right) || !contain_var_clause(left) || contain_mutable_functions(left) ||
        contain_subplans(left) || strategy(opno, exprType(left)) != BTEqualStrategyNumber)
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
}

Columns *columns_of(const PlanState *scan) {
    auto *const columns = static_cast<Columns *>(palloc0(sizeof(Columns)));
    ListCell *cell;
    foreach (cell, scan->plan->qual) look_at(static_cast<Node *>(lfirst(cell)), columns);
    return columns;
}

const char *expression_text(const PlanState *scan, Oid table, Node *expression) {
    // The scan's number in its plan becomes the only one there is.
    Node *const alone = static_cast<Node *>(copyObjectImpl(expression));
    ChangeVarNodes(alone, static_cast<int>(reinterpret_cast<const Scan *>(scan->plan)->scanrelid), 1, 0);
    return deparse_expression(alone, deparse_context_for(get_rel_name(table), table), false, false);
}

// The column a proposed index would start with.
AttrNumber first_of(const Columns &columns) {
    for (const List *const list : {columns.equal, columns.ordered, columns.null})
        if (list != NIL) return static_cast<AttrNumber>(linitial_int(list));
    return 0;
}

// Whether there is an index for the column already: then it is not an index that lacks.
bool leads_an_index(Oid table, AttrNumber column) {
    return any_index(table, [&](const FormData_pg_index *index) { return index->indkey.values[0] == column; });
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
    if (keys.empty())
        for (int i = 0; i < list_length(columns->expressions); ++i)
            keys.push_back(fmt::format("({})", call(expression_text, found.scan, found.relation,
                                                    static_cast<Node *>(list_nth(columns->expressions, i)))));
    if (keys.empty() && columns->searched != NIL)
        return fmt::format("CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX ON {} USING gin ({} gin_trgm_ops);",
                           call(table_name, found.relation),
                           column_name(found.relation, linitial_int(columns->searched)));
    if (keys.empty() || (columns->expressions == NIL && call(leads_an_index, found.relation, first_of(*columns))))
        return {};
    return fmt::format("CREATE INDEX ON {} ({}){};", call(table_name, found.relation), fmt::join(keys, ", "),
                       condition);
}

} // namespace

namespace {

// The query that asks for all the rows of an N+1 series at once: its last comparison with a parameter takes a list.
std::string asked_once(const std::string &text) {
    const size_t sign = text.rfind("= $");
    if (sign == std::string::npos) return {};
    size_t end = sign + 3;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    return text.substr(0, sign) + "= ANY(" + text.substr(sign + 2, end - sign - 2) + ")" + text.substr(end);
}

} // namespace

std::string advice(const Violation &found, const Shape &shape) {
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
    case Rule::n_plus_one: {
        const std::string once = shape.read ? asked_once(shape.text) : "";
        return once.empty() ? "Ask once for all of them: WHERE key = ANY($1)."
                            : fmt::format("Ask once for all of them: {}", once);
    }
    case Rule::repeated_query: return "Keep the answer, or ask once.";
    case Rule::transaction_rows_read: return "Do the work in smaller transactions, or read less.";
    case Rule::transaction_rows_written: return "Do the work in smaller transactions.";
    case Rule::tenant_mismatch:
    case Rule::tenant_unpinned:
    case Rule::tenant_unset:
    case Rule::tenant_mixed:
    case Rule::tenant_write: return tenant_advice(found);
    }
    return {};
}

} // namespace rlsproof::server::guard
