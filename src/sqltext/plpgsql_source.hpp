// A PL/pgSQL function rewritten so that libpg_query's parser of every version reads it alike: 15 refuses to assign to
// the fields of a variable of a table's type, 18 refuses types in the schemas of users, forgets which variable a RETURN
// names, and gives a variable's type without its length; RETURN NEXT of the columns returned is refused without a value
// by the one and with a value by the others.
#pragma once

#include <map>
#include <string>

#include "base/core_only.hpp"

namespace rlsproof::sqltext {

struct PlpgsqlSource {
    std::string definition; // all types text, no fields assigned to, RETURN name; as RETURN (name); and so on
    std::map<std::string, std::string> types; // of what DECLARE declares, as written, by name; '' where fields are set
};

// REQUIRES: a function as pg_get_functiondef() writes it: its body is the first constant in dollar quotes. Raises where
// it cannot be read as tokens.
PlpgsqlSource plpgsql_source(const std::string &definition);

} // namespace rlsproof::sqltext
