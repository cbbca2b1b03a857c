// The ways up by a function that writes with rights of its own. What it asks of its caller is in its body, so nobody
// reads it: it is called, and what is seen after that is looked at.
#include "model/name_words.hpp"

#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/read_through.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "access/xact.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostEntries = 12; // rows put in, for each function

} // namespace

void WaysUp::find_openers() {
    if (!stage_.triggers_off()) return; // what they write may wake triggers that do what no rollback undoes
    for (const Function &function : world_.functions) {
        const auto &callers = function.callers;
        if (!function.definer || function.platform ||
            std::find(callers.begin(), callers.end(), persona_.name) == callers.end())
            continue;
        const Body &body = bodies_.of(function.id);
        Opener opener{&function, {}, {}, {}, {}, {}};
        for (const auto &[table, written] : body.relations) {
            opener.read.insert(table);
            if (written) opener.takes_in.insert(table);
            const auto shown = dependents_.find(table);
            if (!written || shown == dependents_.end()) continue;
            opener.written.insert(table);
            opener.asked.insert(shown->second.begin(), shown->second.end());
        }
        if (opener.written.empty() || !why_not_undone(world_, body).empty()) continue;
        std::vector<const Relation *> written;
        for (const Relation &relation : world_.relations)
            if (opener.written.contains(relation.id)) written.push_back(&relation);
        opener.hearing = triggers_.of_any(written);
        openers_.push_back(std::move(opener));
    }
}

// The row that the persona has put in, as it came to be.
Row WaysUp::just_put_in(const TableShape &shape) {
    const TransactionId self = call(GetCurrentTransactionId);
    const AsUser past(user_, security_);
    Row row{shape.id, InvalidOid, "", {}, true};
    std::string columns;
    for (const ColumnShape &column : shape.columns) columns += fmt::format(", {}::text", column.name);
    const Rows found =
        query(fmt::format("select tableoid, ctid{} from {} where xmin = '{}'::xid limit 1", columns, shape.name, self),
              {}, false);
    if (found.empty()) return row;
    row.stored_in = found.oid(0, 0);
    row.tid = found.text(0, 1);
    for (size_t i = 0; i < shape.columns.size(); i++)
        row.values.emplace(shape.columns[i].number, found.value(0, i + 2));
    return row;
}

bool WaysUp::hand_in(const Relation &relation, const Opener &opener, const std::string &statement) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    Sight before = at_first(opener.asked);
    const auto gained_by = [&](const std::string &calling) {
        std::vector<std::string> gain;
        (void)attempt(Finish::rollback, [&] {
            (void)in_time([&] { return execute(calling); });
            gain = gained(before, opener.asked);
        });
        return gain;
    };
    // What the row may open by itself: of what policies show by it, and of what the next token shows.
    std::set<Oid> by_the_row;
    const std::set<Oid> &shown = dependents_[relation.id], &later = stage_.hints().next_token.shown;
    for (const Oid table : opener.asked)
        if (shown.contains(table) || later.contains(table)) by_the_row.insert(table);
    std::string calling;
    std::vector<std::string> gain;
    bool guessed = false;
    (void)attempt(Finish::rollback, [&] {
        if (in_time([&] { return execute(statement); }) == 0) return;
        before.merge(in_sight(by_the_row)); // what it opens by itself is told of it alone
        const Row row = just_put_in(shape);
        // The row may be named by an argument, or found by who is calling.
        for (const Arguments &choice : arguments_for_itself(*opener.function, stage_, persona_.uid, &row)) {
            if (left_ <= 0) continue;
            guessed = guessed || (choice.guessed && !choice.handed);
            calling = call_with_known(*opener.function, choice);
            gain = gained_by(calling);
            if (!gain.empty()) return;
        }
    });
    // A function that takes such rows in, by a word of which it is not known how the row holds it.
    if (gain.empty() && guessed && opener.takes_in.contains(relation.id) && doubt_.empty())
        doubt_ =
            fmt::format("{} takes such rows in, and what it asks for was not found", opener.function->name.substr(4));
    // What the call gives without the row as well is not the row's doing.
    if (gain.empty() || !gained_by(calling).empty()) return false;
    Hearing hearing = triggers_.of(relation, Command::insert);
    hear_too(hearing, opener.hearing);
    const auto rises = [&] {
        (void)in_time([&] { return execute(calling); });
        (void)execute("set constraints all immediate");
        return !gained(before, opener.asked).empty();
    };
    if (!stands(hearing, nullptr, statement, "", rises)) return false;
    accuse({"writable_authority", &relation, Command::insert, fmt::format("{}; {}", statement, calling), "",
            opener.function, gain, ""});
    return true;
}

void WaysUp::try_handing_in(const Relation &relation) {
    const auto takes = [&](const Opener &opener) { return opener.read.contains(relation.id); };
    if (joined_.contains(relation.id) || std::none_of(openers_.begin(), openers_.end(), takes)) return;
    const std::vector<Values> rows = entries(relation);
    left_ = kMostLooks;
    for (const Opener &opener : openers_) {
        if (!takes(opener)) continue;
        size_t put_in = 0;
        for (const Values &values : rows) {
            if (gave_up() || put_in == kMostEntries) break;
            const Scratch scratch;
            const std::string statement = entering(relation, values);
            if (statement.empty()) break;
            long entered = 0;
            (void)attempt(Finish::rollback, [&] { entered = in_time([&] { return execute(statement); }); });
            if (entered == 0) continue;
            put_in++;
            if (hand_in(relation, opener, statement)) return;
        }
    }
    doubt(relation.name, Command::insert);
}

// Of these tables the ones that rows were put into or changed in, since the subtransaction began.
std::set<Oid> WaysUp::left_rows_in(const std::set<Oid> &tables) {
    const TransactionId self = call(GetCurrentTransactionId);
    const AsUser past(user_, security_);
    std::set<Oid> result;
    for (const Oid table : tables) {
        const TableShape *shape = stage_.tables().of(table);
        if (shape != nullptr &&
            !query(fmt::format("select 1 from {} where xmin = '{}'::xid limit 1", shape->name, self), {}, false)
                 .empty())
            result.insert(table);
    }
    return result;
}

// Whether it reads the value by a plain SELECT, as things are now: of the table, or of a view that shows the table's
// rows.
bool WaysUp::is_shown(const Column &column, const std::string &value) {
    const TableShape &shape = *stage_.tables().of(column.relation);
    const bool readable = query("select pg_catalog.has_column_privilege($1::oid, $2::int2, 'SELECT')",
                                {std::to_string(column.relation), std::to_string(column.number)})
                              .boolean(0, 0);
    bool read = false;
    if (readable)
        (void)attempt(Finish::rollback, [&] {
            const std::string sql = fmt::format("select 1 from {} where {}::text = $1 limit 1", shape.name,
                                                shape.column(column.number)->name);
            read = in_time([&] { return !query(sql, {value}, false).empty(); });
        });
    if (read) return true;
    return std::any_of(world_.relations.begin(), world_.relations.end(), [&](const Relation &view) {
        const Reach *reach = view.reach_of(persona_.name);
        if (view.kind != RelationKind::view || reach == nullptr || !reach->commands.contains(Command::select))
            return false;
        const Rows reads = query(std::string(kReads) + "select 1 from reads where id = $2::oid limit 1",
                                 {std::to_string(view.id), std::to_string(column.relation)});
        bool shown = false;
        if (!reads.empty())
            (void)attempt(Finish::rollback, [&] {
                const std::string sql =
                    fmt::format("select 1 from {} v where pg_catalog.strpos(v::text, $1) > 0 limit 1", view.name);
                shown = in_time([&] { return !query(sql, {value}, false).empty(); });
            });
        return shown;
    });
}

bool WaysUp::are_shown(const Arguments &choice) {
    return std::all_of(choice.words.begin(), choice.words.end(),
                       [&](const auto &word) { return is_shown(word.first, word.second); });
}

bool WaysUp::is_told(const Arguments &choice) {
    return std::all_of(choice.secrets.begin(), choice.secrets.end(), [&](const Column &column) {
        return std::any_of(choice.words.begin(), choice.words.end(),
                           [&](const auto &word) { return word.first == column && is_shown(column, word.second); });
    });
}

std::string WaysUp::call_with_known(const Function &function, const Arguments &choice) {
    return call_of(function, is_told(choice) ? choice.list : choice.untold.front());
}

bool WaysUp::hold_a_code(const Arguments &choice) const {
    return std::any_of(choice.words.begin(), choice.words.end(), [&](const auto &word) {
        const std::string &name = stage_.tables().of(word.first.relation)->column(word.first.number)->name;
        return says_code(name) || says_secret(name);
    });
}

std::string WaysUp::names_of_words(const Arguments &choice) const {
    std::string names;
    for (const auto &[column, value] : choice.words) {
        const TableShape &shape = *stage_.tables().of(column.relation);
        names += fmt::format("{}{}.{}", names.empty() ? "" : ", ", shape.name, shape.column(column.number)->name);
    }
    return names;
}

// One that lets everybody in wherever they ask. One that turns some away has its reasons, and is left to its own cell.
void WaysUp::try_calling(const Opener &opener) {
    const Function &function = *opener.function;
    if (!function.asks_who) return; // its own cell says so
    left_ = kMostLooks;
    if (try_rising_by(opener) || try_raising_by(opener) || try_switching(opener)) return;
    const Scratch scratch;
    const Sight before = at_first(opener.asked);
    std::string opening, words;
    bool coded = false;
    std::vector<std::string> gain;
    size_t calls = 0;
    for (const Arguments &choice : arguments_for_itself(function, stage_, persona_.uid, nullptr)) {
        if ((!choice.by_key && choice.words.empty()) || left_ <= 0) return;
        if (!choice.by_key && !are_shown(choice)) {
            // Who is not shown a code is not let in by it; a name that nobody is shown is something else.
            if (!hold_a_code(choice)) return;
            continue;
        }
        const std::string statement = call_of(function, choice.list);
        bool left = false;
        const Outcome outcome = attempt(Finish::rollback, [&] {
            (void)in_time([&] { return execute(statement); });
            left = !left_rows_in(opener.written).empty();
            if (left && gain.empty()) gain = gained(before, opener.asked);
            if (gain.empty() || !opening.empty()) return;
            opening = statement;
            words = choice.by_key ? "" : names_of_words(choice);
            coded = !choice.by_key && hold_a_code(choice);
        });
        if (!outcome.ok || !left) return;
        calls++;
    }
    // One row says little, unless nothing else is looked at that rows could differ in, or a code is all that is asked.
    const bool blind =
        coded || std::includes(opener.written.begin(), opener.written.end(), opener.read.begin(), opener.read.end());
    if (opening.empty() || (calls < 2 && !blind)) return;
    const auto rises = [&] {
        (void)in_time([&] { return execute(opening); });
        return !gained(before, opener.asked).empty();
    };
    if (stands(opener.hearing, nullptr, "", "", rises)) {
        Way way{"writable_authority", nullptr, Command::execute, opening, "", &function, gain, ""};
        way.words = words;
        accuse(way);
    }
    doubt(function.name, Command::execute);
}

} // namespace rlsproof::server
