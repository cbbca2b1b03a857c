// The tenant of a row that only says which other row knows it: looked up there by the key, without SQL and without
// anybody's privileges, in the statement's own snapshot.
#pragma once

#include "server/guard/tenancy.hpp"

extern "C" {
#include "utils/snapshot.h"
}

namespace rlsproof::server::guard {

struct TenantPath;

// Made in the current memory context. nullptr where a table on the way has no unique index on its key alone, or keeps
// it as another type.
TenantPath *path_to_tenant(const Tenancy *tenancy);

// The tenant behind a key; what is returned by reference holds until the next question.
Datum tenant_behind(TenantPath *path, Snapshot snapshot, Datum key, bool null_key, bool *null);

} // namespace rlsproof::server::guard
