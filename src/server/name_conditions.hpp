// What policies ask of the name of a file and of nothing else: where no file that was made has such a name, that none
// was reached says nothing.
#pragma once

#include <string>

#include "model/world.hpp"

#include "server/probe.hpp"

namespace rlsproof::server {

// A condition on the name alone that none of the files of the probe meets, and that keeps the persona from one of them;
// empty where there is none.
std::string unmet_name(const Relation &files, const Persona &persona, Command command, Probe &probe);

} // namespace rlsproof::server
