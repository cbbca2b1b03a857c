// rlsproof.check_query(): a text of statements, each looked at by every rule of the guard, none of them run.
#include "sqltext/sqltext.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/personas.hpp"
#include "server/result.hpp"
#include "server/scratch.hpp"
#include "server/subtransaction.hpp"
#include "server/guard/inspect.hpp"

namespace rlsproof::server {

namespace {

Identity identity_named(const std::string &name) {
    const Cast everybody = cast();
    for (const Persona &persona : everybody.personas)
        if (persona.name == name) return identity_of(persona);
    std::vector<std::string> names;
    for (const Persona &persona : everybody.personas) names.push_back(persona.name);
    throw Error(Code::not_found, fmt::format("there is no persona \"{}\"", name),
                names.empty() ? "Declare it with rlsproof.persona()."
                              : fmt::format("The personas are: {}.", fmt::join(names, ", ")));
}

using Lines = std::vector<std::vector<Value>>;

void check_one(const std::string &sql, const std::string &as_sent, int number, const std::optional<Identity> &identity,
               Lines &lines) {
    const std::string ordinal = std::to_string(number);
    std::vector<guard::Remark> remarks;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        use_default_search_path();
        if (identity) assume(*identity);
        remarks = guard::inspect(sql, as_sent);
    });
    if (!outcome.ok) {
        std::string detail = outcome.detail;
        if (outcome.position > 0)
            detail +=
                fmt::format("{}It is at character {} of the statement.", detail.empty() ? "" : " ", outcome.position);
        lines.push_back({ordinal, sql, "invalid", Value(), outcome.sqlstate, outcome.message,
                         detail.empty() ? Value() : Value(detail),
                         outcome.hint.empty() ? Value() : Value(outcome.hint)});
        return;
    }
    for (const guard::Remark &remark : remarks)
        lines.push_back({ordinal, sql, guard::info(remark.rule).name, guard::name(remark.mode),
                         guard::info(remark.rule).sqlstate, remark.message, remark.detail,
                         remark.hint.empty() ? Value() : Value(remark.hint)});
}

Lines check(const std::string &text, const Value &persona) {
    std::optional<Identity> identity;
    if (persona) identity = identity_named(*persona);
    Lines lines;
    std::vector<sqltext::Statement> statements;
    try {
        statements = sqltext::split(text);
    } catch (const Error &error) {
        if (error.code != Code::syntax) throw;
        // Where one statement ends and the next begins is not known, so they are all one.
        lines.push_back(
            {"1", text, "invalid", Value(), "42601", error.what(),
             error.position > 0 ? Value(fmt::format("It is at character {} of the text.", error.position)) : Value(),
             error.hint.empty() ? Value() : Value(error.hint)});
        return lines;
    }
    size_t before = 0;
    for (size_t i = 0; i < statements.size(); ++i) {
        poll();
        const sqltext::Statement &statement = statements[i];
        const size_t end = statement.start + statement.length;
        const size_t semicolon = i + 1 < statements.size() ? text.rfind(';', statements[i + 1].start) : text.size();
        check_one(text.substr(statement.start, statement.length),
                  text.substr(before, std::max(end, semicolon) - before), static_cast<int>(i) + 1, identity, lines);
        before = i + 1 < statements.size() ? std::max(end, semicolon + 1) : text.size();
    }
    return lines;
}

} // namespace

} // namespace rlsproof::server

using namespace rlsproof::server;

extern "C" {

PG_FUNCTION_INFO_V1(rlsproof_check_query);
Datum rlsproof_check_query(PG_FUNCTION_ARGS) {
    const char *const sql = text_argument(fcinfo, 0), *const persona = text_argument(fcinfo, 1);
    return enter([&]() -> Datum {
        return_rows(fcinfo, sql != nullptr ? check(sql, optional_text(persona)) : Lines());
        return Datum{0};
    });
}

} // extern "C"
