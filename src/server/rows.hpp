// Making rows for a probe: a value for every column, constraints and keys respected, no sequence advanced.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/tables.hpp"

namespace rlsproof::server {

using Values = std::map<int, Candidate>; // by column number

// One row that is there, made or found.
struct Row {
    Oid table;     // the relation it was put in
    Oid stored_in; // tableoid: a partition, or the same
    std::string tid;
    Values values; // as far as known
    bool made;
};

// The rows of a table that are an object of their own: the files of a bucket. Without a column, all of them.
struct Part {
    int column = 0;
    std::string value;

    bool holds(const Values &values) const {
        const auto found = values.find(column);
        return column == 0 || (found != values.end() && found->second == value);
    }
};

// Makes values and rows. Each row it makes differs in every key from the ones before.
class Maker {
public:
    explicit Maker(const Tables &tables) : tables_(tables) {}

    // A whole row for the table: what is in `wanted`, and a fitting value for everything else.
    Values values(const TableShape &table, const Values &wanted);

    // Inserts a row as the current user; tries other values where a constraint objects. Nothing where it did not work,
    // with the reason in `why`. Policies of the current user apply: error 42501 ends the attempt. `links` tie the row
    // to others, and give way where a constraint wants them empty.
    std::optional<Row> insert(const TableShape &table, const Values &wanted, std::string &why,
                              const Values &links = {});

    // The statement that inserts these values.
    static std::string insert_statement(const TableShape &table, const Values &values);
    static std::string literal(const ColumnShape &column, const Candidate &value);

private:
    class Turning;
    Candidate value(const TableShape &table, const ColumnShape &column);
    std::vector<Candidate> alternatives(const TableShape &table, const ColumnShape &column, bool many);
    std::vector<std::string> like_pattern(const TableShape &table, const ColumnShape &column) const;
    const Tables &tables_;
    std::map<Column, Candidate> learned_; // what constraints turned out to want
    long counter_ = 0;
};

// What of these values whoever acts now may give in an INSERT; for the rest it gets what the defaults say.
Values insertable(Oid relation, const Values &values);

// Whether whoever acts now may change the column.
bool may_update(Oid relation, int column);
bool may_select(Oid relation, int column);

// Whether a row of these values takes a number from a sequence, which no rollback gives back.
bool draws_a_number(Oid relation, const Values &values);

// Said of a statement that is left undone for that.
constexpr const char *kWouldDraw = "it would advance a sequence";

} // namespace rlsproof::server
