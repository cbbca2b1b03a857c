// The normal form of a statement, for places that must not raise and have no room for more than a page of it.
#pragma once

#include "server/postgres.hpp"

namespace rlsproof::server {

// Longer statements are not read: it would take longer than most of them run.
inline constexpr int kMostNormalised = 64 * 1024;

// The statement in UTF-8: itself, or palloc'd. Nothing where it holds what UTF-8 has no character for. Raises nothing.
const char *in_utf8(const char *sql, int *length);

struct NormalForm {
    uint64 fingerprint; // the number behind rlsproof.fingerprint()
    int length;         // of the whole
    char text[1024];    // UTF-8; its beginning where it is longer, and then without a zero at the end
};

// False where the statement cannot be read. Raises nothing. In a database of another encoding than UTF-8 it asks the
// catalogs if the statement is more than ASCII; where that is not possible, such a statement cannot be read.
bool normal_form(const char *sql, size_t length, NormalForm *form);

} // namespace rlsproof::server
