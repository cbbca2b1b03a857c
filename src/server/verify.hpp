// Every cell of the matrix: privilege, predicate and execution asked in turn, joined into one verdict with its
// evidence.
#pragma once

#include <string>
#include <vector>

#include "base/finding.hpp"
#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/bodies.hpp"

namespace rlsproof::server {

// Which cells: empty is all of them.
struct Selection {
    std::string persona;
    std::string object;
    std::string command; // in capitals
};

struct Verification {
    std::vector<Cell> cells;        // ordered by persona, object, command
    std::vector<Finding> findings;  // what only the execution can tell: a way up for somebody who has signed up
    std::vector<std::string> notes; // what could not be looked at, and why
};

// Raises Error{not_found} for a persona, an object or a command that does not exist.
Verification verify(const World &world, const Selection &selection);

} // namespace rlsproof::server
