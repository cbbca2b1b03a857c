// The parts of the boundary that need no template. See boundary.hpp for the rule.
#include "server/boundary.hpp"

namespace rlsproof::server::boundary {

MemoryContext entry_context = nullptr;

namespace {

int sqlstate_of(Code code) {
    switch (code) {
    case Code::invalid_input: return ERRCODE_INVALID_PARAMETER_VALUE;
    case Code::syntax: return ERRCODE_SYNTAX_ERROR;
    case Code::not_found: return ERRCODE_UNDEFINED_OBJECT;
    case Code::unsupported: return ERRCODE_FEATURE_NOT_SUPPORTED;
    case Code::permission: return ERRCODE_INSUFFICIENT_PRIVILEGE;
    case Code::limit: return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    case Code::internal: return ERRCODE_INTERNAL_ERROR;
    }
    return ERRCODE_INTERNAL_ERROR;
}

// An ordinary palloc could raise from inside the handler, which is the thing that must not happen.
const char *copy(const std::string &text) noexcept {
    if (text.empty()) return nullptr;
    auto *memory = static_cast<char *>(palloc_extended(text.size() + 1, MCXT_ALLOC_NO_OOM));
    if (memory == nullptr) return nullptr;
    memcpy(memory, text.c_str(), text.size() + 1);
    return memory;
}

} // namespace

void keep(Pending &pending, const Error &error) noexcept {
    pending.sqlstate = sqlstate_of(error.code);
    pending.detail = copy(error.detail);
    pending.hint = copy(error.hint);
    pending.position = error.position;
    const auto length = strlen(error.what());
    auto *memory = static_cast<char *>(palloc_extended(length + 1, MCXT_ALLOC_NO_OOM));
    if (memory == nullptr) return keep_out_of_memory(pending);
    pending.message = static_cast<const char *>(memcpy(memory, error.what(), length + 1));
}

void keep_out_of_memory(Pending &pending) noexcept {
    pending = Pending{};
    pending.sqlstate = ERRCODE_OUT_OF_MEMORY;
    pending.message = "out of memory";
}

void keep_other(Pending &pending, const char *what) noexcept {
    pending.sqlstate = ERRCODE_INTERNAL_ERROR;
    pending.message = "unexpected C++ exception";
    if (what == nullptr) return;
    const auto length = strlen(what);
    auto *memory = static_cast<char *>(palloc_extended(length + 1, MCXT_ALLOC_NO_OOM));
    if (memory != nullptr) pending.detail = static_cast<const char *>(memcpy(memory, what, length + 1));
}

void raise(const Pending &pending) {
    if (pending.server != nullptr) ReThrowError(pending.server);
    ereport(ERROR, (errcode(pending.sqlstate), errmsg_internal("%s", pending.message),
                    pending.detail != nullptr ? errdetail_internal("%s", pending.detail) : 0,
                    pending.hint != nullptr ? errhint("%s", pending.hint) : 0,
                    pending.position > 0 ? errposition(pending.position) : 0));
    pg_unreachable();
}

ErrorData *take_error(sigjmp_buf *outer_stack, ErrorContextCallback *outer_context, MemoryContext caller) noexcept {
    ErrorData *volatile data = nullptr;
    sigjmp_buf here;
    error_context_stack = outer_context;
    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        MemoryContextSwitchTo(entry_context);
        data = CopyErrorData();
    }
    FlushErrorState();
    PG_exception_stack = outer_stack;
    error_context_stack = outer_context;
    MemoryContextSwitchTo(caller);
    return data;
}

} // namespace rlsproof::server::boundary
