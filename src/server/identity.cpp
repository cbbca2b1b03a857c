#include "server/identity.hpp"

#include <fmt/format.h>

#include "server/spi.hpp"

#include "server/compat.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace rlsproof::server {

namespace {

void set_plainly(const char *name, const char *value) {
    (void)set_config_option(name, value, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true,
                            ERROR, false);
}

// The API's session has the search path that a fresh session of this database has, not that of our function.
void set_default_search_path() {
    const char *path = GetConfigOptionResetString("search_path");
    set_plainly("search_path", path != nullptr ? path : "public");
}

void lock_user() {
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(user, context | SECURITY_LOCAL_USERID_CHANGE);
}

} // namespace

void set_locally(const std::string &name, const std::string &value) {
    call(set_plainly, name.c_str(), value.c_str());
}

void use_default_search_path() {
    call(set_default_search_path);
}

bool may_change_session_user() {
    return call(superuser);
}

std::string why_not_become(const std::string &role) {
    const Rows rows = query(fmt::format("select pg_catalog.pg_has_role(r.oid, '{}'), current_user "
                                        "from pg_catalog.pg_roles r where r.rolname = $1",
                                        compat::may_become),
                            {role});
    if (rows.empty() || rows.boolean(0, 0)) return "";
    return fmt::format("{1} may not act as {0}: GRANT {0} TO {1} lets it", quote_identifier(role),
                       quote_identifier(rows.text(0, 1)));
}

void assume(const Identity &identity) {
    use_default_search_path();
    for (const auto &[name, value] : identity.settings) set_locally(name, value);
    if (!identity.login.empty() && may_change_session_user()) set_locally("session_authorization", identity.login);
    set_locally("role", identity.role);
    call(lock_user);
}

} // namespace rlsproof::server
