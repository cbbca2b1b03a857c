// The one place, besides enter(), where a server error stops: work inside a subtransaction. PostgreSQL promises a sane
// state after an error only where a (sub)transaction is rolled back, so nobody else may catch a ServerError.
#pragma once

#include <optional>
#include <string>

#include "server/boundary.hpp"

extern "C" {
#include "utils/resowner.h"
}

namespace rlsproof::server {

// What became of the work: plain values, nothing of the server's memory.
struct Outcome {
    bool ok = true;
    std::string sqlstate; // five characters; empty where ok
    std::string message;
    std::string detail;
    std::string hint;
    std::string context;
    std::string constraint; // of the constraint, column or type that objected
    std::string column;
    std::string type;
    int position = 0;               // in the statement, characters counted from 1
    std::string schema, table = {}; // of what objected
    // The position is in a statement that was put together here: it fails whatever policies and functions do.
    bool of_our_text = false;
};

enum class Finish {
    rollback, // a probe: whatever it did is undone
    commit,   // kept where it succeeded, undone where it failed
};

namespace subtransaction {

// What the caller has and gets back on every way out.
struct Surroundings {
    MemoryContext memory;
    ResourceOwner owner;
    Oid user;
    int security;
};

Surroundings begin();
void commit();
// Rolls back what is still open and gives everything back.
void rollback(const Surroundings &before);
// Gives everything back after a commit. Work that was kept and changed the identity would leave the caller's code
// running as somebody else: that raises.
void settle(const Surroundings &before);
// The outcome of a failure. Passes on what nobody may swallow: a cancel, a shutdown, a failed assertion.
Outcome failure(const ServerError &error);

} // namespace subtransaction

// Runs `body`, any C++ callable, in a subtransaction. Memory context, resource owner, SPI connections, user and
// security context are afterwards what they were. A server error becomes an Outcome; any other exception goes on after
// the rollback. May be nested. REQUIRES: a transaction, no lightweight lock held.
template <typename Body>
Outcome attempt(Finish finish, Body body) {
    const subtransaction::Surroundings before = subtransaction::begin();
    std::optional<ServerError> error;
    bool kept = false;
    try {
        body();
        if (finish == Finish::commit) {
            subtransaction::commit();
            kept = true;
        }
    } catch (const ServerError &raised) {
        error = raised;
    } catch (...) {
        subtransaction::rollback(before);
        throw;
    }
    if (kept)
        subtransaction::settle(before);
    else
        subtransaction::rollback(before);
    return error ? subtransaction::failure(*error) : Outcome{};
}

// Runs `body` and undoes all that it did in the database. Its errors go on, whole.
template <typename Body>
void undone(Body body) {
    const subtransaction::Surroundings before = subtransaction::begin();
    try {
        body();
    } catch (...) {
        subtransaction::rollback(before);
        throw;
    }
    subtransaction::rollback(before);
}

} // namespace rlsproof::server
