// A state the solver found, made real: rows put in, the statement run as the persona, the outcome looked at, all
// undone. What cannot be shown this way is no refutation.
#pragma once

#include <string>
#include <vector>

#include "prove/prover.hpp"

#include "server/cell_question.hpp"
#include "server/tables.hpp"

namespace rlsproof::server {

struct Replayed {
    bool confirmed = false;
    std::string why_not;
    std::string statement;
    std::vector<Written> writes;      // of its own that came before
    std::string witness;              // JSON
    std::string row;                  // the row it is about, for a person; where `why` was asked for
    std::vector<std::string> because; // the policies that let it through or do not
};

// REQUIRES: a subtransaction around it, in which nobody is assumed. `unset_as_empty`: settings that were never set are
// empty, as after a transaction that had set them. `why`: says which policies let the row through.
Replayed replay(const CellToProve &cell, const CellQuestion &made, const prove::Reply &reply, const Tables &tables,
                const std::set<std::string> &unset_as_empty, bool why);

// The same of what a write of its own opens: what was closed is reached once the persona has written what it may.
Replayed replay_growth(const CellToProve &cell, const CellQuestion &made, const prove::Reply &reply,
                       const Tables &tables, const std::set<std::string> &unset_as_empty);

} // namespace rlsproof::server
