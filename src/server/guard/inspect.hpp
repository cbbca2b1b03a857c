// What the guard would say of a statement, without running it.
#pragma once

#include <string>
#include <vector>

#include "server/guard/statement.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace rlsproof::server::guard {

struct Remark {
    Rule rule;
    Mode mode; // what the settings of this session make of it
    std::string message;
    std::string detail;
    std::string hint;
};

// Where a statement comes from that is looked at.
enum class From {
    client,
    command, // another one runs it, and keeps its rows
    body     // it is a piece of PL/pgSQL: what is no column is a variable, and a piece may be an expression
};

// One statement, planned for the current user with every rule looked at, whatever their settings say. Raises what the
// server says to a statement it cannot parse or plan. `as_sent` is the statement with the comments around it, which may
// hold labels. REQUIRES: a subtransaction that will be rolled back.
std::vector<Remark> inspect(const std::string &sql, const std::string &as_sent, From from = From::client);

// The statement inside EXPLAIN, DECLARE CURSOR, CREATE TABLE AS, PREPARE or COPY; itself where it carries none. Plain.
RawStmt *innermost(RawStmt *statement);

// Of what was found, as it would be told. Part of verdict.cpp, which knows the words.
std::vector<Remark> remarks_on(const Violations &found, const Source &source);

} // namespace rlsproof::server::guard
