// The JSON in which libpg_query answers, read into a tree.
#pragma once

#include <string>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::sqltext {

struct Json {
    enum class Kind { object, array, string, other } kind = Kind::other;
    std::string text; // of a string; of a number, true, false and null as written
    struct Member;    // of a type of its own: a pair of a type that is not complete is none to clang++
    std::vector<Member> members;
    std::vector<Json> items;

    // The member of that name; an empty value where there is none.
    const Json &operator[](const char *name) const;
    bool has(const char *name) const;
    // Of an object with one member, its name and its value: {"PLpgSQL_stmt_if": {...}}.
    const std::string &only_name() const;
    const Json &only() const;
};

struct Json::Member {
    std::string first;
    Json second;
};

// Raises Error{syntax}.
Json read_json(const std::string &text);

// Reads the string that starts behind the quote at `position`; leaves `position` behind its end.
std::string read_json_string(const std::string &json, size_t &position);

} // namespace rlsproof::sqltext
