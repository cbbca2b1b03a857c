// A libpq connection that cleans up after itself. Two ways to ask: `run` for statements that may fail (a failure is a
// value), `query` for our own questions (a failure is an Error).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "base/core_only.hpp"

namespace rlsproof::cli {

// A statement that failed, in the server's words.
struct Failure {
    std::string sqlstate; // empty where the connection broke
    std::string message;
    std::string detail;
    std::string hint;
    std::string context;
    int position = 0; // characters from 1; 0 where unknown
};

using Row = std::vector<std::optional<std::string>>;
using Parameters = std::vector<std::pair<std::string, std::string>>;

class Session {
public:
    // Raises Error{not_found} with libpq's message.
    explicit Session(const Parameters &parameters);

    // `data` answers a COPY FROM stdin. A timeout of 0 waits for ever. `wait` is called several times a second.
    std::optional<Failure> run(const std::string &sql, std::string_view data = {}, std::chrono::seconds timeout = {});
    // Raises Error{internal} with the server's message.
    std::vector<Row> query(const std::string &sql);

    bool in_transaction() const;     // a transaction is open, sound or failed
    bool transaction_failed() const; // it refuses everything but its end
    bool broken() const;             // the connection is gone
    std::string server_version() const;
    std::string description() const; // database and host, never a password

    void on_wait(std::function<void()> wait) { wait_ = std::move(wait); }

private:
    struct Close {
        void operator()(PGconn *connection) const { PQfinish(connection); }
    };
    struct Clear {
        void operator()(PGresult *result) const { PQclear(result); }
    };
    using Result = std::unique_ptr<PGresult, Clear>;

    Result next_result(std::chrono::steady_clock::time_point deadline, bool &timed_out);
    void send_data(std::string_view data);
    void cancel();
    Failure lost() const;

    std::unique_ptr<PGconn, Close> connection_;
    std::function<void()> wait_;
};

// The text as one SQL literal or identifier.
std::string quoted_literal(std::string_view text);
std::string quoted_name(std::string_view text);

} // namespace rlsproof::cli
