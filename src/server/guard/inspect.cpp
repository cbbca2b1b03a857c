#include "server/guard/inspect.hpp"

#include <utility>

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/tenants.hpp"
#include "server/guard/untrusted.hpp"
#include "server/guard/utility.hpp"

extern "C" {
#include "executor/executor.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"
}

namespace rlsproof::server::guard {

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

// The statement inside EXPLAIN, DECLARE CURSOR, CREATE TABLE AS, REFRESH or COPY; itself where it carries none.
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

// A cursor is read in parts, so it is planned like one.
int options_of(const RawStmt *statement) {
    return IsA(statement->stmt, DeclareCursorStmt) ? CURSOR_OPT_FAST_PLAN : CURSOR_OPT_PARALLEL_OK;
}

List *planned(const char *sql, Violations *found, bool *answers) {
    List *plans = NIL;
    PushActiveSnapshot(GetTransactionSnapshot());
    ListCell *cell;
    foreach (cell, pg_parse_query(sql)) {
        RawStmt *const raw = lfirst_node(RawStmt, cell);
        judge_utility(raw->stmt, found);
        if (wants(Rule::read_only)) judge_writing_command(raw->stmt, found);
        if (wants(Rule::unlisted_command)) judge_command(raw->stmt, found);
        *answers = !keeps_rows(raw->stmt);
        RawStmt *const inner = innermost(raw);
        Oid *types = nullptr;
        int count = 0;
        if ((active & kSent) != 0) judge_sent(parse_analyze_varparams(inner, sql, &types, &count, nullptr), found);
        List *const queries = pg_analyze_and_rewrite_varparams(inner, sql, &types, &count, nullptr);
        ListCell *inner_cell;
        foreach (inner_cell, queries) {
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

std::vector<Remark> inspect(const std::string &sql, const std::string &as_sent) {
    const EveryRule every_rule;
    Violations found;
    const Source source{as_sent.c_str(), -1, 0, 0};
    bool answers = true;
    const List *const plans = call(planned, sql.c_str(), &found, &answers);
    std::vector<Remark> result = remarks_on(found, source);
    for (int i = 0; i < list_length(plans); ++i) {
        QueryDesc *const query = call(started, static_cast<PlannedStmt *>(list_nth(plans, i)), sql.c_str());
        Violations of_plan;
        const TenantPlan *const tenants =
            (active & kTenants) != 0 ? call(tenants_of, static_cast<const QueryDesc *>(query)) : nullptr;
        call(judge_start, static_cast<const QueryDesc *>(query), tenants, &of_plan);
        if (answers) call(judge_answer, static_cast<const PlannedStmt *>(query->plannedstmt), &of_plan);
        // Before the plan goes: advice is read off it.
        for (Remark &remark : remarks_on(of_plan, source)) result.push_back(std::move(remark));
        call(ended, query);
    }
    call(PopActiveSnapshot);
    return result;
}

} // namespace rlsproof::server::guard
