// rlsproof.tenancy(): whose rows are whose, declared for a table or for a pattern of tables.
#pragma once

#include <vector>

#include "base/finding.hpp"

namespace rlsproof::server {

// Declarations of tenancy whose tables, columns or queries are gone.
void look_at_tenancies(std::vector<Finding> &findings);

} // namespace rlsproof::server
