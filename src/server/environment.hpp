// Where we are: a database that is marked as production is looked at, and nothing is executed in it.
#pragma once

#include <string>

#include "server/boundary.hpp"

namespace rlsproof::server {

// Called once, when the module is loaded.
void define_environment();

// Why no statement is executed here and now; empty where it may be.
std::string why_no_execution();

} // namespace rlsproof::server
