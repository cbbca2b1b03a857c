// What was declared, as verify() and prove() hold it against what is.
#pragma once

#include <vector>

#include "model/expectation.hpp"

#include "server/judge.hpp"

namespace rlsproof::server {

struct Declared {
    std::vector<Expectation> expectations;
    Scopes scopes;
};

Declared read_declared();

} // namespace rlsproof::server
