// SQL as text, without a server: its shape, its normal form, its statements. The only room that knows libpg_query, and
// libpg_query never shows in this header.
//
// Texts are UTF-8 without NUL, at most kMaxText bytes: anything else raises Error{Code::invalid_input} or
// {Code::limit}. SQL that cannot be read raises Error{Code::syntax}. Both say where: characters, counted from 1.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::sqltext {

inline constexpr size_t kMaxText = size_t{16} * 1024 * 1024;

// One statement of a text: bytes, counted from 0, without the semicolon and without blanks or comments around it.
struct Statement {
    size_t start = 0;
    size_t length = 0;
};

// A name for the shape of the text: that of its normal form, so equal wherever normal forms are equal. Beyond that it
// sees no difference in the length of lists of constants, in longer numbers within table names, nor below 100 levels.
std::string fingerprint(const std::string &sql);

// The text with every constant replaced by a parameter: numbers, strings of every kind of quotes (also the bodies of
// DO and CREATE FUNCTION) and bit strings. Parameters are numbered in the order in which they appear, comments are
// gone, blanks are single spaces. A text in normal form is accepted, and is its own normal form.
std::string normalize(const std::string &sql);

// The statements in order, empty ones left out. Looks at tokens only, so a statement that does not parse hides no
// other; raises only where tokens end: an unterminated string, say.
std::vector<Statement> split(const std::string &sql);

// What a PREPARE prepares, with what follows it: that is what runs when it is executed. The whole text where it is no
// PREPARE.
Statement prepared(const std::string &sql);

// What goes into a variable of a PL/pgSQL body, or a text that it runs.
struct PlpgsqlText {
    std::string sql;                    // an expression; with `variables` also a query; an assignment where neither
    bool run = false;                   // it is run as SQL, by EXECUTE and its likes
    bool declared = false;              // the value that its one variable begins with
    std::vector<std::string> variables; // that its columns go into
};

// The pieces of SQL in a PL/pgSQL body: statements, expressions and assignments, in the order they are written.
struct PlpgsqlBody {
    std::vector<std::string> queries;
    bool dynamic = false;           // it also runs text that is only known at run time
    std::vector<PlpgsqlText> texts; // that text, and what its variables are made of, in order
};

// REQUIRES: a function as pg_get_functiondef() writes it.
PlpgsqlBody plpgsql(const std::string &definition);

// Whether what the body does on its way to a line, counted as the server counts it, is the same in each call: no branch
// or loop that begins before it holds another statement that reads or writes. REQUIRES: the same.
bool goes_straight(const std::string &definition, int line);

} // namespace rlsproof::sqltext
