// SQL functions that fail in every way, and those that say what was left behind.
#include "misbehave.hpp"

#include <malloc.h>

#include "server/compat.hpp"

extern "C" {
#include "access/htup_details.h"
#include "commands/event_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/hsearch.h"
#include "utils/tuplestore.h"

PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

using namespace rlsproof;
using namespace rlsproof::server;
using namespace rlsproof::test;

void _PG_init(void) {
    define_settings();
    install_hooks();
    attach_guard();
}

namespace {

// --- work behind the door out: plain functions -------------------------------------------------------------------

void run_sql(const char *sql) {
    SPI_connect();
    SPI_execute(sql, false, 0);
    SPI_finish();
}

constexpr int kNumbers = 1000;
const char *way_to_fail = nullptr;

int compare(const void *a, const void *b) {
    return enter([&] {
        const Tracked tracked;
        if (*static_cast<const int *>(a) == kNumbers / 2) misbehave(way_to_fail);
        return *static_cast<const int *>(a) - *static_cast<const int *>(b);
    });
}

void sort_numbers() {
    auto *numbers = static_cast<int *>(palloc(kNumbers * sizeof(int)));
    for (int i = 0; i < kNumbers; ++i) numbers[i] = (i * 7919) % kNumbers;
    qsort(numbers, kNumbers, sizeof(int), compare);
}

uint32 hash_key(const void *key, Size) {
    return enter([&]() -> uint32 {
        const Tracked tracked;
        if (*static_cast<const int *>(key) == kNumbers / 2) misbehave(way_to_fail);
        return static_cast<uint32>(*static_cast<const int *>(key));
    });
}

void fill_hash_table() {
    HASHCTL control = {};
    control.keysize = sizeof(int);
    control.entrysize = sizeof(int);
    control.hash = hash_key;
    control.hcxt = CurrentMemoryContext;
    HTAB *table = hash_create("test", 16, &control, HASH_ELEM | HASH_FUNCTION | HASH_CONTEXT);
    for (int i = 0; i < kNumbers; ++i) hash_search(table, &i, HASH_ENTER, nullptr);
}

bool walk(Node *node, void *context) {
    if (node == nullptr) return false;
    const bool stop = enter([&] {
        const Tracked tracked;
        if (IsA(node, Const) && ++*static_cast<int *>(context) == 3) misbehave(way_to_fail);
        return false;
    });
    return stop || expression_tree_walker(node, server::compat::walker(walk), context);
}

void walk_tree() {
    List *list = NIL;
    for (int i = 0; i < 5; ++i) list = lappend(list, makeBoolConst(true, false));
    int seen = 0;
    walk(reinterpret_cast<Node *>(makeBoolExpr(AND_EXPR, list, -1)), &seen);
}

void describe(void *) {
    const bool calm = contained([] {
        const Tracked tracked;
        misbehave(way_to_fail);
    });
    contained_errors += !calm;
    errcontext("context from a callback");
}

void fail_with_context() {
    ErrorContextCallback callback = {};
    callback.previous = error_context_stack;
    callback.callback = describe;
    error_context_stack = &callback;
    fail_in_server();
}

void on_reset(void *) {
    const bool calm = contained([] {
        const Tracked tracked;
        misbehave(way_to_fail);
    });
    contained_errors += !calm;
}

void delete_context_with_callback() {
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "test", ALLOCSET_SMALL_SIZES);
    auto *callback =
        static_cast<MemoryContextCallback *>(MemoryContextAllocZero(context, sizeof(MemoryContextCallback)));
    callback->func = on_reset;
    MemoryContextRegisterResetCallback(context, callback);
    MemoryContextDelete(context);
}

MemoryContext create_context() {
    return AllocSetContextCreate(CurrentMemoryContext, "owned by C++", ALLOCSET_SMALL_SIZES);
}

// A C++ scope that owns a memory context and deletes it while it unwinds, with the error still on its way.
class OwnedContext {
public:
    OwnedContext() : context_(call(create_context)), before_(MemoryContextSwitchTo(context_)) {}
    ~OwnedContext() {
        MemoryContextSwitchTo(before_);
        MemoryContextDelete(context_);
    }
    OwnedContext(const OwnedContext &) = delete;
    OwnedContext &operator=(const OwnedContext &) = delete;

private:
    MemoryContext context_;
    MemoryContext before_;
};

void nest(int levels) {
    const Tracked tracked;
    check_stack();
    if (levels != 0) nest(levels - 1);
    if (levels == 0) call(fail_in_server);
}

void put_number(ReturnSetInfo *result, int number) {
    Datum value = Int32GetDatum(number);
    bool null = false;
    tuplestore_putvalues(result->setResult, result->setDesc, &value, &null);
}

void run_place(const std::string &place) {
    if (place == "comparator")
        call(sort_numbers);
    else if (place == "hash")
        call(fill_hash_table);
    else if (place == "walker")
        call(walk_tree);
    else if (place == "error_context")
        call(fail_with_context);
    else if (place == "context_reset")
        call(delete_context_with_callback);
    else if (place == "owned_context") {
        const OwnedContext context;
        misbehave(way_to_fail);
    } else if (place == "plain") {
        misbehave(way_to_fail);
    } else {
        throw Error(Code::invalid_input, "no such place: \"" + place + "\"");
    }
}

} // namespace

extern "C" {

// test_raise(place text, how text)
PG_FUNCTION_INFO_V1(test_raise);
Datum test_raise(PG_FUNCTION_ARGS) {
    const char *const place = text_to_cstring(PG_GETARG_TEXT_PP(0));
    way_to_fail = text_to_cstring(PG_GETARG_TEXT_PP(1));
    enter([&] {
        const Tracked tracked;
        run_place(place);
    });
    PG_RETURN_VOID();
}

// test_position(query text): an error of the core with a position in a text of its own
PG_FUNCTION_INFO_V1(test_position);
Datum test_position(PG_FUNCTION_ARGS) {
    const char *const subject = text_to_cstring(PG_GETARG_TEXT_PP(0));
    enter([&] { throw Error(Code::syntax, "this word is wrong").at(5); }, subject);
    PG_RETURN_VOID();
}

// test_series(how text, count integer) returns setof integer: fails after `count` rows
PG_FUNCTION_INFO_V1(test_series);
Datum test_series(PG_FUNCTION_ARGS) {
    const char *const how = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const int count = PG_GETARG_INT32(1);
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    enter([&] {
        const Tracked tracked;
        for (int i = 0; i < count; ++i) call(put_number, result, i);
        misbehave(how);
    });
    return Datum{0};
}

PG_FUNCTION_INFO_V1(test_trigger);
Datum test_trigger(PG_FUNCTION_ARGS) {
    auto *const data = reinterpret_cast<TriggerData *>(fcinfo->context);
    const char *const how = data->tg_trigger->tgargs[0];
    enter([&] { misbehave(how); });
    return PointerGetDatum(data->tg_trigtuple);
}

PG_FUNCTION_INFO_V1(test_event_trigger);
Datum test_event_trigger(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    enter([&] { pass("event_trigger"); });
    PG_RETURN_VOID();
}

// test_nested(levels integer, how text): C++ calls the server calls C++ ..., and the innermost fails
PG_FUNCTION_INFO_V1(test_nested);
Datum test_nested(PG_FUNCTION_ARGS) {
    const int levels = PG_GETARG_INT32(0);
    const char *const how = text_to_cstring(PG_GETARG_TEXT_PP(1));
    enter([&] {
        const Tracked tracked;
        if (levels == 0) {
            misbehave(how);
            return;
        }
        const std::string sql = "select test_nested(" + std::to_string(levels - 1) + ", '" + how + "')";
        call(run_sql, sql.c_str());
    });
    PG_RETURN_VOID();
}

// test_recurse(levels integer): C++ calling itself; -1 for as deep as it goes
PG_FUNCTION_INFO_V1(test_recurse);
Datum test_recurse(PG_FUNCTION_ARGS) {
    const int levels = PG_GETARG_INT32(0);
    enter([&] { nest(levels); });
    PG_RETURN_VOID();
}

// Works until somebody stops it.
PG_FUNCTION_INFO_V1(test_loop);
Datum test_loop(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    enter([&] {
        const Tracked tracked;
        for (;;) poll();
    });
    PG_RETURN_VOID();
}

// test_state(out live, out contained, out clean): clean is true where nothing of an error is left in the session
PG_FUNCTION_INFO_V1(test_state);
Datum test_state(PG_FUNCTION_ARGS) {
    TupleDesc shape = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    const bool clean = std::current_exception() == nullptr && std::uncaught_exceptions() == 0 &&
                       boundary::entry_context == nullptr && !boundary::shut;
    Datum values[3] = {Int32GetDatum(Tracked::live), Int32GetDatum(contained_errors), BoolGetDatum(clean)};
    bool nulls[3] = {false, false, false};
    contained_errors = 0;
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(shape), values, nulls)));
}

// Bytes that malloc has given out: what exceptions and containers leave behind shows here.
PG_FUNCTION_INFO_V1(test_heap);
Datum test_heap(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    PG_RETURN_INT64(static_cast<int64>(mallinfo2().uordblks));
}

} // extern "C"
