// libpg_query in terms of this room: tokens, the first mistake, the hash of a parse tree. Only library.cpp includes its
// header: pg_query.h redefines PG_VERSION_NUM without a word.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core_only.hpp"
#include "base/error.hpp"

namespace rlsproof::sqltext {

enum class Kind {
    constant,         // a number, a bit string, or a string in any quotes
    parameter,        // $1
    comment,          // both forms
    keyword,          // words of the grammar that may be names as well
    reserved,         // words of the grammar that may not
    name,             // identifiers, quoted or not
    unicode_constant, // U&'...', which UESCAPE may follow
    unicode_name,     // U&"...", the same
    other,            // operators and punctuation
};

struct Token {
    size_t start = 0; // bytes, counted from 0
    size_t end = 0;
    Kind kind = Kind::other;
};

// REQUIRES for all three: valid UTF-8 without NUL. Errors carry the position in characters, counted from 1.

// All tokens with their exact bounds; between them are only blanks. Raises where a token does not end.
std::vector<Token> scan(const std::string &sql);

// The first mistake the parser sees. Its memory does not grow with the depth of the text, nor does it use the stack.
std::optional<Error> mistake(const std::string &sql);

// libpg_query's fingerprint. Raises what mistake() returns.
std::string hash(const std::string &sql);

// Raises unless the text is valid UTF-8 without NUL and not too long.
void check_text(const std::string &sql);

// The byte at which the character `position` (counted from 1) starts; the text's size beyond the end.
size_t byte_of(std::string_view text, int position);

} // namespace rlsproof::sqltext
