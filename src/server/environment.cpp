#include "server/environment.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "utils/guc.h"
}

namespace rlsproof::server {

namespace {

char *environment = nullptr;        // what the administrator calls this database
bool execute_in_production = false; // an administrator, for one session: execute all the same

} // namespace

void define_environment_settings() {
    DefineCustomStringVariable("rlsproof.environment", "What this database is: in production, nothing is executed.",
                               "ALTER DATABASE ... SET rlsproof.environment = 'production' leaves the privilege and "
                               "predicate layers; in 'throwaway', numbers may be drawn from sequences.",
                               &environment, "", PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("rlsproof.execute_in_production",
                             "Runs statements, rolled back, in a database that is marked as production.", nullptr,
                             &execute_in_production, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
}

std::string why_no_execution() {
    if (RecoveryInProgress()) return "nothing can be executed on a standby server";
    if (XactReadOnly) return "nothing can be executed in a read-only transaction";
    const bool production = environment != nullptr && pg_strcasecmp(environment, "production") == 0;
    if (production && !execute_in_production)
        return "this database is marked as production, where nothing is executed unless "
               "rlsproof.execute_in_production is on";
    return "";
}

bool is_thrown_away() {
    return environment != nullptr && pg_strcasecmp(environment, "throwaway") == 0;
}

} // namespace rlsproof::server
