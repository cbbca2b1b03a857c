// Whether the planner would use an index that is not there, asked of hypopg where the database has that extension.
#pragma once

#include <optional>
#include <string>

#include "server/guard/source.hpp"

namespace rlsproof::server::guard {

struct Hypothetical {
    bool used = false;
    double cost = 0;      // of the plan as it is, in the planner's units
    double cost_with = 0; // of the plan with the index
};

// Plans the statement with and without the index. Nothing where that cannot be asked: there is no hypopg, it knows no
// such index, or the text alone does not plan (a statement within PL/pgSQL, which sees that function's variables).
// Leaves nothing behind.
std::optional<Hypothetical> with_index(const std::string &create_index, const Source &source);

} // namespace rlsproof::server::guard
