// matrix_access: what the declared matrix says of a running statement.
#pragma once

#include "server/boundary.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace rlsproof::server::guard {

// A sentence where every persona of this role is declared to have none of the access that is used, and at least one of
// them says so for this very table. Nothing where the matrix allows it, says nothing of it, or cannot be read.
const char *declared_none(Oid role, Oid table, AclMode used);

} // namespace rlsproof::server::guard
