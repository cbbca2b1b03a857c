#include "prove/process.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"

namespace rlsproof::prove {

namespace {

constexpr size_t kMostAnswer = 16U << 20; // bytes of one answer
constexpr int kSlice = 50;                // milliseconds between two looks at whether we were cancelled
constexpr int kNotThere = 127, kNotStarted = 126;

int64_t now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// The child, up to its exec: only calls that are safe after a fork.
[[noreturn]] void become(char *const *arguments, int channel, const Limits &limits, pid_t parent) {
    // A cancel is sent to the whole group of a session's process; the solver is for us to end.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(kNotStarted);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD})
        signal(number, SIG_DFL);
    const rlim_t bytes = (rlim_t)limits.memory_mb << 20;
    const rlimit memory{bytes, bytes}, processor{(rlim_t)limits.processor_seconds, (rlim_t)limits.processor_seconds},
        core{0, 0};
    if (setrlimit(RLIMIT_AS, &memory) != 0 || setrlimit(RLIMIT_CPU, &processor) != 0) _exit(kNotStarted);
    setrlimit(RLIMIT_CORE, &core);
    // Where memory runs out all the same, this process is the one to go.
    if (const int score = open("/proc/self/oom_score_adj", O_WRONLY); score >= 0) {
        (void)!write(score, "1000", 4);
        close(score);
    }
    const int nowhere = open("/dev/null", O_WRONLY);
    if (dup2(channel, 0) < 0 || dup2(channel, 1) < 0 || dup2(nowhere, 2) < 0) _exit(kNotStarted);
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3U, ~0U, 0U) != 0)
#endif
        for (int fd = 3; fd < 4096; fd++) close(fd);
    execvp(arguments[0], arguments);
    _exit(errno == ENOENT || errno == EACCES || errno == ENOTDIR ? kNotThere : kNotStarted);
}

} // namespace

Process::Process(const std::vector<std::string> &command, const Limits &limits) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        throw Error(Code::limit, std::string("no channel to a solver could be made: ") + strerror(errno));
    std::vector<char *> arguments;
    for (const std::string &word : command) arguments.push_back(const_cast<char *>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = getpid();
    // Our own handlers must not run in the child before it has let go of them.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t child = fork();
    if (child == 0) {
        for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD})
            signal(number, SIG_DFL);
        become(arguments.data(), ends[1], limits, parent);
    }
    sigprocmask(SIG_SETMASK, &before, nullptr);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        throw Error(Code::limit, std::string("no process for a solver could be made: ") + strerror(errno));
    }
    setpgid(child, child); // the one of the two that comes first counts
    pid_ = child;
    channel_ = ends[0];
    fcntl(channel_, F_SETFL, O_NONBLOCK);
}

void Process::end() {
    if (channel_ >= 0) close(channel_);
    channel_ = -1;
    if (pid_ > 0) {
        kill(-pid_, SIGKILL);
        kill(pid_, SIGKILL);
        while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    pid_ = -1;
}

void Process::fail(const std::string &what) {
    int status = 0;
    // The end of the channel comes a moment before the end of the process.
    for (int turn = 0; turn < 200; turn++) {
        siginfo_t info{};
        if (waitid(P_PID, (id_t)pid_, &info, WEXITED | WNOWAIT | WNOHANG) != 0 || info.si_pid == pid_) break;
        const timespec moment{0, 1000000};
        nanosleep(&moment, nullptr);
    }
    // It closed its end: why is told by how it went. Killed where it did not go.
    const pid_t gone = waitpid(pid_, &status, WNOHANG);
    if (gone == pid_) {
        pid_ = -1;
        end();
        if (WIFEXITED(status) && WEXITSTATUS(status) == kNotThere)
            throw Error(Code::not_found, "the solver is not there or may not be run");
        if (WIFSIGNALED(status))
            throw Error(Code::limit, std::string("the solver was killed: ") + strsignal(WTERMSIG(status)));
        throw Error(Code::limit, "the solver ended with status " + std::to_string(WEXITSTATUS(status)));
    }
    end();
    throw Error(Code::limit, what);
}

void Process::write_some() {
    while (!unsent_.empty()) {
        const ssize_t n = ::send(channel_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) fail("the solver hung up");
        unsent_.erase(0, (size_t)n);
    }
}

void Process::send(const std::string &text) {
    if (!alive()) throw Error(Code::limit, "the solver is gone");
    unsent_ += text;
    write_some();
}

std::string Process::receive(const std::string &last, int milliseconds, const Poll &poll) {
    if (!alive()) throw Error(Code::limit, "the solver is gone");
    const int64_t deadline = now() + milliseconds;
    size_t from = 0;
    for (;;) {
        // Whole lines only.
        for (size_t at = buffer_.find('\n', from); at != std::string::npos; at = buffer_.find('\n', from)) {
            std::string line = buffer_.substr(from, at - from);
            if (!line.empty() && line.back() == '\r') line.pop_back();
            if (line == last || line == '"' + last + '"') {
                std::string answer = buffer_.substr(0, from);
                buffer_.erase(0, at + 1);
                return answer;
            }
            from = at + 1;
        }
        if (poll) {
            try {
                poll();
            } catch (...) {
                end();
                throw;
            }
        }
        const int64_t left = deadline - now();
        if (left <= 0) {
            end();
            throw Error(Code::limit, "the solver took longer than it may");
        }
        pollfd wait{channel_, (short)(POLLIN | (unsent_.empty() ? 0 : POLLOUT)), 0};
        if (::poll(&wait, 1, (int)std::min<int64_t>(left, kSlice)) < 0 && errno != EINTR)
            fail(std::string("the solver could not be waited for: ") + strerror(errno));
        if ((wait.revents & POLLOUT) != 0) write_some();
        if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
        char chunk[16384];
        const ssize_t n = recv(channel_, chunk, sizeof chunk, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (n <= 0) fail("the solver hung up");
        buffer_.append(chunk, (size_t)n);
        if (buffer_.size() > kMostAnswer) {
            end();
            throw Error(Code::limit, "the solver's answer is too long");
        }
    }
}

} // namespace rlsproof::prove
