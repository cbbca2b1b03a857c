// The normal form, made from tokens and not from the parse tree: every token of the text is looked at, so no constant
// can hide in a corner of the grammar, and the depth of the text does not matter.
#include "sqltext/sqltext.hpp"

#include <array>
#include <cctype>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "sqltext/accept.hpp"
#include "sqltext/library.hpp"

namespace rlsproof::sqltext {

namespace {

bool is_word(std::string_view text, std::string_view lower) {
    return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
               return std::tolower(static_cast<unsigned char>(a)) == b;
           });
}

template <size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N> &words) {
    for (const std::string_view word : words)
        if (is_word(text, word)) return true;
    return false;
}

// Reserved words after which a minus takes something away; after all others it is a sign.
constexpr std::array<std::string_view, 15> kValues = {
    "null",         "true",         "false",     "current_catalog", "current_date", "current_role",
    "current_time", "current_user", "localtime", "localtimestamp",  "session_user", "current_timestamp",
    "user",         "system_user",  "end"};

// The words that may be names as well after which a minus is a sign all the same.
constexpr std::array<std::string_view, 6> kBeforeSign = {"between", "by", "escape", "return", "like", "ilike"};

bool is_identifier_byte(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '"' ||
           static_cast<unsigned char>(c) >= 0x80;
}

// Writes the normal form token by token.
class Writer {
public:
    explicit Writer(const std::string &sql) : sql_(sql) {}

    void write(std::string_view text, const Token &token) {
        space(token, !text.empty() && is_identifier_byte(text.front()) && after_parameter_);
        out_ += text;
        after_parameter_ = false;
        end_ = token.end;
    }
    // `token` is what the parameter replaces, or a parameter itself.
    void parameter(const Token &token) {
        int number = 0;
        if (token.kind == Kind::parameter) {
            int &known = numbers_[sql_.substr(token.start, token.end - token.start)];
            if (known == 0) known = ++last_;
            number = known;
        } else {
            number = ++last_;
        }
        space(token, !out_.empty() && is_identifier_byte(out_.back()));
        out_ += fmt::format("${}", number);
        after_parameter_ = true;
        end_ = token.end;
    }
    // Between statements; a blank follows whatever comes next.
    void semicolon() {
        out_ += "; ";
        end_ = std::string::npos;
    }
    std::string take() { return std::move(out_); }

private:
    void space(const Token &token, bool needed) {
        if (!out_.empty() && end_ != std::string::npos && (needed || token.start > end_)) out_ += ' ';
    }

    const std::string &sql_;
    std::string out_;
    std::map<std::string, int> numbers_;
    int last_ = 0;
    size_t end_ = 0;
    bool after_parameter_ = false;
};

class Normalizer {
public:
    // REQUIRES: no comments among the tokens.
    Normalizer(const std::string &sql, const std::vector<Token> &tokens) : sql_(sql), tokens_(tokens), writer_(sql) {}

    std::string run() {
        bool written = false; // since the last semicolon
        bool semicolon = false;
        for (size_t at = 0; at < tokens_.size();) {
            if (text(at) == ";") {
                semicolon = semicolon || written;
                written = false;
                ++at;
                continue;
            }
            if (semicolon) writer_.semicolon();
            semicolon = false;
            written = true;
            at = step(at);
        }
        return writer_.take();
    }

private:
    std::string_view text(size_t at) const {
        const Token &token = tokens_[at];
        return std::string_view(sql_).substr(token.start, token.end - token.start);
    }
    bool is_constant(size_t at) const {
        return at < tokens_.size() &&
               (tokens_[at].kind == Kind::constant || tokens_[at].kind == Kind::unicode_constant);
    }
    bool is_number(size_t at) const {
        return is_constant(at) &&
               (std::isdigit(static_cast<unsigned char>(text(at).front())) || text(at).front() == '.');
    }
    bool has_uescape(size_t at) const {
        return at + 2 < tokens_.size() && tokens_[at + 1].kind == Kind::keyword && is_word(text(at + 1), "uescape") &&
               tokens_[at + 2].kind == Kind::constant;
    }
    // Whether a minus at `at` is the sign of the number after it.
    bool is_sign(size_t at) const {
        if (text(at) != "-" || !is_number(at + 1)) return false;
        if (at == 0) return true;
        const Token &before = tokens_[at - 1];
        const std::string_view word = text(at - 1);
        switch (before.kind) {
        case Kind::reserved: return !is_one_of(word, kValues);
        case Kind::keyword: return is_one_of(word, kBeforeSign);
        case Kind::other: return word != ")" && word != "]" && !(word == "*" && at > 1 && text(at - 2) == ".");
        default: return false;
        }
    }
    // Writes what stands at `at` and returns where to go on.
    size_t step(size_t at) {
        const Token &token = tokens_[at];
        switch (token.kind) {
        case Kind::constant: writer_.parameter(token); return at + 1;
        case Kind::unicode_constant: {
            const size_t last = has_uescape(at) ? at + 2 : at;
            writer_.parameter({token.start, tokens_[last].end, Kind::constant});
            return last + 1;
        }
        case Kind::unicode_name: {
            // The escape character is part of how the name is spelled.
            const size_t last = has_uescape(at) ? at + 2 : at;
            for (size_t i = at; i <= last; ++i) writer_.write(text(i), tokens_[i]);
            return last + 1;
        }
        case Kind::parameter: writer_.parameter(token); return at + 1;
        default: break;
        }
        // N'...' is one constant in two tokens, and so is a number with its sign.
        const bool national = is_word(text(at), "n") && is_constant(at + 1) && tokens_[at + 1].start == token.end &&
                              token.kind == Kind::keyword;
        if (national || is_sign(at)) {
            writer_.parameter({token.start, tokens_[at + 1].end, Kind::constant});
            return at + 2;
        }
        writer_.write(text(at), token);
        return at + 1;
    }

    const std::string &sql_;
    const std::vector<Token> &tokens_;
    Writer writer_;
};

// A blank for every character of a comment: positions stay what they were. The server takes a string and the one on the
// next line for one constant also where a comment stands between them; libpg_query does not.
std::string without_comments(const std::string &sql) {
    std::string bare;
    size_t copied = 0;
    for (const Token &token : scan(sql)) {
        if (token.kind != Kind::comment) continue;
        bare.append(sql, copied, token.start - copied);
        for (size_t i = token.start; i < token.end; ++i)
            if ((static_cast<unsigned char>(sql[i]) & 0xc0) != 0x80) bare += ' ';
        copied = token.end;
    }
    return bare.append(sql, copied, std::string::npos);
}

// Deeper chains of UNION, INTERSECT and EXCEPT would cost libpg_query's fingerprint the stack.
constexpr int kMaxSetOperations = 5000;

void check_set_operations(const std::string &sql, const std::vector<Token> &tokens) {
    constexpr std::array<std::string_view, 3> kSetOperations = {"union", "intersect", "except"};
    int seen = 0;
    for (const Token &token : tokens) {
        if (token.kind != Kind::reserved) continue;
        if (!is_one_of(std::string_view(sql).substr(token.start, token.end - token.start), kSetOperations)) continue;
        if (++seen > kMaxSetOperations)
            throw Error(Code::limit, fmt::format("text has more than {} set operations", kMaxSetOperations));
    }
}

} // namespace

std::string normalize(const std::string &sql) {
    check_text(sql);
    const std::string bare = without_comments(sql);
    const std::vector<Token> tokens = scan(bare);
    accept(bare, tokens);
    return Normalizer(bare, tokens).run();
}

std::string fingerprint(const std::string &sql) {
    const std::string normal = normalize(sql);
    const std::vector<Token> tokens = scan(normal);
    check_set_operations(normal, tokens);
    return hash(accept(normal, tokens));
}

} // namespace rlsproof::sqltext
