// Rows of its own in what is somebody else's: a comment on a ticket that it may not read, a secret put into another
// team's vault, a notice to somebody of another team. Nothing is opened by it; those whose ticket it is take it for
// theirs.
#include "model/name_words.hpp"

#include "server/ways_up.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/appointed.hpp"
#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/refusals.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostRows = 3; // of other people's, that rows of its own are made like

} // namespace

// The keys by which a row hangs on what is nobody's to see but those whose it is.
std::vector<const ForeignKey *> WaysUp::hidden_parents(const TableShape &shape, bool partly) {
    std::vector<const ForeignKey *> result;
    for (const ForeignKey &key : shape.foreign_keys) {
        const TableShape *parent = stage_.tables().of(key.parent);
        if (key.columns.size() != 1 || key.parent == shape.id || parent == nullptr || !parent->made ||
            one_each(*parent, stage_.hints()) || stage_.hints().identity.contains({shape.id, key.columns.front()}) ||
            !(stage_.personal(*parent) || stage_.hints().told_apart.contains(key.parent)))
            continue;
        // Where some are there to be seen, as goods are, people are meant to write about them. What is not may be
        // tried, where what hangs on it is hidden with it.
        if (at_first({key.parent}).rows.empty() || partly) result.push_back(&key);
    }
    return result;
}

// What joins two things and names nobody: from one's own, to another one.
bool WaysUp::is_link(const TableShape &shape) const {
    return std::none_of(shape.columns.begin(), shape.columns.end(),
                        [&](const ColumnShape &column) {
                            return stage_.hints().identity.contains({shape.id, column.number});
                        }) &&
           std::count_if(shape.foreign_keys.begin(), shape.foreign_keys.end(),
                         [&](const ForeignKey &key) { return key.columns.size() == 1 && key.parent != shape.id; }) > 1;
}

// What is its own, and for a link, or where that is asked for, something of its own at each end.
std::vector<Row> WaysUp::with_ends(const TableShape &shape, bool always) {
    std::vector<Row> its = own_;
    if (!always && !is_link(shape)) return its;
    const AsUser past(user_, security_);
    for (const ForeignKey &key : shape.foreign_keys) {
        const TableShape *parent = stage_.tables().of(key.parent);
        if (key.columns.size() != 1 || parent == nullptr || !parent->made || key.parent == shape.id ||
            std::any_of(its.begin(), its.end(), [&](const Row &row) { return row.table == key.parent; }))
            continue;
        if (std::optional<Row> row = stage_.another_own(*parent, persona_.uid, its)) its.push_back(std::move(*row));
    }
    return its;
}

// Finds a link by its other ends.
std::string WaysUp::ends_in(const Planting &planting, const Values &own) const {
    const TableShape &shape = *stage_.tables().of(planting.plantable.relation->id);
    std::vector<std::string> ends;
    for (const ForeignKey &key : shape.foreign_keys) {
        const auto value = own.find(key.columns.front());
        if (key.columns.size() != 1 || key.columns == planting.key.columns || value == own.end() || !value->second)
            continue;
        const ColumnShape &column = *shape.column(key.columns.front());
        ends.push_back(fmt::format("{} = {}", column.name, Maker::literal(column, value->second)));
    }
    return fmt::format("{}", fmt::join(ends, " and "));
}

// Whether others show to everybody whose they are, as a shop's goods do: people are meant to get in touch with the
// shop.
bool WaysUp::is_offered(Oid parent, Oid but) {
    const auto &shapes = stage_.tables().shapes;
    return std::any_of(shapes.begin(), shapes.end(), [&](const auto &other) {
        const std::vector<ForeignKey> &keys = other.second.foreign_keys;
        return other.first != but &&
               std::any_of(keys.begin(), keys.end(), [&](const ForeignKey &key) { return key.parent == parent; }) &&
               !at_first({other.first}).rows.empty();
    });
}

void WaysUp::try_planting(const std::string &object) {
    if (persona_.declared || persona_.uid.empty() || !stage_.triggers_off()) return;
    std::vector<Plantable> all;
    for (const Relation &relation : world_.relations) {
        const TableShape *shape = relation.is_table() ? stage_.tables().of(relation.id) : nullptr;
        const Reach *reach = relation.reach_of(persona_.name);
        if ((!object.empty() && object != relation.name) || shape == nullptr || reach == nullptr ||
            !reach->row_security || !(stage_.names_people(*shape) || is_link(*shape)))
            continue;
        std::vector<Cell *> cells;
        for (const Command command : {Command::insert, Command::update})
            if (Cell *cell = cell_of(relation.name, command);
                cell != nullptr && reach->commands.contains(command) && !cell->declared && cell->expected == "none" &&
                (cell->verdict == Verdict::ok || cell->verdict == Verdict::unknown))
                cells.push_back(cell);
        if (cells.empty()) continue;
        // A talk about a thing begins with whoever asks for it.
        const bool meant = says_handed_in(relation.name) || says_between_people(relation.name);
        std::vector<const ForeignKey *> keys = hidden_parents(*shape, !meant);
        std::set<Oid> offered;
        for (const ForeignKey *key : keys)
            if (at_first({key->parent}).rows.empty() && is_offered(key->parent, relation.id))
                offered.insert(key->parent);
        if (!keys.empty() || says_between_people(relation.name))
            all.push_back({&relation, std::move(keys), std::move(cells), std::move(offered)});
    }
    const bool calls = std::any_of(world_.functions.begin(), world_.functions.end(),
                                   [](const Function &function) { return function.definer && !function.platform; });
    if (all.empty() && !calls) return;
    (void)attempt(Finish::rollback, [&] {
        const std::vector<Row> theirs = meet_the_neighbour();
        for (const Plantable &plantable : all) {
            const Scratch scratch;
            (void)attempt(Finish::rollback, [&] { plant(plantable, theirs); });
        }
        plant_by_calls(object, theirs);
    });
}

// Tries it with each key that leads to something of the neighbour's, the others as they are for one's own rows.
void WaysUp::plant(const Plantable &plantable, std::vector<Row> theirs) {
    for (const ForeignKey *key : plantable.keys) (void)of_the_neighbour(*key, theirs);
    const std::vector<Row> its = with_ends(*stage_.tables().of(plantable.relation->id), false);
    for (Cell *cell : plantable.cells) {
        unsettled_.clear();
        for (const ForeignKey *key : plantable.keys) {
            if (cell->command == Command::insert && plantable.offered.contains(key->parent)) continue;
            const std::optional<std::string> value = of_the_neighbour(*key, theirs);
            if (!value) continue;
            const Planting planting{plantable, *key, *value, theirs, its};
            if (!at_first({key->parent}).rows.empty() && !(hide(planting) && is_hidden_with(planting))) continue;
            if (cell->command == Command::insert ? plants_new(planting, *cell) : plants_own(planting, *cell)) break;
        }
        if (says_between_people(plantable.relation->name) && cell->command == Command::insert &&
            cell->verdict != Verdict::open)
            (void)sends(*plantable.relation, theirs, *cell);
        settle(*cell, std::exchange(unsettled_, ""), "rows of its own come into what is other people's");
    }
}

// Something that is for somebody with whom it has nothing to do, and that says of nobody that he has written it.
bool WaysUp::sends(const Relation &relation, const std::vector<Row> &theirs, Cell &cell) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    size_t like = 0;
    for (const Row &row : stage_.rows(relation.id)) {
        if (++like > kMostRows) break;
        for (const Values &candidate : stage_.candidates(relation.id, {&row}))
            for (const Values &values :
                 stage_.owned_each(shape, stage_.among_own(shape, candidate, own_), kNeighbour, theirs)) {
                const std::string statement = entering(relation, values);
                keep_doubt(unsettled_);
                const std::string sent = named_in(shape, kNeighbour);
                // Where it may not say who has written it, the default does.
                const Values given = insertable(relation.id, values);
                const bool signs = std::any_of(shape.columns.begin(), shape.columns.end(), [&](const ColumnShape &c) {
                    const auto value = given.find(c.number);
                    return value == given.end() ? stage_.hints().identity.contains({shape.id, c.number})
                                                : value->second == persona_.uid;
                });
                if (statement.empty() || sent.empty() || signs || !is_apart(shape, values) ||
                    !is_planted(relation, {"", statement, sent, {}}, triggers_.of(relation, cell.command)))
                    continue;
                make_open({&cell, 1}, persona_, relation.name, cell.command,
                          "a row was accepted that is for somebody of no team of its own, and that one sees it",
                          statement);
                cell.what = "rows for people with whom it has nothing to do";
                cell.planted = true;
                return true;
            }
    }
    return false;
}

// Whether the row hangs on something, and the neighbour sees nothing of that: one of the same team would.
bool WaysUp::is_apart(const TableShape &shape, const Values &values) {
    size_t hidden = 0;
    bool shown = false;
    (void)attempt(Finish::rollback, [&] {
        const AsUser past(user_, security_);
        assume(identity_of(as_person(persona_, kNeighbour)));
        for (const ForeignKey &key : shape.foreign_keys) {
            const TableShape *parent = stage_.tables().of(key.parent);
            const auto value = values.find(key.columns.front());
            if (key.columns.size() != 1 || parent == nullptr || stage_.is_account(*parent) || value == values.end() ||
                !value->second || stage_.hints().identity.contains({shape.id, key.columns.front()}))
                continue;
            const ColumnShape &column = *parent->column(key.parent_columns.front());
            hidden++;
            shown = shown || in_time([&] {
                        return !query(fmt::format("select 1 from {} where {} = {} limit 1", parent->name, column.name,
                                                  Maker::literal(column, value->second)),
                                      {}, false)
                                    .empty();
                    });
        }
    });
    return hidden > 0 && !shown;
}

// Finds the rows that name somebody; empty where none may.
std::string WaysUp::named_in(const TableShape &shape, const std::string &uid) const {
    std::vector<std::string> named;
    for (const auto &[number, value] : stage_.owned_by(shape, {}, uid))
        if (stage_.hints().identity.contains({shape.id, number}))
            named.push_back(
                fmt::format("{} = {}", shape.column(number)->name, Maker::literal(*shape.column(number), value)));
    return fmt::format("{}", fmt::join(named, " or "));
}

bool WaysUp::plants_new(const Planting &planting, Cell &cell) {
    const Relation &relation = *planting.plantable.relation;
    const TableShape &shape = *stage_.tables().of(relation.id);
    size_t like = 0;
    for (const Row &row : stage_.rows(relation.id)) {
        if (++like > kMostRows) break;
        for (const Values &candidate : stage_.candidates(relation.id, {&row}))
            for (const bool all : {true, false}) {
                Values values = stage_.among_own(shape, candidate, all ? planting.theirs : planting.its);
                values[planting.key.columns.front()] = planting.value;
                for (const Values &own :
                     is_link(shape) ? std::vector{values} : stage_.owned_each(shape, values, persona_.uid, own_)) {
                    const std::string statement = entering(relation, own);
                    keep_doubt(unsettled_);
                    if (!statement.empty() && insertable(relation.id, own).contains(planting.key.columns.front()) &&
                        hangs_there(planting, own, "", statement, cell))
                        return true;
                }
            }
    }
    return false;
}

// A row of its own, wherever it stood, is put where it does not belong.
bool WaysUp::plants_own(const Planting &planting, Cell &cell) {
    const Relation &relation = *planting.plantable.relation;
    const TableShape &shape = *stage_.tables().of(relation.id);
    const ColumnShape &column = *shape.column(planting.key.columns.front());
    if (!may_set(shape, column.number)) return false;
    const std::vector<Row> &rows = stage_.rows(relation.id);
    if (rows.empty()) return false;
    for (const Values &made : stage_.candidates(relation.id, {&rows.front()})) {
        Values values = stage_.owned_by(shape, stage_.among_own(shape, made, planting.its), persona_.uid);
        if (!column.not_null && values.contains(column.number) &&
            std::none_of(own_.begin(), own_.end(), [&](const Row &row) { return row.table == planting.key.parent; }))
            values[column.number] = std::nullopt;
        const std::string statement = fmt::format("update {0} set {1} = {2} where {1} is distinct from {2}", shape.name,
                                                  column.name, Maker::literal(column, planting.value));
        if (hangs_there(planting, values, Maker::insert_statement(shape, values), statement, cell)) return true;
    }
    return false;
}

// Whether the row comes to hang on one that it may not read, and is shown to those whose that is.
bool WaysUp::hangs_there(const Planting &planting, const Values &own, const std::string &made,
                         const std::string &statement, Cell &cell) {
    const Relation &relation = *planting.plantable.relation;
    const TableShape &shape = *stage_.tables().of(relation.id), &parent = *stage_.tables().of(planting.key.parent);
    const ColumnShape &column = *shape.column(planting.key.columns.front()),
                      &named = *parent.column(planting.key.parent_columns.front());
    const std::string mine = is_link(shape) ? ends_in(planting, own) : named_in(shape, persona_.uid);
    if (mine.empty()) return false;
    const Planted row{
        made, statement, fmt::format("{} = {} and ({})", column.name, Maker::literal(column, planting.value), mine),
        fmt::format("from {} where {} = {}", parent.name, named.name, Maker::literal(named, planting.value))};
    if (!is_planted(relation, row, triggers_.of(relation, cell.command))) return false;
    make_open({&cell, 1}, persona_, relation.name, cell.command,
              fmt::format("a row of its own was {} {} that it may not read, and is shown to those who may",
                          cell.command == Command::insert ? "accepted beside a row of" : "moved to a row of",
                          parent.name),
              made.empty() ? statement : fmt::format("/* made before */ {}; {}", made, statement));
    cell.what = fmt::format("rows of its own into what is other people's, by {},", column.name);
    cell.planted = true;
    return true;
}

// Whether the row is let in, stays, and the neighbour sees one more than before. What it is beside must be out of
// sight, before and after: to open that is told as such.
bool WaysUp::is_planted(const Relation &relation, const Planted &row, const Hearing &hearing) {
    const auto beside_is_shown = [&] { return !row.beside.empty() && shown(row.beside) > 0; };
    const auto seen_by_neighbour = [&](const std::string &which) {
        long seen = 0;
        (void)attempt(Finish::rollback, [&] {
            const AsUser past(user_, security_);
            assume(identity_of(as_person(persona_, kNeighbour)));
            seen = shown(fmt::format("from {} where {}", relation.name, which));
        });
        return seen;
    };
    const auto make = [&] {
        if (row.made.empty()) return;
        const AsUser past(user_, security_);
        (void)execute(row.made);
    };
    // What the neighbour sees of others by a rank, he sees as somebody who looks after all.
    const auto looks_after_all = [&](const std::string &rank) {
        const auto sees = [&](const std::string &risen) {
            long rows = 0;
            (void)attempt(Finish::rollback, [&] {
                rise(risen);
                rows = seen_by_neighbour(among_strangers(relation.id));
            });
            return rows;
        };
        return !rank.empty() && sees(rank) > sees("");
    };
    bool seen = false, let_in = true;
    for (const std::string &rank : ranks_) {
        // What people hand in to those who decide is handed in by strangers.
        if (!rank.empty() && says_handed_in(relation.name)) break;
        if (seen || !let_in || looks_after_all(rank)) continue;
        (void)attempt(Finish::rollback, [&] {
            let_in = false;
            rise(rank);
            make();
            if (beside_is_shown()) return;
            const long before = seen_by_neighbour(row.which);
            if (in_time([&] { return execute(row.statement); }) == 0 || beside_is_shown()) return;
            let_in = true;
            seen = seen_by_neighbour(row.which) > before;
        });
    }
    if (!seen) return false;
    bool stays = false;
    (void)attempt(Finish::rollback, [&] {
        make();
        stays = stands(hearing, &relation, row.statement, row.which, nullptr);
    });
    keep_doubt(unsettled_);
    return stays;
}

} // namespace rlsproof::server
