// The guard's place in the server.
#pragma once

#include "server/boundary.hpp"

namespace rlsproof::server::guard {

// Puts the hooks in place, each in front of the one that was there. Called once, at load time.
void install_hooks();

// Those that are called for each statement and each function of it on behalf of a few rules: not before one is on.
void install_untrusted_hooks();

} // namespace rlsproof::server::guard
