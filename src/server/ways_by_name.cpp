#include "model/name_words.hpp"

// Rows in somebody else's name: whoever is in a talk or a team writes what another one is then said to have written.
// Nothing is opened by it; it is told of columns alone that say who has said something.
#include "server/ways_up.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostRows = 4;

} // namespace

void WaysUp::try_forging(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    Cell *cell = cell_of(relation.name, Command::insert);
    const bool written = says_between_people(relation.name) ||
                         std::any_of(shape.columns.begin(), shape.columns.end(),
                                     [](const ColumnShape &column) { return says_written(column.name); });
    if (!written || cell == nullptr || cell->verdict != Verdict::ok || cell->declared || cell->expected != "none" ||
        !stage_.triggers_off())
        return;
    unsettled_.clear();
    for (const ColumnShape &author : shape.columns) {
        const bool opinion = says_whose_opinion(relation.name, author.name);
        if (!(opinion || says_author(author.name)) || author.generated || author.category == 'A' ||
            !stage_.hints().identity.contains({shape.id, author.number}))
            continue;
        bool forged = false;
        (void)attempt(Finish::rollback, [&] { forged = forge(relation, author, opinion, *cell); });
        if (forged) return;
    }
    settle(*cell, std::exchange(unsettled_, ""), "rows in somebody else's name come in");
}

// Rows that name the other one as their author, like those that are there.
bool WaysUp::forge(const Relation &relation, const ColumnShape &author, bool opinion, Cell &cell) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    // What one thinks of hangs on what one has had: a booking of one's own.
    const std::vector<Row> its = with_ends(shape, opinion);
    size_t rows = 0;
    for (const Row &like : stage_.rows(relation.id)) {
        const auto other = like.values.find(author.number);
        if (other == like.values.end() || !other->second || ++rows > kMostRows) continue;
        const Scratch scratch;
        for (Values &values : stage_.candidates(relation.id, {&like})) {
            values = stage_.among_own(shape, std::move(values), its);
            for (Values &own : stage_.owned_each(shape, values, persona_.uid, its)) {
                own[author.number] = other->second;
                if (forges(relation, author, own, cell, false, opinion)) return true;
            }
        }
    }
    return false;
}

bool WaysUp::forges(const Relation &relation, const ColumnShape &author, const Values &values, Cell &cell, bool of_two,
                    bool opinion) {
    if (!insertable(relation.id, values).contains(author.number)) return false;
    const std::string statement = entering(relation, values);
    keep_doubt(unsettled_);
    long entered = 0, changed = 0;
    if (!statement.empty())
        (void)attempt(Finish::rollback, [&] { entered = in_time([&] { return execute(statement); }); });
    // Whose team it is may well write for others, and so may those who write together. What others think, nobody says
    // for them.
    if (entered == 0 || (!opinion && is_of_its_owner(relation, statement))) return false;
    const std::string kept = fmt::format("{} = {}", author.name, Maker::literal(author, values.at(author.number)));
    const TableShape &shape = *stage_.tables().of(relation.id);
    const auto settable = std::find_if(shape.columns.begin(), shape.columns.end(), [&](const ColumnShape &column) {
        return !column.generated && !column.identity && may_update(relation.id, column.number);
    });
    if (settable != shape.columns.end())
        (void)attempt(Finish::rollback, [&] {
            (void)in_time([&] { return execute(statement); });
            changed = in_time([&] {
                return execute(fmt::format("update {0} set {1} = {1} where {2}", shape.name, settable->name, kept));
            });
        });
    if (changed > 0 && !of_two) return false; // in a talk nobody writes for others
    const bool stays = stands(triggers_.of(relation, Command::insert), &relation, statement, kept, nullptr);
    keep_doubt(unsettled_);
    if (!stays) return false;
    make_open({&cell, 1}, persona_, relation.name, Command::insert,
              fmt::format("a row was accepted that says in {} that somebody else has written it", author.name),
              statement);
    cell.what = "rows in somebody else's name";
    cell.forged = true;
    return true;
}

} // namespace rlsproof::server
