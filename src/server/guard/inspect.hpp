// What the guard would say of a statement, without running it.
#pragma once

#include <string>
#include <vector>

#include "server/guard/statement.hpp"

namespace rlsproof::server::guard {

struct Remark {
    Rule rule;
    Mode mode; // what the settings of this session make of it
    std::string message;
    std::string detail;
    std::string hint;
};

// One statement, planned for the current user with every rule looked at, whatever their settings say. Raises what the
// server says to a statement it cannot parse or plan. `as_sent` is the statement with the comments around it, which may
// hold labels. REQUIRES: a subtransaction that will be rolled back.
std::vector<Remark> inspect(const std::string &sql, const std::string &as_sent);

// Of what was found, as it would be told. Part of verdict.cpp, which knows the words.
std::vector<Remark> remarks_on(const Violations &found, const Source &source);

} // namespace rlsproof::server::guard
