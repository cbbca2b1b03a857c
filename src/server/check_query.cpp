// rlsproof.check_query(): a text of statements, each looked at by every rule of the guard, none of them run.
#include "sqltext/sqltext.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/personas.hpp"
#include "server/result.hpp"
#include "server/scratch.hpp"
#include "server/subtransaction.hpp"

#include "server/inner_statements.hpp"

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

// Looks at one text after another, each in a subtransaction of its own.
class Checker {
public:
    explicit Checker(std::optional<Identity> identity) : identity_(std::move(identity)) {}

    void check(const std::string &sql, const std::string &as_sent);
    Lines take() { return std::move(lines_); }
    void add_invalid(const std::string &sql, const std::string &sqlstate, const std::string &message,
                     const std::string &detail, const std::string &hint);
    void next() { ++number_; }

private:
    void check_inner(const InnerStatement &inner);
    void add(const std::string &sql, const std::vector<guard::Remark> &remarks);
    void add_unseen(const std::string &sql, const std::string &why);
    template <typename Body>
    Outcome as_asked(Body body) const {
        return attempt(Finish::rollback, [&] {
            use_default_search_path();
            if (identity_) assume(*identity_);
            body();
        });
    }

    std::optional<Identity> identity_;
    int number_ = 0;
    std::set<std::string> prepared_; // by a statement of the same text
    Lines lines_;
};

void Checker::add(const std::string &sql, const std::vector<guard::Remark> &remarks) {
    for (const guard::Remark &remark : remarks)
        lines_.push_back({std::to_string(number_), sql, guard::info(remark.rule).name, guard::name(remark.mode),
                          guard::info(remark.rule).sqlstate, remark.message, remark.detail,
                          remark.hint.empty() ? Value() : Value(remark.hint)});
}

void Checker::add_invalid(const std::string &sql, const std::string &sqlstate, const std::string &message,
                          const std::string &detail, const std::string &hint) {
    lines_.push_back({std::to_string(number_), sql, "invalid", Value(), sqlstate, message,
                      detail.empty() ? Value() : Value(detail), hint.empty() ? Value() : Value(hint)});
}

void Checker::add_unseen(const std::string &sql, const std::string &why) {
    lines_.push_back({std::to_string(number_), sql, "not_looked_at", Value(), Value(),
                      "not all that this runs could be looked at", why, Value()});
}

void Checker::check(const std::string &sql, const std::string &as_sent) {
    std::vector<guard::Remark> remarks;
    InnerStatements inner;
    const Outcome outcome = as_asked([&] {
        remarks = guard::inspect(sql, as_sent);
        inner = inner_statements(sql);
    });
    if (!outcome.ok) {
        std::string detail = outcome.detail;
        if (outcome.position > 0)
            detail +=
                fmt::format("{}It is at character {} of the statement.", detail.empty() ? "" : " ", outcome.position);
        add_invalid(sql, outcome.sqlstate, outcome.message, detail, outcome.hint);
        return;
    }
    add(sql, remarks);
    for (const InnerStatement &statement : inner.statements) check_inner(statement);
    for (const std::string &why : inner.unseen) add_unseen(sql, fmt::format("What it runs besides: {}.", why));
    if (!inner.prepares.empty()) prepared_.insert(inner.prepares);
    // What is prepared in the same text was looked at there.
    if (!inner.executes.empty() && !prepared_.contains(inner.executes))
        add_unseen(sql, fmt::format("No statement of the name \"{}\" is prepared here.", inner.executes));
}

void Checker::check_inner(const InnerStatement &inner) {
    std::vector<guard::Remark> remarks;
    const Outcome outcome = as_asked([&] {
        int security;
        Oid user;
        GetUserIdAndSecContext(&user, &security);
        // The end of the subtransaction takes it back.
        if (OidIsValid(inner.user)) SetUserIdAndSecContext(inner.user, security);
        remarks = guard::inspect(inner.sql, inner.sql, inner.from);
    });
    if (outcome.ok)
        add(inner.sql, remarks);
    else
        add_unseen(inner.sql, fmt::format("The server cannot plan it here: {}.", outcome.message));
}

Lines check(const std::string &text, const Value &persona) {
    std::optional<Identity> identity;
    if (persona) identity = identity_named(*persona);
    Checker checker(std::move(identity));
    std::vector<sqltext::Statement> statements;
    try {
        statements = sqltext::split(text);
    } catch (const Error &error) {
        if (error.code != Code::syntax) throw;
        // Where one statement ends and the next begins is not known, so they are all one.
        checker.next();
        checker.add_invalid(text, "42601", error.what(),
                            error.position > 0 ? fmt::format("It is at character {} of the text.", error.position) : "",
                            error.hint);
        return checker.take();
    }
    size_t before = 0;
    for (size_t i = 0; i < statements.size(); ++i) {
        poll();
        const sqltext::Statement &statement = statements[i];
        const size_t end = statement.start + statement.length;
        const size_t semicolon = i + 1 < statements.size() ? text.rfind(';', statements[i + 1].start) : text.size();
        checker.next();
        checker.check(text.substr(statement.start, statement.length),
                      text.substr(before, std::max(end, semicolon) - before));
        before = i + 1 < statements.size() ? std::max(end, semicolon + 1) : text.size();
    }
    return checker.take();
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
