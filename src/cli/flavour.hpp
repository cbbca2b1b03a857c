// Whether migrations expect what Supabase brings before the first of them runs (roles, auth.uid(), storage ...), and
// how one can tell. Decided on tokens, so that a comment decides nothing, and on what the files do not create
// themselves.
#pragma once

#include <string>

#include "cli/migrations.hpp"
#include "cli/sources.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

enum class Flavour { plain, supabase };

struct FlavourChoice {
    Flavour flavour = Flavour::plain;
    std::string why;
    std::string otherwise; // what speaks for the other one, where it may be that
};

FlavourChoice choose_flavour(const Migrations &migrations, const Sources &sources);

} // namespace rlsproof::cli
