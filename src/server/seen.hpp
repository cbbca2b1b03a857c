// What the guard saw in this database, as findings of an audit.
#pragma once

#include <vector>

#include "base/finding.hpp"

namespace rlsproof::server {

// One finding for a rule and a table, or a rule and a shape of query where it is about no table. What the baseline
// knows and what is waived is left out. Nothing where the guard keeps no events.
std::vector<Finding> seen_by_guard();

// Of a row of guard_events, e: that a role which the table's policies do not bind read it across tenants. SQL.
extern const char *const kServiceRead;

// One finding for each such role and table. Part of seen_by_guard().
void add_service_reads(std::vector<Finding> &findings);

} // namespace rlsproof::server
