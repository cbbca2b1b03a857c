#include "cli/session.hpp"

#include <algorithm>
#include <cctype>

#include <poll.h>

#include <fmt/format.h>

#include "base/error.hpp"

namespace rlsproof::cli {

namespace {

using Clock = std::chrono::steady_clock;

std::string field(const PGresult *result, int code) {
    const char *text = PQresultErrorField(result, code);
    return text == nullptr ? std::string() : text;
}

Failure failure_of(const PGresult *result) {
    Failure failure{field(result, PG_DIAG_SQLSTATE),       field(result, PG_DIAG_MESSAGE_PRIMARY),
                    field(result, PG_DIAG_MESSAGE_DETAIL), field(result, PG_DIAG_MESSAGE_HINT),
                    field(result, PG_DIAG_CONTEXT),        0};
    if (const std::string position = field(result, PG_DIAG_STATEMENT_POSITION); !position.empty())
        failure.position = std::stoi(position);
    if (failure.message.empty()) failure.message = PQresultErrorMessage(result);
    return failure;
}

std::string trimmed(std::string text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
    return text;
}

std::string in_quotes(std::string_view text, char quote) {
    std::string result(1, quote);
    for (const char c : text) result += c == quote ? std::string(2, quote) : std::string(1, c);
    return result + quote;
}

} // namespace

std::string quoted_name(std::string_view text) {
    return in_quotes(text, '"');
}
std::string quoted_literal(std::string_view text) {
    return (text.find('\\') == std::string_view::npos ? "" : "E") + [&] {
        std::string escaped;
        for (const char c : text) escaped += c == '\\' ? "\\\\" : std::string(1, c);
        return in_quotes(escaped, '\'');
    }();
}

Session::Session(const Parameters &parameters) {
    std::vector<const char *> names, values;
    for (const auto &[name, value] : parameters) {
        names.push_back(name.c_str());
        values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
    if (!connection_) throw std::bad_alloc();
    if (PQstatus(connection_.get()) != CONNECTION_OK)
        throw Error(Code::not_found, "cannot connect: " + trimmed(PQerrorMessage(connection_.get())));
    PQsetNoticeProcessor(
        connection_.get(), [](void *, const char *) {}, nullptr);
}

std::optional<Failure> Session::run(const std::string &sql, std::string_view data, std::chrono::seconds timeout) {
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return lost();
    const auto deadline = timeout.count() == 0 ? Clock::time_point::max() : Clock::now() + timeout;
    std::optional<Failure> failure;
    bool timed_out = false;
    while (Result result = next_result(deadline, timed_out)) {
        switch (PQresultStatus(result.get())) {
        case PGRES_COPY_IN: send_data(data); break;
        case PGRES_COPY_OUT: {
            char *row = nullptr;
            while (PQgetCopyData(connection_.get(), &row, 0) > 0) PQfreemem(row);
            break;
        }
        case PGRES_FATAL_ERROR:
        case PGRES_BAD_RESPONSE:
            if (!failure) failure = failure_of(result.get());
            break;
        default: break;
        }
    }
    if (broken()) return lost();
    if (failure && timed_out) failure->message = fmt::format("given up after {} seconds", timeout.count());
    return failure;
}

// Null once everything has been read. A statement that is over its time is cancelled once, and what the server makes of
// that is read like any other answer.
Session::Result Session::next_result(Clock::time_point deadline, bool &timed_out) {
    constexpr int kBetweenLooks = 100; // milliseconds
    while (PQisBusy(connection_.get()) != 0) {
        pollfd wait{PQsocket(connection_.get()), POLLIN, 0};
        const int ready = poll(&wait, 1, kBetweenLooks);
        if (ready > 0 && PQconsumeInput(connection_.get()) == 0) break;
        if (wait_) wait_();
        if (!timed_out && Clock::now() > deadline) {
            timed_out = true;
            cancel();
        }
    }
    return Result(PQgetResult(connection_.get()));
}

void Session::cancel() {
    struct Free {
        void operator()(PGcancel *handle) const { PQfreeCancel(handle); }
    };
    const std::unique_ptr<PGcancel, Free> handle(PQgetCancel(connection_.get()));
    char error[256];
    if (handle) PQcancel(handle.get(), error, sizeof error);
}

void Session::send_data(std::string_view data) {
    constexpr size_t kChunk = 1 << 16;
    for (size_t at = 0; at < data.size(); at += kChunk) {
        const size_t length = std::min(kChunk, data.size() - at);
        if (PQputCopyData(connection_.get(), data.data() + at, static_cast<int>(length)) != 1)
            break; // the server's own words come with the next result
    }
    PQputCopyEnd(connection_.get(), nullptr);
}

Failure Session::lost() const {
    Failure failure;
    failure.message = trimmed(PQerrorMessage(connection_.get()));
    if (failure.message.empty()) failure.message = "the connection was lost";
    return failure;
}

std::vector<Row> Session::query(const std::string &sql) {
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0) throw Error(Code::internal, lost().message);
    std::vector<Row> rows;
    std::optional<Failure> failure;
    bool timed_out = false;
    while (Result result = next_result(Clock::time_point::max(), timed_out)) {
        if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR && !failure) failure = failure_of(result.get());
        for (int row = 0; row < PQntuples(result.get()); ++row) {
            rows.emplace_back();
            for (int column = 0; column < PQnfields(result.get()); ++column) {
                const bool null = PQgetisnull(result.get(), row, column) != 0;
                rows.back().push_back(null ? std::nullopt
                                           : std::optional<std::string>(PQgetvalue(result.get(), row, column)));
            }
        }
    }
    if (failure) {
        const std::string state = failure->sqlstate.empty() ? "" : fmt::format(" ({})", failure->sqlstate);
        throw Error(Code::internal, failure->message + state, failure->hint,
                    failure->detail.empty() ? failure->context : failure->detail);
    }
    if (broken()) throw Error(Code::internal, lost().message);
    return rows;
}

bool Session::in_transaction() const {
    const auto status = PQtransactionStatus(connection_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}
bool Session::transaction_failed() const {
    return PQtransactionStatus(connection_.get()) == PQTRANS_INERROR;
}
bool Session::broken() const {
    return PQstatus(connection_.get()) != CONNECTION_OK;
}

std::string Session::server_version() const {
    const char *version = PQparameterStatus(connection_.get(), "server_version");
    const std::string text = version == nullptr ? "" : version;
    return "PostgreSQL " + text.substr(0, text.find(' '));
}

std::string Session::description() const {
    const char *host = PQhost(connection_.get());
    const std::string where = host == nullptr ? "" : host;
    return fmt::format("database \"{}\"{}", PQdb(connection_.get()),
                       where.empty() || where.starts_with("/") ? "" : " on " + where);
}

} // namespace rlsproof::cli
