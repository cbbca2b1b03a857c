// The ways up of whoever has something of its own: the owner of a team writes a row of that team which names himself
// and what is another team's. Signing up gives a team, or an INSERT does, or a call; who may write such rows is asked
// for the team, and nobody asks whose the other end is.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostFirst = 3;   // rows of one table, tried to found something
constexpr size_t kMostCalls = 6;   // functions, called for that
constexpr size_t kMostLinked = 12; // rows of one table, tried after that
constexpr int kMostRounds = 2;     // what is founded may let more be

} // namespace

// The rows of a table that name the persona.
std::vector<Row> WaysUp::rows_naming_it(const TableShape &shape) {
    std::vector<Row> result;
    std::vector<std::string> named;
    std::string columns;
    for (const ColumnShape &column : shape.columns) columns += fmt::format(", {}::text", column.name);
    for (const auto &[number, value] : stage_.owned_by(shape, {}, persona_.uid))
        if (const ColumnShape &column = *shape.column(number);
            stage_.hints().identity.contains({shape.id, number}) && column.category != TYPCATEGORY_ARRAY)
            named.push_back(fmt::format("{} = {}", column.name, Maker::literal(column, value)));
    if (named.empty()) return result;
    const AsUser past(user_, security_);
    const Rows found = query(
        fmt::format("select tableoid, ctid{} from {} where {} limit 10", columns, shape.name, fmt::join(named, " or ")),
        {}, false);
    for (size_t i = 0; i < found.size(); i++) {
        Row row{shape.id, found.oid(i, 0), found.text(i, 1), {}, true};
        for (size_t k = 0; k < shape.columns.size(); k++)
            row.values.emplace(shape.columns[k].number, found.value(i, k + 2));
        result.push_back(std::move(row));
    }
    return result;
}

// Does it with all triggers awake, and keeps it where it gives the persona rows in tables that decide, and shows it
// nothing of others: that would be a way up by itself.
bool WaysUp::founds(const std::string &statement, const std::set<Oid> &written, Founded &founded) {
    std::set<Oid> asked;
    for (const Oid table : written)
        if (const auto shown = dependents_.find(table); shown != dependents_.end())
            asked.insert(shown->second.begin(), shown->second.end());
    std::vector<Row> rows;
    const auto act = [&] {
        {
            const AsUser past(user_, security_);
            wake();
        }
        (void)in_time([&] { return execute(statement); });
        (void)execute("set constraints all immediate");
        const AsUser past(user_, security_);
        set_locally("session_replication_role", "replica");
    };
    bool more = false;
    (void)attempt(Finish::rollback, [&] {
        act();
        for (const Oid table : written)
            if (const TableShape *shape = stage_.tables().of(table))
                for (Row &row : rows_naming_it(*shape))
                    if (std::none_of(founded.rows.begin(), founded.rows.end(), [&](const Row &known) {
                            return known.table == row.table && known.tid == row.tid && known.stored_in == row.stored_in;
                        }))
                        rows.push_back(std::move(row));
        more = !rows.empty() && gained(founded.seen, asked).empty();
    });
    if (!more || !attempt(Finish::commit, act).ok) return false;
    founded.rows.clear();
    for (const auto &[id, shape] : stage_.tables().shapes)
        if (dependents_.contains(id))
            for (Row &row : rows_naming_it(shape)) founded.rows.push_back(std::move(row));
    founded.statements.push_back(statement);
    return true;
}

void WaysUp::found(Founded &founded) {
    const auto decides = [&](Oid table) { return dependents_.contains(table); };
    for (int round = 0; round < kMostRounds; round++) {
        for (const Oid id : stage_.tables().parents_first()) {
            const TableShape &shape = *stage_.tables().of(id);
            const Relation *relation = world_.relation(shape.name);
            if (relation == nullptr || !may_enter(*relation) || joined_.contains(id) || founded.in.contains(id))
                continue;
            std::set<Oid> written{id};
            for (const auto &[table, trigger] : effects_.of(shape, Command::insert).written) written.insert(table);
            // A row that names nobody may be made somebody's by a trigger.
            const bool named = stage_.names_people(shape);
            if ((!named && written.size() == 1) || !triggers_.of(*relation, Command::insert).why_not.empty()) continue;
            const bool decide = std::any_of(written.begin(), written.end(), decides);
            if (!named && !decide && round == 0) found_by_trigger(*relation, shape, written);
            if (!decide) continue;
            size_t tried = 0;
            std::vector<const Row *> strangers;
            for (const Row &row : stage_.rows(id)) strangers.push_back(&row);
            for (const Values &values : named ? entries(*relation) : stage_.candidates(id, strangers)) {
                if (left_ <= 0 || tried++ == kMostFirst) break;
                const std::string statement = entering(*relation, stage_.among_own(shape, values, founded.rows));
                if (statement.empty()) break;
                const std::vector<Row> before = founded.rows;
                if (!founds(statement, written, founded)) continue;
                founded.in.insert(id);
                if (!named) becomes_its_own(*relation, before, founded.rows);
                break;
            }
            if (!named && round == 0) found_by_trigger(*relation, shape, written);
        }
        if (round > 0) continue;
        size_t calls = 0;
        for (const Opener &opener : openers_) {
            if (left_ <= 0 || ++calls > kMostCalls || !opener.hearing.why_not.empty()) break;
            const std::vector<Arguments> choices =
                arguments_for_itself(*opener.function, stage_, persona_.uid, nullptr);
            if (!choices.empty())
                (void)founds(call_of(*opener.function, choices.front().list), opener.written, founded);
        }
    }
}

// Where the table that a trigger makes its founder a member in is not known to decide, as where memberships are kept in
// a document that is made of them: seen is that the trigger names the persona beside the row, and that it sees the row
// then, and not without.
void WaysUp::found_by_trigger(const Relation &relation, const TableShape &shape, const std::set<Oid> &written) {
    const bool open = std::any_of(cells_->begin(), cells_->end(), [&](const Cell &cell) {
        return cell.persona == persona_.name && cell.object == relation.name && cell.command == Command::insert &&
               cell.verdict == Verdict::open && cell.expected == "none" && cell.founds;
    });
    if (!open) return;
    std::vector<const Row *> strangers;
    for (const Row &row : stage_.rows(shape.id)) strangers.push_back(&row);
    const std::string seen = fmt::format("select count(*) from {}", relation.name);
    size_t tried = 0;
    for (const Values &values : stage_.candidates(shape.id, strangers)) {
        if (left_ <= 0 || tried++ == kMostFirst) break;
        const std::string statement = entering(relation, stage_.among_own(shape, values, own_));
        if (statement.empty()) break;
        left_ -= 2;
        // How many more it sees by putting one in; nothing where it may not.
        const auto sees_more = [&](bool awake, std::vector<Row> *named) {
            long more = -1;
            const Outcome outcome = attempt(Finish::rollback, [&] {
                const long before = query(seen, {}, false).number(0, 0);
                if (awake) {
                    const AsUser past(user_, security_);
                    wake();
                }
                (void)in_time([&] { return execute(statement); });
                if (awake) (void)execute("set constraints all immediate");
                more = query(seen, {}, false).number(0, 0) - before;
                if (named == nullptr) return;
                for (const Oid table : written)
                    if (const TableShape *other = stage_.tables().of(table); other != nullptr && table != shape.id)
                        for (Row &row : rows_naming_it(*other)) named->push_back(std::move(row));
            });
            return outcome.ok ? more : -1;
        };
        std::vector<Row> named;
        if (sees_more(true, &named) != 1 || sees_more(false, nullptr) != 0) continue;
        becomes_its_own(relation, own_, named);
        return;
    }
}

// A row that names nobody and hangs on nothing of anybody's, and that a trigger makes whoever put it in a member of: it
// is somebody's before anybody else sees it.
void WaysUp::becomes_its_own(const Relation &relation, const std::vector<Row> &before, const std::vector<Row> &after) {
    const auto is_new = [&](const Row &row) {
        return std::none_of(before.begin(), before.end(), [&](const Row &known) {
            return known.table == row.table && known.tid == row.tid && known.stored_in == row.stored_in;
        });
    };
    // One that was there already is nobody's by being put in.
    const auto was_there = [&](int number, const Candidate &value) {
        const std::vector<Row> &rows = stage_.rows(relation.id);
        return std::any_of(rows.begin(), rows.end(), [&](const Row &row) {
            const auto known = row.values.find(number);
            return known != row.values.end() && known->second == value;
        });
    };
    const auto member = std::find_if(after.begin(), after.end(), [&](const Row &row) {
        const std::vector<ForeignKey> &keys = stage_.tables().of(row.table)->foreign_keys;
        return is_new(row) && std::any_of(keys.begin(), keys.end(), [&](const ForeignKey &key) {
                   const auto named = row.values.find(key.columns.front());
                   return key.parent == relation.id && key.columns.size() == 1 && named != row.values.end() &&
                          named->second && !was_there(key.parent_columns.front(), named->second);
               });
    });
    const TableShape &shape = *stage_.tables().of(relation.id);
    const bool of_a_tenant = std::any_of(shape.columns.begin(), shape.columns.end(), [&](const ColumnShape &column) {
        const bool key = !shape.keys.empty() && shape.keys.front() == std::vector{column.number};
        return !key && stage_.hints().tenant.contains({shape.id, column.number});
    });
    if (member == after.end() || of_a_tenant) return;
    for (Cell &cell : *cells_) {
        if (cell.persona != persona_.name || cell.object != relation.name || cell.command != Command::insert ||
            cell.verdict != Verdict::open || cell.expected != "none" || !cell.founds)
            continue;
        cell.verdict = Verdict::ok;
        cell.by_trigger = true;
        cell.reason = fmt::format("whoever puts a row in is named in {} by a trigger: it is its own",
                                  stage_.tables().of(member->table)->name);
        cell.witness.clear();
    }
}

void WaysUp::try_after_founding(const std::string &object) {
    if (persona_.declared || persona_.uid.empty() || !stage_.triggers_off()) return;
    left_ = kMostLooks;
    const std::string said = doubt_;
    (void)attempt(Finish::rollback, [&] {
        Founded founded{own_, {}, {}, {}};
        std::set<Oid> all;
        for (const auto &[table, asked] : dependents_) all.insert(asked.begin(), asked.end());
        founded.seen = at_first(all);
        found(founded);
        const Sight before = founded.statements.empty() ? founded.seen : in_sight(all);
        for (const Relation &relation : world_.relations)
            if ((object.empty() || object == relation.name) && dependents_.contains(relation.id) &&
                may_enter(relation) && !joined_.contains(relation.id) && !chained_.contains(relation.id))
                try_linking(relation, founded, before);
        for (const Relation &relation : world_.relations) {
            const Reach *reach = relation.reach_of(persona_.name);
            if ((object.empty() || object == relation.name) && dependents_.contains(relation.id) &&
                relation.is_table() && stage_.tables().of(relation.id) != nullptr && reach != nullptr &&
                reach->row_security && reach->commands.contains(Command::update))
                try_pointing(relation, founded, before);
        }
        try_taking_away(object, founded);
    });
    doubt_ = said; // what could not be founded is no doubt about what can
}

void WaysUp::try_linking(const Relation &relation, const Founded &founded, const Sight &before) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    const std::set<Oid> &asked = dependents_[relation.id];
    if (!stage_.names_people(shape)) return;
    std::set<std::string> tried;
    bool unsure = false;
    doubt_.clear();
    for (const Values &values : entries(relation)) {
        const Values linked = stage_.among_own(shape, values, founded.rows);
        std::vector<Values> rows;
        // One end of its own, the others as they are.
        for (const ForeignKey &key : shape.foreign_keys) {
            const int number = key.columns.front();
            const auto now = linked.find(number), then = values.find(number);
            if (key.columns.size() != 1 || now == linked.end() || then == values.end() || now->second == then->second)
                continue;
            rows.push_back(values);
            rows.back()[number] = now->second;
        }
        // One more row of what it has a row in: the member of a school, who says that he is more.
        for (const Row &mine : founded.rows) {
            if (mine.table != relation.id) continue;
            Values more = values;
            for (const ForeignKey &key : shape.foreign_keys)
                if (const auto held = mine.values.find(key.columns.front());
                    key.columns.size() == 1 && held != mine.values.end() && held->second)
                    more[key.columns.front()] = held->second;
            if (more != values) rows.push_back(std::move(more));
        }
        for (const Values &row : rows) {
            unsure = unsure || gave_up();
            if (left_ <= 0 || tried.size() == kMostLinked) break;
            const Scratch scratch;
            const std::string statement = entering(relation, row);
            unsure = unsure || statement.empty(); // it would draw a number
            if (statement.empty() || !tried.insert(statement).second) continue;
            std::vector<std::string> gain;
            (void)attempt(Finish::rollback, [&] {
                if (in_time([&] { return execute(statement); }) > 0) gain = gained(before, asked);
            });
            const auto rises = [&] { return !gained(before, asked).empty(); };
            if (gain.empty()) continue;
            if (!stands(triggers_.of(relation, Command::insert), &relation, statement, "true", rises)) {
                unsure = true;
                continue;
            }
            joined_.insert(relation.id);
            std::vector<std::string> all = founded.statements;
            all.push_back(statement);
            accuse({"writable_authority", &relation, Command::insert, fmt::format("{}", fmt::join(all, "; ")), "",
                    nullptr, gain, appointed_.empty() ? ", by way of what is its own" : ""});
            return;
        }
    }
    if (unsure) doubt(relation.name, Command::insert);
}

} // namespace rlsproof::server
