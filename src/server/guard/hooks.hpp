// The guard's place in the server.
#pragma once

#include "server/boundary.hpp"

namespace rlsproof::server::guard {

// Puts the hooks in place, each in front of the one that was there. Called once, at load time.
void install_hooks();

} // namespace rlsproof::server::guard
