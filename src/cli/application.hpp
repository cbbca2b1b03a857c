// Who connects where the migrations do not say it.
#pragma once

#include <string>
#include <vector>

namespace rlsproof::cli {

class Session;

// Policies that bind everybody, and nobody who was granted anything: whoever connects does so as the owner, or as a
// role that is set up elsewhere. A stand-in shows what the policies themselves let through. What is to be said of it;
// nothing where roles are given.
std::vector<std::string> make_application(Session &session);

} // namespace rlsproof::cli
