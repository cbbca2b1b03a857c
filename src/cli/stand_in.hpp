// What migrations count on and this server does not have: types and functions of extensions that are not installed, and
// of platforms beside the database. A stand-in has the name and the shape, and none of the sense.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cli/session.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

struct StandIn {
    std::string what;     // for people; empty where there is none
    std::string sql;      // makes it
    bool instead = false; // of the statement; otherwise the statement is worth another attempt
};

// `made_roles` are the roles that were made because they were missing: one that is created later is the same.
StandIn stand_in_for(const Failure &failure, std::string_view statement,
                     const std::map<std::string, std::string> &made_roles);

// The statement with every placeholder of psql (:name, :"name") read as a name; unchanged where there is none.
std::string without_placeholders(std::string_view statement);

} // namespace rlsproof::cli
