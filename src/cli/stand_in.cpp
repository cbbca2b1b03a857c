#include "cli/stand_in.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/scan.hpp"

namespace rlsproof::cli {

namespace {

// A type that takes any text and any modifier; {0} is its schema, {1} its name.
constexpr std::string_view kType = R"(
create type {0}.{1};
create function {0}.{1}_in(cstring) returns {0}.{1} language internal immutable strict as 'textin';
create function {0}.{1}_out({0}.{1}) returns cstring language internal immutable strict as 'textout';
create function {0}.{1}_typmod_in(cstring[]) returns integer language internal immutable strict as 'array_cardinality';
create type {0}.{1} (input = {0}.{1}_in, output = {0}.{1}_out, typmod_in = {0}.{1}_typmod_in, like = pg_catalog.text);
create function {0}.{1}_distance({0}.{1}, {0}.{1}) returns float8 language sql immutable return 0;
create operator {0}.<-> (leftarg = {0}.{1}, rightarg = {0}.{1}, function = {0}.{1}_distance);
create operator {0}.<=> (leftarg = {0}.{1}, rightarg = {0}.{1}, function = {0}.{1}_distance);
create operator {0}.<#> (leftarg = {0}.{1}, rightarg = {0}.{1}, function = {0}.{1}_distance);
)";

constexpr std::string_view kPlaces = R"(
create cast ({0}.geometry as {0}.geography) with inout as implicit;
create cast ({0}.geography as {0}.geometry) with inout;
create function {0}.st_makepoint(float8, float8) returns {0}.geometry language sql immutable return 'POINT'::{0}.geometry;
create function {0}.st_point(float8, float8) returns {0}.geometry language sql immutable return 'POINT'::{0}.geometry;
create function {0}.st_setsrid({0}.geometry, integer) returns {0}.geometry language sql immutable return $1;
create function {0}.st_x({0}.geometry) returns float8 language sql immutable return 0;
create function {0}.st_y({0}.geometry) returns float8 language sql immutable return 0;
create function {0}.st_distance({0}.geometry, {0}.geometry) returns float8 language sql immutable return 0;
create function {0}.st_distance({0}.geography, {0}.geography) returns float8 language sql immutable return 0;
create function {0}.st_dwithin({0}.geometry, {0}.geometry, float8) returns boolean language sql immutable return true;
create function {0}.st_dwithin({0}.geography, {0}.geography, float8) returns boolean language sql immutable return true;
)";

constexpr std::string_view kClaims =
    "nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::pg_catalog.jsonb";

std::string quoted(const std::string &name) {
    return '"' + name + '"';
}

std::string types_of(const std::string &extension, const std::string &schema) {
    std::string sql;
    if (extension == "vector")
        for (const char *type : {"vector", "halfvec", "sparsevec"})
            sql += fmt::format(fmt::runtime(kType), schema, type);
    if (extension == "postgis") {
        for (const char *type : {"geometry", "geography"}) sql += fmt::format(fmt::runtime(kType), schema, type);
        sql += fmt::format(fmt::runtime(kPlaces), schema);
    }
    return sql;
}

// What stands between two texts, or nothing.
std::string between(std::string_view text, std::string_view before, std::string_view after) {
    if (!text.starts_with(before) || text.size() <= before.size() + after.size() || !text.ends_with(after)) return {};
    return std::string(text.substr(before.size(), text.size() - before.size() - after.size()));
}

// The schema that a CREATE EXTENSION names.
std::string named_schema(std::string_view statement) {
    Scanner scanner(statement);
    Token token;
    while (scanner.next(token))
        if (token.is("schema") && scanner.next(token)) return quoted(token.name());
    return "";
}

StandIn extension(const std::string &name, std::string_view statement) {
    // They keep to schemas of their own, and no table refers to what is in them.
    constexpr std::array<std::string_view, 9> kUnneeded = {"pg_graphql", "supabase_vault", "pg_net",
                                                           "pg_cron",    "pgsodium",       "pg_stat_monitor",
                                                           "hypopg",     "index_advisor",  "plpgsql_check"};
    if (std::find(kUnneeded.begin(), kUnneeded.end(), name) != kUnneeded.end())
        return {fmt::format("extension \"{}\"", name), "select", true};
    std::string schema = named_schema(statement);
    if (schema.empty()) schema = "public";
    const std::string types = types_of(name, schema);
    if (types.empty()) return {};
    return {fmt::format("extension \"{}\"", name), fmt::format("create schema if not exists {}; {}", schema, types),
            true};
}

// A type that was switched on with the extension, elsewhere; the schema is the one the statement looks in.
StandIn type(std::string name) {
    std::erase(name, '"');
    if (name.ends_with("[]")) name.resize(name.size() - 2);
    std::string schema = "public";
    if (const size_t dot = name.find('.'); dot != std::string::npos) {
        schema = quoted(name.substr(0, dot));
        name = name.substr(dot + 1);
    }
    const bool vector = name == "vector" || name == "halfvec" || name == "sparsevec";
    if (!vector && name != "geometry" && name != "geography") return {};
    const std::string extension = vector ? "vector" : "postgis";
    return {fmt::format("extension \"{}\"", extension),
            fmt::format("create schema if not exists {}; {}", schema, types_of(extension, schema)), false};
}

// An index decides nothing about who sees what: one of the same name and on the same table takes its place, so that
// what speaks of it later finds it.
StandIn index(const std::string &method, std::string_view statement) {
    Scanner scanner(statement);
    Token token;
    if (!scanner.next(token) || !token.is("create")) return {};
    if (!scanner.next(token) || !token.is("index")) return {};
    while (scanner.next(token))
        if (token.kind == TokenKind::word && token.is("using"))
            return {fmt::format("indexes by \"{}\"", method),
                    fmt::format("{}((true))", statement.substr(0, token.start)), true};
    return {};
}

StandIn function(const std::string &call) {
    if (call == "auth.user_id()")
        return {"auth.user_id()",
                fmt::format("create schema if not exists auth; grant usage on schema auth to public; create function "
                            "auth.user_id() returns text language sql stable return {} ->> 'sub'",
                            kClaims),
                false};
    if (call == "auth.session()")
        return {"auth.session()",
                fmt::format("create schema if not exists auth; grant usage on schema auth to public; create function "
                            "auth.session() returns pg_catalog.jsonb language sql stable return {}",
                            kClaims),
                false};
    for (const char *name : {"uuid_generate_v7()", "uuidv7()", "uuid_v7()"})
        if (call == name)
            return {call,
                    fmt::format("create function public.{} returns uuid language sql volatile return "
                                "pg_catalog.gen_random_uuid()",
                                call),
                    false};
    return {};
}

} // namespace

StandIn stand_in_for(const Failure &failure, std::string_view statement,
                     const std::map<std::string, std::string> &made_roles) {
    const std::string &text = failure.message;
    if (failure.sqlstate == "42710")
        if (const std::string name = between(text, "role \"", "\" already exists"); made_roles.contains(name)) {
            Token create;
            if (Scanner(statement).next(create) && create.is("create"))
                return {fmt::format("role \"{}\"", name), fmt::format("alter{}", statement.substr(create.end())), true};
        }
    if (const std::string name = between(text, "extension \"", "\" is not available"); !name.empty())
        return extension(name, statement);
    if (failure.sqlstate == "42704") {
        // Newer servers know more settings, and pg_dump resets them all.
        if (const std::string name = between(text, "unrecognized configuration parameter \"", "\""); !name.empty()) {
            Token first;
            if (Scanner(statement).next(first) && first.is("set"))
                return {fmt::format("setting \"{}\"", name), "select", true};
        }
        if (const std::string name = between(text, "access method \"", "\" does not exist"); !name.empty())
            return index(name, statement);
        if (const std::string name = between(text, "type ", " does not exist"); !name.empty()) return type(name);
    }
    if (failure.sqlstate == "42883")
        if (const std::string call = between(text, "function ", " does not exist"); !call.empty())
            return function(call);
    if (failure.sqlstate == "3F000" && text == "schema \"auth\" does not exist") {
        for (const char *call : {"auth.user_id()", "auth.session()"})
            if (statement.find(call) != std::string_view::npos) return function(call);
    }
    return {};
}

std::string without_placeholders(std::string_view statement) {
    std::string result(statement);
    Scanner scanner(statement);
    Token token;
    size_t end = 0; // of the token before
    bool colon = false, cast = false;
    while (scanner.next(token)) {
        const bool word = token.kind == TokenKind::word || token.kind == TokenKind::quoted;
        if (colon && !cast && word && token.start == end) result[end - 1] = ' ';
        const bool is_colon = token.is(':');
        cast = is_colon && colon && token.start == end;
        colon = is_colon;
        end = token.end();
    }
    return result;
}

} // namespace rlsproof::cli
