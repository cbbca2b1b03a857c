// Topics of realtime.messages: whoever listens names the topic, and the service asks the policies of the table with
// that name in a setting. A policy that asks for no more than how the name begins lets everybody in everywhere.
#pragma once

#include <vector>

#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/stage.hpp"

namespace rlsproof::server {

// Asks for topics that nobody has a right to, as the service would, and makes the cells of the table say what it was
// shown, or could send. REQUIRES: nobody is assumed; a subtransaction around it.
void add_topics(const World &world, const Persona &persona, const Stage &stage, std::vector<Cell> &cells);

} // namespace rlsproof::server
