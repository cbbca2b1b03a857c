// Who connects where the migrations do not say it.
#pragma once

#include <string>
#include <vector>

#include "base/finding.hpp"

namespace rlsproof::cli {

class Session;

struct Application {
    std::vector<std::string> notes;
    std::vector<Finding> findings;
};

// Policies that bind everybody, and nobody who was granted anything: whoever connects does so as the owner, or as a
// role that is set up elsewhere. A stand-in shows what the policies themselves let through. What is to be said of it;
// nothing where roles are given. `made_roles` are those that the migrations name and do not create: of these, the names
// that Supabase uses say nothing about who connects elsewhere.
Application make_application(Session &session, const std::vector<std::string> &made_roles);

} // namespace rlsproof::cli
