// Lists of people who were appointed: a row in `admins` is nothing that signing up gives.
#pragma once

#include <string>
#include <vector>

#include "base/finding.hpp"
#include "model/world.hpp"

#include "server/bodies.hpp"
#include "server/stage.hpp"

namespace rlsproof::server {

// The key of the finding that says so of a table.
std::string not_tried(const TableShape &list);

// Takes rows of its own back from somebody who has just signed up, where nothing could have given them: no trigger did,
// it may not put them in by itself, they are not its own to change, and nothing that people have hangs on them.
// Where others are decided about by such a list, a finding says so: an application may put people there, past the
// database. REQUIRES: what signing up gave, in the subtransaction around it; nobody is assumed.
void strike_off(const Stage &stage, Bodies &bodies, const Persona &persona, std::vector<Row> &own,
                std::vector<Finding> &findings);

} // namespace rlsproof::server
