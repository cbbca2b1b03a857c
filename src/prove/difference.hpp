// Two conditions over one row, and whether a row passes the one and not the other. What passes is what is true: NULL
// does not.
#pragma once

#include <string>

#include "prove/question.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

struct Condition {
    std::string name; // policy "own"
    expr::Expr condition;
};

// Impossible where whatever passes `one` passes `other`. `base` has the tables, the row, and what holds in every state.
Question difference(Question base, const Condition &one, const Condition &other);

} // namespace rlsproof::prove
