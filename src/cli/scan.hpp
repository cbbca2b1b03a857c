// The tokens of SQL text, as psql and the server's own scanner see them: comments are gone, and a quote of any kind is
// one token. Works on text that no parser accepts, because migration files are full of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/core_only.hpp"

namespace rlsproof::cli {

enum class TokenKind {
    word,      // an unquoted name or keyword
    quoted,    // "name"
    string,    // '...' with its prefix, if any
    dollar,    // $tag$...$tag$
    backslash, // the start of a psql command
    other,     // a number or a single character of punctuation
};

struct Token {
    TokenKind kind = TokenKind::other;
    size_t start = 0;
    std::string_view text;

    size_t end() const { return start + text.size(); }
    bool is(char punctuation) const;
    // REQUIRES: `keyword` is in small letters. True for an unquoted word alone.
    bool is(std::string_view keyword) const;
    // The name as the server would store it; for a dollar quote, the body.
    std::string name() const;
};

// Reads one token after another. An unfinished quote runs to the end of the text.
class Scanner {
public:
    explicit Scanner(std::string_view text, size_t at = 0) : text_(text), at_(at) {}

    // False at the end of the text.
    bool next(Token &token);
    size_t at() const { return at_; }
    void move_to(size_t at) { at_ = at; }

private:
    void skip_blanks_and_comments();
    void skip_block_comment();
    size_t end_of_word(size_t from) const;
    size_t end_of_quote(size_t open, bool backslashes) const;
    size_t end_of_dollar_tag(size_t from) const;
    char peek(size_t at) const { return at < text_.size() ? text_[at] : '\0'; }

    std::string_view text_;
    size_t at_;
};

std::string lower(std::string_view text);

} // namespace rlsproof::cli
