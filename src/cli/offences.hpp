// What the guard says of queries, one entry for each shape and rule, and how it is written.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "cli/queries.hpp"
#include "cli/session.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

// What the server cannot parse or plan: no rule was looked at.
inline constexpr std::string_view kInvalid = "invalid";
// What a statement runs past every look.
inline constexpr std::string_view kNotLookedAt = "not_looked_at";

struct Offence {
    int line = 1; // of the first query that has it
    std::string rule, sqlstate, message, detail, hint;
    std::string query;
    size_t times = 0; // queries of the same shape that have it
};

struct CheckReport {
    std::string file;
    std::string subject; // what the queries were planned over
    size_t queries = 0;  // all of them, repetitions included
    size_t shapes = 0;
    size_t session_commands = 0;
    std::vector<Offence> offences;
    std::vector<std::string> notes;
    std::vector<std::string> gaps; // what could not be looked at
};

// Puts together what has the same shape. Texts of one shape are all judged by themselves: a constant can decide.
class OffenceList {
public:
    // `rows`: rule, sqlstate, message, detail, hint, query; `queries`: all that have this very text, the first of them
    // first.
    void add(const Query &first, size_t times, const std::vector<Row> &rows);

    size_t shapes() const { return shapes_.size(); }
    std::vector<Offence> take();

private:
    std::map<std::string, size_t> shapes_;
    std::map<std::string, size_t> indexes_; // shape, rule and which of the rule's -> offence
    std::vector<Offence> offences_;
};

std::string as_text(const CheckReport &report);
std::string as_json(const CheckReport &report);

} // namespace rlsproof::cli
