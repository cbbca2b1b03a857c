#include "cli/missing.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "cli/scan.hpp"

namespace rlsproof::cli {

namespace {

constexpr std::string_view kPublic = "public.";

struct Kind {
    std::string_view sqlstate, before;
    bool quoted; // the name in the message
};
constexpr std::array kKinds = {Kind{"42P01", "relation", true}, Kind{"42883", "function", false},
                               Kind{"42704", "type", true}, Kind{"3F000", "schema", true}};

bool has_word(std::string_view text, std::string_view word) {
    Scanner scanner(text);
    for (Token token; scanner.next(token);)
        if (token.kind != TokenKind::string && token.name() == word) return true;
    return false;
}

// The name that stands here, with or without a schema, as messages write it.
std::string name_at(Scanner &scanner, Token &token) {
    std::string name = token.name();
    while (true) {
        const size_t at = scanner.at();
        Token dot, next;
        if (!scanner.next(dot) || !dot.is('.') || !scanner.next(next)) {
            scanner.move_to(at);
            return name;
        }
        name += '.' + next.name();
    }
}

std::string without_public(std::string_view name) {
    return std::string(name.starts_with(kPublic) ? name.substr(kPublic.size()) : name);
}

} // namespace

std::string missing_thing(const Failure &failure, std::string_view sql, std::string_view search_path) {
    constexpr std::string_view kAfter = " does not exist";
    std::string_view text = failure.message;
    if (!text.ends_with(kAfter)) return {};
    text.remove_suffix(kAfter.size());
    for (const Kind &kind : kKinds) {
        if (failure.sqlstate != kind.sqlstate || !text.starts_with(kind.before)) continue;
        text.remove_prefix(kind.before.size());
        const std::string_view quote = kind.quoted ? "\"" : "";
        if (!text.starts_with(' ')) return {};
        text.remove_prefix(1);
        if (text.size() <= 2 * quote.size() || !text.starts_with(quote) || !text.ends_with(quote)) return {};
        text = text.substr(quote.size(), text.size() - 2 * quote.size());
        const bool bare = text.substr(0, text.find('(')).find('.') == std::string_view::npos;
        const bool of_public =
            bare && kind.before != "schema" && has_word(search_path, "public") && !has_word(sql, "search_path");
        return fmt::format("{} {}{}{}{}", kind.before, quote, of_public ? kPublic : "", text, quote);
    }
    return {};
}

bool makes(std::string_view sql, std::string_view thing) {
    const std::string_view kind = thing.substr(0, thing.find(' '));
    std::string name(thing.substr(kind.size() + 1));
    std::erase(name, '"');
    name = without_public(name.substr(0, name.find('(')));
    Scanner scanner(sql);
    Token token;
    if (!scanner.next(token) || !(token.is("create") || token.is("alter"))) return false;
    const bool renames = token.is("alter");
    const std::vector<std::string_view> kinds =
        kind == "relation"   ? std::vector<std::string_view>{"table", "view", "sequence", "index"}
        : kind == "function" ? std::vector<std::string_view>{"function", "procedure", "aggregate"}
        : kind == "type"     ? std::vector<std::string_view>{"type", "domain", "table", "view"}
                             : std::vector<std::string_view>{"schema"};
    constexpr size_t kMostWords = 6; // create or replace recursive materialized view
    for (size_t i = 0;; i++) {
        if (i == kMostWords || !scanner.next(token) || token.kind != TokenKind::word) return false;
        if (std::any_of(kinds.begin(), kinds.end(), [&](std::string_view k) { return token.is(k); })) break;
    }
    while (scanner.next(token))
        if (!token.is("if") && !token.is("not") && !token.is("exists") && !token.is("only") &&
            !token.is("concurrently"))
            break;
    const std::string first = name_at(scanner, token);
    if (!renames) return without_public(first) == name;
    // Into this name: ALTER ... RENAME TO name.
    while (scanner.next(token)) {
        if (!token.is("rename")) continue;
        if (!scanner.next(token) || !token.is("to") || !scanner.next(token)) return false;
        return token.name() == name.substr(name.rfind('.') + 1);
    }
    return false;
}

} // namespace rlsproof::cli
