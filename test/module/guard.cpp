// What the guard's hooks would do, without a query: events and latencies made by hand. The module has a copy of the
// guard's code and attaches to the shared memory that rlsproof, preloaded before it, has made.
#include "model/histogram.hpp"

#include <cstdlib>
#include <cstring>

#include "misbehave.hpp"

#include "server/guard/event.hpp"
#include "server/guard/events.hpp"
#include "server/guard/latency.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/shared.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace guard = rlsproof::server::guard;
using guard::Event;
using guard::Execution;

namespace rlsproof::test {

void attach_guard() {
    if (!process_shared_preload_libraries_in_progress) return;
    const char *const made = GetConfigOption("rlsproof.shared_events", true, false);
    if (made == nullptr) return;
    guard::sizes.events = atoi(made);
    guard::sizes.recent = atoi(GetConfigOption("rlsproof.shared_recent", false, false));
    guard::sizes.queries = atoi(GetConfigOption("rlsproof.shared_queries", false, false));
    guard::prepare_shared_memory();
}

} // namespace rlsproof::test

namespace {

const char *text_of(FunctionCallInfo info, int number) {
    return text_to_cstring(DatumGetTextPP(info->args[number].value));
}

guard::Mode mode_named(const char *wanted) {
    for (const guard::Mode mode : {guard::Mode::off, guard::Mode::log, guard::Mode::warn, guard::Mode::error})
        if (strcmp(guard::name(mode), wanted) == 0) return mode;
    elog(ERROR, "no such mode: %s", wanted);
    pg_unreachable();
}

guard::Fate fate_named(const char *wanted) {
    const char *const names[] = {"reported", "held", "known", "waived"};
    for (int i = 0; i < guard::kFates; ++i)
        if (strcmp(names[i], wanted) == 0) return static_cast<guard::Fate>(i);
    elog(ERROR, "no such fate: %s", wanted);
    pg_unreachable();
}

Execution execution_of(FunctionCallInfo info, const char *text) {
    return {static_cast<uint64>(DatumGetInt64(info->args[0].value)),
            DatumGetFloat8(info->args[1].value),
            static_cast<uint64>(DatumGetInt64(info->args[2].value)),
            text,
            0,
            0};
}

} // namespace

extern "C" {

// test_guard_record(rule text, mode text, fate text, fingerprint bigint, query text, relation oid, rows float8,
//                   route text, times integer)
PG_FUNCTION_INFO_V1(test_guard_record);
Datum test_guard_record(PG_FUNCTION_ARGS) {
    Event event;
    memset(static_cast<void *>(&event), 0, sizeof(event));
    const guard::Rule *const rule = guard::rule_named(text_of(fcinfo, 0));
    if (rule == nullptr) elog(ERROR, "no such rule");
    event.rule = *rule;
    event.mode = mode_named(text_of(fcinfo, 1));
    event.fate = fate_named(text_of(fcinfo, 2));
    event.fingerprint = static_cast<uint64>(PG_GETARG_INT64(3));
    event.query = text_of(fcinfo, 4);
    event.relation = PG_GETARG_OID(5);
    event.rows = PG_GETARG_FLOAT8(6);
    strlcpy(event.tags.route, text_of(fcinfo, 7), guard::Tags::kSize);
    strlcpy(event.tags.application, application_name, guard::Tags::kSize);
    for (int i = PG_GETARG_INT32(8); i > 0; --i) guard::record(event);
    PG_RETURN_VOID();
}

// test_guard_execute(shape bigint, milliseconds float8, rows bigint, statement text, location integer, length integer)
PG_FUNCTION_INFO_V1(test_guard_execute);
Datum test_guard_execute(PG_FUNCTION_ARGS) {
    Execution execution = execution_of(fcinfo, text_of(fcinfo, 3));
    execution.location = PG_GETARG_INT32(4);
    execution.length = PG_GETARG_INT32(5);
    guard::note_execution(execution);
    PG_RETURN_VOID();
}

// test_guard_execute_busy(shape bigint, milliseconds float8, rows bigint, statement text, times integer): all the while
// the locks of the latencies are taken
PG_FUNCTION_INFO_V1(test_guard_execute_busy);
Datum test_guard_execute_busy(PG_FUNCTION_ARGS) {
    const Execution execution = execution_of(fcinfo, text_of(fcinfo, 3));
    guard::queries.lock_all();
    for (int i = PG_GETARG_INT32(4); i > 0; --i) guard::note_execution(execution);
    guard::queries.unlock_all();
    PG_RETURN_VOID();
}

// What the batch of this backend holds is handed over.
PG_FUNCTION_INFO_V1(test_guard_flush);
Datum test_guard_flush(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    guard::flush_latencies();
    PG_RETURN_VOID();
}

// test_guard_status() returns text: the counters, without those that depend on the machine
PG_FUNCTION_INFO_V1(test_guard_status);
Datum test_guard_status(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    const guard::SharedStatus status = guard::shared_status();
    char *const text = psprintf(
        "events %lld/%lld evicted %lld lost %lld, recent %lld/%lld overwritten %lld, queries %lld/%lld evicted %lld, "
        "executions lost %lld",
        static_cast<long long>(status.events), static_cast<long long>(status.events_most),
        static_cast<long long>(status.events_evicted), static_cast<long long>(status.events_lost),
        static_cast<long long>(status.recent), static_cast<long long>(status.recent_most),
        static_cast<long long>(status.recent_overwritten), static_cast<long long>(status.queries),
        static_cast<long long>(status.queries_most), static_cast<long long>(status.queries_evicted),
        static_cast<long long>(status.executions_lost));
    PG_RETURN_TEXT_P(cstring_to_text(text));
}

} // extern "C"
