#include "server/time_limit.hpp"

#include <fmt/format.h>

#include "server/subtransaction.hpp"

extern "C" {
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
}

namespace rlsproof::server {

namespace {

int probe_timeout = 5000; // milliseconds; 0: no limit
TimeoutId timer = MAX_TIMEOUTS;
volatile sig_atomic_t fired = false;

// A signal handler: only flags.
void time_is_up() {
    fired = true;
    InterruptPending = true;
    QueryCancelPending = true;
    SetLatch(MyLatch);
}

void start() {
    if (timer == MAX_TIMEOUTS) timer = RegisterTimeout(USER_TIMEOUT, time_is_up);
    enable_timeout_after(timer, probe_timeout);
}

} // namespace

void define_time_limit_settings() {
    DefineCustomIntVariable("rlsproof.probe_timeout", "Stops a statement that is tried as a persona after this time.",
                            "What it would have shown is then unknown. 0: no limit but statement_timeout.",
                            &probe_timeout, 5000, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
}

TimeLimit::TimeLimit() {
    fired = false;
    if (probe_timeout > 0) call(start);
}

TimeLimit::~TimeLimit() {
    if (timer != MAX_TIMEOUTS) disable_timeout(timer, false);
    // Too late to stop anything: what was to be stopped has ended by itself.
    if (!fired || !QueryCancelPending) return;
    QueryCancelPending = false;
    fired = false;
}

bool TimeLimit::caught() {
    // Whose own time is up as well is told so.
    const bool ours =
        fired && (StatementTimeout <= 0 || GetCurrentTimestamp() < get_timeout_finish_time(STATEMENT_TIMEOUT));
    fired = false;
    return ours;
}

std::string TimeLimit::message() {
    return fmt::format("it was stopped after {} ms (rlsproof.probe_timeout)", probe_timeout);
}

bool TimeLimit::ended(const Outcome &outcome) {
    return outcome.sqlstate == "57014";
}

} // namespace rlsproof::server
