// The hooks. Each calls on exactly once, whoever was there before; where no rule is on, that is all it does.
//
// Facts at planning, the verdict when execution starts, evidence while it runs. Only the last two may refuse, so
// EXPLAIN and PREPARE never fail, but for what EXPLAIN ANALYZE changes. All of this is plain code: an error of the
// server jumps through it.
#include "server/guard/hooks.hpp"

#include <utility>

#include "server/boundary.hpp"
#include "server/compat.hpp"
#include "server/guard/body_text.hpp"
#include "server/guard/event.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/explained.hpp"
#include "server/guard/facts.hpp"
#include "server/guard/run.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/tenant_copy.hpp"
#include "server/guard/tenant_eye.hpp"
#include "server/guard/tenant_lock.hpp"
#include "server/guard/tenant_watch.hpp"
#include "server/guard/tenants.hpp"
#include "server/guard/untrusted.hpp"
#include "server/guard/utility.hpp"
#include "server/guard/workers.hpp"

extern "C" {
#include "access/parallel.h"
#include "catalog/objectaccess.h"
#include "executor/executor.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
}

namespace rlsproof::server::guard {

namespace {

planner_hook_type next_planner = nullptr;
set_rel_pathlist_hook_type next_paths = nullptr;
post_parse_analyze_hook_type next_analysed = nullptr;
object_access_hook_type next_accessed = nullptr;
ExecutorStart_hook_type next_start = nullptr;
ExecutorRun_hook_type next_run = nullptr;
ExecutorFinish_hook_type next_finish = nullptr;
ExecutorEnd_hook_type next_end = nullptr;
ProcessUtility_hook_type next_utility = nullptr;

// How many EXPLAIN are at work on the statement that is planned or run, and not one that a function of it sends.
int explaining = 0;

inline bool may_refuse(const QueryDesc *query) {
    return explaining == 0 || goes_somewhere(query);
}

// Whether there is more to do around a statement than to look at it.
inline bool is_held() {
    return limits.statement_time > 0 || counts_depth();
}

// What functions send is run, whatever is explained around them.
template <typename Body>
[[gnu::noinline]] void outside_explain(Body body) {
    const int explained = std::exchange(explaining, 0);
    in_any_case(body, [explained] { explaining = explained; });
}

// What the server does on the way to rows, or for a function, is not what a client sent.
template <typename Body>
void within(Body body) {
    if (!counts_depth()) {
        body();
        return;
    }
    ++at_work;
    in_any_case(body, [] { --at_work; });
}

// Apart from the usual way, as are the others like it: a body that is handed on costs the way around it, too.
[[gnu::noinline]] PlannedStmt *plan_held(Query *query, const char *text, int options, ParamListInfo parameters) {
    PlannedStmt *result = nullptr;
    if (limits.statement_time > 0) hold_to_time();
    within([&] {
        const auto plan_next = [&] {
            return next_planner != nullptr ? next_planner(query, text, options, parameters)
                                           : standard_planner(query, text, options, parameters);
        };
        if (explaining > 0)
            outside_explain([&] { result = plan_next(); });
        else
            result = plan_next();
    });
    return result;
}

PlannedStmt *plan_on(Query *query, const char *text, int options, ParamListInfo parameters) {
    if (is_held() || explaining > 0) return plan_held(query, text, options, parameters);
    return next_planner != nullptr ? next_planner(query, text, options, parameters)
                                   : standard_planner(query, text, options, parameters);
}

void analysed(ParseState *state, Query *query, JumbleState *jumble) {
    if (next_analysed != nullptr) next_analysed(state, query, jumble);
    if ((active & (kSent & ~only(Rule::unlisted_command))) == 0 || at_work > 0 || exempt_now()) return;
    Violations found;
    judge_sent(query, &found);
    if (found.count > 0) tell(found, {state->p_sourcetext, query->stmt_location, query->stmt_len, 0}, true);
}

void accessed(ObjectAccessType access, Oid catalog, Oid object, int part, void *more) {
    if (next_accessed != nullptr) next_accessed(access, catalog, object, part, more);
    // Only the protocol's own call of a function comes without a text.
    if (access != OAT_FUNCTION_EXECUTE || !wants(Rule::unlisted_function) || debug_query_string != nullptr ||
        at_work > 0 || exempt_now())
        return;
    Violations found;
    judge_called(object, &found);
    if (found.count > 0) tell(found, {"", -1, 0, 0}, true);
}

PlannedStmt *plan(Query *query, const char *text, int options, ParamListInfo parameters) {
    const bool tells = (active & (kPlanned | kTenants)) != 0;
    if (!tells && ((active == 0 && !tracking) || !is_empty(text))) return plan_on(query, text, options, parameters);
    List *facts = tells ? facts_of(query, active) : NIL;
    if (is_empty(text)) facts = lappend(facts, body_text_of(query));
    PlannedStmt *const result = plan_on(query, text, options, parameters);
    if (facts != NIL) result->invalItems = list_concat(result->invalItems, facts);
    if ((active & kTenants) != 0) note_tenants(result);
    return result;
}

void paths(PlannerInfo *root, RelOptInfo *rel, Index number, RangeTblEntry *entry) {
    if (next_paths != nullptr) next_paths(root, rel, number, entry);
    if (wants(Rule::full_scan) && !exempt_table(entry->relid)) find_out_of_reach(root, rel, entry);
    if ((active & kWatchedReads) != 0) read_the_table(root, rel, entry);
}

void start_next(QueryDesc *query, int flags) {
    if (next_start != nullptr)
        next_start(query, flags);
    else
        standard_ExecutorStart(query, flags);
}

[[gnu::noinline]] void start_held(QueryDesc *query, int flags) {
    if (limits.statement_time > 0) hold_to_time();
    within([&] {
        if (explaining > 0)
            outside_explain([&] { start_next(query, flags); });
        else
            start_next(query, flags);
    });
}

void start_on(QueryDesc *query, int flags) {
    if (is_held() || explaining > 0)
        start_held(query, flags);
    else
        start_next(query, flags);
}

void start(QueryDesc *query, int flags) {
    start_on(query, flags);
    if ((active == 0 && !tracking) || (flags & EXEC_FLAG_EXPLAIN_ONLY) != 0) return;
    if (exempt_now()) {
        // A worker only counts: its leader judges.
        if (IsParallelWorker() && (active & kCounted) != 0) begin_running(query);
        return;
    }
    if (altering > 0 && asks_for_key(query)) return;
    if ((active & kStarted) != 0) {
        if (wants(Rule::tenant_repointed)) hold_tenants();
        Violations found;
        const TenantPlan *const tenants = (active & kTenants) != 0 ? tenants_of(query) : nullptr;
        judge_start(query, tenants, &found);
        if (tenants != nullptr && !tenants->settled && (active & kWatched) != 0)
            begin_watch(query, tenants, may_refuse(query), &found);
        if (found.count > 0) tell(found, source_of(query), may_refuse(query));
    }
    if ((active & (kCounted | kAnswered)) != 0 || tracking) begin_running(query);
}

void run_next(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    if (next_run != nullptr)
        next_run(RLSPROOF_EXECUTOR_RUN_ARGS);
    else
        standard_ExecutorRun(RLSPROOF_EXECUTOR_RUN_ARGS);
}

void run_on(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    if (explaining > 0)
        outside_explain([&] { run_next(RLSPROOF_EXECUTOR_RUN_ARGS); });
    else
        run_next(RLSPROOF_EXECUTOR_RUN_ARGS);
}

// The statement was interrupted by our timer: the server's "canceling statement" becomes what the rule says.
void raise_rows_read(QueryDesc *query, Running *running) {
    Violations found;
    Violation *const violation = found.add(Rule::rows_read);
    violation->measured = static_cast<double>(done_by(running).read);
    violation->allowed = limits.rows_read;
    violation->counted = true;
    tell(found, source_of(query), true);
    // Waived in this very moment; the statement cannot be taken up again.
    ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("canceling statement")));
}

void run_watched(RLSPROOF_EXECUTOR_RUN_PARAMS, Running *running) {
    DestReceiver *const own = query->dest;
    DestReceiver *const stopping = stopping_receiver(query, running);
    if (stopping != nullptr) query->dest = stopping;
    const Running *const outer = arm(query, running);
    in_any_case(
        [&] {
            or_instead([&] { run_on(RLSPROOF_EXECUTOR_RUN_ARGS); },
                       [&](int sqlstate) { return sqlstate == ERRCODE_QUERY_CANCELED && interrupted(running); },
                       [&](int) { raise_rows_read(query, running); });
        },
        [&] {
            query->dest = own;
            disarm(outer);
        });
}

// What the actions of foreign keys change is no statement to speak of, but it is written.
[[gnu::noinline]] void run_for_key(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    acting_for_key = true;
    in_any_case([&] { run_on(RLSPROOF_EXECUTOR_RUN_ARGS); }, [] { acting_for_key = false; });
    if (wants(Rule::transaction_rows_written))
        judge_passed(Passing::into_table, static_cast<int64>(query->estate->es_processed), source_of(query), true);
}

// What the leader speaks for; but not for what functions send.
[[gnu::noinline]] void run_part(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    const bool before = std::exchange(inside_worker, true);
    in_any_case([&] { run_on(RLSPROOF_EXECUTOR_RUN_ARGS); }, [before] { inside_worker = before; });
}

void run_counted(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    Running *const running = (active != 0 || tracking) && !IsParallelWorker() ? running_of(query->estate) : nullptr;
    if (running == nullptr) {
        if (active != 0 && IsParallelWorker())
            run_part(RLSPROOF_EXECUTOR_RUN_ARGS);
        else if (active != 0 && query->operation != CMD_SELECT && foreign_key_at_work())
            run_for_key(RLSPROOF_EXECUTOR_RUN_ARGS);
        else
            run_on(RLSPROOF_EXECUTOR_RUN_ARGS);
        return;
    }
    begin_answer(query, running, count, may_refuse(query));
    if (may_refuse(query) && ever_refused(kStopping))
        run_watched(RLSPROOF_EXECUTOR_RUN_ARGS, running);
    else
        run_on(RLSPROOF_EXECUTOR_RUN_ARGS);
    running->at_work = false;
    judge_run(query, running, may_refuse(query));
}

[[gnu::noinline]] void run_with_watch(RLSPROOF_EXECUTOR_RUN_PARAMS, Watch *watch) {
    PlannedStmt *const plan = query->plannedstmt;
    const bool parallel = std::exchange(plan->parallelModeNeeded, false);
    in_any_case([&] { run_counted(RLSPROOF_EXECUTOR_RUN_ARGS); }, [&] { plan->parallelModeNeeded = parallel; });
    say_seen(watch, source_of(query), may_refuse(query));
}

void run_seen(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    Watch *const watch = watch_of(query->estate);
    if (watch == nullptr)
        run_counted(RLSPROOF_EXECUTOR_RUN_ARGS);
    else
        run_with_watch(RLSPROOF_EXECUTOR_RUN_ARGS, watch);
}

[[gnu::noinline]] void run_held(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    const auto body = [&] { run_seen(RLSPROOF_EXECUTOR_RUN_ARGS); };
    // A function may catch its own errors, and know them.
    const bool outermost = at_work == 0;
    within([&] {
        if (hide_error_values && outermost && !exempt_now())
            or_instead(body, may_hold_values, raise_without_values);
        else
            body();
    });
}

void run(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    if (is_held())
        run_held(RLSPROOF_EXECUTOR_RUN_ARGS);
    else
        run_seen(RLSPROOF_EXECUTOR_RUN_ARGS);
}

void finish_on(QueryDesc *query) {
    if (next_finish != nullptr)
        next_finish(query);
    else
        standard_ExecutorFinish(query);
}

// What triggers run is not what a client sent; what parts of WITH that nobody reads change is judged when it is done.
[[gnu::noinline]] void finish_judged(QueryDesc *query) {
    within([&] {
        if (explaining > 0)
            outside_explain([&] { finish_on(query); });
        else
            finish_on(query);
    });
    if (!query->plannedstmt->hasModifyingCTE || IsParallelWorker() || exempt_now()) return;
    if (Watch *const watch = watch_of(query->estate)) say_seen(watch, source_of(query), may_refuse(query));
    if (Running *const running = running_of(query->estate)) judge_finish(query, running, may_refuse(query));
}

void finish(QueryDesc *query) {
    if (counts_depth() || explaining > 0 || (active != 0 && query->plannedstmt->hasModifyingCTE))
        finish_judged(query);
    else
        finish_on(query);
}

void end(QueryDesc *query) {
    Running *const running = active != 0 || tracking ? running_of(query->estate) : nullptr;
    if (running != nullptr) {
        if (IsParallelWorker()) add_for_leader(done_by(running).read);
        if (running->outer != nullptr) settle_with_outer(running);
        if (tracking && running->answers && !INSTR_TIME_IS_ZERO(running->started) && query->plannedstmt->queryId != 0) {
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

template <typename Body>
[[gnu::noinline]] void copy_watched(Watch *watch, const Source &source, Body body) {
    in_any_case(
        [&] {
            body();
            say_seen(watch, source, true);
        },
        [&] { MemoryContextDelete(watch->memory); });
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
    if (limits.statement_time > 0 && !exempt_now()) hold_to_time();
    if (active == 0 || exempt_now()) {
        go_on();
        return;
    }
    if (wants(Rule::tenant_repointed)) hold_tenants();
    Violations found;
    Watch *watch = nullptr;
    const Source source{text, statement->stmt_location, statement->stmt_len, static_cast<uint64>(statement->queryId)};
    judge_utility(statement->utilityStmt, &found);
    if (wants(Rule::read_only)) judge_writing_command(statement->utilityStmt, &found);
    if (wants(Rule::unlisted_command) && at_work == 0) judge_command(statement->utilityStmt, &found);
    if (wants(Rule::tenant_write) && IsA(statement->utilityStmt, CopyStmt) &&
        reinterpret_cast<CopyStmt *>(statement->utilityStmt)->is_from) {
        const WatchedCopy copy = watch_copy(statement, source, true, &found);
        statement = copy.statement;
        watch = copy.watch;
    }
    if (found.count > 0) tell(found, source, true);
    if (!IsA(statement->utilityStmt, ExplainStmt)) {
        if (IsA(statement->utilityStmt, CallStmt)) {
            within(go_on);
            return;
        }
        if (IsA(statement->utilityStmt, AlterTableStmt)) {
            ++altering;
            in_any_case(go_on, [] { --altering; });
            return;
        }
        const Passing rows = (active & (kCounted | kAnswered)) != 0 ? passing(statement->utilityStmt) : Passing::none;
        if (watch != nullptr)
            copy_watched(watch, source, go_on);
        else
            go_on();
        if (completion != nullptr) judge_passed(rows, static_cast<int64>(completion->nprocessed), source, true);
        return;
    }
    ++explaining;
    in_any_case(go_on, [] { --explaining; });
}

} // namespace

void install_untrusted_hooks() {
    static bool installed = false;
    if (std::exchange(installed, true)) return;
    next_analysed = std::exchange(post_parse_analyze_hook, analysed);
    next_accessed = std::exchange(object_access_hook, accessed);
}

void install_hooks() {
    next_planner = std::exchange(planner_hook, plan);
    next_paths = std::exchange(set_rel_pathlist_hook, paths);
    next_start = std::exchange(ExecutorStart_hook, start);
    next_run = std::exchange(ExecutorRun_hook, run);
    next_finish = std::exchange(ExecutorFinish_hook, finish);
    next_end = std::exchange(ExecutorEnd_hook, end);
    next_utility = std::exchange(ProcessUtility_hook, utility);
    define_tenant_plan();
    define_body_text();
}

} // namespace rlsproof::server::guard
