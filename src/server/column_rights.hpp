// Which columns of a table the current user may read or write, as questions to the prover need them.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/world.hpp"

#include "server/schema.hpp"

namespace rlsproof::server {

struct ColumnRights {
    bool whole = false;                 // the privilege is one on the table
    std::map<int, std::string> granted; // the columns it is held on, quoted
    std::set<int> given;                // those of them that are not computed
    std::string first;                  // one that may be written, quoted; empty for none
    std::vector<std::pair<int, bool>>
        fixed; // the others: whose value a writer cannot choose, and whether it has a default
};

// What was read, by user and privilege.
struct RightsRead {
    std::map<std::pair<Oid, std::string>, std::map<Oid, ColumnRights>> tables;
    std::map<std::pair<Oid, std::string>, int> read_alone;
};

// `privilege` is SELECT, INSERT or UPDATE.
const ColumnRights &column_rights(Catalog &catalog, Oid relation, const char *privilege);

// A column that an UPDATE may set, if only some may be; empty where the relation has none. Quoted.
std::string settable_column(const Relation &relation);

} // namespace rlsproof::server
