// Views that read with their caller's rights: what they show is made of rows that the caller reaches without them.
#pragma once

#include <vector>

#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/bodies.hpp"

namespace rlsproof::server {

// Cells of such views that are unknown are ok where those of all that the view reads are. REQUIRES: the persona is
// assumed in the subtransaction around; the cells of its tables are decided.
void settle_views(const World &world, const Persona &persona, Bodies &bodies, std::vector<Cell> &cells);

} // namespace rlsproof::server
