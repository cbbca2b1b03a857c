// A migration file as the pieces a tool would send one after another: statements, COPY with its inline data, and psql's
// own commands. Never refuses a text: whatever is wrong in it reaches the server, which says so with a position.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::cli {

struct Piece {
    enum class Kind {
        statement,
        copy, // COPY ... FROM stdin, with the data that follows it
        meta, // a psql command, from its backslash to the end of the line
    };
    Kind kind = Kind::statement;
    size_t start = 0; // byte where it begins, comments before it left out
    int line = 1;     // of `start`, counted from 1
    std::string_view text;
    std::string_view data;
};

// REQUIRES: `text` outlives the pieces, which point into it.
std::vector<Piece> split(std::string_view text);

// The line that a character of the piece is on. `position` as servers count: characters from 1, 0 where unknown.
int line_of(const Piece &piece, int position);

} // namespace rlsproof::cli
