// What a sign-up trigger makes of what is sent, asked of the server: accounts that are really put in, with every word
// that might open something, and are gone again.
#pragma once

#include <vector>

#include "base/finding.hpp"
#include "model/world.hpp"

namespace rlsproof::server {

// Findings of forgeable_claim about what a trigger copies from an account say what was seen: a word that policies ask
// for that got through, or, as a note, the few harmless ones that do. Where anything is in doubt they stay as they are.
// REQUIRES: statements may be executed here.
void try_sign_ups(const World &world, std::vector<Finding> &findings);

} // namespace rlsproof::server
