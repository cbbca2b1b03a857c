// One row by itself, so that a condition can be asked about it by somebody whom the table's own policies would not show
// it to.
#pragma once

#include <string>

#include "model/world.hpp"

#include "server/boundary.hpp"

namespace rlsproof::server {

// The row as the server writes it; empty where there is none. REQUIRES: past all policies.
std::string row_text(const Relation &relation, const std::string &tid, Oid stored_in);

// A FROM clause in which the row stands in the table's place.
std::string from_row(const Relation &relation, const std::string &row_text);

// The row for a person: id 7, owner NULL.
std::string in_words(const Relation &relation, const std::string &row_text);

} // namespace rlsproof::server
