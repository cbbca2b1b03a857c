// What the policies and helper functions say about columns: the constants they are compared with, whether they hold
// somebody's identity, and which tables decide about others. Rows made for a probe take their values from here, because
// one random row proves little.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/world.hpp"

#include "server/bodies.hpp"
#include "server/next_token.hpp"

namespace rlsproof::server {

struct Column {
    Oid relation;
    int number;
    auto operator<=>(const Column &) const = default;
};

// A value worth trying, as text in the column's own type; nothing is NULL.
using Candidate = std::optional<std::string>;

struct PolicyHint {
    Oid relation; // whose policy it is
    std::string name;
    std::vector<std::pair<int, Candidate>> values;                   // of its own columns, as the policy compares them
    std::map<Oid, std::vector<std::pair<int, Candidate>>> elsewhere; // the same of columns of other tables
    std::set<Column> reads;                                          // columns of other tables that it decides by
    std::vector<Oid> functions;                                      // that it calls
    std::vector<Oid> tables;                                         // that it reads itself
    std::set<std::pair<Column, Column>> joined;       // columns of two tables that it compares with each other
    std::vector<std::pair<Oid, std::string>> answers; // functions, and what it wants to hear from them
};

// Of a row: what its columns have to hold, one of several values each.
using Asked = std::map<int, std::vector<Candidate>>;

struct Hints {
    std::vector<PolicyHint> policies;
    std::map<Column, std::vector<Candidate>> candidates; // of all policies together, each once
    // Of these, what is asked of rows other than the one at hand: by another table's policies, or within a helper.
    std::map<Column, std::set<std::string>> asked_of_callers;
    std::set<Column> identity;                          // compared with who is asking, as a person
    std::set<Column> tenant;                            // compared with something else the session says
    std::map<Column, std::map<int, Oid>> parts_read_as; // of names: parts that policies cast to another type
    std::set<Column> identity_path;                     // texts whose first folder is compared with who is asking
    std::map<Oid, std::set<Oid>> decided_by;            // table → tables its policies read, through helpers as well
    std::map<Column, std::set<Oid>> governs;            // of such a column: the tables whose policies read it
    std::set<Column> authority;                         // columns that policies or their helpers decide by
    std::set<Column> personal;                          // of these, the ones read from a row that is the caller's own
    std::set<Column> in_policies;                       // columns that a policy names, in whatever way
    std::set<std::pair<Column, Column>> joined;         // columns of two tables that are compared with each other
    std::set<std::pair<Column, Column>> handed_to;      // columns, and what functions compare them with
    std::set<std::pair<Column, Column>> matched;        // these, and columns compared with what is looked up in another
    std::map<Column, Oid> read_as;                      // texts that policies cast to another type
    std::set<std::string> asked;                        // constants that something about the caller is compared with
    std::map<std::string, int> mentions;                // constants in policies and their helpers, and how often
    std::set<Column> limits;                            // numbers that policies of other tables measure against
    std::map<Column, std::set<std::string>> deciders;   // of such a column: the policies and helpers that read it
    // By table: what one policy asks of a row of it other than the one at hand, itself and through helpers, all
    // together.
    std::map<Oid, std::vector<Asked>> asked_together;
    // Places in `policies`: by the table whose they are, and by each table of whose columns they say something.
    std::map<Oid, std::vector<size_t>> policies_of, policies_about;
    // By table, what a function that strangers may call, or set off, compares columns with; one for each function.
    std::vector<std::map<Oid, std::vector<std::pair<int, Candidate>>>> looked_for;
    // Tables of which a policy shows rows by what they have to do with the caller; true where one is for reading alone.
    std::map<Oid, bool> told_apart;
    NextToken next_token;
};

// By what other tables and functions a table's policies decide, and with what they compare what they find there. What
// opens one of two tables that are decided alike opens the other as well.
struct HowDecided {
    std::set<Oid> by, functions, tables;
    std::set<Column> reads;
    std::set<std::pair<Oid, std::string>> answers;
    std::set<std::pair<Column, Candidate>> compared;
    auto operator<=>(const HowDecided &) const = default;
};
HowDecided how_decided(const Hints &hints, Oid table);

// Of tables that are decided alike so many are looked at where all of them would take long.
constexpr int kMostAlike = 2;

// The places for a table; none where there are none.
const std::vector<size_t> &places_for(const std::map<Oid, std::vector<size_t>> &places, Oid table);

// An expression that yields the identity of somebody signed in tells a person from a tenant. Where the world has nobody
// of the kind, whatever a session says counts as the person.
Hints read_hints(Bodies &bodies, const World &world);

// The constants that check constraints compare columns with, by column, and those of domains, by type; and the regular
// expressions they have to match: those of a domain as of its column 0.
void read_allowed_values(std::map<Column, std::vector<Candidate>> &columns,
                         std::map<Oid, std::vector<Candidate>> &domains, std::map<Column, std::string> &patterns);

} // namespace rlsproof::server
