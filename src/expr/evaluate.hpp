// What an expression yields over given rows: SQL's three values, sub-selects included. The plain meaning against which
// everything cleverer is held.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "expr/tree.hpp"

#include "base/core_only.hpp"

namespace rlsproof::expr {

// A value as a number: what it is called does not matter, only what it equals. Nothing is NULL.
using Datum = std::optional<int64_t>;
using Tuple = std::map<int, Datum>; // by column number

// The contents of every table, what parameters are, and what literals and functions mean.
struct Database {
    std::vector<std::vector<Tuple>> tables;
    std::map<std::string, Datum> parameters;
    std::function<int64_t(const Type &, const std::string &)> literal;
    std::function<Datum(const Node &, const std::vector<Datum> &)> function;
    // What = looks at; where it is not given, the value itself.
    std::function<int64_t(const Type &, int64_t)> canonical;
};

using Bindings = std::map<int, const Tuple *>; // by row variable

// Raises Error{unsupported} where a scalar sub-select has more than one row, as the server would.
Datum evaluate(const Expr &e, const Database &database, const Bindings &rows);

} // namespace rlsproof::expr
