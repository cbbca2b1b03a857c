// Values for arguments that have to lie in a range: dates on both sides of what rows hold, a little and a lot.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/body_documents.hpp"
#include "server/chooser.hpp"

namespace rlsproof::server {

// For the argument at that position. `known`: some column says what it stands for.
std::vector<std::string> values_in_range(const std::vector<Argument> &arguments, size_t at,
                                         const std::map<size_t, Place> &places, bool known);

} // namespace rlsproof::server
