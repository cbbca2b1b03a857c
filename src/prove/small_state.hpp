// Small counterexamples: the same formulas with their quantifiers expanded over a few rows a table.
#pragma once

#include "prove/child.hpp"
#include "prove/question.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

// Whether there is a state with at most so many rows of one table, beside the subjects, in which the question's answer
// is yes; `reply` gets its rows. Raises Error where the solver does not answer, or makes no sense.
bool small_state(Child &child, const Question &question, int rows, const Poll &poll, Reply &reply);

} // namespace rlsproof::prove
