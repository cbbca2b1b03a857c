// The ways up by two writes: a row that opens nothing by itself, and lets another one in that does, as an invitation
// that anybody writes to himself lets him into the members.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

bool holds_address(const ColumnShape &column) {
    return column.category == TYPCATEGORY_STRING && column.name.find("mail") != std::string::npos;
}

// The second row is about what the first is about: the same team, or the first row itself.
void follow(const TableShape &first, const Values &opening, const TableShape &second, Values &values) {
    for (const ForeignKey &key : second.foreign_keys) {
        if (key.columns.size() != 1) continue;
        const auto take = [&](int number) {
            const auto value = opening.find(number);
            if (value != opening.end() && value->second) values[key.columns.front()] = value->second;
        };
        if (key.parent == first.id) take(key.parent_columns.front());
        for (const ForeignKey &other : first.foreign_keys)
            if (other.columns.size() == 1 && other.parent == key.parent && other.parent_columns == key.parent_columns)
                take(other.columns.front());
    }
}

} // namespace

std::string WaysUp::address_of(const Persona &persona) {
    for (const auto &setting : persona.settings) {
        std::string address;
        if (!setting.second.starts_with('{')) continue;
        (void)attempt(Finish::rollback,
                      [&] { address = query("select $1::jsonb ->> 'email'", {setting.second}).text(0, 0); });
        if (!address.empty()) return address;
    }
    return "";
}

bool WaysUp::has_addresses(const TableShape &shape) {
    return std::any_of(shape.columns.begin(), shape.columns.end(), holds_address);
}

void WaysUp::readdress(const TableShape &shape, Values &values) const {
    if (address_.empty()) return;
    for (const ColumnShape &column : shape.columns)
        if (const auto value = values.find(column.number);
            value != values.end() && value->second && holds_address(column))
            value->second = address_;
}

bool WaysUp::may_enter(const Relation &relation) const {
    if (!relation.is_table() || stage_.tables().of(relation.id) == nullptr) return false;
    const Reach *reach = relation.reach_of(persona_.name);
    return reach != nullptr && reach->row_security && reach->commands.contains(Command::insert);
}

// Of the tables that the second one decides about, those that the first decides about without it. With those that the
// next token shows: what it is made of is not looked into here.
std::set<Oid> WaysUp::decided_apart(Oid first, Oid second) {
    std::set<Oid> reached{first};
    std::vector<Oid> next{first};
    while (!next.empty()) {
        const auto shown = dependents_.find(next.back());
        next.pop_back();
        if (shown == dependents_.end()) continue;
        for (const Oid table : shown->second)
            if (table != second && reached.insert(table).second) next.push_back(table);
    }
    const std::set<Oid> &later = stage_.hints().next_token.shown;
    std::set<Oid> result;
    for (const Oid table : dependents_[second])
        if (table == second || reached.contains(table) || later.contains(table)) result.insert(table);
    return result;
}

bool WaysUp::try_chain(const Relation &first, const Values &opening, const Relation &second,
                       const std::vector<Values> &seconds) {
    const TableShape &opened = *stage_.tables().of(second.id), &opener = *stage_.tables().of(first.id);
    const std::set<Oid> &asked = dependents_[second.id];
    const std::string beginning = entering(first, opening);
    const Sight &before = seen_before_[second.id];
    const std::set<Oid> apart = decided_apart(first.id, second.id);
    // How many rows of the second table are in sight once the second row is in; nothing where it is not let in, or that
    // is not known.
    const auto shown_with = [&](const std::string &statement) {
        Candidate shown;
        const std::string rows = fmt::format("select count(*) from (select 1 from {} limit 1000) x", opened.name);
        (void)attempt(Finish::rollback, [&] {
            if (in_time([&] { return execute(statement); }) == 0) return;
            const Rows found = in_time([&] { return query(rows, {}, false); });
            shown = found.value(0, 0);
        });
        return shown;
    };
    std::set<std::string> tried;
    for (Values values : seconds) {
        if (gave_up()) return false;
        follow(opener, opening, opened, values);
        const std::string statement = entering(second, values);
        if (statement.empty()) return false;
        if (!tried.insert(statement).second) continue;
        const auto gained_by = [&](const std::set<Oid> &tables) {
            std::vector<std::string> gain;
            (void)attempt(Finish::rollback, [&] {
                if (in_time([&] { return execute(statement); }) > 0) gain = gained(before, tables);
            });
            return gain;
        };
        std::vector<std::string> gain;
        const Candidate alone = shown_with(statement);
        (void)attempt(Finish::rollback, [&] {
            if (in_time([&] { return execute(beginning); }) == 0) return;
            // Where the first row neither lets the second in nor shows more of its table, what it adds to the second
            // can only be seen where it is read itself.
            gain = gained_by(alone && shown_with(statement) == alone ? apart : asked);
        });
        // What the second row opens without the first is its own doing.
        if (gain.empty() || !gained_by(asked).empty()) continue;
        Hearing hearing = triggers_.of(first, Command::insert);
        hear_too(hearing, triggers_.of(second, Command::insert));
        const auto rises = [&] {
            (void)in_time([&] { return execute(statement); });
            (void)execute("set constraints all immediate");
            return !gained(before, asked).empty();
        };
        if (!stands(hearing, &first, beginning, "true", rises)) continue;
        chained_.insert(second.id);
        accuse({"writable_authority", &first, Command::insert, fmt::format("{}; {}", beginning, statement), "", nullptr,
                gain, fmt::format(", and then one into {}", second.name)});
        return true;
    }
    return false;
}

void WaysUp::try_chains(const Relation &relation) {
    if (joined_.contains(relation.id)) return;
    for (const Relation &next : world_.relations) {
        if (next.id == relation.id || !dependents_[relation.id].contains(next.id) || joined_.contains(next.id) ||
            !dependents_.contains(next.id) || !may_enter(next))
            continue;
        const Scratch scratch;
        left_ = kMostLooks;
        if (!seen_before_.contains(next.id)) seen_before_[next.id] = at_first(dependents_[next.id]);
        const std::vector<Values> seconds = entries(next);
        for (const Values &opening : entries(relation)) {
            long entered = 0;
            const std::string beginning = entering(relation, opening);
            if (beginning.empty()) break;
            (void)attempt(Finish::rollback, [&] { entered = in_time([&] { return execute(beginning); }); });
            if (entered > 0 && try_chain(relation, opening, next, seconds)) return;
        }
    }
    doubt(relation.name, Command::insert);
}

} // namespace rlsproof::server
