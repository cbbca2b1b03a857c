#include "base/error.hpp"

#include "server/guard/inspect.hpp"

#include <cstring>
#include <utility>

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/tenants.hpp"
#include "server/guard/untrusted.hpp"
#include "server/guard/utility.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "executor/executor.h"
#include "catalog/namespace.h"
#include "parser/analyze.h"
#include "parser/parse_param.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"
}

namespace rlsproof::server::guard {

RawStmt *innermost(RawStmt *statement) {
    Node *carried = nullptr;
    switch (nodeTag(statement->stmt)) {
    case T_ExplainStmt: carried = reinterpret_cast<ExplainStmt *>(statement->stmt)->query; break;
    case T_DeclareCursorStmt: carried = reinterpret_cast<DeclareCursorStmt *>(statement->stmt)->query; break;
    case T_CreateTableAsStmt: carried = reinterpret_cast<CreateTableAsStmt *>(statement->stmt)->query; break;
    case T_PrepareStmt: carried = reinterpret_cast<PrepareStmt *>(statement->stmt)->query; break;
    case T_CopyStmt: carried = reinterpret_cast<CopyStmt *>(statement->stmt)->query; break;
    default: break;
    }
    if (carried == nullptr) return statement;
    auto *const inner = makeNode(RawStmt);
    inner->stmt = carried;
    return innermost(inner);
}

namespace {

// All rules are on for a while, for statements that nobody sent.
class EveryRule {
public:
    EveryRule()
        : active_(std::exchange(active, (((RuleSet{1} << kRules) - 1) & ~kAgreed) | (active & kAgreed))),
          inspecting_(std::exchange(inspecting, true)) {}
    ~EveryRule() {
        active = active_;
        inspecting = inspecting_;
    }
    EveryRule(const EveryRule &) = delete;
    EveryRule &operator=(const EveryRule &) = delete;

private:
    RuleSet active_;
    bool inspecting_;
};

// A cursor is read in parts, so it is planned like one.
int options_of(const RawStmt *statement) {
    return IsA(statement->stmt, DeclareCursorStmt) ? CURSOR_OPT_FAST_PLAN : CURSOR_OPT_PARALLEL_OK;
}

List *pieces(const char *sql, int mode) {
    return raw_parser(sql, static_cast<RawParseMode>(mode));
}

// Which of these a piece of a body is, is only known by trying.
List *parsed(const std::string &sql, From from) {
    if (from != From::body) return call(pg_parse_query, sql.c_str());
    List *result = NIL;
    for (const int mode : {static_cast<int>(RAW_PARSE_DEFAULT), static_cast<int>(RAW_PARSE_PLPGSQL_EXPR),
                           static_cast<int>(RAW_PARSE_PLPGSQL_ASSIGN1)})
        if (attempt(Finish::commit, [&] { result = call(pieces, sql.c_str(), mode); }).ok) return result;
    throw Error(Code::syntax, "a statement in it could not be read");
}

List *variables = NIL; // the names that were taken for some, in the order of their numbers

// What is no column is a variable, of the type that its use asks for.
Node *as_variable(ParseState *state, ColumnRef *name, Node *column) {
    if (column != nullptr || IsA(llast(name->fields), A_Star)) return nullptr;
    char *const written = NameListToString(name->fields);
    auto *const parameter = makeNode(ParamRef);
    parameter->location = name->location;
    ListCell *cell;
    foreach (cell, variables)
        if (strcmp(static_cast<const char *>(lfirst(cell)), written) == 0)
            parameter->number = foreach_current_index(cell) + 1;
    if (parameter->number == 0) {
        variables = lappend(variables, written);
        parameter->number = list_length(variables);
    }
    return state->p_paramref_hook(state, parameter);
}

List *rewritten(RawStmt *raw, const char *sql, From from) {
    Oid *types = nullptr;
    int count = 0;
    if (from != From::body) return pg_analyze_and_rewrite_varparams(raw, sql, &types, &count, nullptr);
    if (IsA(raw->stmt, PLAssignStmt))
        raw->stmt = reinterpret_cast<Node *>(reinterpret_cast<PLAssignStmt *>(raw->stmt)->val);
    ParseState *const state = make_parsestate(nullptr);
    state->p_sourcetext = sql;
    variables = NIL;
    setup_parse_variable_parameters(state, &types, &count);
    state->p_post_columnref_hook = as_variable;
    Query *const query = transformTopLevelStmt(state, raw);
    check_variable_parameters(state, query);
    free_parsestate(state);
    return pg_rewrite_query(query);
}

List *planned(const List *statements, const char *sql, From from, Violations *found, bool *answers) {
    List *plans = NIL;
    PushActiveSnapshot(GetTransactionSnapshot());
    ListCell *cell;
    foreach (cell, statements) {
        RawStmt *const raw = lfirst_node(RawStmt, cell);
        judge_utility(raw->stmt, found);
        if (wants(Rule::read_only)) judge_writing_command(raw->stmt, found);
        *answers = from == From::client && !keeps_rows(raw->stmt);
        RawStmt *const inner = innermost(raw);
        if (from == From::client) {
            if (wants(Rule::unlisted_command)) judge_command(raw->stmt, found);
            Oid *types = nullptr;
            int count = 0;
            if ((active & kSent) != 0) judge_sent(parse_analyze_varparams(inner, sql, &types, &count, nullptr), found);
        }
        ListCell *inner_cell;
        foreach (inner_cell, rewritten(inner, sql, from)) {
            Query *const query = lfirst_node(Query, inner_cell);
            if (query->commandType != CMD_UTILITY)
                plans = lappend(plans, pg_plan_query(query, sql, options_of(raw), nullptr));
        }
    }
    return plans;
}

QueryDesc *started(PlannedStmt *plan, const char *sql) {
    QueryDesc *const query =
        CreateQueryDesc(plan, sql, GetActiveSnapshot(), InvalidSnapshot, None_Receiver, nullptr, nullptr, 0);
    ExecutorStart(query, EXEC_FLAG_EXPLAIN_ONLY | compat::explain_generic);
    return query;
}

void ended(QueryDesc *query) {
    ExecutorEnd(query);
    FreeQueryDesc(query);
}

} // namespace

std::vector<Remark> inspect(const std::string &sql, const std::string &as_sent, From from) {
    const EveryRule every_rule;
    Violations found;
    const Source source{as_sent.c_str(), -1, 0, 0};
    bool answers = true;
    const List *const plans =
        call(planned, static_cast<const List *>(parsed(sql, from)), sql.c_str(), from, &found, &answers);
    std::vector<Remark> result = remarks_on(found, source);
    for (int i = 0; i < list_length(plans); ++i) {
        QueryDesc *const query = call(started, static_cast<PlannedStmt *>(list_nth(plans, i)), sql.c_str());
        Violations of_plan;
        const TenantPlan *const tenants =
            (active & kTenants) != 0 ? call(tenants_of, static_cast<const QueryDesc *>(query)) : nullptr;
        call(judge_start, static_cast<const QueryDesc *>(query), tenants, &of_plan);
        if (answers)
            call(judge_answer, static_cast<const PlannedStmt *>(query->plannedstmt), ParamListInfo{nullptr}, &of_plan);
        // Before the plan goes: advice is read off it.
        for (Remark &remark : remarks_on(of_plan, source)) result.push_back(std::move(remark));
        call(ended, query);
    }
    call(PopActiveSnapshot);
    return result;
}

} // namespace rlsproof::server::guard
