// Mirrors the lexical rules of psqlscan.l (PostgreSQL 15), without its state for unfinished input.
#include "cli/scan.hpp"

#include <algorithm>

namespace rlsproof::cli {

namespace {

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_word(char c) {
    return is_letter(c) || is_digit(c) || c == '$';
}
char small(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Whether a word of this text glued to a quote is that quote's prefix.
bool is_string_prefix(std::string_view word) {
    return word.size() == 1 && std::string_view("eEbBxXnN").find(word[0]) != std::string_view::npos;
}

std::string without_doubled(std::string_view body, char quote) {
    std::string result;
    for (size_t i = 0; i < body.size(); ++i) {
        result += body[i];
        if (body[i] == quote && i + 1 < body.size() && body[i + 1] == quote) ++i;
    }
    return result;
}

} // namespace

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), small);
    return result;
}

bool Token::is(char punctuation) const {
    return kind == TokenKind::other && text.size() == 1 && text[0] == punctuation;
}

bool Token::is(std::string_view keyword) const {
    return kind == TokenKind::word && text.size() == keyword.size() &&
           std::equal(text.begin(), text.end(), keyword.begin(), [](char a, char b) { return small(a) == b; });
}

std::string Token::name() const {
    if (kind == TokenKind::word) return lower(text);
    if (kind == TokenKind::dollar) {
        const size_t tag = text.find('$', 1) + 1;
        return std::string(text.size() >= 2 * tag ? text.substr(tag, text.size() - 2 * tag) : text.substr(tag));
    }
    const char quote = kind == TokenKind::quoted ? '"' : '\'';
    const size_t open = text.find(quote);
    if (open == std::string_view::npos) return std::string(text);
    const bool closed = text.size() > open + 1 && text.back() == quote;
    return without_doubled(text.substr(open + 1, text.size() - open - 1 - (closed ? 1 : 0)), quote);
}

bool Scanner::next(Token &token) {
    skip_blanks_and_comments();
    if (at_ >= text_.size()) return false;
    const size_t start = at_;
    const char c = text_[start];
    token.kind = TokenKind::other;
    at_ = start + 1;
    if (c == '\'') {
        token.kind = TokenKind::string;
        at_ = end_of_quote(start, false);
    } else if (c == '"') {
        token.kind = TokenKind::quoted;
        at_ = end_of_quote(start, false);
    } else if (c == '$') {
        if (const size_t tag = end_of_dollar_tag(start); tag != 0) {
            token.kind = TokenKind::dollar;
            const std::string_view delimiter = text_.substr(start, tag - start);
            const size_t close = text_.find(delimiter, tag);
            at_ = close == std::string_view::npos ? text_.size() : close + delimiter.size();
        }
    } else if (c == '\\') {
        token.kind = TokenKind::backslash;
    } else if (is_letter(c)) {
        token.kind = TokenKind::word;
        at_ = end_of_word(start);
        const std::string_view word = text_.substr(start, at_ - start);
        if (peek(at_) == '\'' && is_string_prefix(word)) {
            token.kind = TokenKind::string;
            at_ = end_of_quote(at_, small(c) == 'e');
        } else if (small(c) == 'u' && word.size() == 1 && peek(at_) == '&' &&
                   (peek(at_ + 1) == '\'' || peek(at_ + 1) == '"')) {
            token.kind = peek(at_ + 1) == '"' ? TokenKind::quoted : TokenKind::string;
            at_ = end_of_quote(at_ + 1, false);
        }
    } else if (is_digit(c)) {
        at_ = end_of_word(start);
    }
    token.start = start;
    token.text = text_.substr(start, at_ - start);
    return true;
}

void Scanner::skip_blanks_and_comments() {
    while (at_ < text_.size()) {
        if (is_blank(text_[at_])) {
            ++at_;
        } else if (text_[at_] == '-' && peek(at_ + 1) == '-') {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (text_[at_] == '/' && peek(at_ + 1) == '*') {
            skip_block_comment();
        } else {
            return;
        }
    }
}

void Scanner::skip_block_comment() {
    size_t depth = 0;
    while (at_ < text_.size()) {
        if (text_[at_] == '/' && peek(at_ + 1) == '*') {
            ++depth;
            at_ += 2;
        } else if (text_[at_] == '*' && peek(at_ + 1) == '/') {
            at_ += 2;
            if (--depth == 0) return;
        } else {
            ++at_;
        }
    }
}

size_t Scanner::end_of_word(size_t from) const {
    while (from < text_.size() && continues_word(text_[from])) ++from;
    return from;
}

// REQUIRES: `open` is where the quote character is. A doubled quote is part of the text.
size_t Scanner::end_of_quote(size_t open, bool backslashes) const {
    const char quote = text_[open];
    for (size_t i = open + 1; i < text_.size(); ++i) {
        if (backslashes && text_[i] == '\\')
            ++i;
        else if (text_[i] == quote && peek(i + 1) == quote)
            ++i;
        else if (text_[i] == quote)
            return i + 1;
    }
    return text_.size();
}

// Where the opening tag of a dollar quote ends, or 0 if none begins here ("$1" is a parameter).
size_t Scanner::end_of_dollar_tag(size_t from) const {
    if (is_digit(peek(from + 1))) return 0;
    size_t i = from + 1;
    while (is_letter(peek(i)) || is_digit(peek(i))) ++i;
    return peek(i) == '$' ? i + 1 : 0;
}

} // namespace rlsproof::cli
