// The whole look at a database: what the lints find, less what was waived, ranked by business impact.
#pragma once

#include <string>
#include <vector>

#include "base/finding.hpp"
#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/boundary.hpp"

namespace rlsproof::server {

struct Audit {
    std::vector<Finding> findings;
    std::vector<std::string> notes; // what could not be looked at, and why
    World world;
    std::vector<Cell> cells;
};

Audit audit();

// The findings of the lint rules alone; of one rule, or about one object, where named.
std::vector<Finding> lint(const std::string &rule, const std::string &object);

} // namespace rlsproof::server
