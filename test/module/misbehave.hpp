// Everything that can go wrong below the boundary, on demand, and the counters that show what was left behind.
#pragma once

#include <string>

#include "server/boundary.hpp"

namespace rlsproof::test {

// A C++ object that must be destroyed: the number of those alive is what a missed destructor shows in.
class Tracked {
public:
    Tracked() : text_("long enough not to fit into the string itself") { ++live; }
    ~Tracked() { --live; }
    Tracked(const Tracked &) = delete;
    Tracked &operator=(const Tracked &) = delete;
    static int live;

private:
    std::string text_;
};

// How often contained() held something back.
extern int contained_errors;

// Fails in the way `how` names: server, names, own, memory, exception, odd; returns where `how` is "nothing".
void misbehave(const std::string &how);

// Called in callbacks: fails once in the way set by test.how, if test.fail_at names this place.
void pass(const char *place);

// The same where nothing may be raised.
void pass_quietly(const char *place) noexcept;

// Raises as a server function would.
void fail_in_server();

void define_settings();
void install_hooks();

// Finds the shared memory of the guard, where both modules are preloaded.
void attach_guard();

} // namespace rlsproof::test
