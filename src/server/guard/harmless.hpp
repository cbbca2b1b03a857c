// Which functions untrusted SQL may call: those of the server that compute something and do nothing else, and those
// that rlsproof.listed_functions names.
#pragma once

#include "server/boundary.hpp"

namespace rlsproof::server::guard {

bool harmless(Oid function);

// Whether rlsproof.listed_functions names it.
bool listed(Oid function);

// Catalogs that tell what there is and hold nothing of what is in it.
bool harmless_catalog(Oid relation);

// Settings that change how an answer looks, and not what is in it.
bool harmless_setting(const char *name);

} // namespace rlsproof::server::guard
