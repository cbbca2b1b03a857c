// The ways up by one write of several columns: a role that counts nowhere else, and the team that it is held in.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostPlaces = 3; // rows of a parent that one's own row is hung on
constexpr size_t kMostSets = 48;
constexpr size_t kMostRaised = 6; // rows of its own that are put in, and changed then

} // namespace

// An UPDATE of all these columns; what has to be there after it; and the columns by name, what is asked of a role
// first.
WaysUp::Together WaysUp::together(const TableShape &shape, const Values &values) const {
    std::vector<std::string> changes, kept;
    Together result;
    for (const auto &[number, value] : values) {
        const ColumnShape &column = *shape.column(number);
        const std::string literal = Maker::literal(column, value);
        changes.push_back(fmt::format("{} = {}", column.name, literal));
        kept.push_back(fmt::format("{}::text is not distinct from ({})::text", column.name, literal));
        const bool where = std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(),
                                       [&, at = number](const ForeignKey &key) { return key.columns.front() == at; });
        result.columns.insert(where ? result.columns.end() : result.columns.begin(), column.name);
    }
    result.statement = fmt::format("update {} set {}", shape.name, fmt::join(changes, ", "));
    result.kept = fmt::format("{}", fmt::join(kept, " and "));
    return result;
}

// What is asked of a row, of the columns that the persona may set.
std::vector<Values> WaysUp::may_set_together(const TableShape &shape) const {
    std::vector<Values> result = stage_.asked_together(shape);
    for (Values &asked : result) std::erase_if(asked, [&](const auto &value) { return !may_set(shape, value.first); });
    std::erase_if(result, [](const Values &asked) { return asked.empty(); });
    return result;
}

bool WaysUp::may_set(const TableShape &shape, int number) const {
    return !stage_.hints().identity.contains({shape.id, number}) && !shape.column(number)->generated &&
           may_update(shape.id, number);
}

bool WaysUp::is_promoted(const Relation &relation) const {
    return std::any_of(findings_->begin(), findings_->end(), [&](const Finding &finding) {
        return finding.rule == "self_promotion" && finding.object == relation.name;
    });
}

void WaysUp::try_promotion_together(const Relation &relation) {
    if (is_promoted(relation)) return;
    const TableShape &shape = *stage_.tables().of(relation.id);
    std::vector<Values> sets;
    const auto add = [&](const Values &values) {
        if (values.size() > 1 && sets.size() < kMostSets && std::find(sets.begin(), sets.end(), values) == sets.end())
            sets.push_back(values);
    };
    for (const Values &asked : may_set_together(shape)) {
        add(asked);
        for (const ForeignKey &key : shape.foreign_keys) {
            const TableShape *parent = stage_.tables().of(key.parent);
            if (key.columns.size() != 1 || key.parent == shape.id || parent == nullptr || stage_.is_account(*parent) ||
                !may_set(shape, key.columns.front()))
                continue;
            const std::vector<Row> &rows = stage_.rows(key.parent);
            for (size_t i = 0; i < std::min(rows.size(), kMostPlaces); i++) {
                const auto value = rows[i].values.find(key.parent_columns.front());
                if (value == rows[i].values.end() || !value->second) continue;
                Values elsewhere = asked;
                elsewhere[key.columns.front()] = value->second;
                add(elsewhere);
            }
        }
    }
    const Hearing &hearing = triggers_.of(relation, Command::update);
    const std::set<Oid> &asked = dependents_[relation.id];
    const Sight &before = seen_before_[relation.id];
    for (const Values &values : sets) {
        if (gave_up()) break;
        const Scratch scratch;
        Together change = together(shape, values);
        std::vector<std::string> gain;
        (void)attempt(Finish::rollback, [&] {
            if (in_time([&] { return execute(change.statement); }) > 0) gain = gained(before, asked);
        });
        if (gain.empty()) continue;
        const auto rises = [&] { return !gained(before, asked).empty(); };
        if (!stands(hearing, &relation, change.statement, change.kept, rises)) continue;
        const std::string role = change.columns.front();
        change.columns.erase(change.columns.begin());
        accuse({"self_promotion", &relation, Command::update, change.statement, role, nullptr, gain,
                fmt::format(" together with {}", fmt::join(change.columns, ", "))});
        break;
    }
    doubt(relation.name, Command::update);
}

// A row that opens nothing as it is let in, and does once it is changed: whoever waits to be let in lets himself in.
void WaysUp::try_raising(const Relation &relation) {
    if (joined_.contains(relation.id) || is_promoted(relation)) return;
    const TableShape &shape = *stage_.tables().of(relation.id);
    const std::vector<Values> sets = may_set_together(shape);
    if (sets.empty()) return;
    const std::set<Oid> &asked = dependents_[relation.id];
    const Sight &before = seen_before_[relation.id];
    size_t tried = 0;
    for (const Values &entry : entries(relation)) {
        if (tried >= kMostRaised || gave_up()) break;
        const Scratch scratch;
        const std::string beginning = entering(relation, entry);
        if (beginning.empty()) break;
        bool entered = false;
        std::vector<std::string> gain;
        Together change;
        (void)attempt(Finish::rollback, [&] {
            entered = in_time([&] { return execute(beginning); }) > 0;
            if (!entered || !gained(before, asked).empty()) return;
            for (const Values &values : sets) {
                change = together(shape, values);
                (void)attempt(Finish::rollback, [&] {
                    if (in_time([&] { return execute(change.statement); }) > 0) gain = gained(before, asked);
                });
                if (!gain.empty()) return;
            }
        });
        tried += entered;
        if (gain.empty()) continue;
        Hearing hearing = triggers_.of(relation, Command::insert);
        hear_too(hearing, triggers_.of(relation, Command::update));
        const auto rises = [&] {
            (void)in_time([&] { return execute(change.statement); });
            (void)execute("set constraints all immediate");
            return !gained(before, asked).empty();
        };
        if (!stands(hearing, nullptr, beginning, "", rises)) continue;
        joined_.insert(relation.id);
        accuse({"writable_authority", &relation, Command::insert, fmt::format("{}; {}", beginning, change.statement),
                "", nullptr, gain, fmt::format(", and then set its {}", fmt::join(change.columns, ", "))});
        break;
    }
    doubt(relation.name, Command::insert);
}

} // namespace rlsproof::server
