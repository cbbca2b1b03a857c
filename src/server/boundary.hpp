// The error boundary: the two doors between the server's frames, which leave by longjmp, and C++ frames, which unwind.
//
//   A longjmp never crosses a C++ frame. An exception never crosses a server frame.
//
// A *server frame* is code compiled in PostgreSQL. A *plain function* has only trivially destructible locals and may be
// jumped over. A *C++ frame* owns something with a destructor, or has a try. Nobody but this file touches
// PG_exception_stack, sigsetjmp, CopyErrorData or ReThrowError, and only attempt() catches a ServerError.
//
//   enter(body)             the whole body of every function the server calls
//   contained(body)         the same for callbacks in which the server cannot bear an error; `call` is shut inside
//   call(function, args...) the only way a C++ frame calls a server function that may raise
//   poll(), check_stack()   for every loop and every recursion of ours
//
// Arguments of an SQL function are fetched before enter(): PG_GETARG_TEXT_PP may detoast, and so may raise.
#pragma once

#include <exception>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "server/postgres.hpp"

namespace rlsproof::server {

// A server error on its way through C++ frames. The record lives below the entry context, which outlives those frames.
class ServerError final : public std::exception {
public:
    explicit ServerError(ErrorData *data) noexcept : data_(data) {}
    const char *what() const noexcept override { return data_->message ? data_->message : "server error"; }
    ErrorData *data() const noexcept { return data_; }
    int sqlstate() const noexcept { return data_->sqlerrcode; }

private:
    ErrorData *data_;
};

namespace boundary {

// Where error records are kept: the memory context the server was in when it called us.
extern MemoryContext entry_context;

// True inside contained(): an error raised there would not come back to us alone.
extern bool shut;

// How many enter() are open: above 0 whatever the server runs is run for us. Also right after an error: a body is only
// ever left by unwinding.
RLSPROOF_OURS extern int inside;

// Notes the context on the way in and gives it back on every way out.
class EntryScope {
public:
    EntryScope() noexcept : entry_(entry_context), shut_(shut), current_(CurrentMemoryContext) {
        // The server empties ErrorContext while it handles errors, so no record may be kept there.
        entry_context = current_ == ErrorContext ? TopMemoryContext : current_;
        shut = false;
        ++inside;
    }
    ~EntryScope() {
        --inside;
        entry_context = entry_;
        shut = shut_;
        MemoryContextSwitchTo(current_);
    }
    EntryScope(const EntryScope &) = delete;
    EntryScope &operator=(const EntryScope &) = delete;

private:
    MemoryContext entry_;
    bool shut_;
    MemoryContext current_;
};

class ShutScope {
public:
    ShutScope() noexcept : shut_(shut) { shut = true; }
    ~ShutScope() { shut = shut_; }
    ShutScope(const ShutScope &) = delete;
    ShutScope &operator=(const ShutScope &) = delete;

private:
    bool shut_;
};

// What a handler keeps of an exception: plain values, so that the raise below happens in a frame without destructors.
struct Pending {
    ErrorData *server = nullptr;
    int sqlstate = 0;
    const char *message = nullptr;
    char *owned_message = nullptr;
    char *detail = nullptr;
    char *hint = nullptr;
    int position = 0;
    const char *subject = nullptr;
};

void keep(Pending &pending, const Error &error) noexcept;
void keep_out_of_memory(Pending &pending) noexcept;
void keep_other(Pending &pending, const char *what) noexcept;

// Raises what was kept, and frees it. REQUIRES: no C++ handler is open any more.
[[noreturn]] void raise(const Pending &pending);

// Copies the error that was just raised into the entry context and cleans the server's error state.
// Returns nullptr where there was no memory for the copy.
ErrorData *take_error(sigjmp_buf *outer_stack, ErrorContextCallback *outer_context, MemoryContext caller) noexcept;

// Frees what take_error() returned.
void free_error(ErrorData *data) noexcept;

void process_interrupts();

} // namespace boundary

// Door in. The result is a plain value; the body captures by reference. `subject`, where given, is the text that the
// position of an Error counts in; it outlives the call, and the client shows the mistake in it and not in its own
// query.
template <typename Body>
auto enter(Body body, const char *subject = nullptr) -> decltype(body()) {
    using Result = decltype(body());
    static_assert(std::is_trivially_destructible_v<Body>, "the body is jumped over: capture by reference");
    static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>);

    boundary::Pending pending;
    try {
        const boundary::EntryScope scope;
        return body();
    } catch (const ServerError &error) {
        pending.server = error.data();
    } catch (const Error &error) {
        boundary::keep(pending, error);
        pending.subject = subject;
    } catch (const std::bad_alloc &) {
        boundary::keep_out_of_memory(pending);
    } catch (const std::exception &error) {
        boundary::keep_other(pending, error.what());
    } catch (...) {
        boundary::keep_other(pending, nullptr);
    }
    // The handlers are closed: an ereport inside one would leave the exception alive for the session's next call.
    boundary::raise(pending);
}

// Door in for callbacks that must not raise: memory context resets, invalidations, resource release, the end of a
// transaction or a process, the log hook. Whatever is thrown ends here; false says that something was.
template <typename Body>
bool contained(Body body) noexcept {
    const boundary::ShutScope scope;
    try {
        body();
        return true;
    } catch (...) {
        return false;
    }
}

// Door out. Takes a function and plain values: no hidden object with a destructor can live inside.
template <typename R, typename... P, typename... A>
[[gnu::noinline]] R call(R (*function)(P...), A... arguments) {
    static_assert((std::is_trivially_copyable_v<A> && ...), "only plain values cross into the server");
    static_assert(std::is_void_v<R> || std::is_trivially_copyable_v<R>, "only plain values come back");
    if (boundary::shut) throw std::logic_error("the server is called where it must not raise");

    sigjmp_buf *const outer_stack = PG_exception_stack;
    ErrorContextCallback *const outer_context = error_context_stack;
    MemoryContext const caller = CurrentMemoryContext;
    sigjmp_buf here;

    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        if constexpr (std::is_void_v<R>) {
            function(arguments...);
            PG_exception_stack = outer_stack;
            error_context_stack = outer_context;
            return;
        } else {
            R result = function(arguments...);
            PG_exception_stack = outer_stack;
            error_context_stack = outer_context;
            return result;
        }
    }
    ErrorData *const data = boundary::take_error(outer_stack, outer_context, caller);
    if (data == nullptr) throw std::bad_alloc();
    throw ServerError(data);
}

// For plain functions around the server's own, such as hooks: runs `body`, then `after`, and `after` also where the
// body was left by a jump, which then goes on. Both are plain code.
template <typename Body, typename After>
[[gnu::noinline]] void in_any_case(Body body, After after) {
    static_assert(std::is_trivially_destructible_v<Body> && std::is_trivially_destructible_v<After>);
    sigjmp_buf *const outer_stack = PG_exception_stack;
    ErrorContextCallback *const outer_context = error_context_stack;
    sigjmp_buf here;
    if (sigsetjmp(here, 0) != 0) {
        PG_exception_stack = outer_stack;
        error_context_stack = outer_context;
        after();
        pg_re_throw();
    }
    PG_exception_stack = &here;
    body();
    PG_exception_stack = outer_stack;
    error_context_stack = outer_context;
    after();
}

// The same for a body whose error may have to be told in other words: where `ours` says so of its SQLSTATE, the
// server's error state is cleaned and `instead` raises; otherwise the error goes on as it is.
template <typename Body, typename Ours, typename Instead>
[[gnu::noinline]] void or_instead(Body body, Ours ours, Instead instead) {
    static_assert(std::is_trivially_destructible_v<Body> && std::is_trivially_destructible_v<Instead>);
    sigjmp_buf *const outer_stack = PG_exception_stack;
    ErrorContextCallback *const outer_context = error_context_stack;
    MemoryContext const caller = CurrentMemoryContext;
    sigjmp_buf here;
    if (sigsetjmp(here, 0) != 0) {
        PG_exception_stack = outer_stack;
        error_context_stack = outer_context;
        const int sqlstate = geterrcode();
        if (ours(sqlstate)) {
            MemoryContextSwitchTo(caller);
            FlushErrorState();
            instead(sqlstate);
        }
        pg_re_throw();
    }
    PG_exception_stack = &here;
    body();
    PG_exception_stack = outer_stack;
    error_context_stack = outer_context;
}

// Lets a cancel, a timeout or a shutdown through; costs a look at a flag otherwise.
inline void poll() {
    if (INTERRUPTS_PENDING_CONDITION()) call(boundary::process_interrupts);
}

// Raises 54001 before the stack runs out.
inline void check_stack() {
    if (stack_is_too_deep()) call(check_stack_depth);
}

} // namespace rlsproof::server
