// A solver in a process of its own: whatever becomes of it, nobody else is touched. It gets a memory and a processor
// limit and none of our files, leads a process group of its own, so that what it starts goes with it, and is killed
// when it is let go or we are gone.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "prove/poll.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

struct Limits {
    int question_ms = 5000;      // for one question
    size_t memory_mb = 512;      // of address space
    int processor_seconds = 600; // of one process
    int all_ms = 600000;         // for all questions of one prover
    int jobs = 1;                // solvers that work at the same time
};

class Process {
public:
    // Raises Error{not_found} where there is no such program, Error{limit} where no process could be made.
    Process(const std::vector<std::string> &command, const Limits &limits);
    ~Process() { end(); }
    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;

    // Sends as much of a text as goes without waiting, and the rest with what is received.
    void send(const std::string &text);
    // What comes back up to a line that is `last`. Raises Error{limit} when the time is over or the process ended; it
    // is gone then.
    std::string receive(const std::string &last, int milliseconds, const Poll &poll);
    std::string exchange(const std::string &text, const std::string &last, int milliseconds, const Poll &poll) {
        send(text);
        return receive(last, milliseconds, poll);
    }

    bool alive() const { return pid_ > 0; }
    pid_t pid() const { return pid_; }

private:
    void end();
    void write_some();
    [[noreturn]] void fail(const std::string &what);

    pid_t pid_ = -1;
    int channel_ = -1;
    std::string unsent_, buffer_;
};

} // namespace rlsproof::prove
