// The ways up by a row of its own that is made to speak of what is somebody else's: an invitation into a project that it
// has founded itself, which names another project before it is taken up. Who may write such rows is asked of the
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

} // namespace

// The UPDATEs that make the row name the other one: alone, and with what is asked of such rows elsewhere.
std::vector<std::string> WaysUp::pointing(const TableShape &shape, const Row &mine, int number, const Candidate &other) {
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

void WaysUp::try_pointing(const Relation &relation, const Founded &founded, const Sight &before) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    if (shape.keys.empty() || is_promoted(relation)) return;
    left_ = kMostLooks;
    size_t rows = 0;
    for (const Row &mine : founded.rows) {
        if (mine.table != relation.id || ++rows > kMostRows) continue;
        for (const ForeignKey &key : shape.foreign_keys) {
            const int number = key.columns.front();
            const TableShape *parent = stage_.tables().of(key.parent);
            const auto held = mine.values.find(number);
            if (key.columns.size() != 1 || key.parent == shape.id || parent == nullptr || stage_.is_account(*parent) ||
                held == mine.values.end() || !may_set(shape, number))
                continue;
            size_t others = 0;
            for (const Row &row : stage_.rows(key.parent)) {
                const auto other = row.values.find(key.parent_columns.front());
                if (other == row.values.end() || !other->second || other->second == held->second) continue;
                if (++others > kMostOthers || gave_up()) break;
                for (const std::string &statement : pointing(shape, mine, number, other->second))
                    if (opens_by_pointing({relation, key, other->second, statement}, founded, before)) return;
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
    const auto change = [&] { return in_time([&] { return execute(pointed.statement); }) > 0; };
    (void)attempt(Finish::rollback, [&] {
        changed = change();
        if (changed) gain = gained(before, asked);
    });
    if (!changed) return false;
    std::string taking;
    const std::set<Oid> first = asked;
    for (const Oid id : first) {
        if (!gain.empty()) break;
        const TableShape *shape = stage_.tables().of(id);
        const Relation *relation = shape == nullptr ? nullptr : world_.relation(shape->name);
        if (relation == nullptr || id == pointed.relation.id || !dependents_.contains(id) || !may_enter(*relation) ||
            joined_.contains(id) || !stage_.names_people(*shape))
            continue;
        asked = first;
        asked.insert(dependents_[id].begin(), dependents_[id].end());
        const auto belongs =
            std::find_if(shape->foreign_keys.begin(), shape->foreign_keys.end(), [&](const ForeignKey &key) {
                return key.parent == pointed.key.parent && key.parent_columns == pointed.key.parent_columns &&
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
            shape.column(pointed.key.columns.front())->name,
            nullptr,
            gain,
            taker != nullptr ? fmt::format(", and then write its own row into {}", taker->name) : ""};
    way.moves = "what is somebody else's";
    accuse(way);
    return true;
}

} // namespace rlsproof::server
