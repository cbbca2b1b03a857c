// What a command runs that does not stand in it as a statement of its own: DO, EXECUTE, REFRESH and CALL.
#pragma once

#include <string>
#include <vector>

#include "server/guard/inspect.hpp"

namespace rlsproof::server {

struct InnerStatement {
    std::string sql;
    guard::From from = guard::From::command;
    Oid user = InvalidOid; // who runs it, where that is another one
};

struct InnerStatements {
    std::vector<InnerStatement> statements;
    std::vector<std::string> unseen; // why something that it runs cannot be looked at
    std::string prepares;            // a name; or empty
    std::string executes;            // a name that is not known in this session; or empty
};

// Of one statement, names found as it finds them. REQUIRES: a subtransaction that will be rolled back.
InnerStatements inner_statements(const std::string &sql);

} // namespace rlsproof::server
