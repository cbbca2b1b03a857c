// What a solver says, read as what it is: a text from outside.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::prove {

// An S-expression: a word, or a list. Words between bars come without them.
struct Sexp {
    std::string word;
    std::vector<Sexp> list;
    bool is_list = false;
};

// All expressions in a text. Raises Error{syntax} for what is none, Error{limit} for what is nested too deep.
std::vector<Sexp> read_sexps(const std::string &text);

// As text again, for comparing values.
std::string written(const Sexp &sexp);

// A whole number: 5, or (- 5); nothing where it is none or too large.
std::optional<int64_t> whole_number(const Sexp &sexp);

} // namespace rlsproof::prove
