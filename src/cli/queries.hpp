// The queries of a file: plain SQL, an export of pg_stat_statements, or a log of the server. Reads text and asks
// nobody.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::cli {

enum class Input { sql, csv, log };

std::string_view name(Input input);
// Raises Error{invalid_input} with the names in its hint.
Input input_named(std::string_view text);
// What the text looks like; plain SQL where it looks like nothing else.
Input input_of(std::string_view text);

struct Query {
    std::string text;
    int line = 1;     // where it begins, counted from 1
    size_t times = 1; // how often it was sent, as far as the file tells
};

struct Queries {
    std::vector<Query> queries;    // in the order of the file
    size_t session_commands = 0;   // BEGIN, SET, FETCH ... of exports and logs: they read no table and are left out
    std::vector<std::string> gaps; // what is there and cannot be looked at: "line 7: ..."
};

// Raises Error{invalid_input} where the text is not what it is said to be.
Queries read_queries(std::string_view text, Input input);

} // namespace rlsproof::cli
