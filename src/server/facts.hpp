// What the lints ask beyond privileges and policies: facts from the node trees of policies and views, from the bodies
// of functions, and from the catalogs about indexes, default privileges and buckets.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/world.hpp"
#include "server/bodies.hpp"
#include "server/hints.hpp"

namespace rlsproof::server {

using Index = std::unordered_map<unsigned, size_t>; // OID → position in World::relations

// Adds them to a world that has its relations, policies and functions.
void add_facts(World &world, const Index &index, Bodies &bodies);

// What one function's own body says, calls not followed.
struct BodyFacts {
    bool forgeable = false;         // it reads user_metadata or raw_user_meta_data
    std::set<std::string> settings; // that it reads
    std::set<std::string> sets;     // that it sets to what is not constant
    std::vector<Oid> calls;         // functions of a name that it calls
    std::vector<std::string> unqualified;
    std::map<Column, std::string> compared; // columns with the argument they are compared with
    std::map<Column, std::string> written;  // columns with the argument written into them
    std::set<Column> copied;                // columns that user metadata is written into
};

// REQUIRES: nothing; a body that cannot be read has no facts.
BodyFacts read_body_facts(Oid function);

// The facts from node trees: of policies, views, and the functions they call.
void add_tree_facts(World &world, const Index &index, Bodies &bodies, std::map<Oid, BodyFacts> &read);

} // namespace rlsproof::server
