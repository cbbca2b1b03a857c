// An expression as text for a person: SQL where SQL has the words.
#pragma once

#include <functional>
#include <string>

#include "expr/tree.hpp"

#include "base/core_only.hpp"

namespace rlsproof::expr {

// `column` says what a column of a row is called; `table` a table.
struct Names {
    std::function<std::string(const Row &, int)> column;
    std::function<std::string(const Row &)> table;
};

std::string print(const Expr &e, const Names &names);

} // namespace rlsproof::expr
