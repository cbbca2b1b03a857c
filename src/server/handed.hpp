// Constants handed to helpers: has_role(auth.uid(), 'admin') asks a column for 'admin' as plainly as role = 'admin'
// does.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "server/hints.hpp"

namespace rlsproof::server {

// The columns that a function compares one of its arguments with; positions are counted from 0.
std::vector<Column> compared_with_argument(Oid function, int position);

// The columns of the tables a helper reads, of these names.
std::vector<Column> columns_named(const Body &body, const std::set<std::string> &names);

// What each policy asks of the rows of other people's and of the caller's own, taken together; and of what it wants to
// hear from a helper the column that the helper says. REQUIRES: the rest of `hints`.
void gather_together(Hints &hints, Bodies &bodies);

} // namespace rlsproof::server
