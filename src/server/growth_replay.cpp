#include "base/text.hpp"
#include "prove/prover.hpp"

#include "server/replay.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/acting.hpp"
#include "server/identity.hpp"
#include "server/one_row.hpp"
#include "server/personas.hpp"
#include "server/probe.hpp"
#include "server/rows.hpp"
#include "server/spi.hpp"
#include "server/time_limit.hpp"
#include "server/world.hpp"

namespace rlsproof::server {

namespace {

const prove::ModelRow *row_of(const prove::Reply &reply, int table, int number) {
    const auto found = std::find_if(reply.rows.begin(), reply.rows.end(), [&](const prove::ModelRow &row) {
        return row.table == table && row.number == number && row.present;
    });
    return found == reply.rows.end() ? nullptr : &*found;
}

class GrowthReplay : Acting {
public:
    GrowthReplay(const CellToProve &cell, const CellQuestion &made, const prove::Reply &reply, const Tables &tables,
                 const std::set<std::string> &unset_as_empty)
        : Acting(cell, made, reply, tables), unset_as_empty_(unset_as_empty) {}

    Replayed run();

private:
    // One of the persona's statements, in the forms it is tried in.
    struct Write {
        const Relation *relation = nullptr;
        Command command = Command::insert;
        std::vector<std::string> columns; // that are set
        std::vector<std::string> sets;    // to what, for each
        std::string key;                  // of the row that is changed
        std::vector<std::string> forms;
        std::vector<Values> values; // of a new row: with the solver's keys, and with others
    };
    static void change(Write &write);
    bool prepare();
    void prepare(const Writes::Table &table, const Relation &relation);
    bool prepare_subject();
    std::vector<Write> each_alone() const;
    bool act();
    // Whether the row is in reach after them.
    bool opens(std::vector<Write> writes);
    bool write(Write &write);
    std::optional<bool> reached();
    std::optional<bool> reached_blindly(const std::string &statement, const std::string &by_itself);
    bool is_its_own();
    bool in_scope_itself();

    const std::set<std::string> &unset_as_empty_;
    std::vector<Write> writes_;
    std::vector<Written> done_;
    std::string place_; // where the row in question is
    Values fresh_;      // the new row, where the question is about one
};

// The row by the values of a key, for a reader; by its place where there is none.
std::string by_key(const TableShape &shape, const Row &row) {
    for (const std::vector<int> &key : shape.keys) {
        std::string where;
        for (const int number : key) {
            const ColumnShape *column = shape.column(number);
            const auto value = row.values.find(number);
            if (column == nullptr || value == row.values.end() || !value->second) {
                where.clear();
                break;
            }
            where += fmt::format("{}{} = {}", where.empty() ? "" : " and ", column->name,
                                 Maker::literal(*column, value->second));
        }
        if (!where.empty()) return where;
    }
    return fmt::format("ctid = {}::tid", quote_literal(row.tid));
}

// The forms of a change.
void GrowthReplay::change(Write &write) {
    const std::string set = fmt::format("update {} set {}", write.relation->name, fmt::join(write.sets, ", "));
    write.forms = {fmt::format("{} where {}", set, write.key), set};
}

void GrowthReplay::prepare(const Writes::Table &table, const Relation &relation) {
    const TableShape &shape = *tables_.of(table.relation);
    // What becomes of rows by what they refer to is no statement of its own.
    const Reach *reach = relation.reach_of(cell_.persona->name);
    if (reach == nullptr) return;
    const auto may = [&](Command command) { return reach->commands.contains(command); };
    std::vector<Write> changes, removals;
    std::set<int> numbers;
    for (const prove::ModelRow &row : reply_.rows)
        if (row.table == table.before || row.table == table.after) numbers.insert(row.number);
    for (const int number : numbers) {
        const prove::ModelRow *was = row_of(reply_, table.before, number), *is = row_of(reply_, table.after, number);
        Write write;
        write.relation = &relation;
        if (was == nullptr && is != nullptr && may(Command::insert)) {
            write.command = Command::insert;
            for (const bool new_keys : {false, true}) {
                write.values.push_back(state_.whole(shape, *is, new_keys));
                (void)state_.parents_of(shape, write.values.back());
            }
            writes_.push_back(std::move(write));
        } else if (was != nullptr && is == nullptr && (may(Command::remove) || may(Command::truncate))) {
            const Row *made = state_.made(table.before, number);
            if (made == nullptr) continue;
            write.command = Command::remove;
            write.forms = {fmt::format("delete from {} where {}", relation.name, by_key(shape, *made)),
                           "delete from " + relation.name, "truncate " + relation.name};
            removals.push_back(std::move(write));
        } else if (was != nullptr && is != nullptr && may(Command::update)) {
            const Row *made = state_.made(table.before, number);
            const Values old = state_.wanted(*was), fresh = state_.wanted(*is);
            for (const auto &[column, value] : fresh) {
                const auto before = old.find(column);
                if (before != old.end() && before->second == value) continue;
                const ColumnShape *known = shape.column(column);
                if (known == nullptr || known->generated) continue;
                write.columns.push_back(known->name);
                write.sets.push_back(fmt::format("{} = {}", known->name, Maker::literal(*known, value)));
            }
            if (made == nullptr || write.sets.empty()) continue;
            write.command = Command::update;
            write.key = by_key(shape, *made);
            (void)state_.parents_of(shape, fresh);
            change(write);
            changes.push_back(std::move(write));
        }
    }
    for (std::vector<Write> *more : {&changes, &removals})
        for (Write &write : *more) writes_.push_back(std::move(write));
}

// Past all policies, while triggers rest.
bool GrowthReplay::prepare() {
    for (const Writes::Table &table : made_.writes.tables) {
        const auto relation = std::find_if(cell_.world->relations.begin(), cell_.world->relations.end(),
                                           [&](const Relation &r) { return r.id == table.relation; });
        if (relation != cell_.world->relations.end() && tables_.of(table.relation) != nullptr)
            prepare(table, *relation);
    }
    if (writes_.empty()) return no("the solver gave nothing to write");
    return cell_.command != Command::insert || prepare_subject();
}

bool GrowthReplay::prepare_subject() {
    const TableShape &shape = *tables_.of(cell_.relation->id);
    const auto row =
        std::find_if(reply_.rows.begin(), reply_.rows.end(), [](const prove::ModelRow &r) { return r.subject == 0; });
    if (row == reply_.rows.end()) return no("the solver gave no row");
    fresh_ = state_.whole(shape, *row);
    return state_.parents_of(shape, fresh_) || no(state_.why_not());
}

// A statement that reads nothing reaches all that it may: whether the row is among them.
std::optional<bool> GrowthReplay::reached_blindly(const std::string &statement, const std::string &by_itself) {
    bool ran = false, gone = false;
    for (const std::string &form : {by_itself, statement}) {
        const Outcome tried = attempt(Finish::rollback, [&] {
            long count = 0;
            if (!as_persona(form, &count)) return;
            ran = true;
            gone = gone || !there(place_);
        });
        (void)tried;
    }
    if (!ran) {
        (void)no(outcome_.sqlstate + ": " + outcome_.message);
        return std::nullopt;
    }
    return gone;
}

// Whether the persona gets at the row as things are now; nothing where that cannot be told.
std::optional<bool> GrowthReplay::reached() {
    const std::string &name = cell_.relation->name;
    long count = 0;
    switch (cell_.command) {
    case Command::select:
        if (as_persona(fmt::format("select 1 from {} where {}", name, place_), &count)) return count > 0;
        break;
    case Command::remove:
        return reached_blindly("delete from " + name, fmt::format("delete from {} where {}", name, place_));
    case Command::update: {
        const TableShape &shape = *tables_.of(cell_.relation->id);
        for (const auto &[number, value] : writable(*cell_.relation, state_.subject().values, "UPDATE")) {
            const ColumnShape *column = shape.column(number);
            if (column == nullptr || column->identity) continue;
            const std::string set =
                fmt::format("update {} set {} = {}", name, column->name, Maker::literal(*column, value));
            if (const auto told = reached_blindly(set, fmt::format("{} where {}", set, place_))) return told;
        }
        return std::nullopt;
    }
    default: {
        const TableShape &shape = *tables_.of(cell_.relation->id);
        const Values given = writable(*cell_.relation, fresh_, "INSERT");
        if (draws_a_number(cell_.relation->id, given)) {
            (void)no(kWouldDraw);
            return std::nullopt;
        }
        const std::string statement = Maker::insert_statement(shape, given);
        bool ran = false;
        (void)attempt(Finish::rollback, [&] { ran = as_persona(statement, &count) && count > 0; });
        if (ran) return true;
        if (refused_by_policy(outcome_)) return false;
    }
    }
    (void)no(outcome_.sqlstate + ": " + outcome_.message);
    return std::nullopt;
}

// The identity stands somewhere in the row.
bool GrowthReplay::is_its_own() {
    if (cell_.persona->uid.empty()) return false;
    const AsUser past(user_, security_);
    const std::string text = cell_.command == Command::insert
                                 ? Maker::insert_statement(*tables_.of(cell_.relation->id), fresh_)
                                 : row_text(*cell_.relation, state_.subject().tid, state_.subject().stored_in);
    return text.find(cell_.persona->uid) != std::string::npos;
}

bool GrowthReplay::in_scope_itself() {
    if (cell_.command != Command::insert) return in_scope(here());
    bool inside = false;
    (void)attempt(Finish::rollback, [&] {
        const AsUser past(user_, security_);
        const std::string statement = Maker::insert_statement(*tables_.of(cell_.relation->id), fresh_);
        const Rows made = in_time([&] { return query(statement + " returning ctid, tableoid", {}, false); });
        inside =
            in_scope(fmt::format("ctid = {}::tid and tableoid = {}", quote_literal(made.text(0, 0)), made.text(0, 1)));
    });
    return inside;
}

bool GrowthReplay::write(Write &write) {
    if (write.forms.empty()) {
        const TableShape &shape = *tables_.of(write.relation->id);
        for (const Values &values : write.values) {
            const Values given = writable(*write.relation, values, "INSERT");
            if (!draws_a_number(write.relation->id, given))
                write.forms.push_back(Maker::insert_statement(shape, given));
        }
    }
    for (const std::string &form : write.forms) {
        long count = 0;
        if (!as_persona(form, &count) || (count == 0 && !form.starts_with("truncate"))) continue;
        done_.push_back({write.relation->id, write.command, write.columns, form});
        return true;
    }
    return no(outcome_.ok ? "it writes nothing" : outcome_.sqlstate + ": " + outcome_.message);
}

// The solver writes more than it takes: where one column of one statement does, it is that one.
std::vector<GrowthReplay::Write> GrowthReplay::each_alone() const {
    std::vector<Write> result;
    for (const Write &write : writes_)
        for (size_t i = 0; i < write.sets.size() && write.sets.size() > 1; i++) {
            Write one = write;
            one.columns = {write.columns[i]};
            one.sets = {write.sets[i]};
            change(one);
            result.push_back(std::move(one));
        }
    if (writes_.size() > 1) result.insert(result.end(), writes_.begin(), writes_.end());
    return result;
}

bool GrowthReplay::act() {
    if (made_.names_itself ? is_its_own() : in_scope_itself()) return no("the row is its own by declaration");
    if (cell_.command != Command::insert) place_ = here();
    if (const auto before = reached(); !before || *before) return before ? no("the row is in reach at once") : false;
    for (const Write &alone : each_alone()) {
        bool enough = false;
        (void)attempt(Finish::rollback, [&] { enough = opens({alone}); });
        result_.why_not.clear();
        done_.clear();
        if (cell_.command != Command::insert) place_ = here();
        if (!enough) continue;
        writes_ = {alone};
        break;
    }
    return opens(writes_);
}

bool GrowthReplay::opens(std::vector<Write> writes) {
    for (Write &each : writes) (void)write(each);
    if (done_.empty()) return false;
    // What it refers to may have changed it.
    if (cell_.command != Command::insert && !there(place_)) {
        place_ = by_key(*tables_.of(cell_.relation->id), state_.subject());
        if (!there(place_)) return no("the row goes with what it refers to");
    }
    const std::string told = result_.why_not;
    result_.why_not.clear();
    const auto after = reached();
    if (!after || !*after) {
        if (after) (void)no(told.empty() ? "the row stays out of reach" : told);
        return false;
    }
    result_.writes = done_;
    std::string statement;
    for (const Written &one : done_) statement += one.statement + ";\n";
    result_.statement =
        statement +
        (cell_.command == Command::select ? select_statement(*cell_.relation, *cell_.persona) : result_.statement);
    return true;
}

Replayed GrowthReplay::run() {
    const auto make_ready = [&] {
        if (!prepare()) return false;
        // What it writes is written as ever: with all that is there to stop it.
        set_locally("session_replication_role", "origin");
        if (cell_.command != Command::insert)
            result_.row =
                in_words(*cell_.relation, row_text(*cell_.relation, state_.subject().tid, state_.subject().stored_in));
        return true;
    };
    return acted(unset_as_empty_, make_ready, [&] { return act(); });
}

} // namespace

Replayed replay_growth(const CellToProve &cell, const CellQuestion &made, const prove::Reply &reply,
                       const Tables &tables, const std::set<std::string> &unset_as_empty) {
    return GrowthReplay(cell, made, reply, tables, unset_as_empty).run();
}

} // namespace rlsproof::server
