// The one place, besides enter(), where a server error stops: work inside a subtransaction. PostgreSQL promises a sane
// state after an error only where a (sub)transaction is rolled back, so nobody else may catch a ServerError.
#pragma once

#include <string>
#include <tuple>
#include <type_traits>

#include "server/boundary.hpp"

namespace rlsproof::server {

// What became of the work: plain values, nothing of the server's memory.
struct Outcome {
    bool ok = true;
    std::string sqlstate; // five characters; empty where ok
    std::string message;
    std::string detail;
    std::string hint;
    std::string context;
};

enum class Finish {
    rollback, // a probe: whatever it did is undone
    commit,   // kept where it succeeded, undone where it failed
};

// Runs work(argument) in a subtransaction. Memory context, resource owner, SPI connections, user and security context
// are afterwards what they were. An error becomes an Outcome, except a cancel and a failed assertion, which go on as
// ServerError after the rollback. May be nested. `work` is a plain function; C++ frames in it stand behind enter().
// REQUIRES: a transaction, no lightweight lock held.
Outcome subtransaction(void (*work)(void *), void *argument, Finish finish);

// The same with plain arguments; results come back through pointers among them.
template <typename... P, typename... A>
Outcome subtransaction(Finish finish, void (*function)(P...), A... arguments) {
    static_assert((std::is_trivially_copyable_v<A> && ...), "only plain values cross into the server");
    struct Work {
        void (*function)(P...);
        std::tuple<P...> arguments;
    } work{function, std::tuple<P...>(arguments...)};
    static_assert(std::is_trivially_destructible_v<Work>);
    return subtransaction(
        [](void *argument) {
            auto *const plain = static_cast<Work *>(argument);
            std::apply(plain->function, plain->arguments);
        },
        &work, finish);
}

} // namespace rlsproof::server
