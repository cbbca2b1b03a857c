// Which tenant, or which tenants, the session works for: found when a statement that reads one's table starts.
#pragma once

#include <string>

#include "server/boundary.hpp"

extern "C" {
#include "nodes/nodes.h"
}

namespace rlsproof::server::guard {

struct Tenancy;

struct SessionTenants {
    const char *source;  // as it was declared: setting:app.tenant_id
    const char *setting; // the setting's name; nullptr where it is no setting
    const char *failure; // why the tenants cannot be told; nullptr where they can
    int count;           // 0 where the session has none
    const Datum *values; // of the tenant's type, not NULL
};

// From here on queries are asked again; until then their answers count for all scans of a statement.
void ask_session_anew();

// The session's tenants now, as values of the type of this tenancy. nullptr where it says nothing of sessions.
const SessionTenants *session_tenants(const Tenancy *tenancy);

// Whether the expression is nothing but what the declaration says a session knows its tenant by: its setting or claim,
// cast to another type; `list` for a setting that holds several. Plain.
bool is_session_tenant(const Tenancy *tenancy, const Node *expression, bool list);

// A number for a source, the same for the same text.
int source_number(const std::string &written);

} // namespace rlsproof::server::guard
