// Where we are: a database that is marked as production is looked at, and nothing is executed in it. In one that is
// thrown away afterwards even what no rollback takes back may happen, if it is no more than a number that was drawn.
#pragma once

#include <string>

#include "server/boundary.hpp"

namespace rlsproof::server {

// Called once, when the module is loaded.
void define_environment_settings();

// Why no statement is executed here and now; empty where it may be.
std::string why_no_execution();

// Whether numbers may be drawn from sequences.
bool is_thrown_away();

} // namespace rlsproof::server
