// Sessions that have not said who they are. Where an API gives each request its claims, `anon` is who says nothing.
// Where an application says by settings of its own whose session it is, every session is nobody's before that: fresh
// from the pool, after a forgotten SET, or after the transaction that had made the setting, which leaves it empty.
#pragma once

#include <optional>
#include <vector>

#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/stage.hpp"

namespace rlsproof::server {

// The persona in a session whose settings are empty; nothing where somebody else stands for it.
std::optional<Persona> who_says_nothing(const Persona &persona);

// What was found to be open to such a session is open to whoever has the role: `cells` say so. A statement that fails
// reaches nothing.
void add_silent(const Persona &silent, const std::vector<Cell> &found, std::vector<Cell> &cells);

// The same where the settings were never made. A session that has made one cannot be without it again, so that its
// statements cannot be run: the conditions of the policies are asked, with NULL for what the setting would be.
void add_unset(const World &world, const Persona &silent, const Stage &stage, std::vector<Cell> &cells);

} // namespace rlsproof::server
