// What a sign-up trigger makes of what is sent, asked of the server: accounts that are really put in, with every word
// that might open something, and are gone again.
#pragma once

#include <string>
#include <vector>

#include "base/finding.hpp"
#include "model/world.hpp"

#include "server/hints.hpp"
#include "server/tables.hpp"

namespace rlsproof::server {

// Findings of forgeable_claim about what a trigger copies from an account say what was seen: a word that policies ask
// for that got through, or, as a note, the few harmless ones that do. Where anything is in doubt they stay as they are.
// REQUIRES: statements may be executed here.
void try_sign_ups(const World &world, std::vector<Finding> &findings);

// What one may choose to be by signing up, beside what one is without asking: the first few words that policies or
// functions name, in columns that policies decide by, of tables that a trigger on the accounts puts rows into.
struct Kind {
    Column column;
    std::string name; // schema.table.column
    std::string word;
    std::string function; // the trigger's
    bool told = false;    // forgeable_claim says that it is copied
    std::string sent;     // where that takes more than the word alone: all of it
    bool code = false;    // and one has to be told a part of it
};
// REQUIRES: as above.
std::vector<Kind> kinds_at_sign_up(const World &world, const Hints &hints, const Tables &tables);

} // namespace rlsproof::server
