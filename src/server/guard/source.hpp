// Where a statement stands in the text that was sent.
#pragma once

#include <algorithm>
#include <cstring>

#include "server/boundary.hpp"

namespace rlsproof::server::guard {

struct Source {
    const char *text;
    int location; // as in PlannedStmt: -1 where it is not known
    int length;   // 0 is all that follows
    uint64 shape; // the server's query id; 0 where none was computed
};

struct Part {
    const char *start;
    size_t length;
};

// The statement alone. Empty where there is no text: bodies of functions may be kept as trees.
inline Part part_of(const Source &source) {
    if (source.text == nullptr) return {"", 0};
    const char *start = source.text;
    size_t length = strlen(start);
    if (source.location > 0 && static_cast<size_t>(source.location) <= length) {
        start += source.location;
        length -= static_cast<size_t>(source.location);
    }
    if (source.length > 0) length = std::min(length, static_cast<size_t>(source.length));
    return {start, length};
}

} // namespace rlsproof::server::guard
