// What a probe runs is somebody else's code: a helper that walks in a circle over rows that were made must not take the
// audit with it. A statement under a limit is cancelled when its time is up, and attempt() makes an outcome of that.
#pragma once

#include <string>

#include "server/boundary.hpp"

namespace rlsproof::server {

struct Outcome;

// Called once, when the module is loaded.
void define_time_limit_settings();

// While it lives, what runs is cancelled after rlsproof.probe_timeout. Not nested. REQUIRES: an attempt() around it,
// which ends soon after it.
class TimeLimit {
public:
    TimeLimit();
    ~TimeLimit();
    TimeLimit(const TimeLimit &) = delete;
    TimeLimit &operator=(const TimeLimit &) = delete;

    // Whether the cancel that was just caught is ours; asks once.
    static bool caught();
    // What to say of a statement that was cancelled so.
    static std::string message();
    // Whether this is what became of a statement.
    static bool ended(const Outcome &outcome);
};

template <typename Body>
auto in_time(Body body) {
    const TimeLimit limit;
    return body();
}

} // namespace rlsproof::server
