#include "model/name_words.hpp"

// A second factor that is confirmed by whoever has the first: a row of one's own, in a table that by its name says that
// a session was verified, shows what is one's own again. Nobody else's row comes into sight by that, so the ways up do
// not tell of it; and many a row of one's own opens one's own things as it is meant to, so names have to say what it
// is.
#include "server/ways_up.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostThings = 4; // of its own, in as many tables, that are looked for
constexpr size_t kMostRows = 12;  // that are put in
constexpr const char *kClaims = "request.jwt.claims";

bool says_session(const std::string &column) {
    return any_fits(words_of_name(column), std::array{"session", "sessionid"});
}

bool says_done(const std::string &column) {
    return any_fits(words_of_name(column), std::array{"verified", "isverified", "confirmed", "passed", "completed"});
}

std::string at(const Row &row) {
    return fmt::format("ctid = '{}' and tableoid = {}", row.tid, row.stored_in);
}

// The session that the caller is in from here on, with no more than the first factor shown; empty where nothing says
// so.
std::string take_session(const Persona &persona) {
    if (std::none_of(persona.settings.begin(), persona.settings.end(),
                     [](const auto &setting) { return setting.first == kClaims; }))
        return "";
    const Rows claims = query("select (pg_catalog.jsonb_build_object('session_id', $2::text) || c.claims || "
                              "'{\"aal\": \"aal1\"}')::text, coalesce(c.claims ->> 'session_id', $2::text) "
                              "from (select pg_catalog.current_setting($1)::pg_catalog.jsonb) c(claims)",
                              {kClaims, persona.uid});
    set_locally(kClaims, claims.text(0, 0));
    return claims.text(0, 1);
}

} // namespace

// Has asked for a second factor, wherever a row of its own can say so, and has not shown one.
void WaysUp::enrol(const Relation &relation, std::vector<Row> &own) {
    std::set<Oid> beside;
    for (const PolicyHint &policy : stage_.hints().policies)
        for (const Oid function : policy.functions) {
            const Body &body = bodies_.of(function);
            const auto is_it = [&](const auto &touched) { return touched.first == relation.id; };
            if (std::any_of(body.relations.begin(), body.relations.end(), is_it))
                for (const auto &[table, written] : body.relations) beside.insert(table);
        }
    const AsUser past(user_, security_);
    for (const Row &row : own)
        if (row.table == relation.id) (void)execute(fmt::format("delete from {} where {}", relation.name, at(row)));
    std::erase_if(own, [&](const Row &row) { return row.table == relation.id; });
    for (const Oid table : beside) {
        const TableShape *shape = stage_.tables().of(table);
        if (shape == nullptr || table == relation.id) continue;
        std::string set;
        for (const ColumnShape &column : shape->columns)
            if (column.category == 'B' && !column.generated && says_second_factor(column.name))
                set += fmt::format("{}{} = true", set.empty() ? "" : ", ", column.name);
        if (set.empty()) continue;
        auto mine = std::find_if(own.begin(), own.end(), [&](const Row &row) { return row.table == table; });
        if (mine == own.end()) {
            std::optional<Row> made = stage_.another_own(*shape, persona_.uid, own);
            if (!made) continue;
            mine = own.insert(own.end(), *made);
        }
        const Rows moved = query(
            fmt::format("update {} set {} where {} returning ctid, tableoid", shape->name, set, at(*mine)), {}, false);
        if (moved.empty()) continue;
        mine->tid = moved.text(0, 0);
        mine->stored_in = moved.oid(0, 1);
    }
}

// What is its own and not in sight, by table.
std::map<std::string, Row> WaysUp::withheld(const Relation &relation, std::vector<Row> &own) {
    std::map<std::string, Row> things;
    for (const Relation &table : world_.relations) {
        if (things.size() == kMostThings) break;
        const Reach *reach = table.reach_of(persona_.name);
        const TableShape *shape = stage_.tables().of(table.id);
        if (table.id == relation.id || !dependents_[relation.id].contains(table.id) || !table.is_table() ||
            shape == nullptr || reach == nullptr || !reach->commands.contains(Command::select))
            continue;
        const auto mine = std::find_if(own.begin(), own.end(), [&](const Row &row) { return row.table == table.id; });
        std::optional<Row> row;
        if (mine != own.end()) {
            row = *mine;
        } else {
            const AsUser past(user_, security_);
            (void)attempt(Finish::commit, [&] { row = stage_.another_own(*shape, persona_.uid, own); });
        }
        if (row && seen_of({{table.name, *row}}).empty()) things.emplace(table.name, *row);
    }
    return things;
}

std::vector<std::string> WaysUp::seen_of(const std::map<std::string, Row> &things) {
    std::vector<std::string> seen;
    for (const auto &[table, row] : things) {
        const std::string look = fmt::format("select 1 from {} where {}", table, at(row));
        (void)attempt(Finish::rollback, [&, &name = table] {
            if (!in_time([&] { return query(look, {}, false); }).empty()) seen.push_back(name);
        });
    }
    return seen;
}

// Rows of its own for this session, with and without what the table says of time by itself.
std::vector<Values> WaysUp::confirmations(const Relation &relation, const std::string &session) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    std::vector<Values> rows = entries(relation), result;
    for (Values &values : rows) {
        for (const ColumnShape &column : shape.columns)
            if (!session.empty() && says_session(column.name) && (column.category == 'S' || column.category == 'U'))
                values[column.number] = session;
        Values timed = values;
        for (const ColumnShape &column : shape.columns)
            if (column.category == 'D' && !column.default_expression.empty()) values.erase(column.number);
        for (const Values &one : {values, timed})
            if (result.size() < kMostRows && std::find(result.begin(), result.end(), one) == result.end())
                result.push_back(one);
    }
    return result;
}

void WaysUp::try_second_factor(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    const std::string key = "writable_authority:" + relation.name;
    const bool is_told =
        std::any_of(findings_->begin(), findings_->end(), [&](const Finding &finding) { return finding.key == key; });
    if (persona_.declared || persona_.uid.empty() || !stage_.triggers_off() || is_told ||
        !says_second_factor(relation.name))
        return;
    const std::set<Command> &may = relation.reach_of(persona_.name)->commands;
    const std::string doubt = std::exchange(doubt_, "");
    const Scratch scratch;
    std::vector<std::string> opened;
    std::string done;
    bool changed = false;
    (void)attempt(Finish::rollback, [&] {
        const std::string session = take_session(persona_);
        std::vector<Row> own = own_;
        enrol(relation, own);
        const std::map<std::string, Row> things = withheld(relation, own);
        if (things.empty()) return;
        const auto opens = [&](Command command, const std::string &statement) {
            const Scratch beneath;
            std::vector<std::string> seen;
            (void)attempt(Finish::rollback, [&] {
                if (in_time([&] { return execute(statement); }) > 0) seen = seen_of(things);
            });
            const auto rises = [&] { return !seen_of(things).empty(); };
            if (seen.empty() || !stands(triggers_.of(relation, command), &relation, statement, "true", rises))
                return false;
            opened = seen;
            done = statement;
            changed = command == Command::update;
            return true;
        };
        const std::vector<Values> rows = confirmations(relation, session);
        for (const Values &values : rows) {
            if (!may.contains(Command::insert) || !opened.empty()) break;
            const std::string statement = entering(relation, values);
            if (!statement.empty()) (void)opens(Command::insert, statement);
        }
        for (const Values &values : rows) {
            if (!may.contains(Command::update) || !opened.empty()) break;
            // As the server puts it in when it asks for the code.
            Values waiting = values;
            std::string set;
            for (const ColumnShape &column : shape.columns) {
                const bool flag = column.category == 'B', time = column.category == 'D' && !column.not_null;
                if ((!flag && !time) || !says_done(column.name) || !may_update(relation.id, column.number)) continue;
                waiting[column.number] = flag ? Candidate("f") : Candidate();
                set += fmt::format("{}{} = {}", set.empty() ? "" : ", ", column.name, flag ? "true" : "now()");
            }
            if (set.empty()) break;
            (void)attempt(Finish::rollback, [&] {
                {
                    const AsUser past(user_, security_);
                    (void)execute(Maker::insert_statement(shape, waiting));
                }
                if (seen_of(things).empty())
                    (void)opens(Command::update, fmt::format("update {} set {}", relation.name, set));
            });
        }
    });
    doubt_ = doubt;
    if (opened.empty()) return;
    const Way way{
        "writable_authority", &relation, changed ? Command::update : Command::insert, done, "", nullptr, {}, ""};
    Finding finding;
    finding.rule = way.rule;
    finding.level = Level::warning;
    finding.category = Category::exposure;
    finding.object = relation.name;
    finding.message = fmt::format(
        "{} can {} {} by itself; after that it sees what was withheld from it of its own in {}: whoever has the first "
        "factor confirms the second",
        persona_.name, changed ? "change its own row in" : "write its own row into", relation.name,
        fmt::join(opened, ", "));
    finding.detail = fmt::format("{} decides by it. It was done with: {}",
                                 some_deciders(deciders(way, stage_.tables(), stage_.hints())), done);
    finding.hint = "Let the server, or a function that checks the code, write to the table, and nobody else.";
    finding.fix = fmt::format("REVOKE INSERT, UPDATE ON {} FROM {};", relation.name, quote_identifier(persona_.role));
    finding.evidence = "execution";
    finding.key = key;
    findings_->push_back(std::move(finding));
}

} // namespace rlsproof::server
