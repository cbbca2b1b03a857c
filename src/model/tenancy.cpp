#include "model/tenancy.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rlsproof {

namespace {

// Where `what` stands outside of quotes, from `from` on; npos where it does not.
size_t find_outside(std::string_view text, std::string_view what, size_t from) {
    bool quoted = false;
    for (size_t i = from; i < text.size(); ++i) {
        if (text[i] == '"') quoted = !quoted;
        if (!quoted && text.substr(i).starts_with(what)) return i;
    }
    return std::string_view::npos;
}

std::vector<std::string_view> split_outside(std::string_view text, std::string_view what) {
    std::vector<std::string_view> parts;
    for (size_t start = 0;;) {
        const size_t end = find_outside(text, what, start);
        parts.push_back(text::trim(text.substr(start, end == std::string_view::npos ? end : end - start)));
        if (end == std::string_view::npos) return parts;
        start = end + what.size();
    }
}

// A name without its quotes.
std::string bare(std::string_view name) {
    if (name.size() < 2 || name.front() != '"' || name.back() != '"') return std::string(name);
    std::string result;
    for (size_t i = 1; i + 1 < name.size(); ++i) {
        if (name[i] == '"') ++i;
        result += name[i];
    }
    return result;
}

std::string quoted(const std::string &name) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    if (!name.empty() && std::all_of(name.begin(), name.end(), plain) && !(name[0] >= '0' && name[0] <= '9'))
        return name;
    std::string result = "\"";
    for (const char c : name) result += c == '"' ? "\"\"" : std::string(1, c);
    return result + '"';
}

constexpr const char *kClaims = "request.jwt.claims";
constexpr const char *kColumnHint =
    "A row says whose it is by a column, org_id, or by a path of columns to one, project_id -> public.projects.org_id.";
constexpr const char *kSourceHint =
    "A session knows its tenant by setting:app.tenant_id (setting:app.tenant_ids[] where it holds an array), by "
    "claim:app_metadata.org_id, or by query:select org_id from memberships where user_id = auth.uid().";

// "public.projects.org_id" → the relation and its column.
std::pair<std::string, std::string> relation_and_column(std::string_view part) {
    size_t dot = std::string_view::npos;
    for (size_t at = find_outside(part, ".", 0); at != std::string_view::npos; at = find_outside(part, ".", at + 1))
        dot = at;
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == part.size())
        throw Error(Code::invalid_input, fmt::format("\"{}\" is no column of a relation", part), kColumnHint);
    return {std::string(part.substr(0, dot)), bare(part.substr(dot + 1))};
}

} // namespace

TenantColumn tenant_column(std::string_view written) {
    const std::vector<std::string_view> parts = split_outside(text::trim(written), "->");
    TenantColumn result;
    result.column = bare(parts[0]);
    for (const std::string_view part : parts)
        if (part.empty())
            throw Error(Code::invalid_input, "a column is missing in the path to the tenant", kColumnHint);
    for (size_t i = 1; i < parts.size(); ++i) {
        auto [relation, column] = relation_and_column(parts[i]);
        result.path.push_back({result.column, relation});
        result.column = column;
    }
    return result;
}

std::string text_of(const TenantColumn &column) {
    if (column.path.empty()) return column.column;
    std::string text = quoted(column.path[0].column);
    for (size_t i = 0; i < column.path.size(); ++i) {
        const std::string &next = i + 1 < column.path.size() ? column.path[i + 1].column : column.column;
        text += fmt::format(" -> {}.{}", column.path[i].relation, quoted(next));
    }
    return text;
}

TenantSource tenant_source(std::string_view written) {
    written = text::trim(written);
    const size_t colon = written.find(':');
    const std::string_view kind = written.substr(0, colon == std::string_view::npos ? 0 : colon);
    std::string_view rest = colon == std::string_view::npos ? "" : text::trim(written.substr(colon + 1));
    TenantSource source;
    while (kind == "query" && rest.ends_with(';')) rest = text::trim(rest.substr(0, rest.size() - 1));
    if (rest.empty() || (kind != "setting" && kind != "claim" && kind != "query"))
        throw Error(Code::invalid_input, fmt::format("\"{}\" is no way to know a session's tenant", written),
                    kSourceHint);
    if (kind == "query") {
        source.kind = TenantSource::Kind::query;
        source.name = rest;
        return source;
    }
    if (kind == "setting") {
        source.list = rest.ends_with("[]");
        if (source.list) rest.remove_suffix(2);
        if (rest.empty() || rest.find_first_of(" \t\n'\"()") != std::string_view::npos)
            throw Error(Code::invalid_input, fmt::format("\"{}\" is no name of a setting", rest), kSourceHint);
        source.name = rest;
        return source;
    }
    source.kind = TenantSource::Kind::claim;
    for (const std::string_view key : split_outside(rest, ".")) {
        if (key.empty()) throw Error(Code::invalid_input, fmt::format("\"{}\" is no claim", rest), kSourceHint);
        source.keys.push_back(bare(key));
    }
    return source;
}

std::string text_of(const TenantSource &source) {
    switch (source.kind) {
    case TenantSource::Kind::setting: return fmt::format("setting:{}{}", source.name, source.list ? "[]" : "");
    case TenantSource::Kind::query: return fmt::format("query:{}", source.name);
    case TenantSource::Kind::claim: break;
    }
    std::string text = "claim:";
    for (size_t i = 0; i < source.keys.size(); ++i)
        text += fmt::format("{}{}", i > 0 ? "." : "", quoted(source.keys[i]));
    return text;
}

std::vector<std::string> settings_behind(const TenantSource &source) {
    switch (source.kind) {
    case TenantSource::Kind::setting: return {source.name};
    case TenantSource::Kind::claim: return {kClaims};
    case TenantSource::Kind::query: break;
    }
    // What functions in it read is not known from here; the claims are what nearly all of them read.
    std::vector<std::string> settings = {kClaims, "request.jwt.claim.sub"};
    const std::string_view text = source.name;
    constexpr std::string_view reads = "current_setting('";
    for (size_t at = text.find(reads); at != std::string_view::npos; at = text.find(reads, at + 1)) {
        const size_t start = at + reads.size();
        settings.emplace_back(text.substr(start, std::min(text.find('\'', start), text.size()) - start));
    }
    for (const std::string_view asked : {"current_user", "current_role", "session_user"})
        if (text.find(asked) != std::string_view::npos)
            settings.emplace_back(asked == "session_user" ? "session_authorization" : "role");
    return settings;
}

} // namespace rlsproof
