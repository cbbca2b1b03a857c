// A PL/pgSQL body that does nothing but compute its result, as the one query that computes the same.
#pragma once

#include <optional>
#include <string>

#include "base/core_only.hpp"

namespace rlsproof::sqltext {

// Parameters keep their names. Understood are variables that get one value, by a default, an assignment or SELECT INTO,
// then IF chains with RETURN; or a RETURN QUERY alone. Nothing where the body does more: handles errors, loops, writes,
// runs a text, raises, asks FOUND, changes a variable under a condition or twice.
//
// What differs is how it fails: a body that would end without RETURN yields NULL here, and a name that is a variable as
// well as a column is the column.
//
// REQUIRES: a whole CREATE FUNCTION statement; `result` is its result type as SQL writes it.
std::optional<std::string> plpgsql_query(const std::string &definition, const std::string &result);

} // namespace rlsproof::sqltext
