// The guard's place in the server.
#pragma once

#include "server/boundary.hpp"

namespace rlsproof::server::guard {

// Puts the hooks in place, each in front of the one that was there. Called once, at load time.
void install_hooks();

// The one that is called for each function of each statement: not before a rule asks for it.
void install_function_hook();

// The hook behind plan_at_scale().
void install_scale_hook();

} // namespace rlsproof::server::guard
