// How long work of ours hears of a cancel.
#pragma once

#include <functional>

#include "base/core_only.hpp"

namespace rlsproof::prove {

// Called while we wait or work, often enough that a cancel is felt; may throw, which ends the solver.
using Poll = std::function<void()>;

} // namespace rlsproof::prove
