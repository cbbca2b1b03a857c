// Ctrl-C, SIGTERM and SIGHUP at any moment: let go of the lifeline, wait until the keeper has cleaned up, then die of
// the signal as anybody would. What the handler does is async-signal-safe, so that no other code has to think of
// signals.
#pragma once

#include <sys/types.h>

#include "base/core_only.hpp"

namespace rlsproof::cli {

void install_signal_handlers();

// Blocks the signals above while it lives: for the moments between making something and handing it over.
class SignalsHeld {
public:
    SignalsHeld();
    ~SignalsHeld();
    SignalsHeld(const SignalsHeld &) = delete;
    SignalsHeld &operator=(const SignalsHeld &) = delete;
};

// The keeper that a signal has to wait for. REQUIRES: SignalsHeld.
void entrust(int lifeline, pid_t keeper);
// Closes the lifeline and waits for the keeper. Does nothing the second time.
void let_go();
// The keeper goes on by itself: nobody waits for it any more.
void forget();

} // namespace rlsproof::cli
