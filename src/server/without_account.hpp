// What is open only because somebody has no account: a token outlives the account that it was made for, and what is
// compared with an account that is not there is NULL, and stops nothing.
#pragma once

#include <functional>
#include <vector>

#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/examination.hpp"
#include "server/stage.hpp"

namespace rlsproof::server {

using Examine = std::function<void(const Persona &, const Selection &, std::vector<Cell> &)>;

// Marks the cells that are open to an outsider and to no newcomer, and no longer once the outsider has the row in
// auth.users that the platform makes for everybody, with whatever the application does then. Each is looked at twice,
// without that row and with it, so that nothing else makes the difference.
void try_with_accounts(const World &world, Stage &stage, const Examine &examine, std::vector<Cell> &cells);

} // namespace rlsproof::server
