// What the tool says on standard error while it works: one line that redraws itself on a terminal, one line per phase
// elsewhere, nothing when asked to be quiet.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/core_only.hpp"

namespace rlsproof::cli {

class Progress {
public:
    explicit Progress(bool quiet);
    ~Progress() { clear(); }
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    // Begins a phase; what it does, as "loading 12 files".
    void phase(std::string text);
    // How far the phase has come. A total of 0 means that nobody knows: a clock is shown.
    void step(size_t done, size_t total, const std::string &what = {});
    // A line that stays.
    void say(const std::string &line);
    // Takes the redrawn line away, so that other output can be written.
    void clear();

    // Whether the redrawn line may be on the screen: what a signal handler needs to know.
    static bool draws();

private:
    void draw(size_t done, size_t total, const std::string &what);

    bool quiet_;
    bool redraws_;
    bool drawn_ = false;
    std::string text_;
    std::chrono::steady_clock::time_point began_{};
    std::chrono::steady_clock::time_point drawn_at_{};
};

// Whether a file descriptor is a terminal that understands colours and wants them (NO_COLOR, TERM=dumb).
bool wants_colour(int fd);
// Whether a file descriptor is a terminal that can redraw a line.
bool can_redraw(int fd);
// Columns of the terminal, 100 elsewhere.
int width_of(int fd);

} // namespace rlsproof::cli
