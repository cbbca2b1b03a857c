// What a write sets off: the tables that its triggers write to, by which of them, and the constants that they ask of
// the row. Read off their bodies; whether any of it comes about is seen by doing it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/world.hpp"

#include "server/bodies.hpp"
#include "server/body_documents.hpp"
#include "server/rows.hpp"
#include "server/tables.hpp"

namespace rlsproof::server {

struct Effects {
    std::map<Oid, std::string> written; // by table: the trigger on the relation itself that leads there
    std::set<Oid> changed;              // of these, the ones that it may do more to than put rows in
    std::map<Oid, std::string> touched; // tables that the relation's own triggers name, and which does
    bool before = false;                // one of those may alter the row
    Place row;                          // what those take out of the row that sets them off
    std::set<std::string> named;        // columns that the triggers mention
    std::vector<std::pair<std::string, std::string>> compared; // columns of any table with constants
    std::vector<std::pair<int, std::string>> asked; // of the relation's own columns, constants they are compared with
    std::string unread; // that a trigger leads to what no body tells, which and why; or empty
};

class TriggerEffects {
public:
    explicit TriggerEffects(Bodies &bodies) : bodies_(bodies) {}

    Effects of(const TableShape &relation, Command command);
    // "trigger x on schema.table" for each that puts rows into the table; not the one that it is on.
    std::vector<std::string> that_fill(Oid table);

private:
    struct One {
        std::string name;
        std::string on;
        Oid function;
        int events;
        bool only_inserts;             // as far as its own text goes
        bool may_go_past;              // what its own text builds may go past policies
        std::vector<std::string> when; // columns and constants of its condition, in turn
    };
    const std::map<Oid, std::vector<One>> &all();
    const Place &row_of(Oid function);
    void hand_on(Place &place);

    Bodies &bodies_;
    std::optional<std::map<Oid, std::vector<One>>> all_;
    std::map<Oid, Place> rows_; // by function
};

} // namespace rlsproof::server
