// Work that may fail, or must leave no trace: run in a subtransaction. Besides enter(), the only place where a server
// error is caught, since the server promises a sane state after an error only once a (sub)transaction is rolled back.
#pragma once

#include <optional>
#include <string>

#include "server/boundary.hpp"

extern "C" {
#include "utils/resowner.h"
}

namespace rlsproof::server {

// How a piece of work ended, as plain values.
struct Outcome {
    bool ok = true;
    std::string sqlstate; // five characters; empty where it went well
    std::string message;
    std::string detail;
    std::string hint;
    std::string context;
    std::string constraint; // of the constraint, column or type that objected
    std::string column;
    std::string type;
    int position = 0; // in the statement, characters counted from 1
};

enum class Finish { rollback, commit };

namespace subtransaction {

// What has to be as it was afterwards.
struct Saved {
    MemoryContext memory;
    ResourceOwner owner;
    Oid user;
    int security;
};

Saved begin();
void finish(const Saved &saved, Finish how);
// The outcome of a failure; raises again what must not be swallowed: a cancel, a shutdown, an assertion failure.
Outcome failure(const ServerError &error);

} // namespace subtransaction

// Runs `body` (any C++ callable) in a subtransaction, which is rolled back if it fails, or in any case where `how` says
// so. Exceptions that are not the server's roll back and go on to the caller.
template <typename Body>
Outcome attempt(Finish how, Body body) {
    const subtransaction::Saved saved = subtransaction::begin();
    std::optional<ServerError> error;
    try {
        body();
    } catch (const ServerError &raised) {
        error = raised;
    } catch (...) {
        subtransaction::finish(saved, Finish::rollback);
        throw;
    }
    subtransaction::finish(saved, error ? Finish::rollback : how);
    return error ? subtransaction::failure(*error) : Outcome{};
}

} // namespace rlsproof::server
