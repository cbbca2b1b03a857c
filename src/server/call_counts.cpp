// What calls do that is slight: they count, as views and uses are counted, or they drop a row into a box that nobody
// sees into. A policy that lets anybody do the same is a warning.
#include "model/name_words.hpp"

#include "server/calls.hpp"

#include <algorithm>
#include <regex>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/bystanders.hpp"
#include "server/facts.hpp"
#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostCalls = 24;

// What is counted, by its name: how often something was looked at or used. What somebody has is something else.
bool says_count(const std::string &column) {
    static const std::set<std::string> counts = {
        "view",    "views",    "count",   "counter",  "counts",    "click",      "clicks",      "hit",
        "hits",    "visit",    "visits",  "download", "downloads", "impression", "impressions", "play",
        "plays",   "open",     "opens",   "usage",    "usages",    "use",        "uses",        "used",
        "attempt", "attempts", "request", "requests", "n"};
    static const std::set<std::string> held = {"balance", "credit", "credits", "amount", "price", "point",
                                               "points",  "score",  "token",   "tokens", "quota", "limit"};
    const std::vector<std::string> words = words_of_name(column);
    const auto any_of = [&](const std::set<std::string> &list) {
        return std::any_of(words.begin(), words.end(), [&](const std::string &word) { return list.contains(word); });
    };
    return any_of(counts) && !any_of(held);
}

// What a function returns tells nothing of anybody: nothing, a number, or yes or no.
bool returns_little(Oid function) {
    return !query("select 1 from pg_catalog.pg_proc p join pg_catalog.pg_type t on t.oid = p.prorettype "
                  "where p.oid = $1::oid and not p.proretset and (t.typcategory in ('N', 'B') or t.oid = $2::oid)",
                  {std::to_string(function), std::to_string(VOIDOID)})
                .empty();
}

// The same calls with other numbers, one at a time: by how much it counts may be the caller's choice.
std::vector<std::string> with_other_numbers(const std::string &list) {
    static const std::regex number(R"('(\d+)'::(smallint|integer|bigint|numeric|real|double precision))");
    std::vector<std::string> result;
    for (std::sregex_iterator at(list.begin(), list.end(), number), end; at != end; ++at) {
        std::string other = list;
        other.insert((size_t)at->position(1), "7");
        result.push_back(std::move(other));
    }
    return result;
}

constexpr const char *kOnlyInserts = R"(
select 1 from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang,
     lateral (select coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) as text) b
where p.oid = $1::oid and l.lanname in ('sql', 'plpgsql') and b.text !~* '\m(update|delete|truncate|merge|perform|execute|call)\M')";

} // namespace

std::string Calls::counted(const Function &function, const std::vector<Gain> &gains,
                           const std::vector<Arguments> &choices) {
    if (function.procedure || !returns_little(function.id) || !stage_->triggers_off()) return "";
    std::vector<const Relation *> written;
    for (const Gain &gain : gains)
        if (gain.written)
            for (const Relation *base : bases_of(*gain.relation))
                if (stage_->tables().of(base->id) != nullptr) written.push_back(base);
    using Deltas = std::map<std::pair<const Row *, int>, std::string>;
    bool slight = true;
    std::set<std::string> columns;
    // What the caller is written down for, as who has redeemed something, is his own; where he says for whom, it is
    // not.
    const BodyFacts facts = read_body_facts(function.id);
    const bool for_itself = std::none_of(facts.written.begin(), facts.written.end(),
                                         [&](const auto &written) { return hints_.identity.contains(written.first); });
    const auto rows_in = [&](const TableShape &shape) {
        std::vector<std::string> people{"null"};
        for (const ColumnShape &column : shape.columns)
            if (for_itself && hints_.identity.contains({shape.id, column.number}) &&
                column.category != TYPCATEGORY_ARRAY)
                people.push_back(column.name + "::text");
        const AsUser past(superuser_, security_);
        return query(fmt::format("select count(*) from {} where not coalesce($1 in ({}), false)", shape.name,
                                 fmt::join(people, ", ")),
                     {persona_.uid}, false)
            .number(0, 0);
    };
    // What the calls, made one after the other, add to each number. Anything else they change is not slight.
    const auto added = [&](const std::vector<std::string> &lists) {
        std::vector<Deltas> steps;
        (void)attempt(Finish::rollback, [&] {
            Bystanders bystanders(*stage_, own_, superuser_, security_);
            std::map<unsigned, long> before;
            for (const Relation *base : written) {
                bystanders.remember(base->id);
                before[base->id] = rows_in(*stage_->tables().of(base->id));
            }
            std::map<std::pair<const Row *, int>, Value> known;
            for (const std::string &list : lists) {
                (void)in_time([&] { return execute(call_of(function, list)); });
                Deltas step;
                for (const Relation *base : written) {
                    const TableShape &shape = *stage_->tables().of(base->id);
                    slight = slight && !shape.keys.empty() &&
                             (rows_in(shape) == before.at(base->id) || !stage_->personal(shape));
                    for (const Change &change : bystanders.changed(base->id)) {
                        slight = slight && !change.gone;
                        for (const auto &[number, value] : change.columns) {
                            const ColumnShape &column = *shape.column(number);
                            const Column place{shape.id, number};
                            slight = slight && value && column.category == TYPCATEGORY_NUMERIC &&
                                     says_count(column.name) && !hints_.authority.contains(place) &&
                                     !hints_.limits.contains(place);
                            if (!slight) return;
                            const auto held = change.row->values.find(number);
                            const Value then = known.contains({change.row, number}) ? known.at({change.row, number})
                                               : held != change.row->values.end()   ? held->second
                                                                                    : Value();
                            const Rows delta =
                                query("select ($1::numeric - $2::numeric)::text, $1::numeric > $2::numeric",
                                      {value, then ? *then : "0"});
                            slight = slight && delta.boolean(0, 1);
                            step[{change.row, number}] = delta.text(0, 0);
                            known[{change.row, number}] = value;
                            columns.insert(fmt::format("{}.{}", shape.name, column.name));
                        }
                    }
                }
                steps.push_back(std::move(step));
            }
        });
        return steps;
    };
    size_t calls = 0;
    for (const Arguments &choice : choices) {
        if (!slight || ++calls > kMostCalls) break;
        const std::vector<Deltas> steps = added({choice.list, choice.list});
        if (steps.empty() || steps.front().empty()) continue;
        // Where it may not be called again, there is no more to be had by that.
        slight = slight && (steps.size() == 1 || steps[0] == steps[1]);
        for (const std::string &other : with_other_numbers(choice.list)) {
            const std::vector<Deltas> more = added({other});
            slight = slight && (more.empty() || more.front().empty() || more.front() == steps.front());
        }
    }
    return slight && !columns.empty() ? fmt::format("{}", fmt::join(columns, ", ")) : "";
}

bool Calls::only_drops(const Function &function, const Body &body, const std::vector<Gain> &gains) const {
    if (!body.known || !body.missing.empty() || !returns_little(function.id) ||
        query(kOnlyInserts, {std::to_string(function.id)}).empty())
        return false;
    const BodyFacts facts = read_body_facts(function.id);
    if (std::any_of(facts.calls.begin(), facts.calls.end(), [](Oid called) { return called >= FirstNormalObjectId; }))
        return false;
    return std::all_of(gains.begin(), gains.end(), [&](const Gain &gain) {
        const TableShape *shape = stage_->tables().of(gain.relation->id);
        return gain.written && body.inserted.contains(gain.relation->id) && shape != nullptr &&
               !stage_->decides(*shape) && !stage_->personal(*shape);
    });
}

} // namespace rlsproof::server
