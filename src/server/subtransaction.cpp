#include "server/subtransaction.hpp"

extern "C" {
#include "access/xact.h"
}

namespace rlsproof::server::subtransaction {

namespace {

void begin_plainly(MemoryContext memory) {
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(memory);
}

} // namespace

Saved begin() {
    Saved saved{CurrentMemoryContext, CurrentResourceOwner, InvalidOid, 0};
    GetUserIdAndSecContext(&saved.user, &saved.security);
    call(begin_plainly, saved.memory);
    return saved;
}

void finish(const Saved &saved, Finish how) {
    if (how == Finish::commit)
        call(ReleaseCurrentSubTransaction);
    else
        call(RollbackAndReleaseCurrentSubTransaction);
    MemoryContextSwitchTo(saved.memory);
    CurrentResourceOwner = saved.owner;
    // Undoing a SET LOCAL role resets the current user to the outer one, which need not be the one we came with.
    SetUserIdAndSecContext(saved.user, saved.security);
}

Outcome failure(const ServerError &error) {
    switch (error.sqlstate()) {
    case ERRCODE_QUERY_CANCELED:
    case ERRCODE_ADMIN_SHUTDOWN:
    case ERRCODE_CRASH_SHUTDOWN:
    case ERRCODE_ASSERT_FAILURE: throw error;
    default: break;
    }
    const auto text = [](const char *value) { return std::string(value != nullptr ? value : ""); };
    const ErrorData *data = error.data();
    Outcome outcome{false, unpack_sql_state(data->sqlerrcode), text(data->message), text(data->detail),
                    text(data->hint),   text(data->context), text(data->constraint_name), text(data->column_name),
                    text(data->datatype_name), data->cursorpos > 0 ? data->cursorpos : data->internalpos};
    FreeErrorData(error.data());
    return outcome;
}

} // namespace rlsproof::server::subtransaction
