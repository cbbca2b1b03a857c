#include "cli/keeper.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <grp.h>
#include <locale.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace rlsproof::cli {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kLifeline = 3, kReport = 4; // where the two pipes are moved to
constexpr std::string_view kSocketName = "/.s.PGSQL.5432";

volatile std::sig_atomic_t told_to_end = 0;

[[noreturn]] void fail(const std::string &message) {
    throw std::runtime_error(message);
}

// The tool is gone, or wants no more.
struct Abandoned {};

class Keeper {
public:
    explicit Keeper(const KeeperPlan &plan) : plan_(plan) {}

    int run() {
        try {
            become_daemon();
            drop_root();
            make_directory();
            run_initdb();
            start_server();
            tell(kTellsReady, "");
            close(kReport);
            wait_for_end();
            clean_up();
            return 0;
        } catch (const Abandoned &) {
            clean_up();
            return 0;
        } catch (const std::exception &error) {
            tell(kTellsFailed, error.what());
            close(kReport);
            clean_up();
            return 1;
        }
    }

private:
    // Own session, so that the terminal's Ctrl-C reaches only the tool; nothing of the caller's files is held open.
    static void become_daemon() {
        setsid();
        prctl(PR_SET_NAME, "rlsproof-keeper");
        prctl(PR_SET_CHILD_SUBREAPER, 1); // whatever the server leaves behind comes to us
        for (const int number : {SIGINT, SIGHUP, SIGQUIT, SIGPIPE}) std::signal(number, SIG_IGN);
        struct sigaction action {};
        action.sa_handler = [](int) { told_to_end = 1; };
        sigaction(SIGTERM, &action, nullptr);
        std::signal(SIGCHLD, SIG_DFL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        const int null = open("/dev/null", O_RDWR);
        for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, fd);
        close_range(kReport + 1, ~0U, 0);
        clean_environment();
    }

    // The caller's PGDATA, PGOPTIONS and locale are not this server's.
    static void clean_environment() {
        std::vector<std::string> names;
        for (char **entry = environ; *entry != nullptr; ++entry) {
            const std::string_view text(*entry);
            if (text.starts_with("PG") || text.starts_with("LC_") || text.starts_with("LANG"))
                names.emplace_back(text.substr(0, text.find('=')));
        }
        for (const std::string &name : names) unsetenv(name.c_str());
        setenv("LC_ALL", "C", 1);
    }

    // initdb and postgres refuse to run as root.
    static void drop_root() {
        if (geteuid() != 0) return;
        const passwd *user = getpwnam("postgres");
        if (user == nullptr) user = getpwnam("nobody");
        if (user == nullptr)
            fail("a server cannot run as root, and there is no user \"postgres\" or \"nobody\" to run it as");
        if (setgid(user->pw_gid) != 0 || initgroups(user->pw_name, user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
            fail(fmt::format("cannot become user \"{}\": {}", user->pw_name, std::strerror(errno)));
    }

    void make_directory() {
        umask(077);
        std::string trouble;
        for (const std::string &base : plan_.bases) {
            std::string path = base + "/rlsproof-XXXXXX";
            if (path.size() + kSocketName.size() >= sizeof(sockaddr_un::sun_path)) {
                trouble += fmt::format("{}: too long for the path of a socket; ", base);
                continue;
            }
            if (path.find(',') != std::string::npos) { // libpq takes it for a list of hosts
                trouble += fmt::format("{}: a comma in the path of a socket; ", base);
                continue;
            }
            if (mkdtemp(path.data()) != nullptr) {
                directory_ = path;
                if (chdir(path.c_str()) != 0) fail(fmt::format("cannot enter {}: {}", path, std::strerror(errno)));
                return tell(kTellsDirectory, path);
            }
            trouble += fmt::format("{}: {}; ", base, std::strerror(errno));
        }
        fail("cannot make a temporary directory: " + trouble.substr(0, trouble.size() - 2));
    }

    void run_initdb() {
        tell(kTellsStep, "making a throw-away server");
        const std::string program = executable("initdb");
        locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", nullptr);
        const std::string locale = utf8 != nullptr ? "--locale=C.UTF-8" : "--locale=C";
        if (utf8 != nullptr) freelocale(utf8);
        start({program, "-D", data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", locale, "-T", "english",
               "--no-sync", "--no-instructions"},
              SIGKILL);
        // Abandoned or not, initdb comes to its end: killed half-way its server processes would leave shared memory
        // behind.
        const auto patience = Clock::now() + 60s;
        while (child_ > 0 && Clock::now() < patience && !(abandoned_ && Clock::now() > abandoned_at_ + 10s)) look(20);
        if (abandoned_) throw Abandoned();
        if (child_ > 0) fail("initdb did not end within 60 seconds" + log_tail());
        if (child_status_ != 0) fail("initdb failed" + log_tail());
    }

    void start_server() {
        tell(kTellsStep, "starting the throw-away server");
        std::ofstream(data() + "/postgresql.conf", std::ios::app) << settings();
        start({executable("postgres"), "-D", data()}, SIGQUIT);
        server_ = child_;
        const auto patience = Clock::now() + 60s;
        while (!ready()) {
            look(20);
            if (abandoned_) throw Abandoned();
            if (child_ <= 0) fail("the server did not start" + log_tail());
            if (Clock::now() > patience) fail("the server was not ready within 60 seconds" + log_tail());
        }
    }

    std::string settings() const {
        // A list of quoted names inside of a quoted string: each kind of quote and the backslash stand twice.
        std::string socket;
        for (const char c : directory_) socket += std::string(c == '\'' || c == '"' || c == '\\' ? 2 : 1, c);
        return fmt::format("\nlisten_addresses = ''\n"
                           "unix_socket_directories = '\"{}\"'\n"
                           "unix_socket_permissions = 0700\n"
                           "port = 5432\n"
                           "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
                           "wal_level = minimal\nmax_wal_senders = 0\n"
                           "dynamic_shared_memory_type = mmap\n" // in the directory, not in /dev/shm
                           "shared_buffers = 64MB\nmax_connections = 80\nmax_locks_per_transaction = 256\n"
                           "autovacuum = off\njit = off\ntimezone = 'UTC'\n",
                           socket);
    }

    // postmaster.pid says so in its eighth line.
    bool ready() const {
        std::ifstream file(data() + "/postmaster.pid");
        std::string line;
        for (int i = 0; i < 8; ++i) {
            if (!std::getline(file, line)) return false;
        }
        return line.starts_with("ready");
    }

    void wait_for_end() {
        while (!abandoned_) {
            look(1000);
            if (keep_running_ && child_ <= 0) return; // somebody stopped the server
        }
    }

    // Waits for news at most so long: the lifeline's, and what became of children.
    void look(int milliseconds) {
        pollfd lifeline{keep_running_ ? -1 : kLifeline, POLLIN, 0};
        if (poll(&lifeline, 1, milliseconds) > 0) {
            char word = 0;
            if (read(kLifeline, &word, 1) == 1)
                keep_running_ = word == kKeepRunning;
            else
                abandon();
        }
        if (told_to_end != 0) abandon();
        reap();
    }

    void abandon() {
        if (!abandoned_) abandoned_at_ = Clock::now();
        abandoned_ = true;
        if (lifeline_open_) close(kLifeline);
        lifeline_open_ = false;
        keep_running_ = true; // nothing more is to be read
    }

    // False once there are no children at all.
    bool reap() {
        int status = 0;
        pid_t pid = 0;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
            if (pid != child_) continue;
            child_ = -1;
            child_status_ = status;
        }
        return pid == 0;
    }

    // Both outputs go to the log. `last_word` is what the child gets should the keeper itself be killed.
    void start(const std::vector<std::string> &words, int last_word) {
        const pid_t pid = fork();
        if (pid < 0) fail(fmt::format("cannot start {}: {}", words[0], std::strerror(errno)));
        if (pid > 0) {
            child_ = pid;
            return;
        }
        prctl(PR_SET_PDEATHSIG, last_word);
        setpgid(0, 0);
        for (const int number : {SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGTERM}) std::signal(number, SIG_DFL);
        const int log = open((directory_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        close_range(kLifeline, ~0U, 0);
        std::vector<char *> arguments;
        for (const std::string &word : words) arguments.push_back(const_cast<char *>(word.c_str()));
        arguments.push_back(nullptr);
        execv(arguments[0], arguments.data());
        _exit(127);
    }

    std::string executable(const char *name) const {
        std::string path = fmt::format("{}/{}", plan_.bin, name);
        if (access(path.c_str(), X_OK) != 0) {
            const int reason = errno;
            const passwd *user = getpwuid(geteuid());
            fail(fmt::format("user \"{}\" cannot run {}: {}", user != nullptr ? user->pw_name : "?", path,
                             std::strerror(reason)));
        }
        return path;
    }

    void clean_up() noexcept {
        // SIGQUIT: the server takes its sessions and its shared memory with it, and writes nothing more.
        if (server_ > 0 && child_ == server_) kill(server_, SIGQUIT);
        const auto patience = Clock::now() + 8s;
        while (reap() && Clock::now() < patience && child_ > 0) usleep(5000);
        // What is left was started by a statement (COPY FROM PROGRAM, a solver) and has lost its session.
        const auto end = Clock::now() + 5s;
        while (reap() && Clock::now() < end) {
            kill_children();
            usleep(5000);
        }
        if (directory_.empty()) return;
        remove_shared_memory();
        std::error_code ignored;
        if (chdir("/") == 0) fs::remove_all(directory_, ignored);
    }

    static void kill_children() {
        std::ifstream list(fmt::format("/proc/self/task/{}/children", getpid()));
        for (pid_t pid = 0; list >> pid;) kill(pid, SIGKILL);
    }

    // A server that had to be killed leaves its segment; postmaster.pid names it in the seventh line.
    void remove_shared_memory() const {
        std::ifstream file(data() + "/postmaster.pid");
        std::string line;
        for (int i = 0; i < 7; ++i) {
            if (!std::getline(file, line)) return;
        }
        unsigned long key = 0;
        int id = 0;
        if (std::sscanf(line.c_str(), "%lu %d", &key, &id) == 2) shmctl(id, IPC_RMID, nullptr);
    }

    std::string data() const { return directory_ + "/data"; }

    std::string log_tail() const {
        constexpr size_t kLines = 12;
        std::deque<std::string> lines;
        std::ifstream file(directory_ + "/log");
        for (std::string line; std::getline(file, line);) {
            lines.push_back(line);
            if (lines.size() > kLines) lines.pop_front();
        }
        std::string text = lines.empty() ? "" : "\n";
        for (const std::string &line : lines) text += line + "\n";
        return text;
    }

    static void tell(char what, const std::string &text) {
        const std::string line = fmt::format("{}{}\n", what, text);
        for (size_t at = 0; at < line.size();) {
            const ssize_t written = write(kReport, line.data() + at, line.size() - at);
            if (written <= 0) return; // the tool is gone: the lifeline says so too
            at += static_cast<size_t>(written);
        }
    }

    const KeeperPlan &plan_;
    std::string directory_;
    pid_t child_ = -1; // initdb, then the server
    pid_t server_ = -1;
    int child_status_ = 0;
    bool keep_running_ = false;
    bool lifeline_open_ = true;
    bool abandoned_ = false;
    Clock::time_point abandoned_at_{};
};

} // namespace

void run_keeper(const KeeperPlan &plan, int lifeline, int report) {
    // Through high numbers first: one of them may be where the other has to go.
    const int high_lifeline = fcntl(lifeline, F_DUPFD, 10), high_report = fcntl(report, F_DUPFD, 10);
    dup2(high_lifeline, kLifeline);
    dup2(high_report, kReport);
    _exit(Keeper(plan).run());
}

} // namespace rlsproof::cli
