// The ways up by a row of one's own that is made to speak of somebody else: a request that was put to oneself, and that
// names another one as who has put it before it is accepted. USING asks for one of the people in it, and says nothing
// of the other.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostMoved = 6;  // rows of its own
constexpr size_t kMostNamed = 3;  // people in one column
constexpr size_t kMostCalls = 16; // of one function, with one row

} // namespace

// The columns of people that it may set, and whom else rows of other people name there. One person alone in a row is
// whose row it is.
std::map<int, std::vector<std::string>> WaysUp::others_to_name(const TableShape &shape) const {
    std::map<int, std::vector<std::string>> result;
    size_t people = 0;
    for (const ColumnShape &column : shape.columns) {
        const bool account =
            std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(), [&](const ForeignKey &k) {
                const TableShape *parent = stage_.tables().of(k.parent);
                return k.columns == std::vector{column.number} && parent != nullptr && stage_.is_account(*parent);
            });
        if (!account && !stage_.hints().identity.contains({shape.id, column.number})) continue;
        people++;
        if (column.generated || column.category == 'A' || !may_update(shape.id, column.number)) continue;
        std::vector<std::string> &others = result[column.number];
        for (const Row &row : stage_.rows(shape.id))
            if (const auto value = row.values.find(column.number);
                value != row.values.end() && value->second && others.size() < kMostNamed &&
                std::find(others.begin(), others.end(), *value->second) == others.end())
                others.push_back(*value->second);
    }
    if (people < 2) result.clear();
    return result;
}

void WaysUp::try_moving(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    const bool decides = dependents_.contains(relation.id);
    const auto takes = [&](const Opener &opener) { return opener.read.contains(relation.id); };
    if (persona_.declared || !stage_.triggers_off() || shape.keys.empty() || is_promoted(relation) ||
        joined_.contains(relation.id) || (!decides && std::none_of(openers_.begin(), openers_.end(), takes)))
        return;
    const std::map<int, std::vector<std::string>> named = others_to_name(shape);
    if (named.empty()) return;
    left_ = kMostLooks;
    size_t rows = 0;
    for (const Values &values : entries(relation)) {
        if (gave_up() || rows == kMostMoved) break;
        const Scratch scratch;
        // By itself, or by somebody else who has to do with it.
        const std::string entry = entering(relation, values);
        bool by_itself = false;
        if (!entry.empty())
            (void)attempt(Finish::rollback, [&] { by_itself = in_time([&] { return execute(entry); }) > 0; });
        Moved moved{relation, by_itself ? entry : Maker::insert_statement(shape, values), by_itself, "", 0};
        rows++;
        for (const auto &[column, others] : named)
            for (const std::string &other : others) {
                moved.column = column;
                moved.other = other;
                if (left_ > 0 && opens_by_moving(moved)) return;
            }
    }
    doubt(relation.name, Command::update);
}

bool WaysUp::put_in(const Moved &moved) {
    if (moved.by_itself) return in_time([&] { return execute(moved.entry); }) > 0;
    const AsUser past(user_, security_);
    return execute(moved.entry) > 0;
}

bool WaysUp::opens_by_moving(const Moved &moved) {
    const TableShape &shape = *stage_.tables().of(moved.relation.id);
    const ColumnShape &column = *shape.column(moved.column);
    std::optional<Row> row;
    std::string changing;
    for (const bool reads : {true, false}) {
        std::string statement;
        (void)attempt(Finish::rollback, [&] {
            if (!put_in(moved)) return;
            row = just_put_in(shape);
            if (row->values.empty() || row->values.at(column.number) == moved.other) return;
            std::vector<std::string> key;
            for (const int number : shape.keys.front())
                key.push_back(fmt::format("{} = {}", shape.column(number)->name,
                                          Maker::literal(*shape.column(number), row->values.at(number))));
            statement =
                fmt::format("update {} set {} = {}{}", shape.name, column.name, Maker::literal(column, moved.other),
                            reads ? fmt::format(" where {}", fmt::join(key, " and ")) : "");
            if (in_time([&] { return execute(statement); }) > 0) changing = statement;
        });
        if (!changing.empty()) break;
    }
    if (changing.empty()) return false;
    row->values[column.number] = moved.other;
    if (dependents_.contains(moved.relation.id) &&
        opens_then(moved, changing, "", nullptr, dependents_[moved.relation.id]))
        return true;
    for (const Opener &opener : openers_) {
        if (!opener.read.contains(moved.relation.id)) continue;
        size_t calls = 0;
        for (const Arguments &choice : arguments_with_words(*opener.function, stage_, persona_.uid, *row)) {
            if (left_ <= 0 || ++calls > kMostCalls) break;
            const std::string calling = call_of(*opener.function, choice.list);
            if (opens_then(moved, changing, calling, &opener, opener.asked)) return true;
        }
    }
    return false;
}

// Whether it sees more once the row was changed, and the function called, than with the row as it was, and the same
// call.
bool WaysUp::opens_then(const Moved &moved, const std::string &changing, const std::string &calling,
                        const Opener *opener, const std::set<Oid> &asked) {
    std::vector<std::string> gain;
    bool stood = false;
    (void)attempt(Finish::rollback, [&] {
        if (!put_in(moved)) return;
        const auto act = [&] {
            if (!calling.empty()) (void)in_time([&] { return execute(calling); });
        };
        bool called = calling.empty();
        (void)attempt(Finish::rollback, [&] {
            (void)in_time([&] { return execute(changing); });
            act();
            called = calling.empty() || !left_rows_in(opener->written).empty();
        });
        if (!called) return;
        Sight before = in_sight(asked);
        (void)attempt(Finish::rollback, [&] {
            act();
            before.merge(in_sight(asked));
        });
        const auto rises = [&] {
            act();
            (void)execute("set constraints all immediate");
            return !gained(before, asked).empty();
        };
        (void)attempt(Finish::rollback, [&] {
            if (in_time([&] { return execute(changing); }) == 0) return;
            act();
            gain = gained(before, asked);
        });
        if (gain.empty()) return;
        Hearing hearing = triggers_.of(moved.relation, Command::update);
        if (opener != nullptr) hear_too(hearing, opener->hearing);
        stood = stands(hearing, nullptr, changing, "", rises);
    });
    if (!stood) return false;
    const ColumnShape &column = *stage_.tables().of(moved.relation.id)->column(moved.column);
    Way way{"writable_authority",
            &moved.relation,
            Command::update,
            fmt::format("{}{}; {}{}{}", moved.by_itself ? "" : "/* by somebody else */ ", moved.entry, changing,
                        calling.empty() ? "" : "; ", calling),
            column.name,
            opener != nullptr ? opener->function : nullptr,
            gain,
            ""};
    way.moves = "somebody else";
    accuse(way);
    return true;
}

} // namespace rlsproof::server
