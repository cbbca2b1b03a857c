// The parts of the boundary that need no template. See boundary.hpp for the rule.
#include "server/boundary.hpp"

namespace rlsproof::server::boundary {

MemoryContext entry_context = nullptr;
bool shut = false;
int inside = 0;

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
char *copy(const char *text) noexcept {
    if (*text == '\0') return nullptr;
    const auto size = strlen(text) + 1;
    auto *memory = static_cast<char *>(palloc_extended(size, MCXT_ALLOC_NO_OOM));
    if (memory != nullptr) memcpy(memory, text, size);
    return memory;
}

void free_text(char *text) {
    if (text != nullptr) pfree(text);
}

// Longer texts are not repeated to the client and into the server's log.
constexpr size_t kShownSubject = 2000;

void report(const Pending &pending) {
    if (pending.server != nullptr) ReThrowError(pending.server);
    const bool placed = pending.position > 0;
    const bool elsewhere = placed && pending.subject != nullptr;
    const bool shown = elsewhere && strlen(pending.subject) <= kShownSubject;
    const bool told = elsewhere && !shown && pending.detail == nullptr;
    ereport(ERROR, (errcode(pending.sqlstate), errmsg_internal("%s", pending.message),
                    pending.detail != nullptr ? errdetail_internal("%s", pending.detail) : 0,
                    told ? errdetail("It is at character %d of the text.", pending.position) : 0,
                    pending.hint != nullptr ? errhint("%s", pending.hint) : 0,
                    shown ? internalerrposition(pending.position) : 0, shown ? internalerrquery(pending.subject) : 0,
                    placed && !elsewhere ? errposition(pending.position) : 0));
}

} // namespace

void keep(Pending &pending, const Error &error) noexcept {
    pending.owned_message = copy(error.what());
    if (pending.owned_message == nullptr && *error.what() != '\0') return keep_out_of_memory(pending);
    pending.message = pending.owned_message != nullptr ? pending.owned_message : "missing error text";
    pending.sqlstate = sqlstate_of(error.code);
    pending.detail = copy(error.detail.c_str());
    pending.hint = copy(error.hint.c_str());
    pending.position = error.position;
}

void keep_out_of_memory(Pending &pending) noexcept {
    pending = Pending{};
    pending.sqlstate = ERRCODE_OUT_OF_MEMORY;
    pending.message = "out of memory";
}

void keep_other(Pending &pending, const char *what) noexcept {
    pending.sqlstate = ERRCODE_INTERNAL_ERROR;
    pending.message = "unexpected C++ exception";
    if (what != nullptr) pending.detail = copy(what);
}

// The server copies what it raises, and callbacks are called in contexts that live as long as the session: what was
// kept is freed on the way out.
void raise(const Pending &pending) {
    PG_TRY();
    { report(pending); }
    PG_CATCH();
    {
        if (pending.server != nullptr) free_error(pending.server);
        free_text(pending.owned_message);
        free_text(pending.detail);
        free_text(pending.hint);
        PG_RE_THROW();
    }
    PG_END_TRY();
    pg_unreachable();
}

// Every record has a context of its own: the server's FreeErrorData() leaves some of what CopyErrorData() copied.
ErrorData *take_error(sigjmp_buf *outer_stack, ErrorContextCallback *outer_context, MemoryContext caller) noexcept {
    ErrorData *volatile data = nullptr;
    MemoryContext volatile own = nullptr;
    sigjmp_buf here;
    error_context_stack = outer_context;
    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        // Without an entry there is no better place: TopMemoryContext at least is always there.
        own = AllocSetContextCreate(entry_context != nullptr ? entry_context : TopMemoryContext, "rlsproof error",
                                    ALLOCSET_SMALL_SIZES);
        MemoryContextSwitchTo(own);
        data = CopyErrorData();
    }
    FlushErrorState();
    PG_exception_stack = outer_stack;
    error_context_stack = outer_context;
    MemoryContextSwitchTo(caller);
    if (data == nullptr && own != nullptr) MemoryContextDelete(own);
    return data;
}

void free_error(ErrorData *data) noexcept {
    MemoryContextDelete(data->assoc_context);
}

void process_interrupts() {
    CHECK_FOR_INTERRUPTS();
}

} // namespace rlsproof::server::boundary
