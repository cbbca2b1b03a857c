// What every reader of node trees asks of a node: plain functions that the server may jump over.
#pragma once

#include "server/postgres.hpp"

extern "C" {
#include "nodes/primnodes.h"
}

namespace rlsproof::server {

// Casts, to a domain or of an array's elements too, and (select x) say nothing about whose column it is.
Node *without_casts(Node *node);

// current_user and its likes; the current date is another value of the same kind.
bool is_current_user(const Node *node);

} // namespace rlsproof::server
