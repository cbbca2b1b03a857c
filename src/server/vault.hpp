// The vault, where Supabase keeps what functions need to call other services: empty in a database that was just set up.
#pragma once

#include <set>
#include <string>

#include "server/bodies.hpp"

namespace rlsproof {
struct World;
}

namespace rlsproof::server {

// What is in every secret that was put in here: found again in what a call tells.
inline constexpr const char *kVaultSecret = "https://made.example/7f3c1e5a9b2d4860";

// Of these relations, whether any is where secrets are put in by a call.
bool is_vault(const Body &body);
// Whether a rollback undoes all that putting something in does.
bool may_put_into_vault(const World &world, Bodies &bodies);
// The names under which a body may ask for secrets: all that it compares anything with, handed on to helpers or not.
void add_asked_of_vault(const Body &body, std::set<std::string> &names);
// Puts something in under each of these names that there is nothing under.
void put_into_vault(const std::set<std::string> &names);
// And under each that any function asks for: without its keys a trigger of the application fails, or does nothing, and
// what it guards or opens is never seen. REQUIRES: all of it is undone by whoever calls.
void stock_vault(const World &world, Bodies &bodies);

} // namespace rlsproof::server
