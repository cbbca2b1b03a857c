#include "server/trigger_effects.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr int kMostSteps = 3; // triggers that wake triggers
constexpr int kBefore = 2, kInsert = 4, kDelete = 8, kUpdate = 16;
constexpr size_t kMostAsked = 24; // constants, of one relation

// The condition of a trigger is as the server prints it: new.status = 'approved'::text.
constexpr const char *kAll = R"(
select t.tgrelid, t.tgname, t.tgrelid::pg_catalog.regclass::text, t.tgfoid, t.tgtype & 30,
       pg_catalog.regexp_replace(p.prosrc, $a$--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'$a$, ' ', 'g')
         !~* '\m(update|delete|conflict|merge|truncate)\M',
       case when l.lanname in ('c', 'internal') then false
            when l.lanname <> 'plpgsql' or p.prosrc !~* '\mexecute\M' then true
            else p.prosecdef and pg_catalog.regexp_replace(p.prosrc,
                     $a$--[^\n]*|/\*.*?\*/|'(?:insert|update|delete)'|\mexecute\s+(?:format\s*\(\s*)?'\s*insert\M$a$, ' ', 'gi')
                     ~* '\m(execute|update|delete|conflict|merge|truncate)\M' end,
       array(select x from pg_catalog.regexp_matches(pg_catalog.pg_get_triggerdef(t.oid),
           $a$new\.("?\w+"?)\)?(?:::[\w ]+)? = '((?:[^']|'')*)'$a$, 'gi') m, unnest(m) x)
from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
join pg_catalog.pg_language l on l.oid = p.prolang
where not t.tgisinternal and t.tgenabled in ('O', 'A') order by t.tgrelid::pg_catalog.regclass::text, t.tgname)";

int event_of(Command command) {
    return command == Command::insert ? kInsert : command == Command::remove ? kDelete : kUpdate;
}

} // namespace

const std::map<Oid, std::vector<TriggerEffects::One>> &TriggerEffects::all() {
    if (all_) return *all_;
    all_.emplace();
    const Rows rows = query(kAll);
    for (size_t i = 0; i < rows.size(); i++)
        (*all_)[rows.oid(i, 0)].push_back({rows.text(i, 1), rows.text(i, 2), rows.oid(i, 3), (int)rows.number(i, 4),
                                           rows.boolean(i, 5), rows.boolean(i, 6), rows.list(i, 7)});
    return *all_;
}

Effects TriggerEffects::of(const TableShape &relation, Command command) {
    Effects effects;
    const auto take = [&](const std::string &column, const std::string &value) {
        for (const ColumnShape &own : relation.columns)
            if (own.name == column && !own.generated && own.type != JSONOID && own.type != JSONBOID &&
                effects.asked.size() < kMostAsked &&
                std::find(effects.asked.begin(), effects.asked.end(), std::pair(own.number, value)) ==
                    effects.asked.end())
                effects.asked.emplace_back(own.number, value);
    };
    struct Next {
        Oid table;
        int events;
        int step;
        std::string first;
    };
    std::vector<Next> left{{relation.id, event_of(command), 0, ""}};
    std::set<Oid> seen;
    while (!left.empty()) {
        const Next next = left.back();
        left.pop_back();
        const auto here = all().find(next.table);
        if (here == all().end() || next.step > kMostSteps || (next.step > 0 && !seen.insert(next.table).second))
            continue;
        for (const One &one : here->second) {
            if ((one.events & next.events) == 0) continue;
            const Body &body = bodies_.of(one.function);
            const std::string &first = next.step == 0 ? one.name : next.first;
            if (!body.known && body.missing.empty() && one.may_go_past && effects.unread.empty())
                effects.unread = fmt::format("what trigger {} does to rows of other people is not known: {}", first,
                                             body.unknown_reason);
            for (const auto &[table, written] : body.relations) {
                if (!written) continue;
                effects.written.emplace(table, first);
                if (!one.only_inserts || !body.inserted.contains(table)) effects.changed.insert(table);
                left.push_back({table, kInsert | kDelete | kUpdate, next.step + 1, first});
            }
            if (next.step > 0) continue;
            effects.before = effects.before || (one.events & kBefore) != 0;
            for (const auto &[table, written] : body.relations) effects.touched.emplace(table, one.name);
            merge(effects.row, row_of(one.function));
            effects.named.insert(body.column_names.begin(), body.column_names.end());
            for (size_t i = 0; i + 1 < one.when.size(); i += 2) take(one.when[i], one.when[i + 1]);
            for (const auto &[column, value] : body.compared)
                if (value) {
                    take(column, *value);
                    effects.compared.emplace_back(column, *value);
                }
        }
    }
    hand_on(effects.row);
    return effects;
}

const Place &TriggerEffects::row_of(Oid function) {
    const auto known = rows_.find(function);
    return known != rows_.end() ? known->second : rows_.emplace(function, read_written_row(function)).first->second;
}

// What goes into another table may be what the triggers there look for.
void TriggerEffects::hand_on(Place &place) {
    for (auto &[name, member] : place.members) hand_on(member);
    if (place.element != nullptr) hand_on(*place.element);
    if (place.compared || !place.written || place.has_parts()) return;
    const auto there = all().find(place.written->relation);
    if (there == all().end()) return;
    const std::string column =
        query("select attname from pg_catalog.pg_attribute where attrelid = $1::oid and attnum = $2::int2",
              {std::to_string(place.written->relation), std::to_string(place.written->number)})
            .text(0, 0);
    for (const One &one : there->second) {
        const Place &row = row_of(one.function);
        if (const auto member = row.members.find(column); (one.events & kInsert) != 0 && member != row.members.end())
            merge(place, member->second);
    }
}

std::vector<std::string> TriggerEffects::that_fill(Oid table) {
    std::vector<std::string> names;
    for (const auto &[on, triggers] : all())
        for (const One &one : triggers)
            if (on != table && bodies_.of(one.function).inserted.contains(table))
                names.push_back(fmt::format("trigger {} on {}", one.name, one.on));
    return names;
}

} // namespace rlsproof::server
