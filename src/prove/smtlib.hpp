// Formulas as SMT-LIB 2, fit to be read by a person and by any solver.
#pragma once

#include <string>
#include <vector>

#include "prove/encode.hpp"
#include "prove/formula.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

// Declarations and assertions; no options, no check-sat. Shared parts become definitions. Every assertion is named a0,
// a1, ... in its order, with its name in a comment.
std::string declarations(const Formulas &formulas);
std::string assertions(const Formulas &formulas, const std::vector<Assertion> &list);

std::string term(const Formulas &formulas, Id id);

} // namespace rlsproof::prove
