// Parameters where the grammar wants a constant.
#pragma once

#include <string>
#include <vector>

#include "sqltext/library.hpp"

#include "base/core_only.hpp"

namespace rlsproof::sqltext {

// Returns a text of the same length that the parser accepts: the text itself, or, where it has parameters in places
// that only take constants (COMMENT ON ... IS $1, as normal forms have), the text with constants in place of its
// parameters. Raises the mistake where there is no such text. REQUIRES: `tokens` are those of `sql`, without
// comments.
std::string accept(const std::string &sql, const std::vector<Token> &tokens);

} // namespace rlsproof::sqltext
