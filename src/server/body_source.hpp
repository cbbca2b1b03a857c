// A function's own body as raw parse trees: where it is written in SQL or PL/pgSQL, and in whatever form it is kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sqltext/sqltext.hpp"

#include "server/postgres.hpp"

namespace rlsproof::server {

struct BodyText {
    std::string language; // sql or plpgsql; empty where it is neither
    std::string name;
    std::string definition;
    std::string source;
    std::string parsed; // where the server keeps it so
    std::optional<std::string> search_path;
    std::vector<std::string> arguments; // "" for those without a name
};

BodyText body_text(Oid function);

struct BodyPieces {
    std::vector<List *> statements;              // lists of RawStmt *
    std::vector<sqltext::PlpgsqlText> variables; // what goes into them, and texts that are run
};

// Names mean from here on what they mean to the body. REQUIRES: a subtransaction that is rolled back: its end frees
// what is read, and gives the path back.
BodyPieces read_pieces(const BodyText &text);

} // namespace rlsproof::server
