// What every question takes for granted, whatever it asks: the constraints of the tables it speaks of, and which of its
// literals are equal.
#pragma once

#include "prove/question.hpp"

#include "server/translate.hpp"

namespace rlsproof::server {

// The CHECK constraints of the tables met so far. May meet more tables.
void state_checks(Schema &schema, Translator &translator);

// What is known of values that are one of several, tables with their references, literals, and the row variables that
// are left. REQUIRES: nothing is translated afterwards.
void complete(prove::Question &question, Schema &schema, const Translator &translator);

} // namespace rlsproof::server
