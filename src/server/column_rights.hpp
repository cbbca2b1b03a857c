// Which columns of a table the current user may write, as questions to the prover need them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/schema.hpp"

namespace rlsproof::server {

struct ColumnRights {
    std::string first; // one that may be written, quoted; empty for none
    std::vector<std::pair<int, bool>>
        fixed; // the others: whose value a writer cannot choose, and whether it has a default
};

// What was read, by user and privilege.
struct RightsRead {
    std::map<std::pair<Oid, std::string>, std::map<Oid, ColumnRights>> tables;
    std::map<std::pair<Oid, std::string>, int> read_alone;
};

// `privilege` is INSERT or UPDATE.
const ColumnRights &column_rights(Catalog &catalog, Oid relation, const std::string &privilege);

} // namespace rlsproof::server
