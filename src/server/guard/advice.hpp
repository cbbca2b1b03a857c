// The concrete fix that goes into HINT.
#pragma once

#include <string>

#include "server/guard/statement.hpp"
#include "server/shape.hpp"

namespace rlsproof::server::guard {

// Empty where nothing better than the message can be said.
std::string advice(const Violation &found, const Source &source, const Shape &shape);

} // namespace rlsproof::server::guard
