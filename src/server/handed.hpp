// Constants handed to helpers: has_role(auth.uid(), 'admin') asks a column for 'admin' as plainly as role = 'admin'
// does.
#pragma once

#include <vector>

#include "server/hints.hpp"

namespace rlsproof::server {

// The columns that a function compares one of its arguments with; positions are counted from 0.
std::vector<Column> compared_with_argument(Oid function, int position);

} // namespace rlsproof::server
