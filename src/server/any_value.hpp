// Personas of which a claim or a setting may have any value, written "*": the values that are tried in its place.
#pragma once

#include <string>
#include <vector>

#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/hints.hpp"
#include "server/stage.hpp"

namespace rlsproof::server {

// Whether a claim or a setting of the persona may have any value.
bool has_any_value(const Persona &persona);

struct Variant {
    Persona persona;   // the same, with one value in place of each "*"
    std::string tried; // "tenant_id = 'a', role = 'admin'"; empty where nothing was replaced
};

// The persona itself where every value is given. Values are what policies and their helpers name, what the rows of
// `stage` say, where there is one, and one that occurs nowhere.
std::vector<Variant> variants_of(const Persona &persona, const Hints &hints, const Stage *stage);

// The cells of several variants, cell by cell: what one of them reaches is reached. REQUIRES: the same cells in the
// same order in each.
std::vector<Cell> merged(const std::vector<Variant> &variants, std::vector<std::vector<Cell>> cells);

} // namespace rlsproof::server
