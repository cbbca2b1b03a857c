// What goes through variables of a PL/pgSQL body on its way into a column.
#pragma once

#include <vector>

#include "sqltext/sqltext.hpp"

#include "server/facts.hpp"

namespace rlsproof::server {

// Adds to what flows into columns what the variables among it are made of. REQUIRES: as raw_parser() does.
void follow_variables(const std::vector<sqltext::PlpgsqlText> &texts, BodyFacts &facts);

} // namespace rlsproof::server
