// SQL as text, without a server: its shape, its normal form, its statements. The only room that knows libpg_query, and
// libpg_query never shows in this header.
#pragma once

#include <string>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::sqltext {

// One statement of a text: bytes, counted from 0, without the semicolon and without blanks around it.
struct Statement {
    size_t start = 0;
    size_t length = 0;
};

// All three raise Error{Code::syntax} with the position of the mistake.
std::string fingerprint(const std::string &sql);
std::string normalize(const std::string &sql);
std::vector<Statement> split(const std::string &sql);

// The pieces of SQL in a PL/pgSQL body: statements, expressions and assignments, in the order they are written.
struct PlpgsqlBody {
    std::vector<std::string> queries;
    bool dynamic = false; // it also runs text that is only known at run time
};

// REQUIRES: a whole CREATE FUNCTION statement.
PlpgsqlBody plpgsql(const std::string &definition);

} // namespace rlsproof::sqltext
