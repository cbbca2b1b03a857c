#include "model/name_words.hpp"

// Rows in what is somebody else's that a function puts there for whoever names it: an entry in another team's log, a
// message in its channel. The function writes down who called it, and asks nothing of that.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/call_arguments.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostCalls = 6; // of one function, with one row

} // namespace

void WaysUp::plant_by_calls(const std::string &object, const std::vector<Row> &theirs) {
    for (const Function &function : world_.functions) {
        if ((!object.empty() && object != function.name) || !function.definer || function.platform ||
            std::find(function.callers.begin(), function.callers.end(), persona_.name) == function.callers.end())
            continue;
        Cell *cell = cell_of(function.name, Command::execute);
        const Body &body = bodies_.of(function.id);
        if (cell == nullptr || cell->declared || cell->expected != "none" || !why_not_undone(world_, body).empty() ||
            (cell->verdict != Verdict::ok && cell->verdict != Verdict::unknown))
            continue;
        std::string unsettled; // what might stop it
        for (const Oid table : body.inserted) {
            const TableShape *shape = stage_.tables().of(table);
            const Relation *relation = shape == nullptr ? nullptr : world_.relation(shape->name);
            // What people hand in is handed in by strangers.
            if (relation == nullptr || stage_.decides(*shape) || says_handed_in(relation->name)) continue;
            const Scratch scratch;
            unsettled_.clear();
            (void)attempt(Finish::rollback, [&] { plant_by_calling(function, *relation, theirs, *cell); });
            unsettled = unsettled.empty() ? unsettled_ : unsettled;
        }
        settle(*cell, unsettled, "a row comes by it into what is other people's");
    }
}

void WaysUp::plant_by_calling(const Function &function, const Relation &relation, std::vector<Row> theirs, Cell &cell) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    // All that the function writes to may have something to say.
    std::vector<const Relation *> written;
    for (const auto &[table, writes] : bodies_.of(function.id).relations)
        for (const Relation &other : world_.relations)
            if (writes && other.id == table) written.push_back(&other);
    const Hearing hearing = triggers_.of_any(written);
    for (const ForeignKey *key : hidden_parents(shape, false)) {
        if (cell.verdict == Verdict::open || is_offered(key->parent, relation.id)) continue;
        const std::optional<std::string> value = of_the_neighbour(*key, theirs);
        if (!value || stage_.rows(relation.id).empty()) continue;
        const TableShape &parent = *stage_.tables().of(key->parent);
        const ColumnShape &column = *shape.column(key->columns.front()),
                          &named = *parent.column(key->parent_columns.front());
        Row like = stage_.rows(relation.id).front();
        like.values[column.number] = *value;
        size_t calls = 0;
        for (const Arguments &choice : arguments_with_words(function, stage_, persona_.uid, like)) {
            if (++calls > kMostCalls) break;
            const std::string statement = call_of(function, choice.list);
            const Planted row{
                "", statement, fmt::format("{} = {}", column.name, Maker::literal(column, *value)),
                fmt::format("from {} where {} = {}", parent.name, named.name, Maker::literal(named, *value))};
            if (!is_planted(relation, row, hearing)) continue;
            make_open({&cell, 1}, persona_, function.name, Command::execute,
                      fmt::format("it runs as {}: a call put a row into {} beside one of {} that its caller may not "
                                  "read, and it is shown to those who may",
                                  function.owner, relation.name, parent.name),
                      statement);
            break;
        }
    }
}

} // namespace rlsproof::server
