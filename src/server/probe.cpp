#include "model/cell.hpp"

#include "server/probe.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/awake.hpp"
#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr int kMostUpdates = 60;  // statements tried on a table before it is given up
constexpr size_t kMostValues = 4; // for one column, beside those that policies ask for
constexpr size_t kMostAwake = 3;  // rows that are written one by one while triggers are awake
constexpr size_t kMostHeard = 30; // failures that are kept

Observation nothing_to_update() {
    Observation nothing;
    nothing.outcome = {false, "42501", "no column may be updated without reading it", {}, {}, {}, {}, {}, {}, 0};
    return nothing;
}

} // namespace

bool refused_by_policy(const Outcome &outcome) {
    return outcome.sqlstate == "42501" && outcome.message.find("row-level security") != std::string::npos;
}

std::string Probe::tids() const {
    std::string list;
    for (const auto *rows : {&foreign_, &own_})
        for (const Row *row : *rows) list += (list.empty() ? "\"" : ",\"") + row->tid + "\"";
    return "'{" + list + "}'::tid[]";
}

void Probe::identify(const Rows &seen, Observation &observation) const {
    const auto among = [&](const Row &row) {
        for (size_t i = 0; i < seen.size(); i++)
            if (seen.oid(i, 0) == row.stored_in && seen.text(i, 1) == row.tid) return true;
        return false;
    };
    for (const Row *row : foreign_)
        if (among(*row)) observation.foreign.push_back(row);
    for (const Row *row : own_)
        if (among(*row)) observation.own.push_back(row);
}

// A view does not say whose a row is. What it still shows when the own rows are gone is not the own.
void Probe::without_own_rows() const {
    const AsUser past(superuser_, security_);
    for (const Row &row : everything_own_)
        (void)execute(fmt::format("delete from {} where ctid = {}::tid and tableoid = {}",
                                  stage_.tables().of(row.table)->name, quote_literal(row.tid), row.stored_in));
}

// A write of the persona's, with its triggers awake where they are to be heard.
long Probe::run(const std::string &statement) {
    if (heard_ != nullptr) {
        const AsUser past(superuser_, security_);
        wake();
    }
    const long count = in_time([&] { return execute(statement); });
    if (heard_ != nullptr) (void)execute("set constraints all immediate");
    return count;
}

void Probe::hear(const Outcome &outcome) {
    if (heard_ != nullptr && !outcome.ok && heard_->failures.size() < kMostHeard) heard_->failures.push_back(outcome);
}

// Whether this subtransaction has left a row that holds one of these values. REQUIRES: in a subtransaction.
bool Probe::stays(const Left &values) const {
    std::string any;
    for (const auto &[column, literal] : values)
        any +=
            fmt::format("{}{}::text is not distinct from ({})::text", any.empty() ? "" : " or ", column->name, literal);
    const AsUser past(superuser_, security_);
    const TransactionId self = call(GetCurrentTransactionId);
    return !query(fmt::format("select 1 from {} where xmin = '{}'::xid and ({})", relation_.name, self, any), {}, false)
                .empty();
}

Observation Probe::change_unseen(const std::string &statement) {
    Observation observation;
    observation.statement = statement;
    observation.identified = false;
    observation.outcome = attempt(Finish::rollback, [&] {
        without_own_rows();
        observation.total = run(statement);
    });
    hear(observation.outcome);
    return observation;
}

Observation Probe::update_view() {
    const std::vector<Writable> columns = updatable();
    if (columns.empty()) return nothing_to_update();
    return change_unseen(fmt::format("update {0} set {1} = {1}", relation_.name, columns.front().name));
}

Observation Probe::remove_view() {
    return change_unseen("delete from " + relation_.name);
}

Observation Probe::select() {
    Observation observation;
    const bool rows_known = relation_.kind == RelationKind::table || relation_.kind == RelationKind::partitioned_table;
    if (rows_known) {
        observation.statement = fmt::format("select tableoid::regclass, ctid, * from {}", relation_.name);
        Rows seen;
        observation.outcome = attempt(Finish::rollback, [&] {
            seen = in_time([&] {
                return query(fmt::format("select tableoid, ctid from {} where ctid = any({})", relation_.name, tids()),
                             {}, false);
            });
        });
        if (observation.outcome.ok) {
            identify(seen, observation);
            observation.total = (long)seen.size();
            return observation;
        }
        // System columns take a privilege on the whole table; with columns granted one by one only the number is seen.
        if (observation.outcome.sqlstate != "42501") return observation;
    }
    observation.identified = false;
    observation.statement = fmt::format("select count(*) from {}", relation_.name);
    observation.outcome = attempt(Finish::rollback, [&] {
        const auto shown = [&] {
            const std::string sql = fmt::format("select count(*) from (select 1 from {} limit 1000) x", relation_.name);
            return in_time([&] { return query(sql, {}, false); }).number(0, 0);
        };
        // With the own rows goes the membership that may have opened the others: a table shows of its own rows no more
        // than there are, so what it shows beyond them is somebody else's.
        const long beyond = rows_known ? shown() - (long)own_.size() : 0;
        without_own_rows();
        observation.total = std::max(beyond, shown());
    });
    return observation;
}

void Probe::identify_changed(Observation &observation) const {
    const AsUser past(superuser_, security_);
    const Rows left =
        query(fmt::format("select tableoid, ctid from {} where ctid = any({})", relation_.name, tids()), {}, false);
    Observation unchanged;
    identify(left, unchanged);
    const auto changed = [](const std::vector<const Row *> &still, const Row *row) {
        return std::find(still.begin(), still.end(), row) == still.end();
    };
    for (const Row *row : foreign_)
        if (changed(unchanged.foreign, row)) observation.foreign.push_back(row);
    for (const Row *row : own_)
        if (changed(unchanged.own, row)) observation.own.push_back(row);
}

std::vector<const Row *> Probe::foreign_changed() const {
    Observation changed;
    identify_changed(changed);
    return changed.foreign;
}

// With triggers awake nothing counts that leaves none of the values.
Observation Probe::change(const std::string &statement, bool identify_rows, const Left &values) {
    Observation observation;
    observation.statement = statement;
    observation.identified = identify_rows;
    observation.outcome = attempt(Finish::rollback, [&] {
        observation.total = run(statement);
        if (!default_names_.empty() && entered_in_its_name(default_names_)) observation.total = 0;
        // Of what a rule made of it the number says nothing.
        if (identify_rows && (observation.total > 0 || heard_ != nullptr)) identify_changed(observation);
        observation.total = std::max(observation.total, (long)(observation.foreign.size() + observation.own.size()));
        if (observation.total == 0 || heard_ == nullptr || values.empty() || stays(values)) return;
        heard_->put_back = true;
        observation.foreign.clear();
        observation.own.clear();
        observation.total = 0;
    });
    hear(observation.outcome);
    if (!observation.outcome.ok) {
        observation.foreign.clear();
        observation.own.clear();
        observation.total = 0;
    }
    return observation;
}

// The same where the row that has the key is gone, and that one alone: policies may count the others.
Observation Probe::change_with_room(const std::string &statement, const TableShape &shape, const Values &candidate,
                                    const std::string &constraint) {
    Observation observation;
    observation.statement = statement;
    observation.identified = false;
    std::string same;
    if (const auto key = shape.constraints.find(constraint); key != shape.constraints.end())
        for (const int number : key->second)
            if (const auto value = candidate.find(number); value != candidate.end())
                same += fmt::format("{}{} = {}", same.empty() ? "" : " and ", shape.column(number)->name,
                                    Maker::literal(*shape.column(number), value->second));
    const Left values = whose(candidate);
    observation.outcome = attempt(Finish::rollback, [&] {
        if (!same.empty()) {
            const AsUser past(superuser_, security_);
            (void)execute(fmt::format("delete from {} where {}", relation_.name, same));
        }
        observation.total = run(statement);
        if (!default_names_.empty() && entered_in_its_name(default_names_)) observation.total = 0;
        if (observation.total == 0 || heard_ == nullptr || values.empty() || stays(values)) return;
        heard_->put_back = true;
        observation.total = 0;
    });
    hear(observation.outcome);
    return observation;
}

// The columns the persona may write, those that are no key first.
std::vector<Probe::Writable> Probe::updatable() const {
    const Rows columns = query(R"(
select a.attnum, pg_catalog.quote_ident(a.attname), pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
from pg_catalog.pg_attribute a
where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a'
  and pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'UPDATE')
  and (pg_catalog.pg_column_is_updatable(a.attrelid, a.attnum, true)
    or pg_catalog.pg_relation_is_updatable(a.attrelid, true) & 20 = 4) -- by a rule or trigger for UPDATE alone
order by exists (select from pg_catalog.pg_constraint c where c.conrelid = a.attrelid and a.attnum = any (c.conkey)
                 and c.contype in ('p', 'u', 'f')), a.attnotnull desc, a.attnum)",
                               {std::to_string(relation_.id)});
    std::vector<Writable> result;
    for (size_t i = 0; i < columns.size(); i++)
        result.push_back({(int)columns.number(i, 0), columns.text(i, 1), columns.boolean(i, 2)});
    return result;
}

// Values worth setting a column to: what policies ask for, then what rows of other people hold.
std::vector<std::string> Probe::literals(int number) const {
    std::vector<std::string> values;
    const TableShape *shape = stage_.tables().of(relation_.id);
    const ColumnShape *column = shape != nullptr ? shape->column(number) : nullptr;
    if (column == nullptr) return {"default"};
    const auto add = [&](const Candidate &value) {
        const std::string literal = Maker::literal(*column, value);
        if ((value || !column->not_null) && std::find(values.begin(), values.end(), literal) == values.end())
            values.push_back(literal);
    };
    // A condition on the length of a text, or on how it begins, is met by one that is empty more often than by a made
    // one.
    if (column->category == 'S') values.push_back(Maker::literal(*column, ""));
    if (const auto asked = stage_.hints().candidates.find({relation_.id, number});
        asked != stage_.hints().candidates.end())
        for (const Candidate &value : asked->second) add(value);
    for (const Row *row : foreign_)
        if (const auto value = row->values.find(number); value != row->values.end() && values.size() < kMostValues)
            add(value->second);
    if (values.empty()) values.emplace_back("default");
    return values;
}

// What of these values says whose the row is.
Probe::Left Probe::whose(const Values &values) const {
    Left result;
    const TableShape *shape = stage_.tables().of(relation_.id);
    if (heard_ == nullptr || shape == nullptr) return result;
    for (const auto &[number, value] : values) {
        const Column place{relation_.id, number};
        const ColumnShape *column = shape->column(number);
        if (value && column != nullptr &&
            (stage_.hints().identity.contains(place) || stage_.hints().tenant.contains(place)))
            result.emplace_back(column, Maker::literal(*column, value));
    }
    return result;
}

// A statement that changes nothing meets no trigger that looks at what is changed: real values, row by row.
Observation Probe::update_awake(const std::vector<Writable> &columns) {
    Observation best;
    const TableShape *shape = stage_.tables().of(relation_.id);
    const bool refused_before = heard_->put_back;
    heard_->put_back = false;
    int left = kMostUpdates;
    const auto changes = [&](const std::string &set, const std::string &where, const Left &values) {
        if (left-- <= 0) return false;
        Observation tried = change(fmt::format("update {} set {}{}", relation_.name, set, where), true, values);
        const bool reached = !tried.foreign.empty();
        if (TimeLimit::ended(tried.outcome)) left = 0;
        if (best.statement.empty() || reached) best = std::move(tried);
        return reached;
    };
    for (const Writable &writable : columns) {
        const ColumnShape *column = shape->column(writable.number);
        // A key that changes may take rows of other tables with it, and wake their triggers.
        const bool in_key = std::any_of(shape->keys.begin(), shape->keys.end(), [&](const std::vector<int> &key) {
            return std::find(key.begin(), key.end(), writable.number) != key.end();
        });
        if (column == nullptr || in_key) continue;
        const std::vector<std::string> values = literals(writable.number);
        for (size_t at = 0; at < foreign_.size() && at < kMostAwake; at++) {
            const Row &row = *foreign_[at];
            const auto old = row.values.find(writable.number);
            const auto other = std::find_if(values.begin(), values.end(), [&](const std::string &literal) {
                return old == row.values.end() || literal != Maker::literal(*column, old->second);
            });
            std::string value = other == values.end() ? "default" : *other;
            if (value == "default" && column->type == BOOLOID && old != row.values.end() && old->second)
                value = *old->second == "t" ? "false" : "true";
            if (value == "default") continue;
            const std::string set = fmt::format("{} = {}", writable.name, value);
            const std::string there =
                fmt::format(" where ctid = {}::tid and tableoid = {}", quote_literal(row.tid), row.stored_in);
            for (const std::string &where : {there, std::string()})
                if (changes(set, where, {{column, value}})) return best;
        }
    }
    // Values may not suit the sense of a row; where nothing was put back, what leaves all as it is says enough.
    if (heard_->put_back) return best;
    heard_->put_back = refused_before;
    left = (int)columns.size();
    for (const Writable &column : columns)
        if (changes(fmt::format("{0} = {0}", column.name), "", {})) return best;
    return best;
}

Observation Probe::update(bool many) {
    const std::vector<Writable> columns = updatable();
    if (columns.empty()) return nothing_to_update();
    if (heard_ != nullptr) return update_awake(columns);
    Observation best;
    enum Told { nothing, constraint, failure, refusal, success, reached };
    Told told = nothing, last = nothing;
    int left = kMostUpdates;
    bool refused = false, stopped = false;
    // Runs one statement; true where it changed a row of somebody else. What tells most of the others is kept.
    const auto changes = [&](const std::string &what) {
        if (left-- <= 0 || stopped) return false; // after one that did not end the next would not either
        Observation tried = change(fmt::format("update {} set {}", relation_.name, what), true);
        last = !tried.foreign.empty()                     ? reached
               : tried.outcome.ok                         ? success
               : refused_by_policy(tried.outcome)         ? refusal
               : tried.outcome.sqlstate.starts_with("23") ? constraint
                                                          : failure;
        refused = refused || last == refusal;
        stopped = stopped || TimeLimit::ended(tried.outcome);
        if (last > told) {
            told = last;
            best = std::move(tried);
        }
        return last == reached;
    };
    const auto readable = std::find_if(columns.begin(), columns.end(), [](const Writable &c) { return c.readable; });
    // Both forms: with the columns it writes read, which takes the SELECT policies as well, and without.
    if (readable != columns.end() && changes(fmt::format("{0} = {0}", readable->name))) return best;
    for (const Writable &column : columns) {
        if (many) break;
        if (changes(fmt::format("{} = {}", column.name, literals(column.number).back()))) return best;
        if (last == success || last == refusal) break;
    }
    if (!refused) return best;
    // The rows are within reach and the new ones were refused: with what the policies ask for, and one by one.
    for (const Writable &column : columns)
        for (const std::string &value : literals(column.number))
            if (!many && changes(fmt::format("{} = {}", column.name, value))) return best;
    left = kMostUpdates;
    for (const Row *row : foreign_) {
        const std::string there =
            fmt::format(" where ctid = {}::tid and tableoid = {}", quote_literal(row->tid), row->stored_in);
        if (readable != columns.end() && changes(fmt::format("{0} = {0}{1}", readable->name, there))) return best;
    }
    return best;
}

Observation Probe::remove(bool blind) {
    if (heard_ != nullptr)
        for (size_t at = 0; at < foreign_.size() && at < 2 * kMostAwake; at++) {
            const Row &row = *foreign_[at];
            Observation tried = change(fmt::format("delete from {} where ctid = {}::tid and tableoid = {}",
                                                   relation_.name, quote_literal(row.tid), row.stored_in),
                                       true);
            if (!tried.foreign.empty()) return tried;
        }
    if (blind) return change("delete from " + relation_.name, true);
    return change(fmt::format("delete from {} where ctid = any({})", relation_.name, tids()), true);
}

long Probe::shown_at_all() const {
    long shown = 0;
    (void)attempt(Finish::rollback, [&] {
        const AsUser past(superuser_, security_);
        shown = query(fmt::format("select count(*) from (select 1 from {} limit 1000) x", relation_.name), {}, false)
                    .number(0, 0);
    });
    return shown;
}

// Rows that this subtransaction has left in the table and that the predicate does not hold for, past all policies.
long Probe::out_of_scope(const std::string &predicate) const {
    const AsUser past(superuser_, security_);
    const TransactionId self = call(GetCurrentTransactionId);
    return query(fmt::format("select count(*) from {} where xmin = '{}'::xid and not coalesce(({}), false)",
                             relation_.name, self, predicate),
                 {}, false)
        .number(0, 0);
}

std::vector<Entry> Probe::enter_rows(const std::vector<Values> &candidates, const std::string &predicate) {
    std::vector<Entry> entries;
    const TableShape *shape = stage_.tables().of(relation_.id);
    if (shape == nullptr) return entries;
    const std::string make_room = fmt::format("delete from {} where ctid = any({})", relation_.name, tids());
    for (const Values &candidate : candidates) {
        // Where everybody may have one row only, and has it, the new one takes its place.
        for (const bool room : {false, true}) {
            Entry entry;
            const Values given = insertable(relation_.id, candidate);
            if (draws_a_number(relation_.id, given)) break;
            entry.statement = Maker::insert_statement(*shape, given);
            // First as one whom no policy stops, to see whose row it would be.
            const Outcome possible = attempt(Finish::rollback, [&] {
                {
                    const AsUser past(superuser_, security_);
                    if (room) (void)execute(make_room);
                    (void)execute(entry.statement);
                }
                entry.in_scope = out_of_scope(predicate) == 0;
            });
            if (!possible.ok && possible.sqlstate == "23505" && !room) continue;
            if (!possible.ok) break; // a constraint objects to the row as such
            entry.outcome = attempt(Finish::rollback, [&] {
                if (room) {
                    const AsUser past(superuser_, security_);
                    (void)execute(make_room);
                }
                (void)run(entry.statement);
            });
            hear(entry.outcome);
            entries.push_back(std::move(entry));
            break;
        }
        if (!entries.empty() && TimeLimit::ended(entries.back().outcome)) break;
    }
    return entries;
}

Count Probe::count(const std::string &predicate) {
    Count count;
    const std::string sql =
        fmt::format("select count(*) filter (where {0}), count(*) filter (where not coalesce(({0}), "
                    "false)) from {1}",
                    predicate, relation_.name);
    count.outcome = attempt(Finish::rollback, [&] {
        const Rows seen = in_time([&] { return query(sql, {}, false); });
        count.inside = seen.number(0, 0);
        count.outside = seen.number(0, 1);
        const AsUser past(superuser_, security_);
        count.rightful = query(sql, {}, false).number(0, 0);
    });
    return count;
}

Entry Probe::move_rows(const ColumnShape &column, const Candidate &value, const std::string &predicate) {
    Entry entry;
    entry.in_scope = true;
    // Both forms: one that may read which rows it changes, and one that may not.
    const std::string set =
        fmt::format("update {} set {} = {}", relation_.name, column.name, Maker::literal(column, value));
    for (const std::string &where : {fmt::format(" where ctid = any({})", tids()), std::string()}) {
        entry.statement = set + where;
        entry.outcome = attempt(Finish::rollback, [&] {
            if (run(entry.statement) > 0) entry.in_scope = out_of_scope(predicate) == 0;
        });
        hear(entry.outcome);
        if (!entry.in_scope && entry.outcome.ok) return entry;
        entry.in_scope = true;
    }
    return entry;
}

std::vector<const Row *> Probe::in_scope(const std::string &predicate) {
    const AsUser past(superuser_, security_);
    Observation found;
    const Rows rows = query(
        fmt::format("select tableoid, ctid from {} where ctid = any({}) and ({})", relation_.name, tids(), predicate),
        {}, false);
    identify(rows, found);
    std::vector<const Row *> result = found.foreign;
    result.insert(result.end(), found.own.begin(), found.own.end());
    return result;
}

bool Probe::holds(const Row &row, const std::string &predicate) const {
    bool holds = false;
    (void)attempt(Finish::rollback, [&] {
        const AsUser past(superuser_, security_);
        holds = !query(fmt::format("select 1 from {} where ctid = {}::tid and tableoid = {} and ({})", relation_.name,
                                   quote_literal(row.tid), row.stored_in, predicate),
                       {}, false)
                     .empty();
    }); // what cannot be asked does not hold as far as is known
    return holds;
}

std::string Probe::as_json(const Row &row) {
    const AsUser past(superuser_, security_);
    const Rows rows =
        query(fmt::format("select pg_catalog.to_jsonb(x)::text from {} x where x.ctid = {}::tid and x.tableoid = {}",
                          relation_.name, quote_literal(row.tid), row.stored_in),
              {}, false);
    return rows.empty() ? "{}" : rows.text(0, 0);
}

} // namespace rlsproof::server
