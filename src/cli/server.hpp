// A PostgreSQL server that lives as long as this object: on a private socket, under a keeper process (see keeper.hpp).
#pragma once

#include <functional>
#include <string>

#include "cli/session.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

// Where initdb and postgres are: what was asked for, $RLSPROOF_PGBIN, or pg_config's answer. Raises Error{not_found}.
std::string find_server_programs(const std::string &asked);

class Server {
public:
    // `step` hears what is being done, several times a second. Raises Error with the end of the server's log.
    Server(const std::string &bin, const std::function<void(const std::string &)> &step);
    ~Server();
    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;

    Parameters parameters() const;
    // Of a session of our own, whatever the migrations have set for all sessions.
    Parameters own_parameters() const;
    const std::string &directory() const { return directory_; }

    // Lets the server outlive this object; the returned process takes it down, and its directory, on SIGTERM.
    pid_t keep();

private:
    void listen(int report, const std::function<void(const std::string &)> &step);
    void stop();

    std::string directory_;
    pid_t keeper_ = -1;
    int lifeline_ = -1;
};

} // namespace rlsproof::cli
