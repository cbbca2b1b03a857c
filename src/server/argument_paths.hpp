// Expressions in a function's body as places in its arguments: what is taken out of a document, a row or a list, and
// what of that goes through variables, sub-selects and functions in FROM.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sqltext/sqltext.hpp"

#include "server/hints.hpp"
#include "server/postgres.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace rlsproof::server {

constexpr size_t kMostSteps = 8; // how deep a place is

// From an argument to a place in it: a member of that name, or "" for an element of an array, "," for one in a text.
struct Path {
    size_t argument = 0;
    std::vector<std::string> steps = {};
    std::string before = ""; // what stands there before it: the name before the domain of an address

    Path then(const std::string &step) const {
        Path path = *this;
        path.before.clear();
        if (path.steps.size() < kMostSteps) path.steps.push_back(step);
        return path;
    }
};
using MaybePath = std::optional<Path>;

// What stands in FROM or in a variable: columns of their own paths, or one thing whose members they are.
struct Source {
    std::map<std::string, Path> columns = {};
    MaybePath whole = {};
    bool open = false; // a column that is not named is a member of the whole
};

// The statement, or nothing where it is none of that kind.
List *parse_as(const std::string &sql, int mode);

Node *beneath_casts(Node *node);
std::optional<std::string> constant_in(Node *node);
std::string last_of(const List *names);

template <typename Use>
void each(const List *list, Use use) {
    for (int i = 0; i < list_length(list); i++) use((Node *)list_nth(list, i), (size_t)i);
}

class ArgumentPaths {
public:
    ArgumentPaths(std::string function, std::vector<std::string> arguments)
        : function_(std::move(function)), arguments_(std::move(arguments)) {}

    // What goes into variables; those that are made of other variables want another round.
    void read_variable(const sqltext::PlpgsqlText &text);

    // Tables and sources of the statement at hand, however deep they are in it. REQUIRES: before the rest is asked.
    void enter(Node *statement);

    // All nodes of the statement.
    const List *nodes() const { return nodes_; }
    // The types that record definitions in it give.
    const std::vector<std::pair<Path, std::string>> &types() const { return types_; }

    // The column of a table that it names.
    std::optional<Column> column_of(Node *node) const;
    MaybePath path_of(Node *node) const;

private:
    struct Table {
        std::string known_as;
        Oid relation;
    };

    void enter_function(const RangeFunction *item);
    Source source_of(const SelectStmt *select) const;
    MaybePath path_of(const ColumnRef *column) const;
    MaybePath path_of(const FuncCall *call) const;
    MaybePath path_of(const A_Expr *expression) const;
    static MaybePath part_of(const Source &source, const std::string &name);

    const std::string function_;
    const std::vector<std::string> arguments_;
    std::map<std::string, Source> variables_;
    const List *nodes_ = nullptr;
    std::vector<Table> tables_;
    std::map<std::string, Source> sources_;
    std::vector<std::pair<Path, std::string>> types_;
};

} // namespace rlsproof::server
