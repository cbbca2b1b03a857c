// The order of steps follows exec_stmt_block of PL/pgSQL and PLy_spi_subtransaction_* of PL/Python (PostgreSQL 15 to
// 18).
#include "server/subtransaction.hpp"

#include "server/spi.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "access/xact.h"
}

namespace rlsproof::server::subtransaction {

namespace {

// The subtransaction has a context of its own, which a rollback empties: results belong to the caller's.
void begin_plainly(MemoryContext memory) {
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(memory);
}

// The same that PL/pgSQL's WHEN OTHERS does not catch.
bool passes_on(int sqlstate) {
    return sqlstate == ERRCODE_QUERY_CANCELED || sqlstate == ERRCODE_ASSERT_FAILURE ||
           sqlstate == ERRCODE_ADMIN_SHUTDOWN || sqlstate == ERRCODE_CRASH_SHUTDOWN;
}

std::string text(const char *value) {
    return value != nullptr ? value : "";
}

} // namespace

Surroundings begin() {
    Surroundings before{CurrentMemoryContext, CurrentResourceOwner, InvalidOid, 0};
    GetUserIdAndSecContext(&before.user, &before.security);
    call(begin_plainly, before.memory);
    return before;
}

void commit() {
    call(ReleaseCurrentSubTransaction);
}

void rollback(const Surroundings &before) {
    call(RollbackAndReleaseCurrentSubTransaction);
    MemoryContextSwitchTo(before.memory);
    CurrentResourceOwner = before.owner;
    // Undoing a SET LOCAL role gives the session's outer user back, which need not be the one we came with.
    SetUserIdAndSecContext(before.user, before.security);
}

void settle(const Surroundings &before) {
    MemoryContextSwitchTo(before.memory);
    CurrentResourceOwner = before.owner;
    Oid user = InvalidOid;
    int security = 0;
    GetUserIdAndSecContext(&user, &security);
    if (user == before.user && security == before.security) return;
    SetUserIdAndSecContext(before.user, before.security);
    throw Error(Code::internal, "user or security context was not restored after a subtransaction");
}

Outcome failure(const ServerError &error) {
    const bool too_long = error.sqlstate() == ERRCODE_QUERY_CANCELED && TimeLimit::caught();
    if (passes_on(error.sqlstate()) && !too_long) throw error;
    const ErrorData *data = error.data();
    Outcome outcome;
    outcome.ok = false;
    outcome.sqlstate = unpack_sql_state(data->sqlerrcode);
    outcome.message = too_long ? TimeLimit::message() : text(data->message);
    outcome.detail = text(data->detail);
    outcome.hint = text(data->hint);
    outcome.context = text(data->context);
    outcome.constraint = text(data->constraint_name);
    outcome.column = text(data->column_name);
    outcome.schema = text(data->schema_name);
    outcome.table = text(data->table_name);
    outcome.type = text(data->datatype_name);
    outcome.position = data->cursorpos > 0 ? data->cursorpos : data->internalpos;
    outcome.of_our_text =
        data->internalpos > 0 && data->internalquery != nullptr && latest_statement() == data->internalquery;
    boundary::free_error(error.data());
    return outcome;
}

} // namespace rlsproof::server::subtransaction
