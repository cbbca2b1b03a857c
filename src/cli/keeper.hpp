// The process that owns a throw-away server: it makes the directory, runs initdb and postgres as its own children, and
// takes everything down again when the tool's end of a pipe (the lifeline) closes. The tool may end in any way at any
// moment, by SIGKILL too: the kernel closes the pipe, and nothing is left running or on disk.
#pragma once

#include <string>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::cli {

struct KeeperPlan {
    std::string bin;                // where initdb and postgres are
    std::vector<std::string> bases; // folders to make the directory in, best first
};

// What the keeper tells the tool, one line each; "failed" is followed by text up to the end.
inline constexpr char kTellsDirectory = 'D';
inline constexpr char kTellsStep = 'S';
inline constexpr char kTellsReady = 'R';
inline constexpr char kTellsFailed = 'F';

// Written into the lifeline: the server shall outlive the tool, until the keeper gets SIGTERM or the server is stopped.
inline constexpr char kKeepRunning = 'k';

// Runs in the forked child, and ends the process.
// REQUIRES: a single thread; signals blocked by the caller are unblocked here.
[[noreturn]] void run_keeper(const KeeperPlan &plan, int lifeline, int report);

} // namespace rlsproof::cli
