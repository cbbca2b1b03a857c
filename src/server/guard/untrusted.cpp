#include "server/guard/untrusted.hpp"

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/harmless.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/tenant_lock.hpp"

extern "C" {
#include "access/parallel.h"
#include "commands/defrem.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
}

namespace rlsproof::server::guard {

int at_work = 0;

namespace {

void add_function(Oid function, Violations *found) {
    Violation *const violation = found->add(Rule::unlisted_function);
    if (violation == nullptr) return;
    const char *const name = get_func_name(function);
    violation->note =
        name == nullptr ? "It is not listed."
                        : psprintf("%s is not listed.",
                                   quote_qualified_identifier(get_namespace_name(get_func_namespace(function)), name));
}

void add_command(Violations *found, const char *note) {
    Violation *const violation = found->add(Rule::unlisted_command);
    if (violation != nullptr) violation->note = note;
}

// What a session says once, and is held to.
bool may_be_said(const char *name) {
    if (pg_strcasecmp(name, "role") == 0 || pg_strcasecmp(name, "session_authorization") == 0) return false;
    return is_held_setting(name);
}

// Clients that send values apart from their statements have no other way to set one.
bool says_tenant(const Node *node) {
    if (!IsA(node, FuncExpr) || reinterpret_cast<const FuncExpr *>(node)->funcid != F_SET_CONFIG) return false;
    const auto *const name = static_cast<const Const *>(linitial(reinterpret_cast<const FuncExpr *>(node)->args));
    return IsA(name, Const) && !name->constisnull && may_be_said(TextDatumGetCString(name->constvalue));
}

bool look_at_function(Oid function, void *found) {
    if (!harmless(function) && !listed(function)) add_function(function, static_cast<Violations *>(found));
    return false;
}

void look_at_relation(const RangeTblEntry *entry, Violations *found) {
    if (entry->rtekind != RTE_RELATION || harmless_catalog(entry->relid)) return;
    Violation *const violation = found->add(Rule::catalog_read);
    if (violation != nullptr) violation->relation = entry->relid;
}

bool walker(Node *node, void *pointer) {
    if (node == nullptr) return false;
    auto *const found = static_cast<Violations *>(pointer);
    if (IsA(node, RangeTblEntry)) {
        if (wants(Rule::catalog_read)) look_at_relation(reinterpret_cast<RangeTblEntry *>(node), found);
        return false;
    }
    if (IsA(node, Query)) {
        judge_sent(reinterpret_cast<Query *>(node), found);
        return false;
    }
    if (wants(Rule::unlisted_function) && !says_tenant(node)) check_functions_in_node(node, look_at_function, pointer);
    return compat::walk(node, walker, pointer);
}

// The query that a utility statement carries, analysed with it.
Node *carried(const Node *statement) {
    switch (nodeTag(statement)) {
    case T_ExplainStmt: return reinterpret_cast<const ExplainStmt *>(statement)->query;
    case T_DeclareCursorStmt: return reinterpret_cast<const DeclareCursorStmt *>(statement)->query;
    case T_CreateTableAsStmt: return reinterpret_cast<const CreateTableAsStmt *>(statement)->query;
    case T_CallStmt: return reinterpret_cast<Node *>(reinterpret_cast<const CallStmt *>(statement)->funcexpr);
    default: return nullptr;
    }
}

// The arguments of EXECUTE are evaluated by nobody we would meet.
bool constant(const Node *node) {
    if (IsA(node, TypeCast)) return constant(reinterpret_cast<const TypeCast *>(node)->arg);
    if (IsA(node, A_ArrayExpr)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<const A_ArrayExpr *>(node)->elements)
            if (!constant(static_cast<const Node *>(lfirst(cell)))) return false;
        return true;
    }
    return IsA(node, A_Const) || IsA(node, ParamRef);
}

void look_at_arguments(const ExecuteStmt *statement, Violations *found) {
    ListCell *cell;
    foreach (cell, statement->params)
        if (!constant(static_cast<const Node *>(lfirst(cell))))
            add_command(found, "The arguments of EXECUTE are expressions, and not constants.");
}

bool analyzes(const ExplainStmt *statement) {
    ListCell *cell;
    foreach (cell, statement->options) {
        auto *const option = lfirst_node(DefElem, cell);
        if (strcmp(option->defname, "analyze") == 0 && defGetBoolean(option)) return true;
    }
    return false;
}

bool may_be_set(const VariableSetStmt *statement) {
    switch (statement->kind) {
    case VAR_RESET_ALL: return false;
    case VAR_SET_MULTI: return strcmp(statement->name, "TRANSACTION SNAPSHOT") != 0;
    default:
        // Ours are the superuser's to set; the server sees to that, and a superuser has to be able to.
        return harmless_setting(statement->name) || may_be_said(statement->name) ||
               pg_strncasecmp(statement->name, "rlsproof.", strlen("rlsproof.")) == 0;
    }
}

bool may_be_used(const TransactionStmt *statement) {
    return statement->kind != TRANS_STMT_PREPARE && statement->kind != TRANS_STMT_COMMIT_PREPARED &&
           statement->kind != TRANS_STMT_ROLLBACK_PREPARED;
}

} // namespace

void judge_sent(Query *query, Violations *found) {
    if (query->commandType != CMD_UTILITY) {
        compat::walk_query(query, walker, found, QTW_EXAMINE_RTES_BEFORE);
        return;
    }
    if (query->utilityStmt == nullptr) return;
    Node *const inner = carried(query->utilityStmt);
    if (inner != nullptr) walker(inner, found);
}

void judge_command(const Node *statement, Violations *found) {
    switch (nodeTag(statement)) {
    // Queries, where they are only asked about.
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
    case T_VariableShowStmt:
    case T_PrepareStmt:
    case T_DeallocateStmt:
    case T_DeclareCursorStmt:
    case T_FetchStmt:
    case T_ClosePortalStmt:
    // That is a question of functions.
    case T_CallStmt: return;
    case T_TransactionStmt:
        if (!may_be_used(reinterpret_cast<const TransactionStmt *>(statement)))
            add_command(found, "A prepared transaction outlives its session.");
        return;
    case T_ExecuteStmt: look_at_arguments(reinterpret_cast<const ExecuteStmt *>(statement), found); return;
    case T_VariableSetStmt: {
        const auto *const set = reinterpret_cast<const VariableSetStmt *>(statement);
        if (may_be_set(set)) return;
        add_command(found, set->name != nullptr ? psprintf("The setting %s may not be changed.", set->name)
                                                : "Settings may not be reset all at once.");
        return;
    }
    case T_ExplainStmt: {
        const auto *const explain = reinterpret_cast<const ExplainStmt *>(statement);
        if (analyzes(explain)) add_command(found, "EXPLAIN ANALYZE runs the statement.");
        // What it explains is a query, or a utility statement, which need not be one to be carried.
        const auto *const query = reinterpret_cast<const Query *>(explain->query);
        if (IsA(explain->query, Query) && query->commandType == CMD_UTILITY && query->utilityStmt != nullptr)
            judge_command(query->utilityStmt, found);
        return;
    }
    default: add_command(found, nullptr);
    }
}

void judge_writing(PlannedStmt *plan, Violations *found) {
    if (CommandIsReadOnly(plan)) return;
    Violation *const violation = found->add(Rule::read_only);
    if (violation != nullptr && plan->commandType == CMD_SELECT && !plan->hasModifyingCTE)
        violation->note = "It locks the rows that it reads.";
}

void judge_writing_command(Node *statement, Violations *found) {
    switch (nodeTag(statement)) {
    // What they are, or carry, is judged by its plan.
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
    case T_ExplainStmt:
    case T_PrepareStmt:
    case T_ExecuteStmt:
    case T_DeclareCursorStmt: return;
    default:
        if (GetCommandLogLevel(statement) < LOGSTMT_ALL) found->add(Rule::read_only);
    }
}

void judge_called(Oid function, Violations *found) {
    look_at_function(function, found);
}

bool may_hold_values(int sqlstate) {
    // Ours hold none, nor do those about time, room, locks, serialization, and states; those of RAISE say what their
    // author wants to be read.
    switch (ERRCODE_TO_CATEGORY(sqlstate)) {
    case MAKE_SQLSTATE('2', '5', '0', '0', '0'):
    case MAKE_SQLSTATE('4', '0', '0', '0', '0'):
    case MAKE_SQLSTATE('5', '3', '0', '0', '0'):
    case MAKE_SQLSTATE('5', '4', '0', '0', '0'):
    case MAKE_SQLSTATE('5', '5', '0', '0', '0'):
    case MAKE_SQLSTATE('5', '7', '0', '0', '0'): return false;
    default: break;
    }
    const char *const text = unpack_sql_state(sqlstate);
    return sqlstate != ERRCODE_RAISE_EXCEPTION && strncmp(text, "42R", 3) != 0;
}

void raise_without_values(int sqlstate) {
    ereport(ERROR, (errcode(sqlstate), errmsg("the statement failed while it ran"),
                    errdetail("What the server says of it is withheld, since it may hold values of rows."),
                    errhint("The SQLSTATE says which kind of error it is; rlsproof.hide_error_values is on.")));
    pg_unreachable();
}

void hold_to_time() {
    if (IsParallelWorker()) return;
    if (get_timeout_active(STATEMENT_TIMEOUT) &&
        get_timeout_finish_time(STATEMENT_TIMEOUT) <=
            TimestampTzPlusMilliseconds(GetCurrentTimestamp(), limits.statement_time))
        return;
    enable_timeout_after(STATEMENT_TIMEOUT, limits.statement_time);
}

} // namespace rlsproof::server::guard
