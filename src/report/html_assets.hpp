// The style and the script of the HTML report. The page is complete without the script.
#pragma once

#include <string_view>

#include "base/core_only.hpp"

namespace rlsproof::report {

extern const std::string_view kStyle;
extern const std::string_view kScript;

} // namespace rlsproof::report
