#include "cli/signals.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include "cli/progress.hpp"

namespace rlsproof::cli {

namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

std::atomic<int> lifeline_end{-1};
std::atomic<pid_t> keeper_pid{-1};
static_assert(std::atomic<int>::is_always_lock_free); // pid_t is an int

void on_signal(int number) {
    if (Progress::draws()) (void)!write(STDERR_FILENO, "\r\x1b[K", 4);
    let_go();
    std::signal(number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
}

sigset_t held_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : kSignals) sigaddset(&set, number);
    return set;
}

} // namespace

void install_signal_handlers() {
    for (const int number : kSignals) {
        struct sigaction action {
        }, before{};
        sigaction(number, nullptr, &before);
        if (before.sa_handler == SIG_IGN) // nohup and the like: the caller's wish
            continue;
        action.sa_handler = on_signal;
        action.sa_mask = held_signals();
        action.sa_flags = SA_RESTART;
        sigaction(number, &action, nullptr);
    }
}

SignalsHeld::SignalsHeld() {
    const sigset_t set = held_signals();
    sigprocmask(SIG_BLOCK, &set, nullptr);
}

SignalsHeld::~SignalsHeld() {
    const sigset_t set = held_signals();
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void entrust(int lifeline, pid_t keeper) {
    lifeline_end = lifeline;
    keeper_pid = keeper;
}

void let_go() {
    if (const int fd = lifeline_end.exchange(-1); fd >= 0) close(fd);
    if (const pid_t pid = keeper_pid.exchange(-1); pid > 0) {
        while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

void forget() {
    keeper_pid = -1;
    if (const int fd = lifeline_end.exchange(-1); fd >= 0) close(fd);
}

} // namespace rlsproof::cli
