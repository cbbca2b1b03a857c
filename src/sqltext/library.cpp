#include "sqltext/library.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include "sqltext/sqltext.hpp"

extern "C" {
#include <pg_query.h>
}

namespace rlsproof::sqltext {

namespace {

// A result of libpg_query together with the function that frees it.
template <typename Result, void (*release)(Result)>
class Owned {
public:
    explicit Owned(Result result) : result_(result) {}
    ~Owned() { release(result_); }
    Owned(const Owned &) = delete;
    Owned &operator=(const Owned &) = delete;
    const Result *operator->() const { return &result_; }

private:
    Result result_;
};

using ScanResult = Owned<PgQueryScanResult, pg_query_free_scan_result>;
using SplitResult = Owned<PgQuerySplitResult, pg_query_free_split_result>;
using FingerprintResult = Owned<PgQueryFingerprintResult, pg_query_free_fingerprint_result>;

Error error_of(const PgQueryError &error) {
    const std::string message = error.message != nullptr ? error.message : "syntax error";
    // The parser's stack holds 10,000 symbols, in the server as well.
    if (message.starts_with("memory exhausted"))
        return Error(Code::limit, "statement is nested too deeply", "Write it with fewer levels of nesting.")
            .at(error.cursorpos);
    return Error(Code::syntax, message).at(error.cursorpos);
}

// The scanner's tokens come as a protobuf message: a list of (start, end, token, keyword kind) in varints. The ends are
// not used: they are wrong for U&'' strings in some versions.
class Reader {
public:
    Reader(const char *data, size_t length) : at_(reinterpret_cast<const uint8_t *>(data)), end_(at_ + length) {}
    bool more() const { return at_ < end_; }
    uint64_t number() {
        uint64_t value = 0;
        for (unsigned shift = 0; more() && shift < 64; shift += 7) {
            const uint8_t byte = *at_++;
            value |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return value;
        }
        throw Error(Code::internal, "tokens of libpg_query could not be read");
    }
    Reader message() {
        const uint64_t length = number();
        if (length > static_cast<uint64_t>(end_ - at_))
            throw Error(Code::internal, "tokens of libpg_query could not be read");
        Reader inner(reinterpret_cast<const char *>(at_), length);
        at_ += length;
        return inner;
    }

private:
    const uint8_t *at_;
    const uint8_t *end_;
};

constexpr uint64_t kVarint = 0;
constexpr uint64_t kMessage = 2;

// Numbers of the grammar's tokens, the same in 15, 17 and 18; a unit test scans one of each.
Kind kind_of(uint64_t token, uint64_t keyword) {
    switch (token) {
    case 258: return Kind::name;             // IDENT
    case 259: return Kind::unicode_name;     // UIDENT
    case 260: return Kind::constant;         // FCONST
    case 261: return Kind::constant;         // SCONST
    case 262: return Kind::unicode_constant; // USCONST
    case 263: return Kind::constant;         // BCONST
    case 264: return Kind::constant;         // XCONST
    case 266: return Kind::constant;         // ICONST
    case 267: return Kind::parameter;        // PARAM
    case 275: return Kind::comment;          // SQL_COMMENT
    case 276: return Kind::comment;          // C_COMMENT
    default: break;
    }
    constexpr uint64_t kReserved = 4;
    return keyword == 0 ? Kind::other : keyword == kReserved ? Kind::reserved : Kind::keyword;
}

Token read_token(Reader reader) {
    Token result;
    uint64_t token = 0;
    uint64_t keyword = 0;
    while (reader.more()) {
        const uint64_t tag = reader.number();
        if ((tag & 7) != kVarint) throw Error(Code::internal, "tokens of libpg_query could not be read");
        const uint64_t value = reader.number();
        switch (tag >> 3) {
        case 1: result.start = value; break;
        case 4: token = value; break;
        case 5: keyword = value; break;
        default: break;
        }
    }
    result.kind = kind_of(token, keyword);
    return result;
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// How many bytes the character at `at` has; 0 where it is not valid UTF-8.
size_t character(std::string_view text, size_t at) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    const uint8_t first = byte(at);
    if (first < 0x80) return 1;
    const size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                          : (first & 0xf0) == 0xe0         ? 3
                          : first >= 0xf0 && first <= 0xf4 ? 4
                                                           : 0;
    if (length == 0 || at + length > text.size()) return 0;
    for (size_t i = at + 1; i < at + length; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    const uint8_t second = byte(at + 1);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    return overlong || beyond ? 0 : length;
}

} // namespace

std::vector<Token> scan(const std::string &sql) {
    const ScanResult result(pg_query_scan(sql.c_str()));
    if (result->error != nullptr) throw error_of(*result->error);

    std::vector<Token> tokens;
    Reader reader(result->pbuf.data, result->pbuf.len);
    while (reader.more()) {
        if ((reader.number() & 7) == kMessage)
            tokens.push_back(read_token(reader.message()));
        else
            reader.number();
    }
    // Comments are tokens too, so only blanks can follow a token before the next one.
    size_t next = sql.size();
    for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) {
        token->end = next;
        next = token->start;
        if (token->start >= token->end) throw Error(Code::internal, "tokens of libpg_query are out of order");
        while (token->end > token->start + 1 && is_blank(sql[token->end - 1])) --token->end;
    }
    return tokens;
}

std::optional<Error> mistake(const std::string &sql) {
    const SplitResult result(pg_query_split_with_parser(sql.c_str()));
    if (result->error == nullptr) return std::nullopt;
    return error_of(*result->error);
}

std::string hash(const std::string &sql) {
    const FingerprintResult result(pg_query_fingerprint(sql.c_str()));
    if (result->error != nullptr) throw error_of(*result->error);
    return result->fingerprint_str;
}

void check_text(const std::string &sql) {
    if (sql.size() > kMaxText)
        throw Error(Code::limit, fmt::format("text of {} bytes is too long", sql.size()),
                    fmt::format("At most {} bytes are read at a time.", kMaxText));
    int position = 1;
    for (size_t at = 0; at < sql.size(); ++position) {
        if (sql[at] == '\0') throw Error(Code::invalid_input, "text contains a null byte").at(position);
        const size_t length = character(sql, at);
        if (length == 0) throw Error(Code::invalid_input, "text is not valid UTF-8").at(position);
        at += length;
    }
}

size_t byte_of(std::string_view text, int position) {
    size_t at = 0;
    for (int seen = 1; seen < position && at < text.size(); ++seen) {
        ++at;
        while (at < text.size() && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80) ++at;
    }
    return at;
}

} // namespace rlsproof::sqltext
