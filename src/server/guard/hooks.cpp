// The hooks. Each calls on exactly once, whoever was there before; where no rule is on, that is all it does.
//
// Facts at planning, the verdict when execution starts, evidence while it runs. Only the last two may refuse, so
// EXPLAIN and PREPARE never fail. All of this is plain code: an error of the server jumps through it.
#include "server/guard/hooks.hpp"

#include <utility>

#include "server/boundary.hpp"
#include "server/compat.hpp"
#include "server/guard/event.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/facts.hpp"
#include "server/guard/run.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/utility.hpp"

extern "C" {
#include "executor/executor.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "tcop/utility.h"
}

namespace rlsproof::server::guard {

namespace {

planner_hook_type next_planner = nullptr;
set_rel_pathlist_hook_type next_paths = nullptr;
ExecutorStart_hook_type next_start = nullptr;
ExecutorRun_hook_type next_run = nullptr;
ExecutorFinish_hook_type next_finish = nullptr;
ExecutorEnd_hook_type next_end = nullptr;
ProcessUtility_hook_type next_utility = nullptr;

// How many statements are at work around what is looked at now: 0 for what a client sent.
int depth = 0;

// How many EXPLAIN are at work.
int explaining = 0;

PlannedStmt *plan_on(Query *query, const char *text, int options, ParamListInfo parameters) {
    return next_planner != nullptr ? next_planner(query, text, options, parameters)
                                   : standard_planner(query, text, options, parameters);
}

PlannedStmt *plan(Query *query, const char *text, int options, ParamListInfo parameters) {
    if ((active & kPlanned) == 0 || exempt_now()) return plan_on(query, text, options, parameters);
    List *const facts = facts_of(query, options, active);
    PlannedStmt *result = nullptr;
    // The planner may run functions, and they statements.
    ++depth;
    in_any_case([&] { result = plan_on(query, text, options, parameters); }, [] { --depth; });
    if (facts != NIL) result->invalItems = list_concat(result->invalItems, facts);
    return result;
}

void paths(PlannerInfo *root, RelOptInfo *rel, Index number, RangeTblEntry *entry) {
    if (next_paths != nullptr) next_paths(root, rel, number, entry);
    if (wants(Rule::full_scan) && !exempt_table(entry->relid) && !exempt_now()) find_out_of_reach(root, rel, entry);
}

void start_on(QueryDesc *query, int flags) {
    if (next_start != nullptr)
        next_start(query, flags);
    else
        standard_ExecutorStart(query, flags);
}

void start(QueryDesc *query, int flags) {
    start_on(query, flags);
    if ((active == 0 && !tracking) || (flags & EXEC_FLAG_EXPLAIN_ONLY) != 0 || exempt_now()) return;
    const bool top = depth == 0;
    if ((active & kStarted) != 0) {
        Violations found;
        judge_start(query, top, &found);
        if (found.count > 0) tell(found, source_of(query), explaining == 0);
    }
    if ((active & (kCounted | only(Rule::result_rows))) != 0 || (top && (tracking || (active & kShaped) != 0)))
        begin_running(query, top);
}

void run_on(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    if (next_run != nullptr)
        next_run(RLSPROOF_EXECUTOR_RUN_ARGS);
    else
        standard_ExecutorRun(RLSPROOF_EXECUTOR_RUN_ARGS);
}

// The statement was interrupted by our timer: the server's "canceling statement" becomes what the rule says.
void raise_rows_read(QueryDesc *query, Running *running) {
    Violations found;
    Violation *const violation = found.add(Rule::rows_read);
    violation->measured = done_by(running).read;
    violation->allowed = limits.rows_read;
    violation->counted = true;
    tell(found, source_of(query), true);
    // Waived in this very moment; the statement cannot be taken up again.
    ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("canceling statement")));
}

void run_watched(RLSPROOF_EXECUTOR_RUN_PARAMS, Running *running) {
    DestReceiver *const own = query->dest;
    DestReceiver *const stopping = explaining == 0 ? stopping_receiver(query, running) : nullptr;
    if (stopping != nullptr) query->dest = stopping;
    const Running *const outer = explaining == 0 ? arm(query, running) : nullptr;
    ++depth;
    in_any_case(
        [&] {
            or_instead([&] { run_on(RLSPROOF_EXECUTOR_RUN_ARGS); }, ERRCODE_QUERY_CANCELED, interrupted,
                       [&] { raise_rows_read(query, running); });
        },
        [&] {
            --depth;
            query->dest = own;
            disarm(outer);
        });
    judge_run(query, running, explaining > 0);
}

void run(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    if (active == 0 && !tracking) {
        run_on(RLSPROOF_EXECUTOR_RUN_ARGS);
        return;
    }
    Running *const running = running_of(query->estate);
    if (running != nullptr) {
        run_watched(RLSPROOF_EXECUTOR_RUN_ARGS, running);
        return;
    }
    ++depth;
    in_any_case([&] { run_on(RLSPROOF_EXECUTOR_RUN_ARGS); }, [] { --depth; });
}

void finish_on(QueryDesc *query) {
    if (next_finish != nullptr)
        next_finish(query);
    else
        standard_ExecutorFinish(query);
}

void finish(QueryDesc *query) {
    if (active == 0 && !tracking) {
        finish_on(query);
        return;
    }
    ++depth;
    in_any_case([&] { finish_on(query); }, [] { --depth; });
}

void end(QueryDesc *query) {
    Running *const running = active != 0 || tracking ? running_of(query->estate) : nullptr;
    if (running != nullptr) {
        settle_with_outer(running);
        if (tracking && running->top && query->plannedstmt->queryId != 0) {
            instr_time spent;
            INSTR_TIME_SET_CURRENT(spent);
            INSTR_TIME_SUBTRACT(spent, running->started);
            const Source source = source_of(query);
            note_execution({source.shape, INSTR_TIME_GET_MILLISEC(spent), running->returned, source.text,
                            source.location, source.length});
        }
    }
    if (next_end != nullptr)
        next_end(query);
    else
        standard_ExecutorEnd(query);
}

void utility(PlannedStmt *statement, const char *text, bool read_only, ProcessUtilityContext context,
             ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
             QueryCompletion *completion) {
    const auto go_on = [&] {
        if (next_utility != nullptr)
            next_utility(statement, text, read_only, context, parameters, environment, receiver, completion);
        else
            standard_ProcessUtility(statement, text, read_only, context, parameters, environment, receiver, completion);
    };
    if ((active == 0 && !tracking) || exempt_now()) {
        go_on();
        return;
    }
    Violations found;
    judge_utility(statement->utilityStmt, &found);
    if (found.count > 0)
        tell(found, {text, statement->stmt_location, statement->stmt_len, static_cast<uint64>(statement->queryId)},
             true);

    // What these carry is what the client sent; whatever else a utility statement runs is inside it.
    const int inside = carries_statement(statement->utilityStmt) ? 0 : 1;
    const int explained = IsA(statement->utilityStmt, ExplainStmt) ? 1 : 0;
    depth += inside;
    explaining += explained;
    in_any_case(go_on, [&] {
        depth -= inside;
        explaining -= explained;
    });
}

} // namespace

void install_hooks() {
    next_planner = std::exchange(planner_hook, plan);
    next_paths = std::exchange(set_rel_pathlist_hook, paths);
    next_start = std::exchange(ExecutorStart_hook, start);
    next_run = std::exchange(ExecutorRun_hook, run);
    next_finish = std::exchange(ExecutorFinish_hook, finish);
    next_end = std::exchange(ExecutorEnd_hook, end);
    next_utility = std::exchange(ProcessUtility_hook, utility);
}

} // namespace rlsproof::server::guard
