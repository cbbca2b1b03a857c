// The ways up by two calls: a function with rights of its own puts in a row that its caller may not put in, an
// invitation into anybody's team, and another one takes it up.
#include "server/ways_up.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostRows = 8;  // that the first call is to put in
constexpr size_t kMostPut = 4;   // of those, tried with the second
constexpr size_t kMostCalls = 6; // of the first function, for one row

} // namespace

// The calls of a function that put such rows in as would let their caller in, had it put them in itself.
std::vector<std::string> WaysUp::calls_that_put_in(const Function &function, const Relation &relation) {
    std::vector<std::string> result;
    std::set<std::string> tried;
    const TableShape &shape = *stage_.tables().of(relation.id);
    size_t rows = 0;
    for (Values &values : entries(relation)) {
        if (++rows > kMostRows || result.size() == kMostPut || gave_up()) break;
        const Row wanted{shape.id, InvalidOid, "", std::move(values), true};
        size_t calls = 0;
        for (const Arguments &choice : arguments_for_itself(function, stage_, persona_.uid, &wanted)) {
            const std::string statement = call_with_known(function, choice);
            if (!choice.handed || ++calls > kMostCalls || result.size() == kMostPut || left_-- <= 0) break;
            if (!tried.insert(statement).second) continue;
            bool put = false;
            (void)attempt(Finish::rollback, [&] {
                (void)in_time([&] { return execute(statement); });
                put = !just_put_in(shape).tid.empty();
            });
            if (put) result.push_back(statement);
        }
    }
    return result;
}

// Whether whoever made the first call knows what the second is called with: it was answered, may be read, or is sent to
// an address of its own.
bool WaysUp::is_told(const TableShape &shape, const Row &row, const std::string &first, const std::string &answer,
                     const std::string &second) {
    for (const ColumnShape &column : shape.columns) {
        const auto held = row.values.find(column.number);
        if (held == row.values.end() || !held->second || held->second->empty()) continue;
        if (held->second == address_) return true;
        const std::string literal = quote_literal(*held->second);
        if (second.find(literal) == std::string::npos || first.find(literal) != std::string::npos ||
            answer.find(*held->second) != std::string::npos)
            continue;
        bool read = false;
        (void)attempt(Finish::rollback, [&] {
            read = !query(fmt::format("select {} from {} where ctid = {}::tid and tableoid = {}", column.name,
                                      shape.name, quote_literal(row.tid), row.stored_in),
                          {}, false)
                        .empty();
        });
        if (!read) return false;
    }
    return true;
}

// Makes the first call, and the second as the row that was put in has it; what the second was. Nothing where it was not
// made.
std::optional<std::string> WaysUp::call_in_turn(const TwoCalls &calls, size_t at) {
    const TableShape &shape = *stage_.tables().of(calls.relation.id);
    const bool answers = !calls.first.procedure;
    std::string answer;
    if (answers) {
        const Rows rows = query(calls.statement, {}, false);
        for (size_t i = 0; i < rows.size(); i++) answer += rows.text(i, 0);
    } else {
        (void)execute(calls.statement);
    }
    const Row row = just_put_in(shape);
    if (row.tid.empty()) return std::nullopt;
    const std::vector<Arguments> choices = arguments_for_itself(*calls.opener.function, stage_, persona_.uid, &row);
    if (at >= choices.size()) return std::nullopt;
    std::string second = call_of(*calls.opener.function, choices[at].list);
    if (!is_told(shape, row, calls.statement, answer, second)) return std::nullopt;
    (void)execute(second);
    // What it is called with was made at random, and is another the next time.
    for (const ColumnShape &column : shape.columns)
        if (const auto held = row.values.find(column.number); held != row.values.end() && held->second) {
            const std::string literal = quote_literal(*held->second);
            const size_t place = second.find(literal);
            if (place != std::string::npos && calls.statement.find(literal) == std::string::npos)
                second.replace(place, literal.size(), fmt::format("'<its {}>'", column.name));
        }
    return second;
}

bool WaysUp::opens_in_turn(const TwoCalls &calls) {
    const Sight before = in_sight(calls.opener.asked);
    constexpr size_t kMostSeconds = 8;
    for (size_t at = 0; at < kMostSeconds; at++) {
        if (gave_up()) return false;
        std::vector<std::string> gain;
        std::optional<std::string> second;
        const auto rises = [&] {
            second = in_time([&] { return call_in_turn(calls, at); });
            (void)execute("set constraints all immediate");
            gain = second ? gained(before, calls.opener.asked) : std::vector<std::string>();
            return !gain.empty();
        };
        bool rose = false;
        (void)attempt(Finish::rollback, [&] { rose = rises(); });
        // What the second call gives anyway is not the first one's doing.
        if (!rose) continue;
        bool anyway = false;
        (void)attempt(Finish::rollback, [&] {
            (void)in_time([&] { return execute(*second); });
            anyway = !gained(before, calls.opener.asked).empty();
        });
        Hearing hearing = triggers_.of(calls.relation, Command::insert);
        hear_too(hearing, calls.opener.hearing);
        if (anyway || !stands(hearing, nullptr, "", "", rises)) continue;
        Way way{"writable_authority",
                nullptr,
                Command::execute,
                fmt::format("{}; {}", calls.statement, *second),
                "",
                &calls.first,
                gain,
                ""};
        way.then = calls.opener.function;
        way.words = calls.relation.name;
        accuse(way);
        return true;
    }
    return false;
}

void WaysUp::try_two_calls(const Function &function) {
    const auto &callers = function.callers;
    if (!stage_.triggers_off() || !function.definer || function.platform || !function.asks_who ||
        std::find(callers.begin(), callers.end(), persona_.name) == callers.end())
        return;
    if (const Cell *cell = cell_of(function.name, Command::execute);
        cell != nullptr && (cell->verdict == Verdict::open || cell->verdict == Verdict::leak))
        return;
    const Body &body = bodies_.of(function.id);
    if (!why_not_undone(world_, body).empty()) return;
    left_ = kMostLooks;
    for (const Relation &relation : world_.relations) {
        const auto takes = [&](const Opener &opener) {
            return opener.function != &function && opener.read.contains(relation.id);
        };
        if (!body.inserted.contains(relation.id) || joined_.contains(relation.id) ||
            stage_.tables().of(relation.id) == nullptr || std::none_of(openers_.begin(), openers_.end(), takes))
            continue;
        const Scratch scratch;
        for (const std::string &statement : calls_that_put_in(function, relation))
            for (const Opener &opener : openers_)
                if (takes(opener) && opens_in_turn({function, relation, opener, statement})) return;
    }
    doubt(function.name, Command::execute);
}

} // namespace rlsproof::server
