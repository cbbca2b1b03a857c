// What was declared, as verify() and prove() hold it against what is.
#pragma once

#include "model/expectation.hpp"

#include "server/judge.hpp"

namespace rlsproof::server {

struct Declared {
    Expectations expectations;
    Scopes scopes;
};

Declared read_declared();

} // namespace rlsproof::server
