// What a team declares: personas, scopes, expectations, waivers. Everything is checked against the database before it
// is kept, and what was kept is checked again by every audit, since tables and roles go away.
#pragma once

#include <string>
#include <vector>

#include "base/finding.hpp"
#include "model/world.hpp"

#include "server/subtransaction.hpp"

namespace rlsproof::server {

// Declarations that mean nothing any more, and those nobody has reviewed. Never raises for what was declared.
std::vector<Finding> look_at_declarations(const World &world);

// Whether a predicate can be asked of the relation's rows: what the server says to it, with the position counted in
// the predicate.
Outcome check_predicate(const std::string &relation, const std::string &predicate);

} // namespace rlsproof::server
