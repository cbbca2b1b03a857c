// How people stand in what they are members of: which columns of a membership say it, the words for it, and what
// members have who were given nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/hints.hpp"
#include "server/stage.hpp"

namespace rlsproof::server {

// Of a column of one's own row: the words in it that policies or their helpers ask for elsewhere, those of rulers
// first. None where it is no such column.
std::vector<std::string> role_words(const Stage &stage, const TableShape &shape, const ColumnShape &column);

// Whether what the column may hold is said, and some of it makes a ruler.
bool names_rulers(const Stage &stage, const TableShape &shape, const ColumnShape &column);

// What constraints and types say that the column may hold.
std::vector<std::string> words_of(const Stage &stage, const TableShape &shape, const ColumnShape &column);

// What a row has that says nothing else; nothing where there is no default.
Candidate default_word(const ColumnShape &column);

// What a column may hold that nobody is asked for: what members have who were given nothing.
std::optional<std::string> plain_word(const Stage &stage, const TableShape &shape, const ColumnShape &column);

// What a plain member may well hold: what rows have by default and what nobody is asked for, where that makes nobody a
// ruler; else the word that is said least.
std::vector<std::string> plain_words(const Stage &stage, const TableShape &shape, const ColumnShape &column);

// Of the name of a role: it is not held in one tenant alone.
bool meant_for_all(const std::string &role);

// Whether rows are a tenant's: they hang on it, or on what does.
constexpr int kMostKeys = 3; // from a row to the tenant that it is of
bool hangs_on(const Tables &tables, const TableShape &table, Oid parent, int keys = kMostKeys);

// A column of that name that sessions say of which tenant somebody is, and that rows hold.
std::optional<Column> tenant_called(const Stage &stage, const std::string &name, char category);

// By what rows of the table belong to something that is no person: a team; nullptr where they do not.
const ForeignKey *belongs_by(const Stage &stage, const TableShape &shape);

// The same row as if it belonged to what is other people's.
std::vector<Row> among_others(const Stage &stage, const std::vector<Row> &own, const ForeignKey &belongs,
                              const Row &row);

} // namespace rlsproof::server
