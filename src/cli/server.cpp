#include "cli/server.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.hpp"
#include "cli/keeper.hpp"
#include "cli/signals.hpp"

namespace rlsproof::cli {

namespace fs = std::filesystem;

namespace {

std::string ask_pg_config() {
    struct Close {
        void operator()(FILE *pipe) const { pclose(pipe); }
    };
    const std::unique_ptr<FILE, Close> pipe(popen("pg_config --bindir 2>/dev/null", "re"));
    std::array<char, 4096> line{};
    if (!pipe || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) return {};
    std::string text(line.data());
    text.erase(text.find_last_not_of(" \r\n") + 1);
    return text;
}

std::vector<std::string> temporary_folders() {
    std::vector<std::string> result;
    if (const char *folder = std::getenv("TMPDIR"); folder != nullptr && *folder != '\0')
        result.push_back(fs::absolute(folder).lexically_normal().string());
    result.emplace_back("/tmp");
    return result;
}

} // namespace

std::string find_server_programs(const std::string &asked) {
    std::string bin = asked, from = "--pgbin";
    if (const char *variable = std::getenv("RLSPROOF_PGBIN"); bin.empty() && variable != nullptr && *variable != '\0') {
        bin = variable;
        from = "$RLSPROOF_PGBIN";
    }
    if (bin.empty()) {
        bin = ask_pg_config();
        from = "pg_config --bindir";
    }
    const std::string hint = "Install the PostgreSQL server, or name the folder of initdb and postgres with --pgbin.";
    if (bin.empty()) throw Error(Code::not_found, "no PostgreSQL server programs found", hint);
    bin = fs::absolute(bin).string();
    for (const char *program : {"initdb", "postgres"}) {
        if (!fs::exists(fs::path(bin) / program))
            throw Error(Code::not_found, fmt::format("no \"{}\" in \"{}\" (from {})", program, bin, from), hint);
    }
    return bin;
}

Server::Server(const std::string &bin, const std::function<void(const std::string &)> &step) {
    const KeeperPlan plan{bin, temporary_folders()};
    int report = -1;
    {
        const SignalsHeld held;
        int life[2], tale[2];
        if (pipe2(life, O_CLOEXEC) != 0 || pipe2(tale, O_CLOEXEC) != 0)
            throw Error(Code::limit, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
        keeper_ = fork();
        if (keeper_ < 0) throw Error(Code::limit, fmt::format("cannot start a process: {}", std::strerror(errno)));
        if (keeper_ == 0) {
            close(life[1]);
            close(tale[0]);
            run_keeper(plan, life[0], tale[1]);
        }
        close(life[0]);
        close(tale[1]);
        lifeline_ = life[1];
        report = tale[0];
        entrust(lifeline_, keeper_);
    }
    try {
        listen(report, step);
    } catch (...) {
        close(report);
        stop();
        throw;
    }
    close(report);
}

Server::~Server() {
    stop();
}

void Server::stop() {
    if (keeper_ < 0) return;
    const SignalsHeld held;
    let_go();
    keeper_ = -1;
    // Only a keeper that was killed leaves anything.
    std::error_code ignored;
    if (!directory_.empty()) fs::remove_all(directory_, ignored);
}

// Reads what the keeper tells until the server is ready.
void Server::listen(int report, const std::function<void(const std::string &)> &step) {
    constexpr int kBetweenSteps = 200; // milliseconds
    std::string heard, doing = "making a throw-away server";
    while (true) {
        step(doing);
        pollfd wait{report, POLLIN, 0};
        if (poll(&wait, 1, kBetweenSteps) <= 0) continue;
        std::array<char, 4096> buffer{};
        const ssize_t count = read(report, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0)
            throw Error(Code::internal, heard.starts_with(kTellsFailed) ? heard.substr(1, heard.find_last_not_of('\n'))
                                                                        : "the server's keeper ended unexpectedly");
        heard.append(buffer.data(), static_cast<size_t>(count));
        for (size_t end; !heard.starts_with(kTellsFailed) && (end = heard.find('\n')) != std::string::npos;) {
            const std::string line = heard.substr(0, end);
            heard.erase(0, end + 1);
            if (line[0] == kTellsReady) return;
            (line[0] == kTellsDirectory ? directory_ : doing) = line.substr(1);
        }
    }
}

Parameters Server::parameters() const {
    return {{"host", directory_},        {"port", "5432"},
            {"user", "postgres"},        {"dbname", "postgres"},
            {"sslmode", "disable"},      {"options", ""},
            {"client_encoding", "UTF8"}, {"application_name", "rlsproof"},
            {"gssencmode", "disable"},   {"connect_timeout", "30"}};
}

// What a migration sets for a role or for the database is part of what is looked at, and no limit to the look. The
// search path stays: an API's session has it as well.
Parameters Server::own_parameters() const {
    Parameters parameters = this->parameters();
    for (auto &[name, value] : parameters)
        if (name == "options")
            value = "-c role=none -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 "
                    "-c idle_session_timeout=0 -c default_transaction_read_only=off "
                    "-c default_transaction_isolation=read\\ committed -c session_replication_role=origin "
                    "-c row_security=on -c check_function_bodies=on -c default_tablespace= -c temp_tablespaces=";
    return parameters;
}

pid_t Server::keep() {
    const SignalsHeld held;
    const pid_t keeper = keeper_;
    (void)!write(lifeline_, &kKeepRunning, 1);
    forget();
    keeper_ = -1;
    return keeper;
}

} // namespace rlsproof::cli
