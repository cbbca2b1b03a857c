// The route of a statement, out of sqlcommenter's tags, for places that every statement passes.
#pragma once

#include "server/guard/event.hpp"

namespace rlsproof::server::guard {

struct Route {
    uint64 hash; // 0 where there is none
    char text[Tags::kSize];
};

// Lives until the next call. Most statements of a session have no comment, or the same as one before: the latest is
// remembered.
const Route &route_of(const char *text);

} // namespace rlsproof::server::guard
