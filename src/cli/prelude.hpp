// The SQL that makes an empty database Supabase-shaped: prelude/supabase.sql, built into the tool.
#pragma once

#include <string_view>

#include "base/core_only.hpp"

namespace rlsproof::cli {

std::string_view supabase_prelude();

} // namespace rlsproof::cli
