// EXPLAIN ANALYZE runs a statement and shows its plan alone. Whether it comes to nothing but that.
#pragma once

#include "server/boundary.hpp"

extern "C" {
#include "executor/execdesc.h"
}

namespace rlsproof::server::guard {

// Whether anything is left behind by it, or could be told by it: rows it changes, a table it fills, a function that is
// given what it reads.
bool goes_somewhere(const QueryDesc *query);

} // namespace rlsproof::server::guard
