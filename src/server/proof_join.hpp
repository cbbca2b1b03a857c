// Where the prover's layer meets the others: a cell that was executed gets what is proved about it. What the two layers
// say of the same cell is never merged silently: where they contradict each other, that is told.
#pragma once

#include <string>
#include <vector>

#include "model/cell.hpp"

#include "server/declared.hpp"
#include "server/hints.hpp"
#include "server/proofs.hpp"

namespace rlsproof::server {

// `cells` are the persona's. REQUIRES: nobody is assumed; a subtransaction around it.
void add_proofs(const World &world, const Declared &declared, const Hints &hints, const Persona &persona,
                Proofs &proofs, std::vector<Cell> &cells, std::vector<std::string> &notes);

} // namespace rlsproof::server
