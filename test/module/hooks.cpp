// One of every kind of callback the server has for a module. Those in which raising is allowed enter(); the others are
// contained(). Each passes its name, so that test.fail_at can pick it.
#include "misbehave.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "executor/executor.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "parser/analyze.h"
#include "storage/ipc.h"
#include "tcop/utility.h"
#include "utils/inval.h"
#include "utils/resowner.h"
#include "utils/syscache.h"
}

namespace rlsproof::test {

using server::enter;

namespace {

post_parse_analyze_hook_type next_analyze = nullptr;
planner_hook_type next_planner = nullptr;
get_relation_info_hook_type next_relation_info = nullptr;
set_rel_pathlist_hook_type next_paths = nullptr;
ExecutorStart_hook_type next_start = nullptr;
ExecutorRun_hook_type next_run = nullptr;
ExecutorFinish_hook_type next_finish = nullptr;
ExecutorEnd_hook_type next_end = nullptr;
ExecutorCheckPerms_hook_type next_permissions = nullptr;
ProcessUtility_hook_type next_utility = nullptr;
object_access_hook_type next_access = nullptr;
emit_log_hook_type next_log = nullptr;

void enter_at(const char *place) {
    enter([&] { pass(place); });
}

void analyze(ParseState *state, Query *query, JumbleState *jumble) {
    if (next_analyze != nullptr) next_analyze(state, query, jumble);
    enter_at("post_parse_analyze");
}

PlannedStmt *plan(Query *query, const char *text, int options, ParamListInfo parameters) {
    enter_at("planner");
    return next_planner != nullptr ? next_planner(query, text, options, parameters)
                                   : standard_planner(query, text, options, parameters);
}

void relation_info(PlannerInfo *root, Oid relation, bool inheritance, RelOptInfo *info) {
    if (next_relation_info != nullptr) next_relation_info(root, relation, inheritance, info);
    enter_at("get_relation_info");
}

void paths(PlannerInfo *root, RelOptInfo *relation, Index index, RangeTblEntry *entry) {
    if (next_paths != nullptr) next_paths(root, relation, index, entry);
    enter_at("set_rel_pathlist");
}

void executor_start(QueryDesc *query, int flags) {
    enter_at("executor_start");
    if (next_start != nullptr)
        next_start(query, flags);
    else
        standard_ExecutorStart(query, flags);
}

void executor_run(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    enter_at("executor_run");
    if (next_run != nullptr)
        next_run(RLSPROOF_EXECUTOR_RUN_ARGS);
    else
        standard_ExecutorRun(RLSPROOF_EXECUTOR_RUN_ARGS);
}

void executor_finish(QueryDesc *query) {
    enter_at("executor_finish");
    if (next_finish != nullptr)
        next_finish(query);
    else
        standard_ExecutorFinish(query);
}

void executor_end(QueryDesc *query) {
    enter_at("executor_end");
    if (next_end != nullptr)
        next_end(query);
    else
        standard_ExecutorEnd(query);
}

bool permissions_hook(RLSPROOF_CHECK_PERMS_PARAMS) {
    enter_at("check_permissions");
    return next_permissions == nullptr || next_permissions(RLSPROOF_CHECK_PERMS_ARGS);
}

void utility(PlannedStmt *statement, const char *text, bool read_only, ProcessUtilityContext context,
             ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver, QueryCompletion *done) {
    enter_at("process_utility");
    if (next_utility != nullptr)
        next_utility(statement, text, read_only, context, parameters, environment, receiver, done);
    else
        standard_ProcessUtility(statement, text, read_only, context, parameters, environment, receiver, done);
}

void object_access(ObjectAccessType access, Oid class_id, Oid object, int sub, void *argument) {
    if (next_access != nullptr) next_access(access, class_id, object, sub, argument);
    enter_at("object_access");
}

void log_hook(ErrorData *error) {
    pass_quietly("emit_log");
    if (next_log != nullptr) next_log(error);
}

void transaction(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_PRE_COMMIT: enter_at("transaction_pre_commit"); break;
    case XACT_EVENT_PRE_PREPARE: enter_at("transaction_pre_prepare"); break;
    case XACT_EVENT_COMMIT: pass_quietly("transaction_commit"); break;
    case XACT_EVENT_ABORT: pass_quietly("transaction_abort"); break;
    default: break;
    }
}

void subtransaction_event(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
    switch (event) {
    // An error here leaves a state from which an enclosing subtransaction cannot be rolled back: FATAL.
    case SUBXACT_EVENT_START_SUB: pass_quietly("subtransaction_start"); break;
    case SUBXACT_EVENT_PRE_COMMIT_SUB: enter_at("subtransaction_pre_commit"); break;
    case SUBXACT_EVENT_COMMIT_SUB: pass_quietly("subtransaction_commit"); break;
    case SUBXACT_EVENT_ABORT_SUB: pass_quietly("subtransaction_abort"); break;
    }
}

void release(ResourceReleasePhase phase, bool, bool, void *) {
    if (phase == RESOURCE_RELEASE_AFTER_LOCKS) pass_quietly("resource_release");
}

void relation_changed(Datum, Oid) {
    pass_quietly("relation_invalidation");
}

void function_changed(Datum, int, uint32) {
    pass_quietly("catalog_invalidation");
}

// The server is leaving: it logs an error raised here and goes on with the other callbacks.
void before_exit(int, Datum) {
    enter_at("before_exit");
}

void at_exit(int, Datum) {
    const int before = contained_errors;
    pass_quietly("process_exit");
    if (contained_errors > before) ereport(LOG, (errmsg("contained at the end of the process")));
}

} // namespace

void install_hooks() {
    next_analyze = std::exchange(post_parse_analyze_hook, analyze);
    next_planner = std::exchange(planner_hook, plan);
    next_relation_info = std::exchange(get_relation_info_hook, relation_info);
    next_paths = std::exchange(set_rel_pathlist_hook, paths);
    next_start = std::exchange(ExecutorStart_hook, executor_start);
    next_run = std::exchange(ExecutorRun_hook, executor_run);
    next_finish = std::exchange(ExecutorFinish_hook, executor_finish);
    next_end = std::exchange(ExecutorEnd_hook, executor_end);
    next_permissions = std::exchange(ExecutorCheckPerms_hook, permissions_hook);
    next_utility = std::exchange(ProcessUtility_hook, utility);
    next_access = std::exchange(object_access_hook, object_access);
    next_log = std::exchange(emit_log_hook, log_hook);
    RegisterXactCallback(transaction, nullptr);
    RegisterSubXactCallback(subtransaction_event, nullptr);
    RegisterResourceReleaseCallback(release, nullptr);
    CacheRegisterRelcacheCallback(relation_changed, Datum{0});
    CacheRegisterSyscacheCallback(PROCOID, function_changed, Datum{0});
    before_shmem_exit(before_exit, Datum{0});
    on_proc_exit(at_exit, Datum{0});
}

} // namespace rlsproof::test
