// Writes after which the next token may say something else, where what makes it was not called since that may do what
// no rollback undoes. What it would say is not known, and so is what such a write opens.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"
#include "server/unheard.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostCalls = 6;
constexpr size_t kMostRows = 12;

} // namespace

// Whether a call for itself leaves rows in one of the tables; so it may where nobody can try.
bool WaysUp::may_write_by(const Function &function, const std::set<Oid> &tables) {
    const Body &body = bodies_.of(function.id);
    std::set<Oid> written;
    for (const auto &[table, is_written] : body.relations)
        if (is_written && tables.contains(table)) written.insert(table);
    if (written.empty()) return false;
    if (!why_not_undone(world_, body).empty()) return true;
    size_t calls = 0;
    bool left = false;
    for (const Arguments &choice : arguments_for_itself(function, stage_, persona_.uid, nullptr)) {
        if (left || ++calls > kMostCalls) break;
        (void)attempt(Finish::rollback, [&] {
            (void)in_time([&] { return execute(call_of(function, choice.list)); });
            left = !left_rows_in(written).empty();
        });
    }
    return left;
}

void WaysUp::leave_unheard(const std::string &object) {
    if (!stage_.triggers_off()) return;
    const auto may_enter_one = [&](const Relation &relation) {
        const std::optional<Room> room = room_in(relation);
        if (!room) return false;
        size_t tried = 0;
        for (const Values &values : entries(relation)) {
            if (++tried > kMostRows) break;
            const Scratch scratch;
            const std::string statement = entering(relation, values);
            if (statement.empty()) return true; // not tried
            long entered = 0;
            (void)attempt(Finish::rollback, [&] {
                make_room(*room, relation);
                entered = in_time([&] { return execute(statement); });
            });
            if (entered > 0) return true;
        }
        return false;
    };
    // A row of its own that is there, or that is put in as one would be.
    const auto may_change_one = [&](const Relation &relation, Command command) {
        const TableShape &shape = *stage_.tables().of(relation.id);
        long changed = 0;
        (void)attempt(Finish::rollback, [&] {
            if (std::none_of(own_.begin(), own_.end(), [&](const Row &row) { return row.table == relation.id; })) {
                const AsUser past(user_, security_);
                (void)stage_.another_own(shape, persona_.uid, own_);
            }
            const auto attempted = [&](const std::string &statement) {
                (void)attempt(Finish::rollback, [&] { changed += in_time([&] { return execute(statement); }); });
            };
            if (command == Command::remove) attempted("delete from " + shape.name);
            for (const ColumnShape &column : shape.columns)
                if (command == Command::update && changed == 0 && !column.generated &&
                    may_update(relation.id, column.number))
                    attempted(fmt::format("update {0} set {1} = {1}", shape.name, column.name));
        });
        return changed > 0;
    };
    for (const Unheard &maker : tokens_not_made(bodies_)) {
        const std::string why = fmt::format("{} has a say in its next token and was not called: {}; what that token "
                                            "opens after such a write is not known",
                                            maker.what, maker.why);
        for (const Relation &relation : world_.relations) {
            const Reach *reach = relation.reach_of(persona_.name);
            if (!maker.tables.contains(relation.id) || (!object.empty() && object != relation.name) ||
                reach == nullptr || !relation.is_table() || stage_.tables().of(relation.id) == nullptr)
                continue;
            for (const Command command : {Command::insert, Command::update, Command::remove})
                if (reach->commands.contains(command) && cell_of(relation.name, command) != nullptr &&
                    (command == Command::insert ? may_enter_one(relation) : may_change_one(relation, command)))
                    leave_open(relation, command, why);
        }
        for (const Function &function : world_.functions) {
            Cell *cell = cell_of(function.name, Command::execute);
            const auto &callers = function.callers;
            if (cell == nullptr || cell->verdict != Verdict::ok || cell->evidence == Evidence::privilege ||
                !function.definer || function.platform || (!object.empty() && object != function.name) ||
                std::find(callers.begin(), callers.end(), persona_.name) == callers.end() ||
                !may_write_by(function, maker.tables))
                continue;
            cell->verdict = Verdict::unknown;
            cell->evidence = Evidence::none;
            cell->reason = why;
        }
    }
}

} // namespace rlsproof::server
