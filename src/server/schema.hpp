// The tables a question speaks of, read from the catalog when they are first met: columns, and the constraints that
// hold in every state, and types as the prover sees them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "prove/question.hpp"

#include "server/boundary.hpp"

namespace rlsproof::server {

struct CheckSource {
    int table;
    std::string name;
    std::string tree; // as the catalog keeps it
};

// A reference to a table, by the numbers of the server.
struct StoredReference {
    Oid parent;
    std::vector<int> columns, parent_columns;
};

struct StoredCheck {
    std::string name, tree; // the latter as the catalog keeps it
};

// What was read of tables and types, kept from one question to the next.
struct Catalog {
    std::map<Oid, prove::Table> tables;
    std::map<Oid, std::vector<StoredReference>> references;
    std::map<Oid, std::vector<StoredCheck>> checks;
    std::map<Oid, expr::Type> types;
    std::map<Oid, std::vector<std::pair<Oid, std::string>>> enumerations;
    std::map<std::string, Oid> enumeration_names;
};

class Schema {
public:
    explicit Schema(std::shared_ptr<Catalog> catalog) : catalog_(std::move(catalog)) {}

    // The number of a relation in the question; reads it where it is new.
    int table(Oid relation);
    const std::vector<prove::Table> &tables() const { return tables_; }
    std::vector<prove::Table> &tables() { return tables_; }
    Oid relation(int table) const { return relations_.at((size_t)table); }

    // Behind domains; enumerations are numbers in the order of their labels.
    expr::Type type(Oid type);
    // Which label of its enumeration a value is; -1 where it is none.
    int rank(Oid type, Oid label);
    std::vector<std::string> labels(const std::string &type_name) const;

    // References between the tables met so far. REQUIRES: no table is added afterwards.
    void read_references();
    // CHECK constraints that hold for every row of the tables met so far, and say nothing that changes by itself.
    std::vector<CheckSource> checks();

private:
    void read_columns(prove::Table &table, Oid relation);
    void read_keys(prove::Table &table, Oid relation);
    const std::vector<StoredReference> &references_of(Oid relation);
    const std::vector<StoredCheck> &checks_of(Oid relation);
    const std::vector<std::pair<Oid, std::string>> &enumeration(Oid type);

    std::vector<prove::Table> tables_;
    std::vector<Oid> relations_;
    std::map<Oid, int> numbers_;
    std::shared_ptr<Catalog> catalog_;
};

} // namespace rlsproof::server
