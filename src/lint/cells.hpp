// Findings from verified cells: what the lints see as structure, the cells have seen happen. One finding for an object
// and a verdict, whoever and whatever command it is about; two where what is read and what is written differ in weight.
#pragma once

#include <string_view>
#include <vector>

#include "base/finding.hpp"
#include "model/cell.hpp"
#include "model/world.hpp"

#include "base/core_only.hpp"

namespace rlsproof::lint {

// Adds to `findings` what the cells show. Where a structural finding has already named the cause of an open door, the
// cells become its evidence instead of a second finding.
void add_cells(const World &world, const std::vector<Cell> &cells, std::vector<Finding> &findings);

// Under which rule a cell about rows is told, where no other rule has named its cause.
std::string_view rule_of(const Cell &cell);

} // namespace rlsproof::lint
