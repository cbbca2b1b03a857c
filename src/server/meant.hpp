// A table that everybody reads, by a policy whose name says that everybody is meant.
#pragma once

#include <string>

#include "model/world.hpp"

#include "server/probe.hpp"
#include "server/stage.hpp"

namespace rlsproof::server {

// The policies that say so, as in: policy "Public profiles are viewable by everyone". Empty where nothing says it:
// where a policy that lets the rows through has another name, asks for something, or is for more than SELECT; where a
// column that the persona may read holds what is private by its name, or says whether the row is to be seen; where
// people write to each other. REQUIRES: the persona is assumed; its SELECT of the table sees every row, by policies.
std::string said_to_be_for_everybody(const Persona &persona, const Relation &relation, const Stage &stage,
                                     const Probe &probe);

} // namespace rlsproof::server
