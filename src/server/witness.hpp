// What a person pastes into psql to see it happen.
#pragma once

#include <string>

#include "model/world.hpp"

#include "server/probe.hpp"

namespace rlsproof::server {

// The witness of a cell as JSON. `row` is one of the rows that were reached, as JSON; empty where none is known.
std::string witness(const Persona &persona, const Observation &observation, const std::string &row);

} // namespace rlsproof::server
