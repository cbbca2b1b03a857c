#include "model/name_words.hpp"

// What whoever takes part in a talk may do to what the others have said in it: rewrite it, or say something in their
// name. Strangers are in no talk; here one is made part of somebody else's.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/standing.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostMessages = 3;
constexpr const char *kRewritten = "rewritten";

bool is_settled(const Cell *cell) {
    return cell == nullptr || cell->declared || cell->expected != "none" || cell->verdict == Verdict::open ||
           cell->verdict == Verdict::leak;
}

} // namespace

// Statements of whoever set the stage, each of which makes the persona one of those who talk there: a row beside
// theirs, its name in a talk of two, or in the message itself.
std::vector<std::string> WaysUp::ways_into(const TableShape &shape, const Row &message, const ColumnShape &author) {
    std::vector<std::string> ways;
    const Hints &hints = stage_.hints();
    const auto put_into = [&](const TableShape &table, const std::string &which, int but) {
        const Values me = stage_.owned_by(table, {}, persona_.uid);
        for (const auto &[number, value] : me)
            if (number != but && hints.identity.contains({table.id, number}) && table.column(number)->category != 'A' &&
                me.size() > 1)
                ways.push_back(fmt::format("update {} set {} = {} where {}", table.name, table.column(number)->name,
                                           Maker::literal(*table.column(number), value), which));
    };
    const ColumnShape *key = nullptr;
    for (const std::vector<int> &one : shape.keys)
        if (one.size() == 1 && key == nullptr) key = shape.column(one.front());
    if (const auto value = key != nullptr ? message.values.find(key->number) : message.values.end();
        value != message.values.end() && value->second)
        put_into(shape, fmt::format("{} = {}", key->name, Maker::literal(*key, value->second)), author.number);
    const auto deciders = hints.decided_by.find(shape.id);
    for (const ForeignKey &belongs : shape.foreign_keys) {
        const auto talk = message.values.find(belongs.columns.front());
        const TableShape *parent = stage_.tables().of(belongs.parent);
        if (belongs.columns.size() != 1 || parent == nullptr || stage_.is_account(*parent) ||
            deciders == hints.decided_by.end() || talk == message.values.end() || !talk->second)
            continue;
        const ColumnShape &named = *parent->column(belongs.parent_columns.front());
        put_into(*parent, fmt::format("{} = {}", named.name, Maker::literal(named, talk->second)), 0);
        for (const Oid decider : deciders->second) {
            const TableShape *members = stage_.tables().of(decider);
            const ForeignKey *of = nullptr;
            if (members == nullptr || decider == shape.id || decider == parent->id || stage_.rows(decider).empty())
                continue;
            for (const ForeignKey &one : members->foreign_keys)
                if (one.parent == belongs.parent && one.parent_columns == belongs.parent_columns) of = &one;
            if (of == nullptr || !stage_.names_people(*members)) continue;
            const std::vector<Values> like = stage_.candidates(decider, {&stage_.rows(decider).front()});
            if (like.empty()) continue;
            for (Values member : stage_.owned_each(*members, like.front(), persona_.uid, own_)) {
                member[of->columns.front()] = talk->second;
                for (const ColumnShape &column : members->columns)
                    if (!role_words(stage_, *members, column).empty())
                        if (const auto plain = plain_words(stage_, *members, column); !plain.empty())
                            member[column.number] = plain.front();
                ways.push_back(Maker::insert_statement(*members, member));
            }
        }
    }
    return ways;
}

bool WaysUp::rewrites(const Relation &relation, const ColumnShape &author, const Candidate &other,
                      const ColumnShape &text, Cell &cell) {
    if (!may_update(relation.id, text.number)) return false;
    const std::string statement = fmt::format("update {} set {} = {} where {} = {}", relation.name, text.name,
                                              quote_literal(kRewritten), author.name, Maker::literal(author, other));
    if (keeps(relation, Command::update, text, kRewritten, statement) == 0) return false;
    make_open({&cell, 1}, persona_, relation.name, Command::update,
              fmt::format("whoever takes part in a talk rewrote {} of what somebody else has said there", text.name),
              statement);
    cell.what = "what others in the same talk have written";
    cell.forged = true;
    return true;
}

void WaysUp::try_in_talks(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    if (persona_.declared || !stage_.triggers_off() || own_.empty() || !says_between_people(relation.name)) return;
    const std::vector<std::string> people = people_in(shape);
    const auto author = std::find_if(shape.columns.begin(), shape.columns.end(), [&](const ColumnShape &column) {
        return says_author(column.name) && !column.generated && column.category != 'A' &&
               std::find(people.begin(), people.end(), column.name) != people.end();
    });
    const auto text = std::find_if(shape.columns.begin(), shape.columns.end(), [](const ColumnShape &column) {
        return says_written(column.name) && column.category == 'S' && !column.generated;
    });
    if (author == shape.columns.end() || text == shape.columns.end()) return;
    Cell *changing = cell_of(relation.name, Command::update), *adding = cell_of(relation.name, Command::insert);
    const bool is_marked = std::any_of(shape.columns.begin(), shape.columns.end(),
                                       [](const ColumnShape &column) { return says_read(column.name); });
    size_t messages = 0;
    std::string rewritten, forged; // what might stop it
    for (const Row &message : stage_.rows(relation.id)) {
        const auto other = message.values.find(author->number);
        if (other == message.values.end() || !other->second || ++messages > kMostMessages) continue;
        for (const std::string &way : ways_into(shape, message, *author)) {
            if (is_settled(changing) && is_settled(adding)) return;
            const Scratch scratch;
            (void)attempt(Finish::rollback, [&] {
                {
                    const AsUser past(user_, security_);
                    if (execute(way) == 0) return;
                }
                const Candidate said_by = other->second;
                // That whom it is for may say that he has read it is what UPDATE is for there.
                const bool for_it = way.starts_with(fmt::format("update {} ", relation.name));
                unsettled_.clear();
                if (!is_settled(changing) && !(for_it && is_marked) &&
                    !rewrites(relation, *author, said_by, *text, *changing) && rewritten.empty())
                    rewritten = unsettled_;
                unsettled_.clear();
                if (is_settled(adding) || adding->verdict != Verdict::ok) return;
                for (Values values : stage_.candidates(shape.id, {&message})) {
                    values[author->number] = said_by;
                    for (const ForeignKey &key : shape.foreign_keys)
                        if (const auto same = message.values.find(key.columns.front()); same != message.values.end())
                            values[key.columns.front()] = same->second;
                    // Where the message names both of them, to the one who forges it.
                    std::vector<Values> rows = stage_.owned_each(shape, values, persona_.uid, own_);
                    rows.insert(rows.begin(), values);
                    for (Values &row : rows) {
                        row[author->number] = said_by;
                        if (forges(relation, *author, row, *adding, true)) return;
                    }
                }
                if (forged.empty()) forged = unsettled_;
            });
        }
    }
    if (!is_settled(changing)) settle(*changing, rewritten, "what others in the same talk have written can be changed");
    if (!is_settled(adding)) settle(*adding, forged, "rows in somebody else's name come in");
}

} // namespace rlsproof::server
