// What the lints ask beyond privileges and policies: facts from the node trees of policies and views, from the bodies
// of functions, and from the catalogs about sizes, indexes, default privileges and buckets.
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

// An argument that goes into what is written into a column, wrapped in something: coalesce(role, 'user').
struct Flow {
    Column into;
    std::string argument;
    std::string key; // of an argument that is an object, what is taken of it; else empty
    auto operator<=>(const Flow &) const = default;
};

// What one function's own body says, calls not followed.
struct BodyFacts {
    bool forgeable = false;                 // it reads user_metadata or raw_user_meta_data
    bool decides_forgeably = false;         // and compares it with something
    std::set<std::string> sets;             // that it sets to what is not constant
    std::set<std::string> sets_by_name;     // how names begin that arguments say of what it sets so
    std::vector<Oid> calls;                 // functions of a name that it calls
    std::vector<std::string> unqualified;   // names that it leaves to the search path
    std::set<std::string> found_in;         // the schemas in which a fresh session finds them
    std::map<Column, std::string> compared; // columns with the argument they are compared with
    std::map<Column, std::string> written;  // columns with the argument written into them
    std::set<Flow> flows;                   // the same, wrapped
    std::set<Column> copied;                // columns that user metadata is written into
    // Arguments with the constants they are compared with; under "" what variables are.
    std::map<std::string, std::vector<std::string>> asked;
    std::map<std::pair<Oid, int>, std::string> handed; // functions that an argument is handed to, and at which place
    std::set<std::string> null_asked;                  // columns and fields that are asked whether they are NULL
};

// REQUIRES: nothing; a body that cannot be read has no facts.
BodyFacts read_body_facts(Oid function);

struct ColumnFacts {
    std::string name; // quoted where needed
    bool nullable = false;
};

// The world that is filled, and what was already asked for it.
class FactBook {
public:
    FactBook(World &filled, const Index &index, Bodies &read) : world(filled), bodies(read), index_(index) {}

    World &world;
    Bodies &bodies;

    // Functions of the server, of extensions built in, and of languages that are not read have no facts.
    const BodyFacts &body(Oid function);
    Relation *relation(Oid oid);
    ColumnFacts column(const Column &column) const;
    // schema.table.column; empty where the world does not know the table.
    std::string column_name(const Column &column);
    // rpc:schema.function(types)
    const std::string &function_name(Oid function);

private:
    const Index &index_;
    std::map<Oid, BodyFacts> read_;
    std::map<Oid, std::string> names_;
};

void add_catalog_facts(FactBook &book);
void add_tenant_places(FactBook &book); // in server/guard, which knows what is declared
void add_tree_facts(FactBook &book);
void add_view_parts(FactBook &book);
void add_bucket_facts(FactBook &book);
void add_function_facts(FactBook &book, const Hints &hints);

} // namespace rlsproof::server
