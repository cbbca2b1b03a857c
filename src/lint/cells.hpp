// Findings from verified cells: what the lints see as structure, the cells have seen happen. One finding for an object
// and a verdict, whoever and whatever command it is about.
#pragma once

#include <vector>

#include "base/finding.hpp"
#include "model/cell.hpp"
#include "model/world.hpp"

#include "base/core_only.hpp"

namespace rlsproof::lint {

// Adds to `findings` what the cells show. Where a structural finding has already named the cause of an open door, the
// cells become its evidence instead of a second finding.
void add_cells(const World &world, const std::vector<Cell> &cells, std::vector<Finding> &findings);

} // namespace rlsproof::lint
