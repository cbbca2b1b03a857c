// Rows of other people as they were before a write, and what became of them: past all policies, since what a trigger
// does is done past them as well.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/stage.hpp"

#include "server/spi.hpp"

namespace rlsproof::server {

struct Change {
    const Row *row;
    bool gone = false;
    std::map<int, Value> columns; // that hold something else now, with what they hold
};

class Bystanders {
public:
    Bystanders(const Stage &stage, const std::vector<Row> &own, Oid superuser, int security)
        : stage_(stage), own_(own), user_(superuser), security_(security) {}

    // Reads the rows of a table as they are. REQUIRES: before anything is written that is to be noticed.
    void remember(Oid table);

    // What the subtransaction around it has done to rows of other people in a table that is remembered.
    std::vector<Change> changed(Oid table);

    // What any change of the row does to it, by triggers of its own: the same as changed(), where nothing was set.
    std::vector<Change> stirred(const Row &row);

private:
    struct Before {
        const Row *row;
        std::vector<Value> values; // as the columns of the table stand
    };
    struct Table {
        std::vector<Before> rows;
        std::string tids;
    };
    const Stage &stage_;
    const std::vector<Row> &own_;
    std::map<Oid, Table> tables_;
    Oid user_;
    int security_;
};

} // namespace rlsproof::server
