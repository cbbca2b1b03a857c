// The shape of tables as far as making a row takes it: columns, keys, constraints, and the values constraints name.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/hints.hpp"

namespace rlsproof::server {

struct ColumnShape {
    int number;
    std::string name;      // quoted
    std::string type_name; // as it is written in a cast
    Oid type;              // behind domains
    Oid domain;            // or InvalidOid
    char kind;             // of the type behind domains: b, e, c, r, ...
    char category;         // typcategory
    int width;             // of varchar(n) and char(n); 0 where there is none
    bool not_null;
    bool generated;
    bool identity;
    std::string default_expression;  // empty where there is none, or where evaluating it would advance a sequence
    std::vector<std::string> labels; // of an enum
};

struct ForeignKey {
    std::vector<int> columns;
    Oid parent;
    std::vector<int> parent_columns;
};

struct TableShape {
    Oid id;
    std::string name;
    bool partitioned;
    bool made; // rows can be made: an ordinary or partitioned table, not an extension's
    double rows;
    std::vector<ColumnShape> columns;
    std::vector<ForeignKey> foreign_keys;
    std::vector<std::vector<int>> keys;                  // primary first, then unique ones
    std::map<std::string, std::vector<int>> constraints; // columns of every check and unique constraint, by name

    const ColumnShape *column(int number) const {
        for (const ColumnShape &c : columns)
            if (c.number == number) return &c;
        return nullptr;
    }
    // By that column alone a row is told from all others.
    bool is_key(int number) const {
        return std::any_of(keys.begin(), keys.end(),
                           [&](const std::vector<int> &key) { return key == std::vector{number}; });
    }
    // It is part of what a row, or one of another table, is known by.
    bool is_in_key(int number) const {
        const auto has = [&](const std::vector<int> &columns) {
            return std::find(columns.begin(), columns.end(), number) != columns.end();
        };
        return std::any_of(keys.begin(), keys.end(), has) ||
               std::any_of(foreign_keys.begin(), foreign_keys.end(),
                           [&](const ForeignKey &key) { return has(key.columns); });
    }
};

class Tables {
public:
    // Reads every table that is not the server's.
    static Tables read();

    const TableShape *of(Oid table) const {
        const auto found = shapes.find(table);
        return found == shapes.end() ? nullptr : &found->second;
    }
    // Columns that policies compare with a column of another table refer to it, whether a foreign key says so or not.
    void join(const Hints &hints);
    // Parents before the children that refer to them; members of a cycle in the order of their OIDs.
    std::vector<Oid> parents_first() const;

    std::map<Oid, TableShape> shapes;
    std::map<Column, Oid> read_as;                        // texts that have to read as another type
    std::map<Column, std::map<int, Oid>> parts_read_as;   // the same of parts of names
    std::map<Column, std::vector<Candidate>> allowed;     // constants in check constraints, by column
    std::map<Oid, std::vector<Candidate>> domain_allowed; // the same of domains, by type
    std::map<Column, std::string> patterns; // that texts have to match, by column; of domains by type and 0
};

} // namespace rlsproof::server
