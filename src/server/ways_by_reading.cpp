// The ways up by a row of one's own that points to somebody else's, where a function or a view with rights of its own
// shows what such rows point to: a project with another one's client in it, and then "my clients".
#include "model/expectation.hpp"
#include "model/name_words.hpp"

#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/calls.hpp"
#include "server/read_through.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostRows = 3;    // of its own in one table
constexpr size_t kMostReaders = 8; // of one table

} // namespace

void WaysUp::find_readers() {
    for (const Function &function : world_.functions) {
        const auto &callers = function.callers;
        if (!function.definer || function.platform || !function.asks_who || function.yes_or_no || function.procedure ||
            std::find(callers.begin(), callers.end(), persona_.name) == callers.end())
            continue;
        const Body &body = bodies_.of(function.id);
        const auto writes = [](const auto &touched) { return touched.second; };
        if (body.relations.size() < 2 || std::any_of(body.relations.begin(), body.relations.end(), writes) ||
            !why_not_undone(world_, body).empty())
            continue;
        Reader reader{&function, nullptr, {}};
        for (const auto &[table, written] : body.relations) reader.reads.insert(table);
        readers_.push_back(std::move(reader));
    }
    for (const Relation &view : world_.relations) {
        const Reach *reach = view.reach_of(persona_.name);
        if (view.kind != RelationKind::view || view.platform || view.extension_member || reach == nullptr ||
            !reach->commands.contains(Command::select))
            continue;
        Reader reader{nullptr, &view, {}};
        const Rows rows = query(std::string(kReads) + "select distinct id from reads", {std::to_string(view.id)});
        for (size_t i = 0; i < rows.size(); i++) reader.reads.insert(rows.oid(i, 0));
        if (reader.reads.size() > 1) readers_.push_back(std::move(reader));
    }
    for (const auto &[id, shape] : stage_.tables().shapes)
        if (!readers_.empty() && stage_.is_account(shape)) know_people(shape, of_people_);
}

// Whom one writes to has a name; an address is another thing.
void WaysUp::know_people(const TableShape &accounts, std::set<std::string> &known) const {
    for (const ColumnShape &column : accounts.columns)
        for (const Row &row : stage_.rows(accounts.id))
            if (const auto value = row.values.find(column.number);
                !says_private(column.name) && value != row.values.end() && value->second)
                known.insert(*value->second);
}

// Whether it shows something of other people once the row is there.
bool WaysUp::shows_by(const Relation &relation, const std::string &statement, const Reader &reader, Calls &calls) {
    std::set<Oid> others = reader.reads;
    others.erase(relation.id);
    Calls::Shown shown;
    Row row;
    std::set<std::string> told = of_people_;
    const auto look = [&] {
        Calls::Shown now = reader.function != nullptr ? calls.shown_of(*reader.function, others, row, told)
                                                      : calls.shown_in(*reader.view, others, told);
        left_ -= now.calls + 1;
        return now;
    };
    (void)attempt(Finish::rollback, [&] {
        if (in_time([&] { return execute(statement); }) > 0) row = just_put_in(*stage_.tables().of(relation.id));
    });
    for (const auto &[number, value] : row.values)
        if (value) told.insert(*value);
    // What it shows without the row is not the row's doing.
    if (row.values.empty() || !look().seen.empty()) return false;
    (void)attempt(Finish::rollback, [&] {
        if (in_time([&] { return execute(statement); }) > 0) shown = look();
    });
    if (shown.seen.empty()) return false;
    const auto rises = [&] { return !look().seen.empty(); };
    if (!stands(triggers_.of(relation, Command::insert), &relation, statement, "true", rises)) return false;
    Way way{"writable_authority",
            &relation,
            Command::insert,
            fmt::format("{}; {}", statement, shown.statement),
            "",
            reader.function,
            shown.tables,
            reader.function != nullptr ? "" : fmt::format(", and look at {} with it", reader.view->name)};
    way.shows = reader.function != nullptr
                    ? fmt::format("{} runs as {}", reader.function->name.substr(4), reader.function->owner)
                    : fmt::format("{} reads as {}", reader.view->name, reader.view->owner);
    accuse(way);
    return true;
}

void WaysUp::try_reading(const Relation &relation) {
    const auto reads = [&](const Reader &reader) { return reader.reads.contains(relation.id); };
    if (persona_.declared || persona_.uid.empty() || joined_.contains(relation.id) || chained_.contains(relation.id) ||
        stage_.tables().of(relation.id)->foreign_keys.empty() || std::none_of(readers_.begin(), readers_.end(), reads))
        return;
    left_ = kMostLooks;
    Calls calls(world_, bodies_, triggers_, stage_.hints(), &stage_, "", true, persona_, own_, user_, security_);
    size_t rows = 0;
    for (const Values &values : entries(relation)) {
        if (rows == kMostRows) break;
        const Scratch scratch;
        const std::string statement = entering(relation, values);
        if (statement.empty()) break;
        bool entered = false;
        (void)attempt(Finish::rollback, [&] { entered = in_time([&] { return execute(statement); }) > 0; });
        if (!entered) continue;
        rows++;
        size_t looks = 0;
        for (const Reader &reader : readers_) {
            if (left_ <= 0 || looks == kMostReaders) break;
            if (!reads(reader)) continue;
            looks++;
            if (shows_by(relation, statement, reader, calls)) return;
        }
    }
    doubt(relation.name, Command::insert);
}

} // namespace rlsproof::server
