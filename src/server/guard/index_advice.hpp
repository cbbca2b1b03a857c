// The index that would spare a scan.
#pragma once

#include <string>

#include "server/guard/statement.hpp"

namespace rlsproof::server::guard {

// CREATE INDEX for the filter of the scan, or for what it is joined by where it has none. Empty where neither offers a
// column, or where the index is there already. Nothing has been tried: see hypothetical.hpp.
std::string index_for(const Violation &found);

// What to say of a column of the filter whose type is converted without anybody having asked for it: an index over the
// column cannot be used then, and one over what it is converted to would be odd. Empty where there is none.
std::string conversion_in(const Violation &found);

} // namespace rlsproof::server::guard
