// Texts in shared memory. Databases have encodings of their own, so each text says which it is in.
#pragma once

#include "server/postgres.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace rlsproof::server::guard {

inline constexpr int kQuerySize = 1024; // of a normal form, with its end
inline constexpr int kTableSize = 192;  // of schema.table, quoted

// Writes a text of an encoding where it has room: what is too long is cut between two characters and ends in "...".
// Raises nothing.
void put_text(char *to, int size, const char *text, int length, int encoding);

// The text in this database's encoding, palloc'd; question marks stand for what it does not have.
char *text_here(const char *text, int encoding);

} // namespace rlsproof::server::guard
