// Which parts of a condition ask who is calling: plain functions that the server may jump over.
#pragma once

#include "server/postgres.hpp"

extern "C" {
#include "nodes/nodes.h"
}

namespace rlsproof::server {

// Functions that look at who is calling.
struct Asking {
    const Oid *functions;
    int count;
};

// An expression that depends on who is asking and on no row.
bool is_identity(Node *node, const Asking &asking);

// Whether a condition, as the catalog stores it, weighs something of the row at hand against who is asking, in one and
// the same part: org = (SELECT ... of the caller), is_member(org), EXISTS (... of the caller, with this org). A part
// that asks for a role says nothing of the row.
bool weighs_row_against_caller(const char *tree, const Asking &asking);

} // namespace rlsproof::server
