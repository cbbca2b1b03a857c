// What the names in a function's body mean: also where whoever asks may not use the schema they are in.
// Plain functions that the server may jump over.
#pragma once

#include "server/postgres.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace rlsproof::server {

// InvalidOid where there is none.
Oid relation_named(const RangeVar *name);

// The OIDs of all functions of a name, whatever their arguments.
List *functions_named(List *name);

} // namespace rlsproof::server
