// The text of statements that have none: bodies written as BEGIN ATOMIC are kept as trees. It is printed from the tree
// when they are planned, and travels in the plan like the facts.
#pragma once

#include "server/boundary.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
}

namespace rlsproof::server::guard {

void define_body_text();

inline bool is_empty(const char *text) {
    return text == nullptr || *text == '\0';
}

// The query as SQL, to be carried by its plan. REQUIRES: it is not planned yet, which changes it.
Node *body_text_of(Query *query);

// What was carried; nothing where the plan does not say.
const char *body_text(const PlannedStmt *plan);

} // namespace rlsproof::server::guard
