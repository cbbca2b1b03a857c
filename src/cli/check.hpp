// `rlsproof check`: what the guard's rules say of the queries in a file, none of which is run.
#pragma once

#include <string>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::cli {

// Exit statuses: see audit.hpp.
int check(const std::vector<std::string> &words);

} // namespace rlsproof::cli
