// Texts that a regular expression matches, made from what it says: whoever makes rows has to satisfy
// CHECK (code ~ '^[A-Z]{2}[0-9]{4}$').
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::text {

// A few different ones, short ones first; others for another seed. None where the expression uses what is not
// understood here (back references, lookahead that demands something). They are likely to match and no more: the server
// has the last word.
std::vector<std::string> samples_of_pattern(std::string_view pattern, size_t seed = 0);

} // namespace rlsproof::text
