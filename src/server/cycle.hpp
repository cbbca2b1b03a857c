// Which policies lead back to themselves: the way that PostgreSQL refuses to go, in words.
#pragma once

#include <string>

#include "model/world.hpp"

#include "server/bodies.hpp"
#include "server/hints.hpp"

namespace rlsproof::server {

// "public.a → policy "p" → public.b → policy "q" → public.a", beginning where a statement of the persona comes upon it;
// empty where none is found. A function on the way is named where it runs with its caller's rights.
std::string policy_cycle(const World &world, const Hints &hints, Bodies &bodies, const Relation &start, Command command,
                         const std::string &persona);

} // namespace rlsproof::server
