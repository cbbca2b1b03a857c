// What a statement failed for where something is not there, and what a statement makes: one table that no file makes
// lets hundreds of statements fail, and is one thing to mend.
#pragma once

#include <string>
#include <string_view>

#include "cli/session.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

// `relation "public.orders"` of: relation "public.orders" does not exist. Relations, functions, types and schemas, the
// same words for the same thing: a bare name is of public where the search path leads there and the statement sets none
// of its own. Empty for other failures; a column's table is not said, so one column is not told from another.
std::string missing_thing(const Failure &failure, std::string_view sql, std::string_view search_path);

// Whether this statement creates, or gives its name to, what missing_thing() calls so; functions whatever their
// arguments.
bool makes(std::string_view sql, std::string_view thing);

} // namespace rlsproof::cli
