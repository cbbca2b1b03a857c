// What is gained by a write: rows of other people that come into sight, and where they were in sight before, that may
// be changed now.
#include "server/ways_up.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "server/probe.hpp"
#include "server/scratch.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

// Whether there is nothing left to look with: what was not tried is not known.
bool WaysUp::gave_up() {
    if (left_ > 0) return false;
    if (doubt_.empty())
        doubt_ = fmt::format("after {} looks at the tables it decides about the rest was not tried", kMostLooks);
    return true;
}

// Rows of other people that are visible now, in some tables.
WaysUp::Seen WaysUp::foreign_seen(const std::set<Oid> &tables) {
    Seen seen;
    const auto look_at = [&](const std::set<Oid> *alone) {
        for (const Relation &relation : world_.relations) {
            if (!tables.contains(relation.id) || !relation.is_table() || left_ <= 0) continue;
            if (alone != nullptr && !alone->contains(relation.id)) continue;
            const Reach *reach = relation.reach_of(persona_.name);
            if (reach == nullptr || !reach->commands.contains(Command::select)) continue;
            left_--;
            const Scratch scratch;
            Probe probe(stage_, relation, own_, user_, security_);
            const Observation observation = probe.select();
            for (const Row *row : observation.foreign) seen.emplace(relation.id, row->tid);
        }
    };
    look_at(nullptr);
    by_next_token_.clear();
    const Seen by_this_one = seen;
    with_next_tokens(tables, [&](const std::set<Oid> &shown) { look_at(&shown); });
    for (const auto &row : seen)
        if (!by_this_one.contains(row)) by_next_token_.insert(row);
    return seen;
}

// What is written now may show by the next token alone. Calls `look` with each that there may be, where it says
// anything of these tables: with those of which it does.
void WaysUp::with_next_tokens(const std::set<Oid> &tables, const std::function<void(const std::set<Oid> &)> &look) {
    const NextToken &token = stage_.hints().next_token;
    std::set<Oid> shown;
    for (const Oid table : tables)
        if (token.shown.contains(table)) shown.insert(table);
    for (size_t i = 0; !shown.empty() && i < next_tokens(token); i++)
        (void)attempt(Finish::rollback, [&] {
            if (take_next_token(token, i, user_, security_)) look(shown);
        });
}

// Rows of other people that it could change or take away with its next token.
WaysUp::Seen WaysUp::written_by_next_tokens(const std::set<Oid> &tables) {
    Seen written;
    const int left = left_; // it is no more than what was looked at
    with_next_tokens(tables, [&](const std::set<Oid> &shown) {
        for (const Command command : {Command::update, Command::remove})
            written.merge(written_by_this_token(shown, command));
    });
    left_ = left;
    return written;
}

void WaysUp::Sight::merge(const Sight &other) {
    rows.insert(other.rows.begin(), other.rows.end());
    changed.insert(other.changed.begin(), other.changed.end());
    weighed.insert(other.weighed.begin(), other.weighed.end());
}

// What is not in sight is not asked for: to see it is gain enough.
WaysUp::Sight WaysUp::in_sight(const std::set<Oid> &tables) {
    Sight sight{foreign_seen(tables), {}, {}};
    for (const auto &row : sight.rows) sight.weighed.insert(row.first);
    if (left_ <= 0) sight.weighed.clear();
    sight.changed = changeable(sight.weighed);
    return sight;
}

// Rows of other people that it may change or take away. It is no more than what was looked at.
WaysUp::Seen WaysUp::changeable(const std::set<Oid> &tables) {
    const int left = std::exchange(left_, kMostLooks + 2 * (int)tables.size());
    Seen changed = written_by_this_token(tables, Command::update);
    changed.merge(written_by_this_token(tables, Command::remove));
    left_ = left;
    return changed;
}

WaysUp::Sight WaysUp::at_first(const std::set<Oid> &tables) {
    std::set<Oid> fresh;
    for (const Oid table : tables)
        if (at_first_.try_emplace(table).second) fresh.insert(table);
    if (!fresh.empty()) {
        const int left = std::exchange(left_, kMostLooks + 2 * (int)fresh.size());
        const Sight sight = in_sight(fresh);
        for (const auto &row : sight.rows) at_first_[row.first].rows.insert(row);
        for (const auto &row : sight.changed) at_first_[row.first].changed.insert(row);
        for (const Oid table : sight.weighed) at_first_[table].weighed.insert(table);
        left_ = left;
    }
    Sight result;
    for (const Oid table : tables) result.merge(at_first_[table]);
    return result;
}

// Those of the tables that tell whether more is in sight than before: where all is, nothing more can be.
std::set<Oid> WaysUp::telling(const Seen &before, const std::set<Oid> &asked) {
    std::set<Oid> result;
    std::map<const HowDecided *, int> alike;
    for (const Oid table : asked) {
        const std::vector<Row> &rows = stage_.rows(table);
        const bool all = std::all_of(rows.begin(), rows.end(), [&](const Row &row) {
            return before.contains({table, row.tid});
        });
        if (all) continue;
        const auto [how, is_new] = how_decided_.try_emplace(table, nullptr);
        if (is_new) how->second = &*ways_to_decide_.insert(how_decided(stage_.hints(), table)).first;
        if (++alike[how->second] <= kMostAlike) result.insert(table);
    }
    return result;
}

// The tables whose visible rows grew, after a write to a table that decides about them.
std::vector<std::string> WaysUp::gained(const Sight &before, const std::set<Oid> &asked) {
    std::vector<std::string> names;
    const auto is_new = [&](const std::pair<Oid, std::string> &seen) { return !before.rows.contains(seen); };
    const auto add = [&](Oid table) {
        const std::string name = stage_.tables().of(table)->name;
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    const Seen first = foreign_seen(telling(before.rows, asked));
    if (std::none_of(first.begin(), first.end(), is_new)) {
        // What everybody sees, the next token may let it change.
        for (const auto &written : written_by_next_tokens(telling({}, asked)))
            if (!written_late_.contains(written)) add(written.first);
        if (!names.empty()) {
            late_ = changes_ = true;
            return names;
        }
        std::set<Oid> weighed;
        std::set_intersection(asked.begin(), asked.end(), before.weighed.begin(), before.weighed.end(),
                              std::inserter(weighed, weighed.end()));
        if (left_ > 0)
            for (const auto &changed : changeable(telling(before.changed, weighed)))
                if (before.rows.contains(changed) && !before.changed.contains(changed)) add(changed.first);
        if (!names.empty()) {
            late_ = false;
            changes_ = true;
        }
        return names;
    }
    bool late = true;
    for (const auto &seen : foreign_seen(asked)) {
        if (!is_new(seen)) continue;
        late = late && by_next_token_.contains(seen);
        add(seen.first);
    }
    late_ = late;
    changes_ = false;
    return names;
}

} // namespace rlsproof::server
