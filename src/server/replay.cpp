#include "base/error.hpp"
#include "base/text.hpp"
#include "model/cell.hpp"
#include "prove/prover.hpp"

#include "server/replay.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "server/acting.hpp"
#include "server/awake.hpp"
#include "server/bodies.hpp"
#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/probe.hpp"
#include "server/made_state.hpp"
#include "server/one_row.hpp"
#include "server/rows.hpp"
#include "server/spi.hpp"
#include "server/time_limit.hpp"
#include "server/world.hpp"

namespace rlsproof::server {

namespace {

class Replay : Acting {
public:
    Replay(const CellToProve &cell, const CellQuestion &made, const prove::Reply &reply, const Tables &tables,
           const std::set<std::string> &unset_as_empty, bool why)
        : Acting(cell, made, reply, tables), unset_as_empty_(unset_as_empty), why_(why) {}

    Replayed run();

private:
    bool act();
    bool selects();
    bool removes();
    bool updates();
    bool inserts();
    bool shows();
    bool heard(const std::function<bool()> &act);
    void say_why(const std::string &row);

    const std::set<std::string> &unset_as_empty_;
    bool why_;
};

bool Replay::selects() {
    const bool scoped = in_scope(here());
    const bool less = cell_.direction == Direction::no_less;
    if (scoped != less) return no("the row is not on the side of the scope that the solver had it on");
    long seen = 0;
    const std::string &plain = made_.statement;
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
    std::string statement = made_.statement;
    if (!outside.empty()) statement = fmt::format("select 1 from {}{}", cell_.relation->name, outside);
    if (!as_persona(statement, &count)) return no(outcome_.sqlstate + ": " + outcome_.message);
    return count > 0 || no("the view shows no such row");
}

// What policies let through may be stopped by triggers, which rest until here: `act` does it again with all awake.
bool Replay::heard(const std::function<bool()> &act) {
    Bodies bodies;
    Triggers triggers(*cell_.world, bodies, nullptr);
    const Hearing &hearing = triggers.of(*cell_.relation, cell_.command);
    if (hearing.listeners.empty()) return true;
    if (!hearing.why_not.empty())
        return !hearing.may_object || no("triggers that may stop it could not be heard: " + hearing.why_not);
    bool done = false;
    (void)attempt(Finish::rollback, [&] {
        {
            const AsUser past(user_, security_);
            wake();
        }
        done = act();
    });
    if (done) return true;
    Heard heard;
    heard.put_back = outcome_.ok;
    if (!outcome_.ok) heard.failures.push_back(outcome_);
    const std::vector<Objection> said = objections(hearing, heard);
    return said.empty() || !said.front().guards || no("past the policies, " + said.front().reason);
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
        if (gone && !less) return heard([&] { return as_persona(statement, &count) && !there(here()); });
        if (less) return !gone || no("the row is removed all the same");
    }
    return no(outcome_.ok ? "the row stays" : outcome_.sqlstate + ": " + outcome_.message);
}

bool Replay::updates() {
    const TableShape &shape = *tables_.of(cell_.relation->id);
    const std::string name = cell_.relation->name;
    const bool before = in_scope(here());
    if (cell_.direction == Direction::no_less) {
        if (!before) return no("the row is not in scope");
        for (const auto &[number, value] : writable(*cell_.relation, state_.subject().values, "UPDATE")) {
            const std::string column = shape.column(number)->name;
            long count = 0;
            (void)as_persona(fmt::format("update {0} set {1} = {1} where {2}", name, column, here()), &count);
            if (outcome_.ok) return count == 0 || no("the row is changed all the same");
            if (refused_by_policy(outcome_)) return true;
            if (outcome_.sqlstate != "42501") break;
        }
        return no(outcome_.sqlstate + ": " + outcome_.message);
    }
    Values values = state_.subject().values;
    for (const prove::ModelRow &row : reply_.rows)
        if (row.subject == 1)
            for (const auto &[number, value] : state_.wanted(row)) values[number] = value;
    std::string changes, all, stays;
    for (const auto &[number, value] : writable(*cell_.relation, values, "UPDATE")) {
        const ColumnShape *column = shape.column(number);
        if (column == nullptr || column->identity) continue;
        const std::string change = fmt::format("{} = {}", column->name, Maker::literal(*column, value));
        all += (all.empty() ? "" : ", ") + change;
        const auto old = state_.subject().values.find(number);
        if (old != state_.subject().values.end() && old->second == value) continue;
        changes += (changes.empty() ? "" : ", ") + change;
        stays += fmt::format("{}{}::text is not distinct from ({})::text", stays.empty() ? "" : " or ", column->name,
                             Maker::literal(*column, value));
    }
    if (all.empty()) return no("no column may be updated");
    if (changes.empty()) changes = all.substr(0, all.find(", "));
    for (const std::string &statement :
         {fmt::format("update {} set {} where {}", name, changes, here()),
          fmt::format("update {} set {}", name, changes), fmt::format("update {} set {}", name, all)}) {
        long count = 0;
        bool shown = false;
        const std::string written =
            fmt::format("ctid = (select max(ctid) from {} where tableoid = {})", name, state_.subject().stored_in);
        const auto write = [&] {
            if (!as_persona(statement, &count) || there(here())) return;
            const AsUser past(user_, security_);
            shown = !before || !in_scope(written);
        };
        const Outcome tried = attempt(Finish::rollback, write);
        if (tried.ok && shown)
            return heard([&] {
                shown = false;
                write();
                return shown && (stays.empty() || there(fmt::format("{} and ({})", written, stays)));
            });
    }
    return no(outcome_.ok ? "the change does no harm" : outcome_.sqlstate + ": " + outcome_.message);
}

bool Replay::inserts() {
    const TableShape &shape = *tables_.of(cell_.relation->id);
    const bool less = cell_.direction == Direction::no_less;
    const auto row =
        std::find_if(reply_.rows.begin(), reply_.rows.end(), [](const prove::ModelRow &r) { return r.subject == 0; });
    if (row == reply_.rows.end()) return no("the solver gave no row");
    // First as one whom no policy stops, to see whose row it would be; with other keys where those are taken, of which
    // the solver knows nothing.
    bool scoped = false, possible = false;
    std::string statement, text;
    Outcome tried;
    for (const bool new_keys : {false, true}) {
        const Values all = state_.whole(shape, *row, new_keys);
        {
            const AsUser past(user_, security_);
            if (!state_.parents_of(shape, all)) return no(state_.why_not());
        }
        const Values given = writable(*cell_.relation, all, "INSERT");
        if (draws_a_number(cell_.relation->id, given)) return no(kWouldDraw);
        statement = Maker::insert_statement(shape, given);
        tried = attempt(Finish::rollback, [&] {
            const AsUser past(user_, security_);
            const Rows made = in_time([&] { return query(statement + " returning ctid, tableoid", {}, false); });
            possible = !made.empty();
            if (possible && why_) text = row_text(*cell_.relation, made.text(0, 0), made.oid(0, 1));
            if (possible)
                scoped = in_scope(
                    fmt::format("ctid = {}::tid and tableoid = {}", quote_literal(made.text(0, 0)), made.text(0, 1)));
        });
        if (tried.ok || tried.sqlstate != "23505") break;
    }
    if (!tried.ok || !possible) return no(fmt::format("a constraint objects to the row: {}", tried.message));
    if (scoped != less) return no("the row is not on the side of the scope that the solver had it on");
    say_why(text);
    long count = 0;
    (void)attempt(Finish::rollback, [&] { (void)as_persona(statement, &count); });
    if (less) return (!outcome_.ok && refused_by_policy(outcome_)) || no("the row is accepted all the same");
    if (!outcome_.ok || count == 0) return no(outcome_.sqlstate + ": " + outcome_.message);
    return heard([&] {
        if (!as_persona(statement, &count) || count == 0) return false;
        if (cell_.persona->uid.empty() || statement.find(cell_.persona->uid) != std::string::npos) return true;
        // A trigger may have made it its own.
        return !there(fmt::format("ctid in (select x.ctid from {0} x where x.ctid = (select max(ctid) from {0}) and "
                                  "pg_catalog.to_jsonb(x)::text ~ {1})",
                                  cell_.relation->name, quote_literal(cell_.persona->uid)));
    });
}

// Which policies are to blame: each is asked about the row by itself, as the persona meets it.
void Replay::say_why(const std::string &row) {
    if (row.empty()) return;
    const Relation &relation = *cell_.relation;
    result_.row = in_words(relation, row);
    const bool less = cell_.direction == Direction::no_less;
    const auto ask = [&](const Policy &policy, const char *part, const std::string &condition) {
        bool binds = false, passes = false;
        const Outcome asked = attempt(Finish::rollback, [&] {
            binds = query("select exists (select from pg_catalog.pg_policy p, pg_catalog.unnest(p.polroles) r where "
                          "p.polrelid = $1::oid and p.polname = $2 and (r = 0 or pg_catalog.pg_has_role(r, 'USAGE')))",
                          {std::to_string(relation.id), policy.name})
                        .boolean(0, 0);
            const std::string sql = fmt::format("select ({}\n) is true from {}", condition, from_row(relation, row));
            passes = in_time([&] { return query(sql, {}, false); }).boolean(0, 0);
        });
        if (!asked.ok || !binds) return;
        if (policy.permissive && passes)
            result_.because.push_back(
                fmt::format("{} policy \"{}\" has {} {}", less ? "although" : "because", policy.name, part, condition));
        if (!policy.permissive && !passes && less)
            result_.because.push_back(
                fmt::format("because restrictive policy \"{}\" has {} {}", policy.name, part, condition));
    };
    for (const Policy &policy : relation.policies) {
        if (policy.command != "ALL" && policy.command != name(cell_.command)) continue;
        const bool inserts = cell_.command == Command::insert;
        if (!policy.predicate.empty() && (!inserts || policy.check.empty())) ask(policy, "USING", policy.predicate);
        // What changes nothing has to pass both.
        if (!policy.check.empty() && (inserts || (less && cell_.command == Command::update)))
            ask(policy, "WITH CHECK", policy.check);
    }
}

bool Replay::act() {
    if (made_.through_view) return shows();
    if (why_ && cell_.command != Command::insert) {
        std::string row;
        {
            const AsUser past(user_, security_);
            row = row_text(*cell_.relation, state_.subject().tid, state_.subject().stored_in);
        }
        say_why(row);
    }
    switch (cell_.command) {
    case Command::select: return selects();
    case Command::insert: return inserts();
    case Command::update: return updates();
    default: return removes();
    }
}

Replayed Replay::run() {
    return acted(
        unset_as_empty_, [] { return true; }, [&] { return act(); });
}

} // namespace

Replayed replay(const CellToProve &cell, const CellQuestion &made, const prove::Reply &reply, const Tables &tables,
                const std::set<std::string> &unset_as_empty, bool why) {
    return Replay(cell, made, reply, tables, unset_as_empty, why).run();
}

} // namespace rlsproof::server
