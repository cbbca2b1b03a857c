// A solver in a process of its own: whatever becomes of it, nobody else is touched. It gets a memory and a processor
// limit, none of our files, and is killed when it is let go.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/core_only.hpp"

namespace rlsproof::prove {

// Called while we wait, often enough that a cancel is felt; may throw, which ends the process.
using Poll = std::function<void()>;

struct Limits {
    int question_ms = 5000;      // for one question
    size_t memory_mb = 512;      // of address space
    int processor_seconds = 600; // in all
};

class Process {
public:
    // Raises Error{not_found} where there is no such program, Error{limit} where no process could be made.
    Process(const std::vector<std::string> &command, const Limits &limits);
    ~Process() { end(); }
    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;

    // Sends a text and returns what comes back up to a line that is `last`. Raises Error{limit} when the time is over
    // or the process ended; it is gone then.
    std::string exchange(const std::string &text, const std::string &last, int milliseconds, const Poll &poll);

    bool alive() const { return pid_ > 0; }
    pid_t pid() const { return pid_; }

private:
    void end();
    [[noreturn]] void fail(const std::string &what);

    pid_t pid_ = -1;
    int channel_ = -1;
    std::string buffer_;
};

} // namespace rlsproof::prove
