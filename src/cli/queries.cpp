#include "cli/queries.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/scan.hpp"
#include "cli/splitter.hpp"
#include "cli/statement.hpp"

namespace rlsproof::cli {

namespace {

constexpr std::array<std::pair<Input, std::string_view>, 3> kNames = {
    {{Input::sql, "sql"}, {Input::csv, "csv"}, {Input::log, "log"}}};

// Reads comma-separated values as psql and COPY write them.
class CsvReader {
public:
    struct Field {
        std::string text;
        int line = 1; // where its text begins
    };

    explicit CsvReader(std::string_view text) : text_(text) {}

    // One record; false at the end of the text.
    bool next(std::vector<Field> &record) {
        record.clear();
        if (at_ >= text_.size()) return false;
        do {
            record.push_back(field());
        } while (skip(','));
        skip('\r');
        if (skip('\n')) ++line_;
        return true;
    }

private:
    Field field() {
        Field field{"", line_};
        if (!skip('"')) {
            const size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
            field.text = text_.substr(at_, end - at_);
            at_ = end;
            return field;
        }
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == '"' && !skip('"')) break;
            line_ += c == '\n';
            field.text += c;
        }
        // Nothing belongs between the quote and the comma; what is there must not keep the reader where it is.
        const size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
        field.text += text_.substr(at_, end - at_);
        at_ = end;
        return field;
    }

    bool skip(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    std::string_view text_;
    size_t at_ = 0;
    int line_ = 1;
};

// A column's number in a header.
std::optional<size_t> column(const std::vector<CsvReader::Field> &header, std::string_view name) {
    for (size_t i = 0; i < header.size(); ++i) {
        if (lower(text::trim(header[i].text)) == name) return i;
    }
    return std::nullopt;
}

// Names alone: a line of SQL has a blank somewhere.
bool is_header(const std::vector<CsvReader::Field> &record) {
    return std::all_of(record.begin(), record.end(), [](const CsvReader::Field &field) {
        return text::trim(field.text).find_first_of(" \t(;") == std::string_view::npos;
    });
}

std::string_view first_line(std::string_view text) {
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        // A log that was cut off begins with the rest of a message.
        if (!text.starts_with('\t') && !text::trim(text.substr(0, end)).empty()) return text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

constexpr std::string_view kLog = "LOG:  ";

bool begins_message(std::string_view line) {
    if (line.starts_with("--") || line.starts_with("/*")) return false;
    for (const std::string_view severity :
         {kLog, std::string_view("FATAL:  "), std::string_view("ERROR:  "), std::string_view("WARNING:  "),
          std::string_view("NOTICE:  "), std::string_view("INFO:  "), std::string_view("PANIC:  "),
          std::string_view("STATEMENT:  "), std::string_view("DETAIL:  "), std::string_view("HINT:  ")}) {
        if (line.find(severity) != std::string_view::npos) return true;
    }
    return false;
}

// The SQL in a message of log_statement or log_min_duration_statement; null where it has none. Of a prepared statement
// its execution alone counts: parse and bind are the same query over again, and so are the later parts of a portal
// ("execute fetch from").
std::optional<std::string_view> sql_of_message(std::string_view message) {
    if (message.starts_with("duration: ")) {
        const size_t unit = message.find(" ms  ");
        if (unit == std::string_view::npos) return std::nullopt;
        message.remove_prefix(unit + 5);
    }
    constexpr std::string_view kStatement = "statement: ", kExecute = "execute ", kAgain = "execute fetch from ";
    if (message.starts_with(kStatement)) return message.substr(kStatement.size());
    if (!message.starts_with(kExecute) || message.starts_with(kAgain)) return std::nullopt;
    const size_t colon = message.find(": ");
    return colon == std::string_view::npos ? std::nullopt : std::optional(message.substr(colon + 2));
}

// The SQL that a line of a log begins with.
std::optional<std::string_view> logged_sql(std::string_view line) {
    const size_t log = line.find(kLog);
    return log == std::string_view::npos ? std::nullopt : sql_of_message(line.substr(log + kLog.size()));
}

// Where a record of the csvlog has them.
constexpr size_t kSeverity = 11, kMessage = 13;

bool is_csvlog(std::string_view line) {
    static const std::set<std::string_view> severities = {"LOG",  "ERROR",  "FATAL",  "PANIC",  "WARNING", "NOTICE",
                                                          "INFO", "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4",  "DEBUG5"};
    std::vector<CsvReader::Field> record;
    return CsvReader(line).next(record) && record.size() > kMessage && severities.contains(record[kSeverity].text);
}

bool is_jsonlog(std::string_view line) {
    return line.starts_with("{\"timestamp\":");
}

// The value of a key whose value is a string, in an object that the server wrote; null where there is none, or it was
// cut off. A quote within a string is escaped, so what looks like a key is one.
std::optional<std::string> json_string(std::string_view object, std::string_view key) {
    const std::string opening = fmt::format("\"{}\":\"", key);
    size_t at = object.find(opening);
    if (at == std::string_view::npos) return std::nullopt;
    std::string value;
    for (at += opening.size(); at < object.size() && object[at] != '"'; ++at) {
        if (object[at] != '\\') {
            value += object[at];
            continue;
        }
        constexpr std::string_view kShort = "bfnrt", kMeant = "\b\f\n\r\t";
        if (++at >= object.size()) return std::nullopt;
        const size_t known = kShort.find(object[at]);
        if (object[at] == 'u') {
            unsigned code = 0;
            const std::string_view digits = object.substr(at + 1, 4);
            if (std::from_chars(digits.data(), digits.data() + digits.size(), code, 16).ptr != digits.data() + 4)
                return std::nullopt;
            text::append(value, code);
            at += 4;
        } else {
            value += known == std::string_view::npos ? object[at] : kMeant[known];
        }
    }
    return at < object.size() ? std::optional(value) : std::nullopt;
}

// Opens, ends or sets something in a session, and reads no table.
bool is_session_command(std::string_view sql) {
    static const std::set<std::string> words = {
        "begin",    "start",  "commit",  "end",        "rollback",   "abort", "savepoint", "release",
        "set",      "reset",  "show",    "discard",    "fetch",      "move",  "close",     "listen",
        "unlisten", "notify", "execute", "deallocate", "checkpoint", "load"};
    Token token;
    if (!Scanner(sql).next(token) || token.kind != TokenKind::word) return false;
    return words.contains(lower(token.text)) || controls_transaction(sql);
}

bool names_a_file(std::string_view command) {
    const std::string_view word = command.substr(0, command.find_first_of(" \t"));
    return word == "\\i" || word == "\\ir" || word == "\\include" || word == "\\include_relative";
}

class Collector {
public:
    // Plain SQL, statement by statement, its first line being the `line`th of the file.
    void take_file(std::string_view sql) {
        for (const Piece &piece : split(sql)) {
            if (piece.kind != Piece::Kind::meta)
                result_.queries.push_back({std::string(piece.text), piece.line, 1});
            else if (names_a_file(piece.text))
                result_.gaps.push_back(
                    fmt::format("line {}: \"{}\" names another file, which was not read", piece.line, piece.text));
        }
    }

    // What one client sent at once. It stays whole: the server splits it as it split it then.
    void take_sent(std::string_view sql, int line, size_t times) {
        if (text::trim(sql).empty()) return;
        const auto pieces = split(sql);
        if (pieces.size() == 1 && is_session_command(pieces[0].text)) {
            ++result_.session_commands;
            return;
        }
        const size_t blanks = sql.find_first_not_of(" \t\r\n");
        line += static_cast<int>(std::count(sql.begin(), sql.begin() + static_cast<std::ptrdiff_t>(blanks), '\n'));
        result_.queries.push_back({std::string(text::trim(sql)), line, times});
    }

    void gap(std::string what) { result_.gaps.push_back(std::move(what)); }

    Queries take() { return std::move(result_); }

private:
    Queries result_;
};

size_t count_of(const std::string &text) {
    size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::max<size_t>(value, 1) : 1;
}

Queries read_export(std::string_view text) {
    CsvReader reader(text);
    std::vector<CsvReader::Field> record;
    const std::optional<size_t> query = reader.next(record) ? column(record, "query") : std::nullopt;
    if (!query)
        throw Error(Code::invalid_input, "the first line names no column \"query\"",
                    "Export with psql --csv -c 'select * from pg_stat_statements'.");
    const std::optional<size_t> calls = column(record, "calls");
    Collector collector;
    size_t hidden = 0;
    while (reader.next(record)) {
        if (record.size() == 1 && record[0].text.empty()) continue; // an empty line
        if (record.size() <= *query || record[*query].text.empty() || record[*query].text == "<insufficient privilege>")
            ++hidden;
        else
            collector.take_sent(record[*query].text, record[*query].line,
                                calls && *calls < record.size() ? count_of(record[*calls].text) : 1);
    }
    if (hidden > 0)
        collector.gap(fmt::format("{} without the text of their query: export as a member of pg_read_all_stats",
                                  text::plural(hidden, "row", "rows")));
    return collector.take();
}

Queries read_csvlog(std::string_view text) {
    Collector collector;
    CsvReader reader(text);
    std::vector<CsvReader::Field> record;
    while (reader.next(record)) {
        if (record.size() <= kMessage || record[kSeverity].text != "LOG") continue;
        if (const auto sql = sql_of_message(record[kMessage].text)) collector.take_sent(*sql, record[kMessage].line, 1);
    }
    return collector.take();
}

Queries read_jsonlog(std::string_view text) {
    Collector collector;
    int line = 0;
    size_t broken = 0;
    for (const std::string_view row : text::lines(text)) {
        ++line;
        if (text::trim(row).empty()) continue;
        const auto severity = json_string(row, "error_severity");
        const auto message = json_string(row, "message");
        if (!severity || !message) ++broken;
        if (severity != "LOG" || !message) continue;
        // A statement of several lines stands in one.
        if (const auto sql = sql_of_message(*message)) collector.take_sent(text::trim(*sql), line, 1);
    }
    if (broken > 0) collector.gap(fmt::format("{} that could not be read", text::plural(broken, "line", "lines")));
    return collector.take();
}

Queries read_log(std::string_view text) {
    if (is_csvlog(first_line(text))) return read_csvlog(text);
    if (is_jsonlog(first_line(text))) return read_jsonlog(text);
    Collector collector;
    std::string sent;
    int line = 0, opened = 0; // opened: where the statement in `sent` began; 0 where there is none
    const auto finish = [&] {
        if (opened > 0) collector.take_sent(sent, opened, 1);
        opened = 0;
    };
    for (const std::string_view row : text::lines(text)) {
        ++line;
        // The server puts a tab before every line of a message but its first.
        if (row.starts_with('\t')) {
            if (opened > 0) (sent += '\n') += row.substr(1);
            continue;
        }
        finish();
        if (const auto sql = logged_sql(row)) {
            sent = *sql;
            opened = line;
        }
    }
    finish();
    return collector.take();
}

} // namespace

std::string_view name(Input input) {
    for (const auto &[value, text] : kNames) {
        if (value == input) return text;
    }
    return {};
}

Input input_named(std::string_view text) {
    for (const auto &[value, name] : kNames) {
        if (name == text) return value;
    }
    throw Error(Code::invalid_input, fmt::format("there is no kind of input \"{}\"", text),
                "The kinds are sql, csv and log.");
}

Input input_of(std::string_view text) {
    const std::string_view line = first_line(text);
    std::vector<CsvReader::Field> header;
    if (CsvReader(line).next(header) && column(header, "query") && is_header(header)) return Input::csv;
    return begins_message(line) || is_csvlog(line) || is_jsonlog(line) ? Input::log : Input::sql;
}

Queries read_queries(std::string_view text, Input input) {
    switch (input) {
    case Input::csv: return read_export(text);
    case Input::log: return read_log(text);
    case Input::sql: break;
    }
    Collector collector;
    collector.take_file(text);
    return collector.take();
}

} // namespace rlsproof::cli
