#include "base/error.hpp"
#include "base/text.hpp"
#include "prove/prover.hpp"

#include "server/replay.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/probe.hpp"
#include "server/rows.hpp"
#include "server/spi.hpp"
#include "server/time_limit.hpp"
#include "server/world.hpp"

extern "C" {
#include "access/xact.h"
}

namespace rlsproof::server {

namespace {

constexpr double kMostToClear = 20000; // rows of a table that are put out of the way
constexpr int kMostParents = 12;       // generations of rows that a row refers to

// A value that is none of the literals: the n-th of its type. Nothing where the type has to be left to its default.
Candidate unnamed(const expr::Type &type, int64_t n) {
    if (type.name == "uuid") return fmt::format("0ddba11e-0000-4000-8000-{:012d}", n);
    if (type.name == "text" || type.name == "character" || type.name == "public.citext" ||
        type.name == "extensions.citext")
        return fmt::format("value {}", n);
    if (type.name == "bytea") return fmt::format("\\x{:04x}", n);
    if (type.name == "macaddr") return fmt::format("08:00:2b:01:02:{:02x}", n % 256);
    if (type.sort == expr::Sort::decimal) return fmt::format("{}", 100 + n);
    if (type.name == "inet" || type.name == "cidr") return fmt::format("192.0.2.{}", n % 250);
    if (type.name == "interval") return fmt::format("{} hours", n);
    if (type.name == "jsonb" || type.name == "json") return n == 1 ? "{}" : fmt::format("{{\"n\": {}}}", n);
    if (type.name.ends_with("[]") && n == 1) return "{}";
    return std::nullopt;
}

std::string timestamp_text(const expr::Type &type, int64_t microseconds, const std::optional<int64_t> &now) {
    const char *cast = type.name == "timestamptz" ? "timestamptz" : "timestamp";
    // Times are kept as they lie to the present one, where the question is about that.
    const std::string from = now ? "now()" : "timestamptz '2000-01-01 00:00:00+00'";
    const int64_t distance = now ? microseconds - *now : microseconds;
    const Rows made = query(fmt::format("select (({} + interval '1 microsecond' * {}::float8)::{})::text", from,
                                        std::clamp<int64_t>(distance, -3000000000000000, 3000000000000000), cast));
    return made.text(0, 0);
}

class Past {
public:
    explicit Past(Oid user, int security) {
        GetUserIdAndSecContext(&user_, &security_);
        SetUserIdAndSecContext(user, security);
    }
    ~Past() { SetUserIdAndSecContext(user_, security_); }
    Past(const Past &) = delete;
    Past &operator=(const Past &) = delete;

private:
    Oid user_ = InvalidOid;
    int security_ = 0;
};

class Replay {
public:
    Replay(const CellToProve &cell, const CellQuestion &made, const prove::Reply &reply, const Tables &tables,
           const std::set<std::string> &unset_as_empty)
        : cell_(cell), made_(made), reply_(reply), tables_(tables), unset_as_empty_(unset_as_empty), maker_(tables) {
        GetUserIdAndSecContext(&user_, &security_);
    }

    Replayed run();

private:
    bool set_up();
    bool put_in(const prove::ModelRow &row);
    bool parents_of(const TableShape &shape, const Values &values, int depth);
    Candidate candidate(const expr::Type &type, const prove::ModelValue &value) const;
    Values wanted(const prove::ModelRow &row) const;
    bool act();
    bool selects();
    bool removes();
    bool updates();
    bool inserts();
    bool shows();
    bool in_scope(const std::string &where);
    bool there(const std::string &where) const;
    bool as_persona(const std::string &statement, long *count);
    bool no(const std::string &why) {
        if (result_.why_not.empty()) result_.why_not = why;
        return false;
    }
    std::string here() const {
        return fmt::format("ctid = {}::tid and tableoid = {}", quote_literal(subject_.tid), subject_.stored_in);
    }
    std::string witness() const;
    Values writable(const Values &values, const char *privilege) const;

    const CellToProve &cell_;
    const CellQuestion &made_;
    const prove::Reply &reply_;
    const Tables &tables_;
    const std::set<std::string> &unset_as_empty_;
    Maker maker_;
    Oid user_ = InvalidOid;
    int security_ = 0;
    Row subject_{InvalidOid, InvalidOid, "", {}, false};
    std::vector<std::string> cleared_; // tables whose rows were put out of the way
    std::vector<std::string> script_;
    bool scoping_ = false; // the scope is being evaluated
    Outcome outcome_;
    Replayed result_;
};

Candidate Replay::candidate(const expr::Type &type, const prove::ModelValue &value) const {
    if (value.null) return std::nullopt;
    if (type.is_boolean()) return value.number != 0 ? "t" : "f";
    if (value.literal) return *value.literal;
    if (type.sort != expr::Sort::number) return unnamed(type, value.number);
    const std::vector<std::string> labels = made_.schema.labels(type.name);
    if (!labels.empty())
        return value.number >= 0 && value.number < (int64_t)labels.size() ? Candidate(labels[(size_t)value.number])
                                                                          : std::nullopt;
    std::optional<int64_t> now;
    if (const auto found = reply_.parameters.find("now()"); found != reply_.parameters.end()) now = found->second;
    if (type.name == "timestamptz" || type.name == "timestamp") return timestamp_text(type, value.number, now);
    if (type.name == "date")
        return query(fmt::format("select (date '2000-01-01' + {}::int)::text",
                                 std::clamp<int64_t>(value.number, -700000, 2000000)))
            .text(0, 0);
    if (type.name == "time")
        return query(fmt::format("select (time '00:00' + interval '1 microsecond' * {}::float8)::text",
                                 std::clamp<int64_t>(value.number, 0, 86399999999)))
            .text(0, 0);
    return std::to_string(value.number);
}

Values Replay::wanted(const prove::ModelRow &row) const {
    Values values;
    const prove::Table &table = made_.question.tables[(size_t)row.table];
    for (const auto &[number, value] : row.values) {
        const Candidate made = candidate(table.column(number)->type, value);
        if (made || value.null) values.emplace(number, made);
    }
    return values;
}

// What a row refers to has to be there, in tables that the question does not speak of as well.
bool Replay::parents_of(const TableShape &shape, const Values &values, int depth) {
    if (depth > kMostParents) return no("rows refer to one another without end");
    for (const ForeignKey &key : shape.foreign_keys) {
        const TableShape *parent = tables_.of(key.parent);
        if (parent == nullptr) continue;
        Values wanted;
        std::string where;
        bool whole = true;
        for (size_t i = 0; i < key.columns.size(); i++) {
            const auto value = values.find(key.columns[i]);
            const ColumnShape *column = parent->column(key.parent_columns[i]);
            whole = whole && value != values.end() && value->second && column != nullptr;
            if (!whole) break;
            wanted[column->number] = value->second;
            where += fmt::format("{}{} = {}", where.empty() ? "" : " and ", column->name,
                                 Maker::literal(*column, value->second));
        }
        if (!whole || !query(fmt::format("select 1 from {} where {}", parent->name, where), {}, false).empty())
            continue;
        // A table that the question speaks of has the rows that the solver gave it, and no others.
        const auto &tables = made_.question.tables;
        if (std::any_of(tables.begin(), tables.end(), [&](const prove::Table &t) { return t.name == parent->name; }) &&
            reply_.tables_used.contains(parent->name))
            return no("a row refers to one that is not there: " + parent->name);
        std::string why;
        const std::optional<Row> made = maker_.insert(*parent, wanted, why);
        if (!made) return no(fmt::format("no row of {} could be made: {}", parent->name, why));
        script_.push_back(Maker::insert_statement(*parent, made->values));
        if (!parents_of(*parent, made->values, depth + 1)) return false;
    }
    return true;
}

bool Replay::put_in(const prove::ModelRow &row) {
    const TableShape *shape = tables_.of(made_.schema.relation(row.table));
    if (shape == nullptr) return no("rows of the server's own tables cannot be made");
    std::string why;
    const std::optional<Row> made = maker_.insert(*shape, wanted(row), why);
    if (!made) return no(fmt::format("a row of {} could not be made: {}", shape->name, why));
    script_.push_back(Maker::insert_statement(*shape, made->values));
    if (row.subject == 0) subject_ = *made;
    return true;
}

bool Replay::set_up() {
    const Outcome off = attempt(Finish::commit, [] { set_locally("session_replication_role", "replica"); });
    if (!off.ok) return no("triggers could not be switched off: " + off.message);
    for (size_t i = 0; i < made_.question.tables.size(); i++) {
        const prove::Table &table = made_.question.tables[i];
        if (!reply_.tables_used.contains(table.name)) continue;
        const TableShape *shape = tables_.of(made_.schema.relation((int)i));
        if (shape == nullptr || !shape->made || shape->rows > kMostToClear) continue;
        long gone = 0;
        const Outcome cleared = attempt(Finish::commit, [&] { gone = execute("delete from " + table.name); });
        if (!cleared.ok) return no(fmt::format("{} could not be emptied: {}", table.name, cleared.message));
        if (gone > 0) cleared_.push_back("delete from " + table.name);
    }
    std::vector<std::pair<const TableShape *, Values>> made;
    for (const prove::ModelRow &row : reply_.rows) {
        if (!row.present) continue;
        if (!put_in(row)) return false;
        made.emplace_back(tables_.of(made_.schema.relation(row.table)), wanted(row));
    }
    for (const auto &[shape, values] : made)
        if (!parents_of(*shape, values, 0)) return false;
    return true;
}

// What it runs may be stopped; the attempt around act() makes an outcome of that.
bool Replay::there(const std::string &where) const {
    const Past past(user_, security_);
    const std::string sql = fmt::format("select 1 from {} where {}", cell_.relation->name, where);
    return !in_time([&] { return query(sql, {}, false); }).empty();
}

// Past all policies, with the persona's settings.
bool Replay::in_scope(const std::string &where) {
    if (cell_.expected == "all") return true;
    if (cell_.expected == "none") return false;
    scoping_ = true;
    const bool inside = there(fmt::format("({}) and ({})", where, cell_.scope));
    scoping_ = false;
    return inside;
}

bool Replay::as_persona(const std::string &statement, long *count) {
    result_.statement = statement;
    outcome_ = attempt(Finish::commit, [&] { *count = in_time([&] { return execute(statement); }); });
    return outcome_.ok;
}

bool Replay::selects() {
    const bool scoped = in_scope(here());
    const bool less = cell_.direction == Direction::no_less;
    if (scoped != less) return no("the row is not on the side of the scope that the solver had it on");
    long seen = 0;
    const std::string plain = select_statement(*cell_.relation, *cell_.persona);
    const bool ran = as_persona(fmt::format("select 1 from {} where {}", cell_.relation->name, here()), &seen);
    if (!ran && outcome_.sqlstate == "42501") {
        // Columns granted one by one: the number of rows has to do, and there are only the solver's.
        if (reply_.rows.empty() || !as_persona(plain, &seen)) return no(outcome_.sqlstate + ": " + outcome_.message);
        const auto same = std::count_if(reply_.rows.begin(), reply_.rows.end(), [&](const prove::ModelRow &row) {
            return row.present && made_.schema.relation(row.table) == cell_.relation->id;
        });
        if (same != 1) return no("which row is seen cannot be told");
    } else if (!ran) {
        return no(outcome_.sqlstate + ": " + outcome_.message);
    }
    result_.statement = plain;
    return (seen > 0) != less || no(less ? "the row is seen all the same" : "the row is not seen");
}

bool Replay::shows() {
    long count = 0;
    const std::string outside =
        cell_.expected == "none" ? "" : fmt::format(" where not coalesce(({}), false)", cell_.scope);
    std::string statement = select_statement(*cell_.relation, *cell_.persona);
    if (!outside.empty()) statement = fmt::format("select 1 from {}{}", cell_.relation->name, outside);
    if (!as_persona(statement, &count)) return no(outcome_.sqlstate + ": " + outcome_.message);
    return count > 0 || no("the view shows no such row");
}

bool Replay::removes() {
    const bool scoped = in_scope(here());
    const bool less = cell_.direction == Direction::no_less;
    if (scoped != less) return no("the row is not on the side of the scope that the solver had it on");
    long count = 0;
    const std::string name = cell_.relation->name;
    for (const std::string &statement : {fmt::format("delete from {} where {}", name, here()), "delete from " + name}) {
        bool gone = false;
        const Outcome tried = attempt(Finish::rollback, [&] {
            if (as_persona(statement, &count)) gone = !there(here());
        });
        // One that reads the row may fail where one that reads nothing does not.
        if (!tried.ok || !outcome_.ok) continue;
        if (gone && !less) return true;
        if (less) return !gone || no("the row is removed all the same");
    }
    return no(outcome_.ok ? "the row stays" : outcome_.sqlstate + ": " + outcome_.message);
}

Values Replay::writable(const Values &values, const char *privilege) const {
    const Rows columns = query(fmt::format("select a.attnum from pg_catalog.pg_attribute a where a.attrelid = {} and "
                                           "a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and "
                                           "pg_catalog.has_column_privilege(a.attrelid, a.attnum, '{}')",
                                           cell_.relation->id, privilege));
    Values result;
    for (size_t i = 0; i < columns.size(); i++)
        if (const auto value = values.find((int)columns.number(i, 0)); value != values.end()) result.insert(*value);
    return result;
}

bool Replay::updates() {
    const TableShape &shape = *tables_.of(cell_.relation->id);
    const std::string name = cell_.relation->name;
    const bool before = in_scope(here());
    if (cell_.direction == Direction::no_less) {
        if (!before) return no("the row is not in scope");
        for (const auto &[number, value] : writable(subject_.values, "UPDATE")) {
            const std::string column = shape.column(number)->name;
            long count = 0;
            (void)as_persona(fmt::format("update {0} set {1} = {1} where {2}", name, column, here()), &count);
            if (outcome_.ok) return count == 0 || no("the row is changed all the same");
            if (refused_by_policy(outcome_)) return true;
            if (outcome_.sqlstate != "42501") break;
        }
        return no(outcome_.sqlstate + ": " + outcome_.message);
    }
    Values values = subject_.values;
    for (const prove::ModelRow &row : reply_.rows)
        if (row.subject == 1)
            for (const auto &[number, value] : wanted(row)) values[number] = value;
    std::string changes, all;
    for (const auto &[number, value] : writable(values, "UPDATE")) {
        const ColumnShape *column = shape.column(number);
        if (column == nullptr || column->identity) continue;
        const std::string change = fmt::format("{} = {}", column->name, Maker::literal(*column, value));
        all += (all.empty() ? "" : ", ") + change;
        const auto old = subject_.values.find(number);
        if (old == subject_.values.end() || old->second != value) changes += (changes.empty() ? "" : ", ") + change;
    }
    if (all.empty()) return no("no column may be updated");
    if (changes.empty()) changes = all.substr(0, all.find(", "));
    for (const std::string &statement :
         {fmt::format("update {} set {} where {}", name, changes, here()),
          fmt::format("update {} set {}", name, changes), fmt::format("update {} set {}", name, all)}) {
        long count = 0;
        bool shown = false;
        const Outcome tried = attempt(Finish::rollback, [&] {
            if (!as_persona(statement, &count) || there(here())) return;
            const Past past(user_, security_);
            const TransactionId self = call(GetCurrentTransactionId);
            (void)self;
            // What was written carries the number of a transaction of ours, which the rows made for it do not.
            const std::string written =
                fmt::format("ctid = (select max(ctid) from {} where tableoid = {})", name, subject_.stored_in);
            shown = !before || !in_scope(written);
        });
        if (tried.ok && shown) return true;
    }
    return no(outcome_.ok ? "the change does no harm" : outcome_.sqlstate + ": " + outcome_.message);
}

bool Replay::inserts() {
    const TableShape &shape = *tables_.of(cell_.relation->id);
    const bool less = cell_.direction == Direction::no_less;
    const auto row =
        std::find_if(reply_.rows.begin(), reply_.rows.end(), [](const prove::ModelRow &r) { return r.subject == 0; });
    if (row == reply_.rows.end()) return no("the solver gave no row");
    const Values all = maker_.values(shape, wanted(*row));
    {
        const Past past(user_, security_);
        if (!parents_of(shape, all, 0)) return false;
    }
    const std::string statement = Maker::insert_statement(shape, writable(all, "INSERT"));
    // First as one whom no policy stops, to see whose row it would be.
    bool scoped = false, possible = false;
    const Outcome tried = attempt(Finish::rollback, [&] {
        const Past past(user_, security_);
        const Rows made = in_time([&] { return query(statement + " returning ctid, tableoid", {}, false); });
        possible = !made.empty();
        if (possible)
            scoped = in_scope(
                fmt::format("ctid = {}::tid and tableoid = {}", quote_literal(made.text(0, 0)), made.text(0, 1)));
    });
    if (!tried.ok || !possible) return no(fmt::format("a constraint objects to the row: {}", tried.message));
    if (scoped != less) return no("the row is not on the side of the scope that the solver had it on");
    long count = 0;
    (void)as_persona(statement, &count);
    if (less) return (!outcome_.ok && refused_by_policy(outcome_)) || no("the row is accepted all the same");
    return (outcome_.ok && count > 0) || no(outcome_.sqlstate + ": " + outcome_.message);
}

bool Replay::act() {
    if (made_.through_view) return shows();
    switch (cell_.command) {
    case Command::select: return selects();
    case Command::insert: return inserts();
    case Command::update: return updates();
    default: return removes();
    }
}

std::string Replay::witness() const {
    std::string script =
        "begin;\nset local session_replication_role = replica; -- the rows below, and nothing of triggers\n";
    for (const std::string &statement : cleared_) script += statement + "; -- until the rollback\n";
    for (const std::string &statement : script_) script += statement + ";\n";
    for (const auto &[name, value] : cell_.persona->settings)
        script += fmt::format("select set_config({}, {}, true);\n", quote_literal(name), quote_literal(value));
    for (const std::string &name : unset_as_empty_)
        script += fmt::format("select set_config({}, '', true);\n", quote_literal(name));
    script +=
        fmt::format("set local role {};\n{};\nrollback;", quote_identifier(cell_.persona->role), result_.statement);
    std::string rows;
    for (const std::string &statement : script_) rows += (rows.empty() ? "" : ", ") + text::json(statement);
    return fmt::format(R"({{"persona": {}, "role": {}, "rows": [{}], "statement": {}, "script": {}}})",
                       text::json(cell_.persona->name), text::json(cell_.persona->role), rows,
                       text::json(result_.statement), text::json(script));
}

Replayed Replay::run() {
    const Outcome outcome = attempt(Finish::rollback, [&] {
        use_default_search_path();
        if (!set_up()) return;
        const Outcome acted = attempt(Finish::rollback, [&] {
            assume(identity_of(*cell_.persona));
            for (const std::string &name : unset_as_empty_) set_locally(name, "");
            result_.confirmed = act();
        });
        if (!acted.ok) {
            result_.confirmed = false;
            (void)no((scoping_ ? "the scope itself fails: " : "") + acted.sqlstate + ": " + acted.message);
        }
    });
    if (!outcome.ok) {
        result_.confirmed = false;
        (void)no(outcome.sqlstate + ": " + outcome.message);
    }
    if (result_.confirmed) result_.witness = witness();
    return result_;
}

} // namespace

Replayed replay(const CellToProve &cell, const CellQuestion &made, const prove::Reply &reply, const Tables &tables,
                const std::set<std::string> &unset_as_empty) {
    return Replay(cell, made, reply, tables, unset_as_empty).run();
}

} // namespace rlsproof::server
