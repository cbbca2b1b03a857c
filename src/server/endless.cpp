#include "server/endless.hpp"

#include <utility>

#include "server/boundary.hpp"
#include "server/compat.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "nodes/params.h"
#include "optimizer/planner.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/snapshot.h"
}

namespace rlsproof::server {

namespace {

// Times that a statement is inside itself. One would do; a helper that counts its own depth in a setting stops sooner.
constexpr int kTimes = 6;

int watching = 0;
int depth = 0;

// A statement that is being planned (the server asks helpers of a condition already then) or run.
struct Frame {
    const Frame *outer;
    bool planned; // only
    const char *text;
    int place; // in the text, which may be of several statements
    uint32 path;
    Oid user;
    int nesting; // of subtransactions: whoever opens one may catch what is raised in it
    CommandId state;
    ParamListInfo values;
};

const Frame *innermost = nullptr;

planner_hook_type next_planner = nullptr;
ExecutorRun_hook_type next_run = nullptr;

ParamExternData value_of(ParamListInfo values, int number, ParamExternData *place) {
    return values->paramFetch != nullptr ? *values->paramFetch(values, number, true, place)
                                         : values->params[number - 1];
}

bool same_values(ParamListInfo left, ParamListInfo right) {
    if (left == nullptr || right == nullptr) return left == right;
    if (left->numParams != right->numParams) return false;
    for (int number = 1; number <= left->numParams; number++) {
        ParamExternData left_place, right_place;
        const ParamExternData one = value_of(left, number, &left_place), other = value_of(right, number, &right_place);
        if (one.ptype != other.ptype || one.isnull != other.isnull) return false;
        if (!OidIsValid(one.ptype) || one.isnull) continue;
        int16 length;
        bool by_value;
        get_typlenbyval(one.ptype, &length, &by_value);
        if (!datumIsEqual(one.value, other.value, by_value, length)) return false;
    }
    return true;
}

bool same(const Frame &frame, const Frame &other) {
    return frame.planned == other.planned && frame.place == other.place && frame.path == other.path &&
           frame.user == other.user && frame.nesting == other.nesting && frame.state == other.state &&
           frame.text != nullptr && other.text != nullptr && strcmp(frame.text, other.text) == 0 &&
           same_values(frame.values, other.values);
}

void refuse_endless(const Frame &frame) {
    int times = 0;
    for (const Frame *outer = frame.outer; outer != nullptr; outer = outer->outer) times += same(frame, *outer) ? 1 : 0;
    if (times >= kTimes) ereport(ERROR, (errcode(ERRCODE_STATEMENT_TOO_COMPLEX), errmsg("stack depth limit exceeded")));
}

// Bodies that were parsed when their function was made have no text: how the server writes down what it makes of them.
const char *text_of(const char *text, const void *node) {
    return *text != '\0' ? text : depth >= kTimes ? nodeToString(node) : nullptr;
}

template <typename Body>
void within(Frame frame, Body body) {
    frame.outer = innermost;
    frame.path =
        namespace_search_path != nullptr ? string_hash(namespace_search_path, strlen(namespace_search_path) + 1) : 0;
    frame.user = GetUserId();
    frame.nesting = GetCurrentTransactionNestLevel();
    if (depth >= kTimes) refuse_endless(frame);
    const Frame *const outer = innermost;
    const int before = depth;
    innermost = &frame;
    ++depth;
    in_any_case(body, [outer, before] {
        innermost = outer;
        depth = before;
    });
}

PlannedStmt *plan_on(Query *query, const char *text, int options, ParamListInfo values) {
    return next_planner != nullptr ? next_planner(query, text, options, values)
                                   : standard_planner(query, text, options, values);
}

PlannedStmt *plan(Query *query, const char *text, int options, ParamListInfo values) {
    if (watching == 0 || text == nullptr) return plan_on(query, text, options, values);
    PlannedStmt *result = nullptr;
    within({nullptr, true, text_of(text, query), query->stmt_location, 0, InvalidOid, 0, GetCurrentCommandId(false),
            values},
           [&] { result = plan_on(query, text, options, values); });
    return result;
}

void run_on(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    if (next_run != nullptr)
        next_run(RLSPROOF_EXECUTOR_RUN_ARGS);
    else
        standard_ExecutorRun(RLSPROOF_EXECUTOR_RUN_ARGS);
}

void run(RLSPROOF_EXECUTOR_RUN_PARAMS) {
    if (watching == 0 || query->sourceText == nullptr || query->snapshot == nullptr)
        return run_on(RLSPROOF_EXECUTOR_RUN_ARGS);
    within({nullptr, false, text_of(query->sourceText, query->plannedstmt), query->plannedstmt->stmt_location, 0,
            InvalidOid, 0, query->snapshot->curcid, query->params},
           [&] { run_on(RLSPROOF_EXECUTOR_RUN_ARGS); });
}

} // namespace

EndlessRefused::EndlessRefused() {
    static bool installed = false;
    if (!std::exchange(installed, true)) {
        next_planner = std::exchange(planner_hook, plan);
        next_run = std::exchange(ExecutorRun_hook, run);
    }
    watching++;
}

EndlessRefused::~EndlessRefused() {
    watching--;
}

} // namespace rlsproof::server
