// How an application that is no Supabase tells its callers apart: settings of its own making, which it sets for each
// request and its policies and views read back, as in current_setting('app.user_id')::uuid.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/bodies.hpp"

namespace rlsproof::prove {
struct Limits;
}

namespace rlsproof::server {

struct Setting {
    std::string name;
    std::string type;    // what policies cast it to; "text" where they do not
    bool person = false; // says who is asking; otherwise of which tenant, or anything else
};

// Those that policies and views read by name, through helper functions as well; ordered by name. None of PostgREST's.
std::vector<Setting> settings_read(Bodies &bodies);

// Whether policies and views read the claims that PostgREST says a caller has.
bool claims_read(Bodies &bodies);

// Of what PostgREST says of each request, beside the claims: what policies, views and functions read, with what a plain
// request has there.
std::vector<std::pair<std::string, std::string>> request_settings_read(Bodies &bodies);

// An identity as a value of a type: numbers have no letters. The same identity is the same value everywhere.
std::string identity_as(const std::string &type, const std::string &uid);

// What `uid`, who occurs in no row, has in a setting.
std::string value_for(const Setting &setting, const std::string &uid);

// ---- our own, which only a superuser may set ----

// Called once, when the module is loaded. A plain function.
void define_solver_settings();

// Which solver: z3, cvc5, a path, or both.
std::string solver_setting();
prove::Limits solver_limits();

} // namespace rlsproof::server
