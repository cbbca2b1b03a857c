// Tokens that are not made anew: where what makes them may do what no rollback undoes, nobody calls it, and what it
// would say is not known.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "server/bodies.hpp"

namespace rlsproof::server {

struct Unheard {
    std::string what, why;
    std::set<Oid> tables; // that it goes by
};

// The hooks for access tokens that are not called, and the triggers that write app_metadata and are not woken. Nothing
// where no policy goes by what they say.
std::vector<Unheard> tokens_not_made(Bodies &bodies);

} // namespace rlsproof::server
