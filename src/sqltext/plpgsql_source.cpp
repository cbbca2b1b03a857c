#include "sqltext/plpgsql_source.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

#include "base/error.hpp"

#include "sqltext/library.hpp"

namespace rlsproof::sqltext {

namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return (char)std::tolower(c); });
    return text;
}

// The name that a token means.
std::string meant(const std::string &word) {
    if (word.size() < 2 || word.front() != '"') return lower(word);
    std::string name;
    for (size_t i = 1; i + 1 < word.size(); i++) {
        name += word[i];
        if (word[i] == '"') i++;
    }
    return name;
}

class Tokens {
public:
    explicit Tokens(const std::string &text) : text_(text) {
        for (const Token &token : scan(text))
            if (token.kind != Kind::comment) tokens_.push_back(token);
    }
    size_t size() const { return tokens_.size(); }
    const Token &at(size_t i) const { return tokens_[i]; }
    std::string word(size_t i) const { return text_.substr(at(i).start, at(i).end - at(i).start); }
    bool is(size_t i, const char *word_in_lower_case) const {
        return i < size() && lower(word(i)) == word_in_lower_case;
    }
    bool ends(size_t i) const { return i >= size() || is(i, ";"); }
    std::string between(size_t first, size_t beyond) const {
        return first >= beyond ? "" : text_.substr(at(first).start, at(beyond - 1).end - at(first).start);
    }

private:
    const std::string &text_;
    std::vector<Token> tokens_;
};

struct Bounds {
    size_t start = 0, end = 0;
};

Bounds body_of(const std::string &definition) {
    for (const Token &token : scan(definition)) {
        if (token.kind != Kind::constant || definition[token.start] != '$') continue;
        const size_t quote = definition.find('$', token.start + 1) + 1 - token.start;
        return {token.start + quote, token.end - quote};
    }
    throw Error(Code::syntax, "the function has no body in dollar quotes");
}

// A piece of a text, and what is written in its place.
struct Edit {
    Bounds where;
    std::string text;
};

std::string edited(const std::string &text, const std::vector<Edit> &edits) {
    std::string result;
    size_t copied = 0;
    for (const Edit &edit : edits) {
        result += text.substr(copied, edit.where.start - copied) + edit.text;
        copied = edit.where.end;
    }
    return result + text.substr(copied);
}

// What has a schema becomes "text": the types of parameters and of the result, and what their defaults call.
std::string plain_head(const std::string &head) {
    const Tokens tokens(head);
    std::vector<Edit> edits;
    size_t i = 0;
    while (i < tokens.size() && !tokens.is(i, "(")) i++;
    for (; i + 2 < tokens.size(); i++) {
        if (!tokens.is(i + 1, ".")) continue;
        const size_t first = i;
        while (tokens.is(i + 1, ".") && i + 2 < tokens.size()) i += 2;
        edits.push_back({{tokens.at(first).start, tokens.at(i).end}, "text"});
    }
    return edited(head, edits);
}

// DECLARE name [CONSTANT] type [COLLATE ...] [NOT NULL] [DEFAULT | := | = ...];
void read_declarations(const Tokens &tokens, PlpgsqlSource &source, std::vector<Edit> &edits) {
    static const std::set<std::string> kAfterType{"collate", "not", "default", ":=", "=", ";"};
    static const std::set<std::string> kNoType{"alias", "cursor", "no", "scroll"};
    if (!tokens.is(0, "declare")) return;
    for (size_t i = 1; i < tokens.size() && !tokens.is(i, "begin"); i++) {
        if (tokens.is(i, "declare")) continue;
        const size_t first = i + (tokens.is(i + 1, "constant") ? 2 : 1);
        size_t beyond = first;
        while (beyond < tokens.size() && !kAfterType.contains(lower(tokens.word(beyond)))) beyond++;
        const std::string type = tokens.between(first, beyond);
        if (!type.empty() && !kNoType.contains(lower(tokens.word(first)))) {
            source.types[meant(tokens.word(i))] = type;
            edits.push_back({{tokens.at(first).start, tokens.at(beyond - 1).end}, "text"});
        }
        for (i = beyond; !tokens.ends(i);) i++;
    }
}

// name.field := value; and INTO name.field, name.field: the variable itself, whose type is then no longer told.
void read_fields(const Tokens &tokens, PlpgsqlSource &source, std::vector<Edit> &edits) {
    static const std::set<std::string> kStarts{";", "begin", "then", "else", "loop"};
    bool into = false;
    for (size_t i = 1; i < tokens.size(); i++) {
        if (tokens.is(i, "into")) into = true;
        if (tokens.is(i, "into") || tokens.is(i, "strict") || tokens.is(i, ",")) continue;
        const std::string before = lower(tokens.word(i - 1));
        const bool field = tokens.is(i + 1, ".") && i + 2 < tokens.size();
        const bool assigned = kStarts.contains(before) && (tokens.is(i + 3, ":=") || tokens.is(i + 3, "="));
        const auto declared = source.types.find(meant(tokens.word(i)));
        if (field && (into || assigned) && declared != source.types.end()) {
            edits.push_back({{tokens.at(i).end, tokens.at(i + 2).end}, ""});
            declared->second.clear();
        }
        if (field) i += 2;
        into = into && tokens.is(i + 1, ",");
    }
}

void read_returns(const Tokens &tokens, std::vector<Edit> &edits) {
    for (size_t i = 0; i + 2 < tokens.size(); i++) {
        const Token &name = tokens.at(i + 1);
        const bool variable = name.kind == Kind::name || name.kind == Kind::keyword || name.kind == Kind::parameter;
        if (tokens.is(i, "return") && variable && !tokens.is(i + 1, "next") && tokens.is(i + 2, ";"))
            edits.push_back({{name.start, name.end}, "(" + tokens.word(i + 1) + ")"});
        // The row is that of the columns that the function returns, which only some parsers know of. A message is as
        // little to be followed.
        if (tokens.is(i, "return") && tokens.is(i + 1, "next") && tokens.is(i + 2, ";"))
            edits.push_back({{tokens.at(i).start, name.end}, "RAISE DEBUG 'the next row'"});
    }
}

} // namespace

PlpgsqlSource plpgsql_source(const std::string &definition) {
    const Bounds bounds = body_of(definition);
    const std::string body = definition.substr(bounds.start, bounds.end - bounds.start);
    const Tokens tokens(body);
    PlpgsqlSource source;
    std::vector<Edit> edits;
    read_declarations(tokens, source, edits);
    read_fields(tokens, source, edits);
    read_returns(tokens, edits);
    std::sort(edits.begin(), edits.end(), [](const Edit &a, const Edit &b) { return a.where.start < b.where.start; });
    const size_t quote = definition.rfind('$', bounds.start - 2);
    source.definition = plain_head(definition.substr(0, quote)) + definition.substr(quote, bounds.start - quote) +
                        edited(body, edits) + definition.substr(bounds.end);
    return source;
}

} // namespace rlsproof::sqltext
