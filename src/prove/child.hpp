// A solver that is asked one question after the other, each in scopes of its own.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "prove/process.hpp"
#include "prove/prover.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

class Child {
public:
    // `name` is z3 or cvc5, or a path to either. Nothing is started before it is needed.
    Child(std::string name, const Limits &limits, const Poll &poll);

    const std::string &name() const { return name_; }

    struct Said {
        Outcome outcome = Outcome::unknown;
        std::string reason;
        std::vector<std::string> core;
        bool failed = false; // the process did, and not the search
        bool tired = false;  // it gave up early, with other questions on its mind: a new one may tell
    };
    // Hands over what is asserted, the part that a later again() leaves out last; said() is what it comes to. Both
    // raise Error{not_found} where there is no such program, and what `poll` raises.
    void put(const std::string &rest, const std::string &bad, bool cores);
    Said said();
    // The same of a new process.
    Said afresh();
    // What it says without the part that is left out. REQUIRES: it has just said something of both.
    Said again();

    // More about the answer before; `scopes` is how many the text opens or, negative, closes.
    std::string more(const std::string &text, int scopes = 0);

    // The name and the version that the running process gives, with what it is called here; empty where it does not
    // say.
    std::string who();
    void stop() { process_.reset(); }

private:
    bool running() const { return process_ && process_->alive(); }
    void start();
    std::string options() const;
    Said read(const std::string &answer, bool cores);
    std::string receive();

    std::string name_;
    bool cvc5_;
    const Limits &limits_;
    const Poll &poll_;
    std::unique_ptr<Process> process_;
    std::string who_, rest_, bad_;
    std::chrono::steady_clock::time_point since_; // when it was put
    Said broken_;                                 // what came of a question that could not even be put
    bool put_ = false, cores_ = false;
    int depth_ = 0; // scopes that are open
    int asked_ = 0;
};

} // namespace rlsproof::prove
