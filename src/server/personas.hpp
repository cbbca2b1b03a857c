// Who is looked at: the personas somebody declared, and the three that exist without being declared.
#pragma once

#include <string>
#include <vector>

#include "model/world.hpp"
#include "server/bodies.hpp"
#include "server/identity.hpp"

namespace rlsproof::server {

struct Cast {
    std::vector<Persona> personas;
    std::vector<std::string> notes;   // who could not be found, and what that leaves unlooked at
    std::vector<std::string> remarks; // who was taken for whom
};

// Declared personas first to win over the built-in ones of the same name; the result is ordered by name, `anon`,
// `outsider` and `newcomer` in front.
Cast cast();

// The roles of the API, found in the database itself: a login role that inherits nothing, or that carries PostgREST's
// settings, and may become others is how PostgREST, PostGraphile and Supabase connect.
struct Api {
    std::string login;
    std::string anonymous;
    std::vector<std::string> signed_in; // `authenticated` first
};

Api find_api();

// The schemas that the API says it offers; none where the database does not know.
std::vector<std::string> offered_schemas();

// Gives the personas that nobody declared the settings by which this application tells its callers apart.
void introduce(std::vector<Persona> &personas, Bodies &bodies);

// Why nothing can be looked at as the persona, beyond what privileges say; empty where it can.
std::string why_not_assumed(const Persona &persona);

Identity identity_of(const Persona &persona);

} // namespace rlsproof::server
