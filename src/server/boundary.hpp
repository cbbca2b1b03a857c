// The error boundary: the two doors between the server's frames, which leave by longjmp, and C++ frames, which unwind.
//
//   A longjmp never crosses a C++ frame. An exception never crosses a server frame.
//
// A *server frame* is code compiled in PostgreSQL. A *plain function* has only trivially destructible locals and may be
// jumped over. A *C++ frame* owns something with a destructor, or has a try. Nobody but this file touches
// PG_exception_stack, sigsetjmp, CopyErrorData or ReThrowError.
//
//   enter(body)             the whole body of every function the server calls
//   call(function, args...) the only way a C++ frame calls a server function that may raise
//
// Arguments of an SQL function are fetched before enter(): PG_GETARG_TEXT_PP may detoast, and so may raise.
#pragma once

#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "server/postgres.hpp"

namespace rlsproof::server {

// A server error on its way through C++ frames. The record lives in the entry context, which outlives those frames.
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

// The memory context the server was in when it called us.
extern MemoryContext entry_context;

class EntryScope {
public:
    EntryScope() noexcept : saved_(entry_context) { entry_context = CurrentMemoryContext; }
    ~EntryScope() { entry_context = saved_; }
    EntryScope(const EntryScope &) = delete;
    EntryScope &operator=(const EntryScope &) = delete;

private:
    MemoryContext saved_;
};

// What a handler keeps of an exception: plain values, so that the raise below happens in a frame without destructors.
struct Pending {
    ErrorData *server = nullptr;
    int sqlstate = 0;
    const char *message = nullptr;
    const char *detail = nullptr;
    const char *hint = nullptr;
    int position = 0;
};

void keep(Pending &pending, const Error &error) noexcept;
void keep_out_of_memory(Pending &pending) noexcept;
void keep_other(Pending &pending, const char *what) noexcept;

// Raises what was kept. REQUIRES: no C++ handler is open any more.
[[noreturn]] void raise(const Pending &pending);

// Copies the error that was just raised into the entry context and cleans the server's error state.
// Returns nullptr where there was no memory for the copy.
ErrorData *take_error(sigjmp_buf *outer_stack, ErrorContextCallback *outer_context, MemoryContext caller) noexcept;

} // namespace boundary

// Door in. The result is a plain value; the body captures by reference.
template <typename Body>
auto enter(Body body) -> decltype(body()) {
    using Result = decltype(body());
    static_assert(std::is_trivially_destructible_v<Body>, "the body is jumped over: capture by reference");
    static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>);

    boundary::Pending pending;
    MemoryContext const context = CurrentMemoryContext;
    try {
        const boundary::EntryScope scope;
        return body();
    } catch (const ServerError &error) {
        pending.server = error.data();
    } catch (const Error &error) {
        MemoryContextSwitchTo(context);
        boundary::keep(pending, error);
    } catch (const std::bad_alloc &) {
        boundary::keep_out_of_memory(pending);
    } catch (const std::exception &error) {
        MemoryContextSwitchTo(context);
        boundary::keep_other(pending, error.what());
    } catch (...) {
        boundary::keep_other(pending, nullptr);
    }
    // The handlers are closed: an ereport inside one would leave the exception alive for the session's next call.
    MemoryContextSwitchTo(context);
    boundary::raise(pending);
}

// Door out. Takes a function and plain values: no hidden object with a destructor can live inside.
template <typename R, typename... P, typename... A>
[[gnu::noinline]] R call(R (*function)(P...), A... arguments) {
    static_assert((std::is_trivially_copyable_v<A> && ...), "only plain values cross into the server");
    static_assert(std::is_void_v<R> || std::is_trivially_copyable_v<R>, "only plain values come back");

    sigjmp_buf *const outer_stack = PG_exception_stack;
    ErrorContextCallback *const outer_context = error_context_stack;
    MemoryContext const caller = CurrentMemoryContext;
    sigjmp_buf here;

    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        if constexpr (std::is_void_v<R>) {
            function(static_cast<P>(arguments)...);
            PG_exception_stack = outer_stack;
            error_context_stack = outer_context;
            return;
        } else {
            R result = function(static_cast<P>(arguments)...);
            PG_exception_stack = outer_stack;
            error_context_stack = outer_context;
            return result;
        }
    }
    ErrorData *const data = boundary::take_error(outer_stack, outer_context, caller);
    if (data == nullptr) throw std::bad_alloc();
    throw ServerError(data);
}

} // namespace rlsproof::server
