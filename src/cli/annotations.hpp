// Migration tools that keep the way up and the way down in one file mark the two parts with comments. Only the way up
// is run.
#pragma once

#include <string>
#include <string_view>

#include "base/core_only.hpp"

namespace rlsproof::cli {

// The text with everything that leads down blanked out, so that lines and bytes keep their numbers.
std::string way_up(std::string text);

} // namespace rlsproof::cli
