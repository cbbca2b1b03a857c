// What default privileges hand out, seen on a table that is really created, and is gone again.
#pragma once

#include <vector>

#include "base/finding.hpp"
#include "model/world.hpp"

namespace rlsproof::server {

// Creates a table as each creator in each schema that a finding about default privileges is about, in a subtransaction
// that is rolled back, and adds what was seen. REQUIRES: statements may be executed here.
void prove_default_privileges(const World &world, std::vector<Finding> &findings);

} // namespace rlsproof::server
