// The tables a question speaks of, read from the catalog when they are first met: columns, and the constraints that
// hold in every state, and types as the prover sees them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "prove/question.hpp"

#include "server/boundary.hpp"
#include "server/nobody.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

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

struct RightsRead;
class SettledBefore;
class Bodies;

// What was read of tables and types, kept from one question to the next.
struct Catalog {
    // One relation, or once several have been read one by one, it and all others that nobody has asked for yet: of
    // thousands, asking for each by itself would take most of the time. `read` is how many came alone so far.
    std::vector<Oid> with_others(Oid relation, int &read);

    std::vector<Oid> relations; // all but the server's own, once they are wanted
    int read_alone = 0;
    std::map<Oid, prove::Table> tables;
    std::map<Oid, std::vector<StoredReference>> references;
    std::map<Oid, std::vector<StoredCheck>> checks;
    std::map<Oid, expr::Type> types;
    std::map<Oid, std::vector<std::pair<Oid, std::string>>> enumerations;
    std::map<std::string, Oid> enumeration_names;
    std::shared_ptr<RightsRead> rights;
    // A short name for everything that is known of a session, which may be long.
    int number_of(const std::string &session) {
        return sessions.try_emplace(session, (int)sessions.size()).first->second;
    }
    std::map<std::string, int> sessions;
    // Where it is said who the session is, conditions are settled once.
    std::string who;
    std::shared_ptr<SettledBefore> settled;
    // What a statement becomes for the current user, made once where it is said who the session is.
    List *rewritten(const std::string &sql);
    std::shared_ptr<Bodies> bodies;
    Nobody nobody;
};

class Schema {
public:
    explicit Schema(std::shared_ptr<Catalog> catalog) : catalog_(std::move(catalog)) {}

    Catalog &catalog() const { return *catalog_; }

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
    void read(const std::vector<Oid> &relations);
    const std::vector<std::pair<Oid, std::string>> &enumeration(Oid type);

    std::vector<prove::Table> tables_;
    std::vector<Oid> relations_;
    std::map<Oid, int> numbers_;
    std::shared_ptr<Catalog> catalog_;
};

} // namespace rlsproof::server
