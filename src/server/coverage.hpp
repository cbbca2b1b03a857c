// Cells counted, and the matrix people look at.
#pragma once

#include <string>
#include <vector>

#include "model/cell.hpp"
#include "model/world.hpp"
#include "report/report.hpp"

#include "server/boundary.hpp"

namespace rlsproof::server {

// The code of one cell, as report::Matrix explains it.
char code_of(const Cell &cell);

// Objects in the order of the world, personas in its order.
report::Matrix matrix_of(const World &world, const std::vector<Cell> &cells);

} // namespace rlsproof::server
