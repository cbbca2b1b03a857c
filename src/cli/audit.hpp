// `rlsproof audit`: from migrations or a database to a ranked report and an exit status.
#pragma once

#include <string>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::cli {

// Exit statuses of every command.
enum Exit { kClean = 0, kFindings = 1, kCouldNotLook = 2 };

int audit(const std::vector<std::string> &words);

} // namespace rlsproof::cli
