// Reads a database into the world the lints look at. Every answer is the server's: privileges from has_*_privilege,
// whether policies bind a persona from check_enable_rls, what a view reads from its rewritten query.
#pragma once

#include <string>
#include <vector>

#include "model/world.hpp"
#include "server/boundary.hpp"

namespace rlsproof::server {

World read_world();

// The statement that reads `relation` as far as the current user may by privilege: all columns, or those it was
// granted.
std::string select_statement(const Relation &relation, const Persona &persona);

} // namespace rlsproof::server
