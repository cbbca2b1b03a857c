// Tables that a body makes for itself and that nobody else sees: a rollback undoes them, and nothing waits for them.
#pragma once

#include "server/postgres.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace rlsproof::server {

// The name of the temporary table that a statement makes; nullptr where it makes none.
const char *temporary_made(Node *statement);
// What such a table is filled with as it is made; nullptr where that is nothing.
Node *temporary_filled_from(Node *statement);
// Whether the statement drops such tables alone: none that is there now bears the name.
bool drops_temporary(Node *statement);

} // namespace rlsproof::server
