// What a role that somebody holds in a tenant of its own gives in all the others, where whoever decides asks for the
// role and not for the tenant. Nobody raises himself here: whoever founds a tenant has such a role in it.
#include "server/ways_up.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/probe.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/standing.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostRanks = 8; // tried in one column

} // namespace

// What can be changed, or removed, of other people's rows: with the token at hand, or with any.
WaysUp::Seen WaysUp::foreign_written(const std::set<Oid> &tables, Command command) {
    Seen reached = written_by_this_token(tables, command);
    const int left = left_; // it is no more than what was looked at
    with_next_tokens(tables, [&](const std::set<Oid> &shown) { reached.merge(written_by_this_token(shown, command)); });
    left_ = left;
    return reached;
}

WaysUp::Seen WaysUp::written_by_this_token(const std::set<Oid> &tables, Command command) {
    Seen reached;
    for (const Relation &relation : world_.relations) {
        const Reach *reach = relation.reach_of(persona_.name);
        if (!tables.contains(relation.id) || !relation.is_table() || reach == nullptr ||
            !reach->commands.contains(command) || left_ <= 0)
            continue;
        left_--;
        const Scratch scratch;
        Probe probe(stage_, relation, own_, user_, security_);
        const Observation observation = command == Command::update ? probe.update(false) : probe.remove(true);
        if (observation.foreign.empty()) continue;
        // What a call before it has done to a row is nothing that this command does.
        const std::vector<const Row *> done = probe.foreign_changed();
        for (const Row *row : observation.foreign)
            if (std::find(done.begin(), done.end(), row) == done.end()) reached.emplace(relation.id, row->tid);
    }
    return reached;
}

// What can be seen, changed or removed of them.
WaysUp::Seen WaysUp::foreign_reached(const std::set<Oid> &tables) {
    Seen reached = foreign_seen(tables);
    reached.merge(foreign_written(tables, Command::update));
    reached.merge(foreign_written(tables, Command::remove));
    return reached;
}

// The roles that a column may name, but for the one it holds.
std::vector<std::string> WaysUp::ranks(const TableShape &shape, const ColumnShape &column, const Row &mine) {
    const Hints &hints = stage_.hints();
    const Column place{shape.id, column.number};
    std::vector<std::string> result;
    if (!hints.authority.contains(place) || hints.identity.contains(place) || column.generated) return result;
    const bool says = column.category == 'S' || column.category == 'E', flag = column.category == 'B';
    if (!says && !flag) return result;
    const auto held = mine.values.find(column.number);
    const auto add = [&](const std::string &role) {
        const bool same = held != mine.values.end() && held->second == role;
        if (!same && result.size() < kMostRanks && (!says || !meant_for_all(role)) &&
            std::find(result.begin(), result.end(), role) == result.end())
            result.push_back(role);
    };
    if (const auto asked = hints.candidates.find(place); asked != hints.candidates.end())
        for (const Candidate &role : asked->second)
            if (role && !role->empty()) add(*role);
    if (flag) add("t");
    if (says && hints.personal.contains(place))
        for (const std::string &word : words()) add(word);
    return result;
}

void WaysUp::try_ranks(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    const auto found = std::find_if(own_.begin(), own_.end(), [&](const Row &row) { return row.table == relation.id; });
    if (found == own_.end() || persona_.declared || !stage_.triggers_off()) return;
    const Row &mine = *found;
    std::set<std::pair<std::vector<int>, Oid>> tried; // the same may be said by two constraints
    for (const ForeignKey &key : shape.foreign_keys) {
        const TableShape *parent = stage_.tables().of(key.parent);
        if (key.columns.size() != 1 || key.parent == shape.id || parent == nullptr || !parent->made ||
            stage_.hints().identity.contains({shape.id, key.columns.front()}) || stage_.is_account(*parent))
            continue;
        if (!tried.emplace(key.columns, key.parent).second) continue;
        std::set<Oid> asked;
        for (const Oid table : dependents_[relation.id]) {
            // Somebody of another tenant has rows that name nobody else.
            const TableShape &dependent = *stage_.tables().of(table);
            if (hangs_on(stage_.tables(), dependent, key.parent) || stage_.names_people(dependent)) asked.insert(table);
        }
        if (!asked.empty()) try_ranks_in(relation, mine, key, asked);
    }
}

// Done by whoever let it in, and looked at by the persona.
void WaysUp::holding(const Row &mine, const std::string &set, const std::function<void()> &look) {
    (void)attempt(Finish::rollback, [&] {
        long changed = 0;
        {
            const AsUser past(user_, security_);
            changed = execute(fmt::format("update {} set {} where ctid = {}::tid and tableoid = {}",
                                          stage_.tables().of(mine.table)->name, set, quote_literal(mine.tid),
                                          mine.stored_in));
        }
        if (changed > 0) look();
    });
}

void WaysUp::try_ranks_in(const Relation &relation, const Row &mine, const ForeignKey &key,
                          const std::set<Oid> &asked) {
    const TableShape &shape = *stage_.tables().of(relation.id), &parent = *stage_.tables().of(key.parent);
    const ColumnShape &tenant = *shape.column(key.columns.front());
    const int named = key.parent_columns.front();
    struct Ladder {
        const ColumnShape *column;
        std::vector<std::string> roles;
        std::set<Oid> governed; // of the tables that are asked about, those that look at it
    };
    std::vector<Ladder> ladders;
    std::set<Oid> governed;
    for (const ColumnShape &column : shape.columns) {
        Ladder ladder{&column, ranks(shape, column, mine), {}};
        const auto reading = stage_.hints().governs.find({shape.id, column.number});
        if (ladder.roles.empty() || reading == stage_.hints().governs.end()) continue;
        std::set_intersection(asked.begin(), asked.end(), reading->second.begin(), reading->second.end(),
                              std::inserter(ladder.governed, ladder.governed.end()));
        governed.insert(ladder.governed.begin(), ladder.governed.end());
        if (!ladder.governed.empty()) ladders.push_back(std::move(ladder));
    }
    if (ladders.empty() && ranks_asked_by_functions({relation, parent, tenant, mine, ""}).empty()) return;
    const auto in = [&](const Candidate &value) {
        return fmt::format("{} = {}", tenant.name, Maker::literal(tenant, value));
    };
    (void)attempt(Finish::rollback, [&] {
        // A tenant is what opens its rows to whoever is in it.
        std::map<Oid, Seen> nowhere;
        for (const Oid table : asked) nowhere[table] = foreign_seen({table});
        const auto opens = [&](const Row &row) {
            const auto value = row.values.find(named);
            bool shows = false;
            if (value == row.values.end() || !value->second) return shows;
            holding(mine, in(value->second), [&] {
                for (const auto &[table, before] : nowhere) {
                    const Seen within = foreign_seen({table});
                    shows = !std::includes(before.begin(), before.end(), within.begin(), within.end());
                    if (shows) return;
                }
            });
            return shows;
        };
        const std::vector<Row> &parents = stage_.rows(parent.id);
        if (std::none_of(parents.begin(), parents.end(), opens)) return;
        const std::optional<Row> own = tenant_of_its_own(parent);
        if (!own || !own->values.contains(named)) return;
        const std::string home = in(own->values.at(named));
        Seen before;
        holding(mine, home, [&] { before = foreign_reached(governed); });
        for (const Ladder &ladder : ladders) {
            std::vector<std::string> ranks_found, gain;
            for (const std::string &role : ladder.roles) {
                if (left_ <= 0) break;
                Seen reached;
                holding(mine,
                        fmt::format("{}, {} = {}", home, ladder.column->name, Maker::literal(*ladder.column, role)),
                        [&] { reached = foreign_reached(ladder.governed); });
                bool more = false;
                for (const auto &seen : reached) {
                    if (before.contains(seen)) continue;
                    more = true;
                    const std::string name = stage_.tables().of(seen.first)->name;
                    if (std::find(gain.begin(), gain.end(), name) == gain.end()) gain.push_back(name);
                }
                if (more) ranks_found.push_back(role);
            }
            if (!gain.empty()) report_ranks(relation, *ladder.column, tenant, parent, ranks_found, gain);
        }
        try_ranks_by_calls({relation, parent, tenant, mine, home});
    });
}

void WaysUp::report_ranks(const Relation &relation, const ColumnShape &column, const ColumnShape &tenant,
                          const TableShape &parent, const std::vector<std::string> &ranks,
                          const std::vector<std::string> &gain) {
    Finding finding;
    finding.rule = "role_without_tenant";
    // Where one may be of no tenant, a role may be meant for all of them.
    finding.level = tenant.not_null ? Level::warning : Level::note;
    finding.category = Category::exposure;
    finding.object = relation.name;
    const std::string role = column.category == 'B' ? column.name : fmt::format("\"{}\"", fmt::join(ranks, "\" or \""));
    finding.message = fmt::format("whoever is {} of one {} is it of all: {}.{} lets it reach rows of the others in {}",
                                  role, parent.name, relation.name, column.name, fmt::join(gain, ", "));
    std::vector<std::string> by = deciders({finding.rule, &relation, Command::select, "", column.name, nullptr, {}, ""},
                                           stage_.tables(), stage_.hints());
    const auto elsewhere = [&](const std::string &decider) {
        return std::none_of(gain.begin(), gain.end(), [&](const std::string &table) {
            return decider.find(" of " + table) != std::string::npos;
        });
    };
    if (!std::all_of(by.begin(), by.end(), elsewhere)) std::erase_if(by, elsewhere);
    finding.detail =
        fmt::format("Asked for is the role, and not in which row of {} it is held: {}. {} was given it in a "
                    "row of its own, and saw or changed rows of others.",
                    parent.name, some_deciders(std::move(by)), persona_.name);
    finding.hint = fmt::format("Let whoever asks for the role compare {} as well. If it is meant to count everywhere, "
                               "waive the finding and say so.",
                               tenant.name);
    finding.evidence = "execution";
    finding.key = fmt::format("{}:{}.{}", finding.rule, relation.name, column.name);
    findings_->push_back(std::move(finding));
}

} // namespace rlsproof::server
