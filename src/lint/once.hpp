// What two rules found of one thing for one cause is told once: by the one that says more, with what the other adds.
#pragma once

#include <vector>

#include "base/finding.hpp"
#include "model/cell.hpp"
#include "model/world.hpp"

#include "base/core_only.hpp"

namespace rlsproof::lint {

// REQUIRES: what is waived is out already. A waiver is of one rule, so it silences neither finding for the other.
void tell_once(const World &world, const std::vector<Cell> &cells, std::vector<Finding> &findings);

} // namespace rlsproof::lint
