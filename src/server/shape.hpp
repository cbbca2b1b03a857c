// The shape of a statement, for the guard: its normal form holds no constants, so it may be kept and logged.
#pragma once

#include <cstdint>
#include <string>

#include "server/boundary.hpp"

namespace rlsproof::server {

struct Shape {
    uint64_t fingerprint = 0; // the number behind rlsproof.fingerprint()
    std::string text;         // the normal form, in the database's encoding
    bool read = true;         // false: it could not be read, and the text only says so
};

// Never raises for what the statement says: newer syntax than libpg_query knows is possible in any server.
// Remembers the latest texts of this session.
const Shape &shape_of(const char *sql, size_t length);

// The statement that runs when this text is executed: of a PREPARE what it prepares. Empty where the text cannot be
// read.
std::string executed(const std::string &sql);

} // namespace rlsproof::server
