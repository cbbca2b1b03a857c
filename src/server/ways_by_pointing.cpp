// The ways up by a row of its own that is made to speak of what is somebody else's: an invitation into a project that
// it has founded itself, which names another project before it is taken up. Who may write such rows is asked of the
// project that was named first; who changes them is asked for himself alone.
#include "server/ways_up.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostRows = 4;   // of its own
constexpr size_t kMostOthers = 2; // that one of them is made to name
constexpr size_t kMostSets = 8;   // of what is set beside that
constexpr size_t kMostTaken = 12; // rows that take it up, of one table

bool contains_value(const std::vector<Candidate> &values, const Candidate &value) {
    return std::find(values.begin(), values.end(), value) != values.end();
}

} // namespace

// The UPDATEs that make the row name the other one: alone, and with what is asked of such rows elsewhere.
std::vector<std::string> WaysUp::pointing(const TableShape &shape, const Row &mine, int number,
                                          const Candidate &other) {
    std::vector<std::string> key, result;
    for (const int part : shape.keys.front())
        key.push_back(fmt::format("{} = {}", shape.column(part)->name,
                                  Maker::literal(*shape.column(part), mine.values.at(part))));
    std::vector<Values> sets{{}};
    for (Values &asked : may_set_together(shape))
        if (sets.size() < kMostSets) sets.push_back(std::move(asked));
    for (Values &set : sets) {
        set[number] = other;
        result.push_back(fmt::format("{} where {}", together(shape, set).statement, fmt::join(key, " and ")));
    }
    return result;
}

// The columns by which a row may be made to name something else, and what it may name: what others hang on, and
// whom other rows name.
std::vector<WaysUp::Pointer> WaysUp::pointers(const TableShape &shape) const {
    std::vector<Pointer> result;
    const auto add = [&](int column, const ForeignKey *key, Oid table, int from) {
        Pointer pointer{column, key, {}};
        for (const Row &row : stage_.rows(table))
            if (const auto value = row.values.find(from);
                value != row.values.end() && value->second && !contains_value(pointer.others, value->second))
                pointer.others.push_back(value->second);
        if (!pointer.others.empty()) result.push_back(std::move(pointer));
    };
    for (const ForeignKey &key : shape.foreign_keys) {
        const TableShape *parent = stage_.tables().of(key.parent);
        if (key.columns.size() == 1 && key.parent != shape.id && parent != nullptr && !stage_.is_account(*parent) &&
            may_set(shape, key.columns.front()))
            add(key.columns.front(), &key, key.parent, key.parent_columns.front());
    }
    for (const ColumnShape &column : shape.columns)
        if (stage_.hints().identity.contains({shape.id, column.number}) && !column.generated &&
            column.category != 'A' && may_update(shape.id, column.number))
            add(column.number, nullptr, shape.id, column.number);
    return result;
}

void WaysUp::try_pointing(const Relation &relation, const Founded &founded, const Sight &before) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    if (shape.keys.empty() || is_promoted(relation)) return;
    left_ = kMostLooks;
    size_t rows = 0;
    const std::vector<Pointer> all = pointers(shape);
    for (const Row &mine : founded.rows) {
        if (mine.table != relation.id || ++rows > kMostRows) continue;
        for (const Pointer &pointer : all) {
            const auto held = mine.values.find(pointer.column);
            size_t others = 0;
            for (const Candidate &other : pointer.others) {
                if (held == mine.values.end() || other == held->second) continue;
                if (++others > kMostOthers || gave_up()) break;
                for (const std::string &statement : pointing(shape, mine, pointer.column, other))
                    if (opens_by_pointing({relation, pointer.column, pointer.key, other, statement}, founded, before))
                        return;
            }
        }
    }
    doubt(relation.name, Command::update);
}

// Whether it sees more once the row names the other one, or once that is taken up by a row somewhere else.
bool WaysUp::opens_by_pointing(const Pointed &pointed, const Founded &founded, const Sight &before) {
    const Scratch scratch;
    bool changed = false;
    std::vector<std::string> gain, tried;
    const Relation *taker = nullptr;
    std::set<Oid> asked = dependents_[pointed.relation.id];
    // Whom one has to do with, one may know.
    if (pointed.key == nullptr)
        std::erase_if(asked, [&](Oid table) {
            const TableShape *shape = stage_.tables().of(table);
            return shape != nullptr && one_each(*shape, stage_.hints());
        });
    const auto change = [&] { return in_time([&] { return execute(pointed.statement); }) > 0; };
    (void)attempt(Finish::rollback, [&] {
        changed = change();
        if (changed) gain = gained(before, asked);
    });
    if (!changed) return false;
    std::string taking;
    const std::set<Oid> first = asked;
    for (const Oid id : first) {
        if (!gain.empty() || pointed.key == nullptr) break; // who it is of, takes it up
        const TableShape *shape = stage_.tables().of(id);
        const Relation *relation = shape == nullptr ? nullptr : world_.relation(shape->name);
        if (relation == nullptr || id == pointed.relation.id || !dependents_.contains(id) || !may_enter(*relation) ||
            joined_.contains(id) || !stage_.names_people(*shape))
            continue;
        asked = first;
        asked.insert(dependents_[id].begin(), dependents_[id].end());
        const auto belongs =
            std::find_if(shape->foreign_keys.begin(), shape->foreign_keys.end(), [&](const ForeignKey &key) {
                return key.parent == pointed.key->parent && key.parent_columns == pointed.key->parent_columns &&
                       key.columns.size() == 1;
            });
        if (belongs == shape->foreign_keys.end()) continue;
        for (Values &values : entries(*relation)) {
            values[belongs->columns.front()] = pointed.other;
            if (tried.size() == kMostTaken || left_ <= 0) break;
            const std::string statement = entering(*relation, values);
            if (statement.empty() || std::find(tried.begin(), tried.end(), statement) != tried.end()) continue;
            tried.push_back(statement);
            (void)attempt(Finish::rollback, [&] {
                if (change() && in_time([&] { return execute(statement); }) > 0) gain = gained(before, asked);
            });
            if (gain.empty()) continue;
            taker = relation;
            taking = statement;
            break;
        }
    }
    if (gain.empty()) return false;
    // What may be had without the change is told of the table that it is had by.
    Hearing hearing = triggers_.of(pointed.relation, Command::update);
    if (taker != nullptr) hear_too(hearing, triggers_.of(*taker, Command::insert));
    const auto rises = [&] {
        if (taker != nullptr) (void)in_time([&] { return execute(taking); });
        (void)execute("set constraints all immediate");
        return !gained(before, asked).empty();
    };
    if (taker != nullptr) {
        std::vector<std::string> anyway;
        (void)attempt(Finish::rollback, [&] {
            if (in_time([&] { return execute(taking); }) > 0) anyway = gained(before, asked);
        });
        if (!anyway.empty()) return false;
    }
    if (!stands(hearing, nullptr, pointed.statement, "", rises)) return false;
    std::vector<std::string> all = founded.statements;
    all.push_back(pointed.statement);
    if (taker != nullptr) all.push_back(taking);
    const TableShape &shape = *stage_.tables().of(pointed.relation.id);
    Way way{"writable_authority",
            &pointed.relation,
            Command::update,
            fmt::format("{}", fmt::join(all, "; ")),
            shape.column(pointed.column)->name,
            nullptr,
            gain,
            taker != nullptr ? fmt::format(", and then write its own row into {}", taker->name) : ""};
    way.moves = pointed.key == nullptr ? "somebody else" : "what is somebody else's";
    accuse(way);
    return true;
}

} // namespace rlsproof::server
