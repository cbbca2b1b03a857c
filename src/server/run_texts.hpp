// Texts that a PL/pgSQL body makes and runs as SQL, and what of its arguments goes into them: as SQL, as a name that is
// quoted, or as a value.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace rlsproof::server {

struct TextPiece {
    enum class Kind {
        constant, // as it is written
        sql,      // an argument, as it comes
        name,     // an argument, quoted as a name
        relation, // an argument, as the name of a relation that is there
        value,    // something that is quoted as a constant, or can be nothing else
        unknown
    } kind;
    std::string text = {}; // the constant, or the argument: its name, or $1
    bool altered = false;  // on the way
    bool maybe = false;    // in some calls only
};

using MadeText = std::vector<TextPiece>;

struct RunTexts {
    std::vector<MadeText> all;
    std::set<std::string> as_sql;   // arguments
    std::set<std::string> as_table; // the same, where a table's name stands
    bool unaltered = false;         // one of those comes as it was given
    bool every_one = false;         // of the texts has an argument in it as SQL

    bool any() const { return !as_sql.empty() || !as_table.empty(); }
};

// REQUIRES: nothing; a body that cannot be read runs no texts.
RunTexts read_run_texts(Oid function);

// The text where arguments are these; values are '1'. Nothing where it is not known word by word.
std::optional<std::string> composed(const MadeText &made, const std::map<std::string, std::string> &given);

} // namespace rlsproof::server
