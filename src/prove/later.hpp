// Expressions about the state after a statement.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "expr/tree.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

// The expression with every table that has a later state in that: rows, sub-selects, and whatever may look at tables.
expr::Expr afterwards(const expr::Expr &e, const std::map<int, int> &later);

// The expression with one row alone as it is afterwards.
expr::Expr of_row_afterwards(const expr::Expr &e, const expr::Row &row, int table);

// What decides about a write, at the time of the write: what is reached is asked of a later one.
expr::Expr at_the_write(const expr::Expr &e);
// The parameter for that time, where the expressions have it; nullptr otherwise.
expr::Expr time_of_writes(const std::vector<expr::Expr> &expressions);

// Conditions about one row by itself that hold it against something constant: what a policy may ask of a row.
void add_marks(const expr::Expr &e, std::vector<std::pair<expr::Row, expr::Expr>> &marks);

} // namespace rlsproof::prove
