// Ways up that nothing tried beforehand would find: those that the prover finds in any state of the tables, once they
// were gone in that state.
#pragma once

#include <string>
#include <vector>

#include "base/finding.hpp"
#include "model/cell.hpp"

#include "server/awake.hpp"
#include "server/bodies.hpp"
#include "server/proofs.hpp"
#include "server/stage.hpp"

namespace rlsproof::server {

// `cells` are the persona's, who has just signed up; what they and the findings say already is not asked again. What
// there was no time to ask is a note. REQUIRES: nobody is assumed; a subtransaction around it.
void add_ways(const World &world, const Stage &stage, Bodies &bodies, Triggers &triggers, const Persona &persona,
              Proofs &proofs, const std::string &object, std::vector<Cell> &cells, std::vector<Finding> &findings,
              std::vector<std::string> &notes);

} // namespace rlsproof::server
