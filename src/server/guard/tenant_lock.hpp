// tenant_repointed: what a session knows its tenant by is not given another value once it has one.
#pragma once

#include "server/guard/statement.hpp"

namespace rlsproof::server::guard {

// At the start of every statement: looks which of the settings has a value, which is held from then on, and sees that
// none is changed without our knowing. Plain. REQUIRES: the rule is on.
void hold_tenants();

// Whether the setting is one of those, so that it can be given one value and no other. Plain.
bool is_held_setting(const char *name);

// A statement touches the table: from here on the tenant is held, and it is the one that was.
void look_at_locks(Oid table, Violations *found);

} // namespace rlsproof::server::guard
