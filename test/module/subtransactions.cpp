// SQL functions over attempt().
#include "misbehave.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "access/htup_details.h"
#include "executor/spi.h"
#include "funcapi.h"
}

using namespace rlsproof;
using namespace rlsproof::server;
using namespace rlsproof::test;

namespace {

// Runs the text as `role`, or as the caller where it is 0.
void run_as(Oid role, const char *sql) {
    if (OidIsValid(role)) SetUserIdAndSecContext(role, SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    SPI_connect();
    SPI_execute(sql, false, 0);
    SPI_finish();
}

// Leaves two SPI connections open on every way out.
void run_and_leave_open(Oid, const char *sql) {
    SPI_connect();
    SPI_connect();
    SPI_execute(sql, false, 0);
}

void become(Oid role, const char *) {
    SetUserIdAndSecContext(role, 0);
}

const char *way_to_fail_on_top = nullptr;

// A callback that the server calls in a context that lives as long as the session.
void fail_on_top() {
    MemoryContextSwitchTo(TopMemoryContext);
    enter([&] { misbehave(way_to_fail_on_top); });
}

Datum text_or_null(const std::string &text, bool *null) {
    *null = text.empty();
    return *null ? Datum{0} : PointerGetDatum(call(cstring_to_text, text.c_str()));
}

Datum form(TupleDesc shape, Datum *values, bool *nulls) {
    return HeapTupleGetDatum(heap_form_tuple(shape, values, nulls));
}

Datum run(FunctionCallInfo fcinfo, void (*work)(Oid, const char *), Finish finish) {
    const Oid role = PG_GETARG_OID(0);
    const char *const sql = text_to_cstring(PG_GETARG_TEXT_PP(1));
    TupleDesc shape = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    BlessTupleDesc(shape);
    return enter([&] {
        const Tracked tracked;
        MemoryContext const context = CurrentMemoryContext;
        const Outcome outcome = attempt(finish, [&] { call(work, role, sql); });
        if (CurrentMemoryContext != context) throw Error(Code::internal, "memory context was not restored");
        Datum values[6] = {BoolGetDatum(outcome.ok)};
        bool nulls[6] = {false};
        values[1] = text_or_null(outcome.sqlstate, &nulls[1]);
        values[2] = text_or_null(outcome.message, &nulls[2]);
        values[3] = text_or_null(outcome.detail, &nulls[3]);
        values[4] = text_or_null(outcome.hint, &nulls[4]);
        values[5] = text_or_null(outcome.context, &nulls[5]);
        return call(form, shape, static_cast<Datum *>(values), static_cast<bool *>(nulls));
    });
}

} // namespace

extern "C" {

// test_probe(role oid, sql text): always undone
PG_FUNCTION_INFO_V1(test_probe);
Datum test_probe(PG_FUNCTION_ARGS) {
    return run(fcinfo, run_as, Finish::rollback);
}

// test_keep(role oid, sql text): kept where it succeeds
PG_FUNCTION_INFO_V1(test_keep);
Datum test_keep(PG_FUNCTION_ARGS) {
    return run(fcinfo, run_as, Finish::commit);
}

PG_FUNCTION_INFO_V1(test_probe_open);
Datum test_probe_open(PG_FUNCTION_ARGS) {
    return run(fcinfo, run_and_leave_open, Finish::rollback);
}

PG_FUNCTION_INFO_V1(test_keep_identity);
Datum test_keep_identity(PG_FUNCTION_ARGS) {
    return run(fcinfo, become, Finish::commit);
}

// test_probes(count integer, sql text) returns the number of failures: all in one call, inside one open SPI connection
PG_FUNCTION_INFO_V1(test_probes);
Datum test_probes(PG_FUNCTION_ARGS) {
    const int count = PG_GETARG_INT32(0);
    const char *const sql = text_to_cstring(PG_GETARG_TEXT_PP(1));
    const int failures = enter([&] {
        const Tracked tracked;
        if (call(SPI_connect) != SPI_OK_CONNECT) throw Error(Code::internal, "no SPI");
        int failed = 0;
        Size before = 0;
        for (int i = 0; i < count; ++i) {
            failed += !attempt(Finish::rollback, [&] { call(run_as, Oid{0}, sql); }).ok;
            if (i == 10) before = MemoryContextMemAllocated(boundary::entry_context, true);
        }
        if (before > 0 && MemoryContextMemAllocated(boundary::entry_context, true) > before + 100000)
            throw Error(Code::internal, "error records were not freed");
        // The connection opened before the probes is still the current one.
        if (call(SPI_execute, "select 1", true, 0L) != SPI_OK_SELECT) throw Error(Code::internal, "SPI state is lost");
        call(SPI_finish);
        return failed;
    });
    PG_RETURN_INT32(failures);
}

// test_on_top(count integer, how text) returns the number of failures
PG_FUNCTION_INFO_V1(test_on_top);
Datum test_on_top(PG_FUNCTION_ARGS) {
    const int count = PG_GETARG_INT32(0);
    way_to_fail_on_top = text_to_cstring(PG_GETARG_TEXT_PP(1));
    const int failures = enter([&] {
        int failed = 0;
        for (int i = 0; i < count; ++i) failed += !attempt(Finish::rollback, [] { call(fail_on_top); }).ok;
        return failed;
    });
    PG_RETURN_INT32(failures);
}

} // extern "C"
