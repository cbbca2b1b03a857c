// Server memory for one piece of work, given back when the piece is done: a schema of thousands of tables is looked at
// in the memory of one.
#pragma once

#include "server/boundary.hpp"

extern "C" {
#include "utils/memutils.h"
}

namespace rlsproof::server {

class Scratch {
public:
    Scratch() : outer_(CurrentMemoryContext), own_(call(make, outer_)) { MemoryContextSwitchTo(own_); }
    ~Scratch() {
        MemoryContextSwitchTo(outer_);
        MemoryContextDelete(own_);
    }
    Scratch(const Scratch &) = delete;
    Scratch &operator=(const Scratch &) = delete;

private:
    static MemoryContext make(MemoryContext parent) {
        return AllocSetContextCreate(parent, "rlsproof scratch", ALLOCSET_DEFAULT_SIZES);
    }

    MemoryContext outer_;
    MemoryContext own_;
};

} // namespace rlsproof::server
