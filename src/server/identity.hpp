// Being somebody else for a while: the login role as session user, then the role, the claims and the settings, as an
// application's API does it. Only inside a subtransaction: its rollback undoes everything.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/boundary.hpp"

namespace rlsproof::server {

struct Identity {
    std::string login;                                         // the role that logs in; empty: whoever is logged in
    std::string role;                                          // the role that acts
    std::vector<std::pair<std::string, std::string>> settings; // claims among them
};

// Acts as `identity` until the subtransaction around it ends. The role can be changed neither by SET ROLE nor by
// SET SESSION AUTHORIZATION from then on, so that probed code cannot climb back.
// REQUIRES: a subtransaction that will be rolled back.
void assume(const Identity &identity);

// Why whoever is asking may not act as `role`, and which GRANT lets them; empty where they may.
std::string why_not_become(const std::string &role);

// Somebody else for as long as it lives, in the rights alone: a question past all policies.
class AsUser {
public:
    AsUser(Oid user, int security) {
        GetUserIdAndSecContext(&user_, &security_);
        SetUserIdAndSecContext(user, security);
    }
    ~AsUser() { SetUserIdAndSecContext(user_, security_); }
    AsUser(const AsUser &) = delete;
    AsUser &operator=(const AsUser &) = delete;

private:
    Oid user_ = InvalidOid;
    int security_ = 0;
};

// Sets a setting until the subtransaction around it ends.
void set_locally(const std::string &name, const std::string &value);

// Gives the session the search path that a fresh session of this database has, until the subtransaction around it ends.
void use_default_search_path();

// Whether the caller may act with another session user, which takes a superuser.
bool may_change_session_user();

} // namespace rlsproof::server
