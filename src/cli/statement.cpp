#include "cli/statement.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/scan.hpp"

namespace rlsproof::cli {

namespace {

constexpr size_t kLeadingWords = 6;
constexpr std::array<std::string_view, 4> kGuards = {" policy ", "row level security", "grant ", "revoke "};

// The first words, in small letters; anything else reads as "".
std::vector<std::string> leading_words(std::string_view sql) {
    std::vector<std::string> words;
    Scanner scanner(sql);
    Token token;
    while (words.size() < kLeadingWords && scanner.next(token))
        words.push_back(token.kind == TokenKind::word ? lower(token.text) : "");
    words.resize(kLeadingWords);
    return words;
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> list) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// Whether these keywords follow each other somewhere in the text.
bool contains(std::string_view sql, std::initializer_list<std::string_view> keywords) {
    Scanner scanner(sql);
    Token token;
    auto wanted = keywords.begin();
    while (wanted != keywords.end() && scanner.next(token)) {
        if (token.is(*wanted))
            ++wanted;
        else
            wanted = token.is(*keywords.begin()) ? keywords.begin() + 1 : keywords.begin();
    }
    return wanted == keywords.end();
}

} // namespace

bool controls_transaction(std::string_view sql) {
    const auto words = leading_words(sql);
    if (words[0] == "start" || words[0] == "prepare") return words[1] == "transaction";
    return one_of(words[0], {"begin", "commit", "end", "rollback", "abort", "savepoint", "release"});
}

bool needs_transaction(std::string_view sql) {
    const auto words = leading_words(sql);
    if (words[0] == "set") return one_of(words[1], {"local", "constraints", "transaction"});
    if (words[0] == "create") return contains(sql, {"on", "commit"});
    if (words[0] == "select") return contains(sql, {"set_config"}) && contains(sql, {"true"});
    return one_of(words[0], {"lock", "declare"});
}

bool shapes_access(std::string_view sql) {
    const auto words = leading_words(sql);
    if (words[0] == "create") {
        const std::string &what = words[1] == "unique" ? words[2] : words[1];
        return !one_of(what,
                       {"index", "statistics", "extension", "publication", "subscription", "collation", "conversion"});
    }
    if (words[0] == "alter" || words[0] == "drop")
        return !one_of(words[1],
                       {"index", "statistics", "publication", "subscription", "system", "collation", "sequence"});
    if (one_of(words[0], {"grant", "revoke"}) && contains(sql, {"on", "database"})) return false;
    return !one_of(words[0],
                   {"insert",  "update",     "delete",  "merge",   "copy",    "select",     "with",    "values",
                    "comment", "set",        "reset",   "show",    "vacuum",  "analyze",    "analyse", "refresh",
                    "cluster", "reindex",    "lock",    "declare", "fetch",   "close",      "notify",  "listen",
                    "discard", "checkpoint", "explain", "prepare", "execute", "deallocate", "load"});
}

bool guards_access(std::string_view sql) {
    const auto words = leading_words(sql);
    if (words[0] == "do") {
        const std::string body = lower(sql);
        return std::any_of(kGuards.begin(), kGuards.end(),
                           [&](std::string_view guard) { return body.find(guard) != std::string::npos; });
    }
    if (one_of(words[0], {"grant", "revoke"})) return true;
    if (words[0] == "alter" && words[1] == "table") return contains(sql, {"row", "level", "security"});
    return one_of(words[0], {"create", "alter", "drop"}) && words[1] == "policy";
}

bool only_adds(std::string_view sql) {
    const auto words = leading_words(sql);
    if (words[0] == "alter")
        return !contains(sql, {"drop"}) && !contains(sql, {"disable"}) && !contains(sql, {"no", "force"}) &&
               !contains(sql, {"rename"}) && !contains(sql, {"revoke"});
    return one_of(words[0], {"create", "grant", "comment"});
}

std::string without_or_replace(std::string_view sql) {
    Scanner scanner(sql);
    Token create, or_, replace;
    if (scanner.next(create) && scanner.next(or_) && scanner.next(replace) && create.is("create") && or_.is("or") &&
        replace.is("replace")) {
        std::string result(sql);
        std::fill(result.begin() + or_.start, result.begin() + replace.end(), ' ');
        return result;
    }
    return std::string(sql);
}

bool creates_database(std::string_view sql) {
    const auto words = leading_words(sql);
    return one_of(words[0], {"create", "drop"}) && words[1] == "database";
}

std::string excerpt(std::string_view sql, size_t columns) {
    return text::cut(text::flat(sql), columns);
}

std::string token_hash(std::string_view sql) {
    constexpr uint64_t kOffset = 0xcbf29ce484222325, kPrime = 0x100000001b3; // FNV-1a
    uint64_t hash = kOffset;
    const auto mix = [&](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * kPrime; };
    Scanner scanner(sql);
    Token token;
    while (scanner.next(token)) {
        std::for_each(token.text.begin(), token.text.end(), mix);
        mix(' ');
    }
    return fmt::format("{:016x}", hash);
}

} // namespace rlsproof::cli
