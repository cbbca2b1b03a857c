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

void check_one(const std::string &sql, int number, const std::optional<Identity> &identity, Lines &lines) {
    const std::string ordinal = std::to_string(number);
    std::vector<guard::Remark> remarks;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        use_default_search_path();
        if (identity) assume(*identity);
        remarks = guard::inspect(sql);
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
    int number = 0;
    for (const sqltext::Statement &statement : sqltext::split(text)) {
        poll();
        check_one(text.substr(statement.start, statement.length), ++number, identity, lines);
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
        if (sql != nullptr) return_rows(fcinfo, check(sql, optional_text(persona)));
        return Datum{0};
    });
}

} // extern "C"
