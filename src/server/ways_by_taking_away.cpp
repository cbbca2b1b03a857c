// Rows of its own that take from somebody else what he had in sight: "this one does not see that project", said by
// whoever has nothing to do with the project. Whose condition says "unless", or "as long as all say so", goes by rows
// that others may put in.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/refusals.hpp"
#include "server/awake.hpp"
#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/refusals.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostAsked = 8;  // tables that may show less
constexpr size_t kMostEnds = 4;   // columns that name the one or the other
constexpr size_t kMostTried = 48; // rows put in, of one table

// Each way to say yes and no: as it was made, nothing but no, nothing but yes.
std::vector<Values> said_otherwise(const TableShape &shape, const Values &values) {
    std::vector<Values> result{values};
    for (const char *word : {"f", "t"}) {
        Values other = values;
        for (const ColumnShape &column : shape.columns)
            if (column.category == 'B' && !column.generated) other[column.number] = word;
        if (std::find(result.begin(), result.end(), other) == result.end()) result.push_back(std::move(other));
    }
    return result;
}

} // namespace

void WaysUp::try_taking_away(const std::string &object, const Founded &founded) {
    const auto enters = [&](const Relation &relation) {
        return (object.empty() || object == relation.name) && dependents_.contains(relation.id) && may_enter(relation);
    };
    if (std::none_of(world_.relations.begin(), world_.relations.end(), enters)) return;
    const std::vector<Row> theirs = meet_the_neighbour();
    for (const Relation &relation : world_.relations) {
        if (!enters(relation)) continue;
        Cell *cell = cell_of(relation.name, Command::insert);
        if (cell == nullptr || cell->declared || cell->expected != "none" ||
            (cell->verdict != Verdict::ok && cell->verdict != Verdict::unknown))
            continue;
        const Scratch scratch;
        unsettled_.clear();
        // Where what names the neighbour there lets him in, and where it shuts him out.
        for (const bool with : {true, false})
            if (cell->verdict != Verdict::open)
                (void)attempt(Finish::rollback, [&] {
                    if (with || forget(relation, theirs)) take_away(relation, founded, theirs, *cell);
                });
        settle(*cell, std::exchange(unsettled_, ""), "a row of its own takes from others what they see");
    }
}

// Takes out of a table what the neighbour has there; false where that is nothing.
bool WaysUp::forget(const Relation &relation, const std::vector<Row> &theirs) {
    const AsUser past(user_, security_);
    long gone = 0;
    for (const Row &row : theirs)
        if (row.table == relation.id)
            gone += execute(fmt::format("delete from {} where ctid = '{}'::tid and tableoid = {}", relation.name,
                                        row.tid, row.stored_in));
    return gone > 0;
}

// A row that hangs on what is the neighbour's, where those that are there hang on something else.
void WaysUp::give_to_the_neighbour(const TableShape &shape, std::vector<Row> &theirs) {
    for (const ForeignKey &key : shape.foreign_keys)
        if (key.columns.size() == 1 && key.parent != shape.id && stage_.tables().of(key.parent)->made)
            (void)of_the_neighbour(key, theirs);
    const AsUser past(user_, security_);
    if (std::optional<Row> row = stage_.another_own(shape, kNeighbour, theirs)) theirs.push_back(std::move(*row));
}

// Of a table, the rows that the neighbour sees and it does not: what everybody sees, as a day that is free, is there
// to be taken.
WaysUp::Hidden WaysUp::hidden_from_it(const TableShape &shape, const std::vector<Row> &theirs) {
    std::vector<std::pair<Oid, std::string>> rows;
    for (const Row &row : stage_.rows(shape.id)) rows.emplace_back(row.stored_in, row.tid);
    for (const Row &row : theirs)
        if (row.table == shape.id) rows.emplace_back(row.stored_in, row.tid);
    Hidden hidden{&shape, {}, 0};
    if (rows.empty()) return hidden;
    std::set<std::pair<Oid, std::string>> mine;
    const auto look = [&](const auto &take) {
        (void)attempt(Finish::rollback, [&] {
            const Rows found = in_time([&] {
                return query(fmt::format("select tableoid, ctid from {} where {}", shape.name, these(rows)), {}, false);
            });
            for (size_t i = 0; i < found.size(); i++) take(std::pair(found.oid(i, 0), found.text(i, 1)));
        });
    };
    look([&](const auto &row) { mine.insert(row); });
    std::vector<std::pair<Oid, std::string>> beyond;
    (void)attempt(Finish::rollback, [&] {
        const AsUser past(user_, security_);
        assume(identity_of(as_person(persona_, kNeighbour)));
        look([&](const auto &row) {
            if (!mine.contains(row)) beyond.push_back(row);
        });
    });
    if (!beyond.empty()) hidden.which = these(beyond);
    hidden.rows = beyond.size();
    return hidden;
}

// How many of those the neighbour sees now; where the look itself fails, that is not known.
std::optional<size_t> WaysUp::still_seen(const Hidden &hidden) {
    std::optional<size_t> seen;
    (void)attempt(Finish::rollback, [&] {
        const AsUser past(user_, security_);
        assume(identity_of(as_person(persona_, kNeighbour)));
        const Rows found = in_time([&] {
            return query(fmt::format("select count(*) from {} where {}", hidden.shape->name, hidden.which), {}, false);
        });
        seen = std::stoul(found.text(0, 0));
    });
    return seen;
}

// Rows that name it and the neighbour, or what is the one's and what is the other's, in each way in which they could.
std::vector<Values> WaysUp::between(const TableShape &shape, const Values &made, const std::vector<Row> &its,
                                    std::vector<Row> &theirs) {
    std::vector<std::pair<int, std::pair<Candidate, Candidate>>> ends; // of its own, and of the neighbour's
    const Values mine = stage_.owned_by(shape, {}, persona_.uid), his = stage_.owned_by(shape, {}, kNeighbour);
    for (const auto &[number, value] : mine)
        if (stage_.hints().identity.contains({shape.id, number}) && his.contains(number))
            ends.push_back({number, {value, his.at(number)}});
    const Values own = stage_.among_own(shape, made, its);
    for (const ForeignKey &key : shape.foreign_keys) {
        const int number = key.columns.front();
        if (key.columns.size() != 1 || key.parent == shape.id ||
            std::any_of(ends.begin(), ends.end(), [&](const auto &end) { return end.first == number; }))
            continue;
        const std::optional<std::string> value = of_the_neighbour(key, theirs);
        const auto held = own.find(number);
        if (value) ends.push_back({number, {held == own.end() ? std::nullopt : held->second, *value}});
    }
    if (ends.size() > kMostEnds) ends.resize(kMostEnds);
    std::vector<Values> result;
    for (size_t theirs_are = 1; theirs_are < (size_t{1} << ends.size()); theirs_are++) {
        Values values = own;
        for (size_t i = 0; i < ends.size(); i++)
            values[ends[i].first] = (theirs_are >> i & 1) != 0 ? ends[i].second.second : ends[i].second.first;
        result.push_back(std::move(values));
    }
    return result;
}

void WaysUp::take_away(const Relation &relation, const Founded &founded, std::vector<Row> theirs, Cell &cell) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    std::vector<Hidden> before;
    for (const Oid table : dependents_[relation.id]) {
        const TableShape *shown = stage_.tables().of(table);
        if (shown == nullptr || table == relation.id || before.size() == kMostAsked) continue;
        Hidden hidden = hidden_from_it(*shown, theirs);
        if (hidden.rows == 0 && shown->made) {
            give_to_the_neighbour(*shown, theirs);
            hidden = hidden_from_it(*shown, theirs);
        }
        if (hidden.rows > 0) before.push_back(std::move(hidden));
    }
    if (before.empty() || stage_.rows(relation.id).empty()) return;
    const Row &like = stage_.rows(relation.id).front();
    size_t tried = 0;
    for (const Values &made : stage_.candidates(relation.id, {&like}))
        for (const Values &values : between(shape, made, founded.rows, theirs))
            for (const Values &said : said_otherwise(shape, values)) {
                if (++tried > kMostTried) return;
                if (takes_away(relation, founded, before, said, cell)) return;
            }
}

bool WaysUp::takes_away(const Relation &relation, const Founded &founded, const std::vector<Hidden> &before,
                        const Values &values, Cell &cell) {
    const std::string statement = entering(relation, values);
    keep_doubt(unsettled_);
    if (statement.empty()) return false;
    std::vector<std::string> less;
    (void)attempt(Finish::rollback, [&] {
        if (in_time([&] { return execute(statement); }) == 0) return;
        for (const Hidden &hidden : before)
            if (const std::optional<size_t> seen = still_seen(hidden); seen && *seen < hidden.rows)
                less.push_back(hidden.shape->name);
    });
    if (less.empty()) return false;
    const Hearing &hearing = triggers_.of(relation, Command::insert);
    const bool stays = stands(hearing, &relation, statement, "true", nullptr);
    keep_doubt(unsettled_);
    if (!stays) return false;
    std::vector<std::string> all = founded.statements;
    all.push_back(statement);
    // A key of several columns may hold the row at people who have come first: to a team of its own.
    const Outcome by_keys = attempt(Finish::rollback, [&] {
        if (!hearing.why_not.empty()) return; // nobody may wake them
        {
            const AsUser past(user_, security_);
            wake();
        }
        (void)in_time([&] { return execute(statement); });
        (void)execute("set constraints all immediate");
    });
    const bool asks_first = by_keys.sqlstate == "23503";
    make_open(
        {&cell, 1}, persona_, relation.name, cell.command,
        fmt::format(
            "a row was accepted, and after that somebody else does not see rows of {} that he saw before, and that "
            "whoever put it in may not see at all{}",
            fmt::join(less, ", "),
            asks_first ? "; it takes that one to have come to what the row's keys name first" : ""),
        fmt::format("{}", fmt::join(all, "; ")));
    cell.what = fmt::format("rows by which others lose sight of {}", fmt::join(less, ", "));
    cell.planted = true;
    return true;
}

} // namespace rlsproof::server
