// Standard output, where reports go and nothing else does.
#pragma once

#include <string>

#include "base/core_only.hpp"

namespace rlsproof::cli {

// Raises Error{permission} where not all of it arrives.
void write_out(const std::string &text);

} // namespace rlsproof::cli
