// The neighbour: somebody with rows of its own in every table that knows whose a row is, in a team that the persona has
// nothing to do with. What the persona does to him is shown by what he sees.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/appointed.hpp"
#include "server/identity.hpp"
#include "server/refusals.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostRanks = 4;

} // namespace

const std::string WaysUp::kNeighbour = "9e160b0e-0000-4000-8000-00000000e15e";

// What the neighbour has. REQUIRES: a subtransaction around it that is rolled back.
std::vector<Row> WaysUp::meet_the_neighbour() {
    const AsUser past(user_, security_);
    std::vector<Row> theirs = stage_.sign_up(kNeighbour, true);
    take_in(theirs);
    // Nor is the neighbour one of those who look after all.
    std::vector<Finding> said;
    strike_off(stage_, bodies_, as_person(persona_, kNeighbour), theirs, said);
    ranks_ = ranks_of(theirs);
    return theirs;
}

// Whoever was signed up by the application itself is in no team yet: somebody has taken this one in.
void WaysUp::take_in(std::vector<Row> &theirs) {
    for (Row &row : theirs) {
        const TableShape &shape = *stage_.tables().of(row.table);
        if (!stage_.decides(shape)) continue;
        std::vector<std::string> said;
        for (const ForeignKey &key : shape.foreign_keys) {
            const auto held = row.values.find(key.columns.front());
            const auto parent =
                std::find_if(theirs.begin(), theirs.end(), [&](const Row &other) { return other.table == key.parent; });
            if (key.columns.size() != 1 || key.parent == shape.id || parent == theirs.end() ||
                (held != row.values.end() && held->second))
                continue;
            const auto value = parent->values.find(key.parent_columns.front());
            if (value == parent->values.end() || !value->second) continue;
            const ColumnShape &column = *shape.column(key.columns.front());
            said.push_back(fmt::format("{} = {}", column.name, Maker::literal(column, value->second)));
            row.values[column.number] = value->second;
        }
        if (!said.empty())
            (void)attempt(Finish::commit, [&] {
                (void)execute(fmt::format("update {} set {} where ctid = {}::tid and tableoid = {}", shape.name,
                                          fmt::join(said, ", "), quote_literal(row.tid), row.stored_in));
            });
    }
}

// What a row of theirs is called by, that others hang on: one that is there, or that one says they belong to; else one
// is made, where it can be.
std::optional<std::string> WaysUp::of_the_neighbour(const ForeignKey &key, std::vector<Row> &theirs) {
    const auto is_there = [&](const Row &row) { return row.table == key.parent; };
    if (std::none_of(theirs.begin(), theirs.end(), is_there))
        for (const Row &row : theirs) {
            const TableShape &shape = *stage_.tables().of(row.table);
            if (!stage_.decides(shape)) continue;
            for (const ForeignKey &other : shape.foreign_keys) {
                const auto held = row.values.find(other.columns.front());
                if (other.parent == key.parent && other.parent_columns == key.parent_columns &&
                    held != row.values.end() && held->second)
                    return held->second;
            }
        }
    if (std::none_of(theirs.begin(), theirs.end(), is_there)) {
        const AsUser past(user_, security_);
        if (std::optional<Row> row = stage_.another_own(*stage_.tables().of(key.parent), kNeighbour, theirs))
            theirs.push_back(std::move(*row));
    }
    const auto parent = std::find_if(theirs.begin(), theirs.end(), is_there);
    if (parent == theirs.end()) return std::nullopt;
    const auto value = parent->values.find(key.parent_columns.front());
    return value == parent->values.end() ? std::nullopt : value->second;
}

// What he may be made in what he belongs to, as UPDATEs of his rows there: first nothing more than he is. A manager
// sees what a plain member does not.
std::vector<std::string> WaysUp::ranks_of(const std::vector<Row> &theirs) const {
    std::vector<std::string> ranks{""};
    for (const Row &row : theirs) {
        const TableShape &shape = *stage_.tables().of(row.table);
        if (!stage_.decides(shape)) continue;
        for (const ColumnShape &column : shape.columns) {
            const auto asked = stage_.hints().asked_of_callers.find({row.table, column.number});
            if (asked == stage_.hints().asked_of_callers.end() || column.generated ||
                (column.category != 'S' && column.category != 'E'))
                continue;
            for (const std::string &word : asked->second) {
                if (ranks.size() > kMostRanks) return ranks;
                ranks.push_back(
                    fmt::format("update {0} set {1} = {2} where ctid = '{3}'::tid and tableoid = {4} and {1} "
                                "is distinct from {2}",
                                shape.name, column.name, Maker::literal(column, word), row.tid, row.stored_in));
            }
        }
    }
    return ranks;
}

void WaysUp::rise(const std::string &rank) {
    if (rank.empty()) return;
    const AsUser past(user_, security_);
    (void)execute(rank);
}

// Finds rows by where they are stored, as long as nothing has changed them.
std::string WaysUp::these(const std::vector<std::pair<Oid, std::string>> &rows) {
    std::vector<std::string> each{"(0::oid, '(0,0)'::tid)"};
    for (const auto &[stored_in, tid] : rows) each.push_back(fmt::format("({}::oid, '{}'::tid)", stored_in, tid));
    return fmt::format("(tableoid, ctid) in ({})", fmt::join(each, ", "));
}

// Finds the rows of a table that were there before there was a neighbour.
std::string WaysUp::among_strangers(Oid table) const {
    std::vector<std::pair<Oid, std::string>> rows;
    for (const Row &row : stage_.rows(table)) rows.emplace_back(row.stored_in, row.tid);
    return these(rows);
}

// How many rows are in sight; none where the look fails.
long WaysUp::shown(const std::string &rows) {
    long found = 0;
    (void)attempt(Finish::rollback, [&] {
        found = in_time([&] { return query(fmt::format("select count(*) {}", rows), {}, false).number(0, 0); });
    });
    return found;
}

// Of things that some may see and some may not, makes the neighbour's one that is not shown: where it is in sight, what
// it or what decides about it says yes or no to says the contrary. REQUIRES: a subtransaction that is rolled back.
bool WaysUp::hide(const Planting &planting) {
    const TableShape &parent = *stage_.tables().of(planting.key.parent);
    const ColumnShape &named = *parent.column(planting.key.parent_columns.front());
    const std::string it =
        fmt::format("from {} where {} = {}", parent.name, named.name, Maker::literal(named, planting.value));
    const auto is_hidden = [&] { return shown(it) == 0; };
    if (is_hidden()) return true;
    const auto turn = [&](const Row &row, const ColumnShape &column) {
        const AsUser past(user_, security_);
        (void)execute(
            fmt::format("update {0} set {1} = not coalesce({1}, false) where ctid = '{2}'::tid and tableoid = {3}",
                        stage_.tables().of(row.table)->name, column.name, row.tid, row.stored_in));
    };
    const Hints &hints = stage_.hints();
    for (const Row &row : planting.theirs) {
        const auto decided = dependents_.find(row.table);
        if (row.table != parent.id && (decided == dependents_.end() || !decided->second.contains(parent.id))) continue;
        for (const ColumnShape &column : stage_.tables().of(row.table)->columns) {
            const Column place{row.table, column.number};
            if (column.category != 'B' || column.generated ||
                !(hints.candidates.contains(place) || hints.authority.contains(place)))
                continue;
            bool hidden = false;
            (void)attempt(Finish::rollback, [&] {
                turn(row, column);
                hidden = is_hidden();
            });
            if (hidden) return attempt(Finish::commit, [&] { turn(row, column); }).ok;
        }
    }
    return false;
}

// Whether what hangs on it is as hidden as it is: what people say about it where everybody reads along is said to
// everybody.
bool WaysUp::is_hidden_with(const Planting &planting) {
    const Relation &relation = *planting.plantable.relation;
    const TableShape &shape = *stage_.tables().of(relation.id);
    const ColumnShape &column = *shape.column(planting.key.columns.front());
    const std::vector<Row> &rows = stage_.rows(relation.id);
    if (rows.empty()) return false;
    for (const Values &made : stage_.candidates(relation.id, {&rows.front()})) {
        Values values = stage_.owned_by(shape, stage_.among_own(shape, made, planting.theirs), kNeighbour);
        values[column.number] = planting.value;
        bool hidden = false;
        (void)attempt(Finish::rollback, [&] {
            {
                const AsUser past(user_, security_);
                (void)execute(Maker::insert_statement(shape, values));
            }
            hidden = shown(fmt::format("from {} where {} = {}", relation.name, column.name,
                                       Maker::literal(column, planting.value))) == 0;
        });
        if (hidden) return true;
    }
    return false;
}

} // namespace rlsproof::server
