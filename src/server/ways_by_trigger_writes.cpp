// Rows of its own that triggers may do something with, and the statements that write them.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/standing.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"
#include "server/trigger_links.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostRows = 48;   // of its own, tried in one table
constexpr size_t kMostPlain = 12;  // of these, as they are
constexpr size_t kMostPointed = 4; // rows of other people, that it is pointed to
constexpr size_t kMostLinked = 10; // the same, without a foreign key
constexpr size_t kMostSets = 6;    // of what triggers ask of a row
constexpr size_t kMostAsked = 8;   // words that are asked of what a trigger writes
constexpr size_t kMostChanged = 6; // own rows that are changed

const std::string kNobodys = "00b0d1e5-0000-4000-8000-0000000000aa"; // which nothing else is of

// The same row with other numbers, to see what they go into.
Values with_more(const TableShape &shape, const Values &values, int more) {
    Values result = values;
    for (auto &given : result) {
        const int number = given.first;
        Candidate &value = given.second;
        const ColumnShape *column = shape.column(number);
        if (column == nullptr || column->category != TYPCATEGORY_NUMERIC || !value || shape.is_in_key(number)) continue;
        std::string shifted;
        (void)attempt(Finish::rollback, [&] {
            shifted = query("select ($1::numeric + $2::numeric)::text", {value, std::to_string(more)}).text(0, 0);
        });
        if (!shifted.empty()) value = shifted;
    }
    return result;
}

} // namespace

// Rows of its own that a trigger may do something with: pointing to rows of other people, the ones out of sight first,
// and with the words that it asks for.
std::vector<Values> WaysUp::rows_for_triggers(const Relation &relation, const Effects &effects,
                                              const std::set<Oid> &targets) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    std::vector<Values> plain = entries(relation);
    plain.resize(std::min(plain.size(), kMostPlain));
    // What comes from outside, the message of a service, names nobody.
    if (plain.empty() && !stage_.names_people(shape) && shape.foreign_keys.empty()) {
        std::vector<const Row *> strangers;
        for (const Row &row : stage_.rows(relation.id)) strangers.push_back(&row);
        plain = stage_.candidates(relation.id, strangers);
        plain.resize(std::min<size_t>(plain.size(), 1));
    }
    if (plain.empty()) return plain;
    std::vector<Values> result;
    const auto add = [&](const Values &row) {
        if (result.size() < kMostRows && std::find(result.begin(), result.end(), row) == result.end())
            result.push_back(row);
    };
    std::vector<Values> pointed{plain.front()};
    for (const ForeignKey &key : shape.foreign_keys) {
        if (key.columns.size() != 1 || !targets.contains(key.parent) || key.parent == relation.id ||
            stage_.hints().identity.contains({relation.id, key.columns.front()}))
            continue;
        for (const bool hidden : {true, false}) {
            size_t taken = 0;
            for (const Row *row : rows_to_find(key.parent, effects, hidden)) {
                const auto value = row->values.find(key.parent_columns.front());
                if (taken == kMostPointed || value == row->values.end() || !value->second) continue;
                Values one = plain.front();
                one[key.columns.front()] = value->second;
                pointed.push_back(std::move(one));
                taken++;
            }
        }
    }
    // The same where no foreign key says so, and the trigger hands a column on to one of the same name.
    for (const Oid target : targets)
        for (const ColumnShape &column : shape.columns) {
            if (shape.is_in_key(column.number) || !effects.named.contains(column.name) || column.type != UUIDOID ||
                stage_.hints().identity.contains({relation.id, column.number}))
                continue;
            std::set<Candidate> taken;
            for (const ColumnShape &same : stage_.tables().of(target)->columns)
                for (const Row &row : stage_.rows(target))
                    if (const auto value = row.values.find(same.number);
                        same.name == column.name && same.type == column.type && value != row.values.end() &&
                        value->second && taken.size() < kMostPointed && taken.insert(value->second).second) {
                        pointed.push_back(plain.front());
                        pointed.back()[column.number] = value->second;
                    }
        }
    const std::vector<Values> links = links_of(relation, effects, targets);
    // What the triggers ask of the row: the first of each column together, then each other one in its place.
    std::vector<Values> sets(1);
    for (const auto &[number, value] : effects.asked) sets.front().emplace(number, value);
    if (sets.front().empty()) sets.clear();
    for (const auto &[number, value] : effects.asked) {
        Values other = sets.front();
        other[number] = value;
        if (sets.size() < kMostSets && std::find(sets.begin(), sets.end(), other) == sets.end())
            sets.push_back(std::move(other));
    }
    // What policies ask of the rows that the triggers write may be handed to them by this one.
    std::vector<std::string> words;
    for (const Oid target : targets)
        if (const Hints &hints = stage_.hints(); target == hints.next_token.accounts)
            for (const std::string &word : hints.asked)
                if (words.size() < kMostAsked) words.push_back(word); // of the token
    for (const Oid target : targets)
        for (const auto &[place, values] : stage_.hints().candidates)
            for (const Candidate &value : values)
                if (place.relation == target && value && words.size() < kMostAsked &&
                    std::find(words.begin(), words.end(), *value) == words.end())
                    words.push_back(*value);
    const auto with = [](Values row, const Values &set) {
        for (const auto &[number, value] : set) row[number] = value;
        return row;
    };
    for (size_t i = 0; i < links.size() && !sets.empty(); i++)
        for (size_t set = 0; set < (i == 0 ? sets.size() : 1); set++)
            add(with(with(plain.front(), sets[set]), links[i]));
    for (const Values &link : links) add(with(plain.front(), link));
    for (const Values &set : sets) add(with(pointed.size() > 1 ? pointed[1] : pointed.front(), set));
    for (const ColumnShape &column : shape.columns) {
        const bool says = column.category == 'S' || column.category == 'E' || column.category == 'B';
        const bool is_asked = std::any_of(effects.asked.begin(), effects.asked.end(),
                                          [&](const auto &asked) { return asked.first == column.number; });
        if (!says || is_asked || column.generated || shape.is_in_key(column.number) ||
            !effects.named.contains(column.name) || stage_.hints().identity.contains({relation.id, column.number}))
            continue;
        for (const std::string &word : words) {
            const Values said{{column.number, word}};
            if (sets.empty()) add(with(pointed.front(), said));
            for (const Values &set : sets) add(with(with(pointed.front(), set), said));
        }
    }
    for (const Values &row : pointed) add(row);
    for (const Values &row : plain) add(row);
    for (size_t i = 1; i < pointed.size() && !sets.empty(); i++) add(with(pointed[i], sets.front()));
    return result;
}

// Rows of other people, in sight or not, the ones that hold what the triggers ask for first.
std::vector<const Row *> WaysUp::rows_to_find(Oid table, const Effects &effects, bool hidden) {
    const TableShape &shape = *stage_.tables().of(table);
    const Seen seen = at_first({table}).rows;
    std::vector<std::pair<int, const Row *>> found;
    for (const Row &row : stage_.rows(table)) {
        if (seen.contains({table, row.tid}) == hidden) continue;
        int holds = 0;
        for (const ColumnShape &column : shape.columns)
            for (const auto &[name, value] : effects.compared)
                if (const auto held = row.values.find(column.number);
                    name == column.name && held != row.values.end() && held->second == value)
                    holds++;
        found.emplace_back(-holds, &row);
    }
    std::stable_sort(found.begin(), found.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
    std::vector<const Row *> rows;
    for (const auto &[less, row] : found) rows.push_back(row);
    return rows;
}

// What of a row of its own makes the triggers find rows of other people without a foreign key that says so, the ones
// out of sight first.
std::vector<Values> WaysUp::links_of(const Relation &relation, const Effects &effects, const std::set<Oid> &targets) {
    std::vector<Values> result;
    const TriggerLinks links(*stage_.tables().of(relation.id), effects, targets, stage_, persona_.uid);
    const auto is_known = [&](const Column &column, const std::string &value) { return is_shown(column, value); };
    for (const bool hidden : {true, false})
        for (const Oid table : links.tables()) {
            size_t taken = 0;
            for (const Row *row : rows_to_find(table, effects, hidden)) {
                if (taken == (hidden ? kMostPointed : kMostPointed / 2) || result.size() >= kMostLinked) break;
                const std::vector<Values> ways = links.to(*row, is_known);
                for (size_t i = 0; i < ways.size() && (taken == 0 || i < 2); i++) result.push_back(ways[i]);
                taken++;
            }
        }
    return result;
}

// A row that is its own by the address in it: an invitation, and not one into what is known to be somebody else's.
std::optional<Row> WaysUp::addressed(const TableShape &shape) {
    const std::vector<Row> &rows = stage_.rows(shape.id);
    if (!has_addresses(shape) || address_.empty() || rows.empty()) return std::nullopt;
    const std::vector<Values> like = stage_.candidates(shape.id, {&rows.front()});
    if (like.empty()) return std::nullopt;
    Row row{shape.id, InvalidOid, "", like.front(), true};
    readdress(shape, row.values);
    const Values among = stage_.among_own(shape, row.values, own_);
    for (auto &given : row.values) {
        const int number = given.first;
        const ColumnShape *column = shape.column(number);
        const bool refers = std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(),
                                        [&](const ForeignKey &key) { return key.columns == std::vector{number}; });
        if (refers && !stage_.hints().identity.contains({shape.id, number}) && given.second) {
            if (among.at(number) == given.second) return std::nullopt;
            given.second = among.at(number);
        } else if (!shape.is_in_key(number) && column->type == UUIDOID && given.second) {
            given.second = kNobodys;
        }
        const bool says = column->category == TYPCATEGORY_STRING || column->category == TYPCATEGORY_ENUM ||
                          column->category == TYPCATEGORY_BOOLEAN;
        if (const Candidate plain = default_word(*column); plain && says) given.second = plain;
    }
    return row;
}

std::vector<WaysUp::OwnWrite> WaysUp::own_writes(const Relation &relation, Command command, const Effects &effects,
                                                 const std::set<Oid> &targets) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    std::vector<OwnWrite> writes;
    const std::vector<Values> rows = rows_for_triggers(relation, effects, targets);
    if (command == Command::insert) {
        for (const Values &row : rows) {
            const std::string statement = entering(relation, row);
            if (statement.empty()) return {};
            writes.push_back(
                {"", statement,
                 [this, &relation, &shape, row](int more) { return entering(relation, with_more(shape, row, more)); },
                 row});
        }
        return writes;
    }
    if (rows.empty() || shape.keys.empty()) return writes;
    // One of its own that is there, or one that is made as it would be.
    std::optional<Row> mine;
    std::string made;
    for (const Row &row : own_)
        if (row.table == relation.id && !mine) mine = row;
    if (!mine && !stage_.names_people(shape)) mine = addressed(shape);
    if (mine && mine->stored_in == InvalidOid) made = Maker::insert_statement(shape, mine->values);
    if (!mine) {
        (void)attempt(Finish::rollback, [&] {
            const AsUser past(user_, security_);
            mine = stage_.another_own(shape, persona_.uid, own_);
        });
        if (!mine) return writes;
        mine->values = stage_.among_own(shape, mine->values, own_);
        made = Maker::insert_statement(shape, mine->values);
    }
    std::string which;
    for (const int number : shape.keys.front()) {
        const auto value = mine->values.find(number);
        if (value == mine->values.end() || !value->second) return writes;
        which += fmt::format("{}{} = {}", which.empty() ? "" : " and ", shape.column(number)->name,
                             Maker::literal(*shape.column(number), value->second));
    }
    if (command == Command::remove) {
        // Of what it may put in itself, whatever that points to.
        const bool wakes = triggers_.of(relation, Command::insert).why_not.empty();
        for (const Values &row : rows) {
            if (writes.size() == kMostChanged) break;
            std::string there;
            Values values = row;
            for (const int number : shape.keys.front())
                if (!values.contains(number) || !values[number]) values[number] = mine->values.at(number);
            for (const int number : shape.keys.front())
                there += fmt::format("{}{} = {}", there.empty() ? "" : " and ", shape.column(number)->name,
                                     Maker::literal(*shape.column(number), values[number]));
            long entered = 0;
            const std::string put_in = entering(relation, values);
            if (put_in.empty()) return {};
            (void)attempt(Finish::rollback, [&] {
                if (wakes) {
                    const AsUser past(user_, security_);
                    wake();
                }
                entered = in_time([&] { return execute(put_in); });
            });
            if (entered > 0)
                writes.push_back(
                    {put_in, fmt::format("delete from {} where {}", relation.name, there), nullptr, values});
        }
        return writes;
    }
    std::set<std::string> tried;
    for (const Values &row : rows) {
        const auto setting = [this, &relation, &shape, held_now = mine->values, which](const Values &values) {
            std::string set;
            for (const ColumnShape &column : shape.columns) {
                const auto value = values.find(column.number);
                const auto held = held_now.find(column.number);
                const auto &key = shape.keys.front();
                if (value == values.end() || column.generated ||
                    stage_.hints().identity.contains({shape.id, column.number}) ||
                    std::find(key.begin(), key.end(), column.number) != key.end() ||
                    (held != held_now.end() && held->second == value->second) || !may_update(shape.id, column.number))
                    continue;
                set += fmt::format("{}{} = {}", set.empty() ? "" : ", ", column.name,
                                   Maker::literal(column, value->second));
            }
            return set.empty() ? set : fmt::format("update {} set {} where {}", relation.name, set, which);
        };
        const std::string statement = setting(row);
        if (!statement.empty() && tried.insert(statement).second)
            writes.push_back({made, statement,
                              [&shape, row, setting](int more) { return setting(with_more(shape, row, more)); }, row});
    }
    return writes;
}

bool WaysUp::goes_through(const Relation &relation, Command command, const Effects &effects,
                          const std::set<Oid> &targets) {
    const std::vector<OwnWrite> writes = own_writes(relation, command, effects, targets);
    return std::any_of(writes.begin(), writes.end(), [&](const OwnWrite &write) {
        long written = 0;
        (void)attempt(Finish::rollback, [&] {
            if (!write.made.empty()) {
                const AsUser past(user_, security_);
                (void)execute(write.made);
            }
            written = in_time([&] { return execute(write.statement); });
        });
        return written > 0;
    });
}

} // namespace rlsproof::server
