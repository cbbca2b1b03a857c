// Whether anybody can sign up at all: an account is put in as the platform puts it in, and is gone again.
#pragma once

#include <vector>

#include "base/finding.hpp"
#include "model/world.hpp"

namespace rlsproof::server {

// A finding for each table of accounts whose triggers fail for whoever brings an e-mail address and a password and
// nothing else. What a trigger refuses in words of its own is meant to be refused.
// REQUIRES: statements may be executed here.
void look_for_failing_sign_ups(const World &world, std::vector<Finding> &findings);

} // namespace rlsproof::server
