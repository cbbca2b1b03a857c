// What goes through variables of a PL/pgSQL body on its way into a column.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "sqltext/sqltext.hpp"

#include "server/facts.hpp"
#include "server/postgres.hpp"

extern "C" {
#include "nodes/nodes.h"
}

namespace rlsproof::server {

// Arguments and variables that stand in an expression by their plain names, $1 and its likes among them; a sub-select
// looks something up by them.
std::set<std::string> plain_names_in(Node *expression);

// Each value that goes into a variable, with the variable's name. REQUIRES: a subtransaction that is rolled back.
void each_assigned(const std::vector<sqltext::PlpgsqlText> &texts,
                   const std::function<void(const std::string &, Node *)> &use);

// Adds to what flows into columns what the variables among it are made of. REQUIRES: as raw_parser() does.
void follow_variables(const std::vector<sqltext::PlpgsqlText> &texts, BodyFacts &facts);

} // namespace rlsproof::server
