// Words that are drawn: what a column is given by default is a secret where nobody can guess it.
#pragma once

#include <string>

#include "server/hints.hpp"

namespace rlsproof::server {

// Whether the default of a column draws something long that nothing shortens: by its own expression, or by a function
// of the application that it calls. That one is read, and then called as its owner: each time another long word has to
// come.
bool is_drawn(const Column &column, const std::string &expression);

} // namespace rlsproof::server
