#include "model/name_words.hpp"

// The ways up by somebody else: a plain member lets another account in, or raises one that is in, with a role that it
// has not got itself. Whoever may invite asks for membership, and not for the role that is given.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/refusals.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/standing.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostColumns = 3; // of a table, that hold roles
constexpr size_t kMostGiven = 6;   // roles of one column
constexpr size_t kMostCalls = 16;
constexpr size_t kMostTables = 6; // named in a finding

const std::string kAccomplice = "acc0391e-0000-4000-8000-00000000e15e";

// What is asked beside the role of whoever is in it for good: that he was let in, that he is active.
Values standing(const Stage &stage, const TableShape &shape, const ForeignKey &belongs, const ColumnShape &role,
                const std::string &held) {
    Values values;
    for (const ColumnShape &column : shape.columns) {
        const std::vector<std::string> asked = role_words(stage, shape, column);
        if (asked.empty() || column.number == role.number) continue;
        const Candidate given = default_word(column);
        const bool suits = given && std::find(asked.begin(), asked.end(), *given) != asked.end();
        const bool is_state = column.name.find("stat") != std::string::npos;
        const std::vector<std::string> plain = plain_words(stage, shape, column);
        if (is_state && !suits && column.category != 'B')
            values[column.number] = asked.back();
        else if (given || !plain.empty())
            values[column.number] = given ? *given : plain.front();
    }
    for (const Values &asked : stage.asked_together(shape))
        for (const auto &[number, value] : asked)
            if (shape.column(number)->category == 'D' && value) values.emplace(number, value);
    values[role.number] = held;
    values.erase(belongs.columns.front());
    return values;
}

std::string settings(const TableShape &shape, const Values &values, const char *between) {
    std::vector<std::string> result;
    for (const auto &[number, value] : values)
        result.push_back(
            fmt::format("{} = {}", shape.column(number)->name, Maker::literal(*shape.column(number), value)));
    return fmt::format("{}", fmt::join(result, between));
}

} // namespace

bool WaysUp::place(const TableShape &shape, const Row &row, const Values &values) {
    const AsUser past(user_, security_);
    return execute(fmt::format("update {} set {} where ctid = {}::tid and tableoid = {}", shape.name,
                               settings(shape, values, ", "), quote_literal(row.tid), row.stored_in)) == 1;
}

// Calls `look` for each way in which both may be plain members of the same, until it has nothing more to look for.
void WaysUp::among_strangers(const TableShape &shape, bool unasked, const std::function<bool(Accomplice &)> &look) {
    const ForeignKey *belongs = belongs_by(stage_, shape);
    std::vector<const ColumnShape *> columns;
    for (const ColumnShape &column : shape.columns)
        if (columns.size() < kMostColumns &&
            (!role_words(stage_, shape, column).empty() || (unasked && names_rulers(stage_, shape, column))))
            columns.push_back(&column);
    if (persona_.declared || !stage_.triggers_off() || belongs == nullptr || columns.empty() ||
        !stage_.names_people(shape))
        return;
    accompanied(shape, [&](const Row &mine, const Row &theirs, const Values &who) {
        bool done = false;
        for (const ColumnShape *column : columns)
            for (const std::string &held : plain_words(stage_, shape, *column))
                for (const Row &there : among_others(stage_, own_, *belongs, mine)) {
                    if (done || left_ <= 0) return;
                    Values values = standing(stage_, shape, *belongs, *column, held);
                    values[belongs->columns.front()] = there.values.at(belongs->columns.front());
                    done = among_the_same(shape, mine, theirs, who, values, *column, look);
                }
    });
}

// Has somebody else sign up beside it. Of both there is a row in the table then, and `who` finds the other's.
void WaysUp::accompanied(const TableShape &shape,
                         const std::function<void(const Row &mine, const Row &theirs, const Values &who)> &look) {
    const ForeignKey *belongs = belongs_by(stage_, shape);
    const Scratch scratch;
    (void)attempt(Finish::rollback, [&] {
        std::optional<Row> mine, theirs;
        const auto find = [&](const std::vector<Row> &rows, std::optional<Row> &row, const std::string &uid) {
            const auto found =
                std::find_if(rows.begin(), rows.end(), [&](const Row &r) { return r.table == shape.id; });
            row = found != rows.end() ? *found : stage_.another_own(shape, uid, rows);
        };
        {
            const AsUser past(user_, security_);
            find(own_, mine, persona_.uid);
            find(stage_.sign_up(kAccomplice, false), theirs, kAccomplice);
        }
        if (!mine || !theirs) return;
        Values who;
        for (const auto &[number, value] : theirs->values)
            if (value && shape.column(number) != nullptr && stage_.hints().identity.contains({shape.id, number}))
                who.emplace(number, value);
        for (const ForeignKey &key : shape.foreign_keys)
            if (const auto value = theirs->values.find(key.columns.front());
                who.empty() && key.columns.size() == 1 && &key != belongs && value != theirs->values.end() &&
                value->second && stage_.is_account(*stage_.tables().of(key.parent)))
                who.insert(*value);
        if (!who.empty()) look(*mine, *theirs, who);
    });
}

// What `look` says where both rows hold these values.
bool WaysUp::among_the_same(const TableShape &shape, const Row &mine, const Row &theirs, const Values &who,
                            const Values &values, const ColumnShape &role,
                            const std::function<bool(Accomplice &)> &look) {
    Accomplice other{&role, values.at(role.number).value_or(""), theirs, "", as_person(persona_, kAccomplice), {}};
    other.which = settings(shape, who, " and ");
    for (const auto &[number, value] : values) other.row.values[number] = value;
    bool done = false;
    (void)attempt(Finish::rollback, [&] {
        if (place(shape, mine, values) && place(shape, theirs, values)) done = look(other);
    });
    return done;
}

// Tables of which it reaches more than before, and by what.
std::vector<std::string> WaysUp::raised(const Accomplice &other, const std::set<Oid> &asked) {
    std::vector<std::string> names;
    const std::map<Command, Seen> reached = reached_as(other, asked);
    for (const Relation &relation : world_.relations) {
        std::vector<std::string_view> commands;
        for (const auto &[command, rows] : reached)
            if (std::any_of(rows.begin(), rows.end(), [&, by = command](const auto &row) {
                    return row.first == relation.id && !other.before.at(by).contains(row);
                }))
                commands.push_back(name(command));
        if (commands.empty()) continue;
        if (names.size() == kMostTables) {
            names.emplace_back("others");
            break;
        }
        names.push_back(fmt::format("{} ({})", relation.name, fmt::join(commands, ", ")));
    }
    return names;
}

std::map<Command, WaysUp::Seen> WaysUp::reached_as(const Accomplice &other, const std::set<Oid> &asked) {
    std::map<Command, Seen> reached{{Command::select, {}}, {Command::update, {}}, {Command::remove, {}}};
    (void)attempt(Finish::rollback, [&] {
        const AsUser past(user_, security_);
        assume(identity_of(other.person));
        reached[Command::select] = foreign_seen(asked);
        for (const Command command : {Command::update, Command::remove})
            reached[command] = foreign_written(asked, command);
    });
    return reached;
}

// What the other one reaches by what is done: as it is, or where it is not there yet.
std::vector<std::string> WaysUp::opened_for(Accomplice &other, const TableShape &shape, bool there,
                                            const Hearing &hearing, const std::function<bool()> &act) {
    const auto beginning = [&](const std::function<void()> &go_on) {
        (void)attempt(Finish::rollback, [&] {
            if (!there) {
                const AsUser past(user_, security_);
                (void)execute(fmt::format("delete from {} where {}", shape.name, other.which));
            }
            go_on();
        });
    };
    bool acted = false;
    beginning([&] { (void)attempt(Finish::rollback, [&] { acted = act(); }); });
    std::vector<std::string> gain;
    if (!acted) return gain;
    const std::set<Oid> &asked = dependents_[shape.id];
    if (!other.looked) other.before = reached_as(other, asked);
    other.looked = true;
    beginning([&] {
        const auto rises = [&] {
            if (!act()) return false;
            (void)execute("set constraints all immediate");
            gain = raised(other, asked);
            return !gain.empty();
        };
        bool rose = false;
        (void)attempt(Finish::rollback, [&] { rose = rises(); });
        if (!rose || !stands(hearing, nullptr, "", "", rises)) gain.clear();
    });
    return gain;
}

// A role that says more than what both have, and than what everybody has.
bool WaysUp::is_more(const Accomplice &other, const std::string &word) {
    return word != other.held && (says_ruler(word) || default_word(*other.column) != word);
}

void WaysUp::try_raising_others(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    const Reach &reach = *relation.reach_of(persona_.name);
    left_ = kMostLooks;
    std::set<Command> left;
    std::vector<Oid> accounts;
    for (const Row &row : own_) accounts.push_back(row.table);
    if (reach.commands.contains(Command::insert) && !joined_.contains(relation.id) &&
        !(one_each(shape, stage_.hints()) && made_at_sign_up(bodies_, accounts, relation.id)))
        left.insert(Command::insert);
    if (reach.commands.contains(Command::update) && !is_promoted(relation)) left.insert(Command::update);
    // What is open is told of anybody.
    std::erase_if(left, [&](Command command) {
        const Cell *cell = cell_of(relation.name, command);
        return cell != nullptr && (cell->verdict == Verdict::open || cell->verdict == Verdict::leak);
    });
    if (left.empty()) return;
    among_strangers(shape, false, [&](Accomplice &other) {
        try_raising_other(relation, other, left);
        return left.empty();
    });
    for (const Command command : left) doubt(relation.name, command);
}

// Gives the other one more than both have, by those of `left`; takes from them what was told.
void WaysUp::try_raising_other(const Relation &relation, Accomplice &other, std::set<Command> &left) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    const auto tried = [&](const std::string &word, Command command, const std::string &statement) {
        if (statement.empty() || !left.contains(command)) return;
        const auto act = [&] { return in_time([&] { return execute(statement); }) > 0; };
        const std::vector<std::string> gain =
            opened_for(other, shape, command == Command::update, triggers_.of(relation, command), act);
        if (gain.empty()) return;
        left.erase(command);
        accuse_raising(relation.name, command, statement, other, shape, word, gain);
    };
    size_t words = 0;
    for (const std::string &word : role_words(stage_, shape, *other.column)) {
        if (!is_more(other, word) || ++words > kMostGiven) continue;
        if (left.contains(Command::update) && may_update(relation.id, other.column->number)) {
            const std::string set = fmt::format("update {} set {} = {}", shape.name, other.column->name,
                                                Maker::literal(*other.column, word));
            tried(word, Command::update, fmt::format("{} where {}", set, other.which));
            tried(word, Command::update, set);
        }
        if (!left.contains(Command::insert)) continue;
        std::vector<Values> rows = stage_.candidates(relation.id, {&other.row});
        if (rows.empty()) continue;
        rows.front()[other.column->number] = word;
        if (insertable(relation.id, rows.front()).contains(other.column->number))
            tried(word, Command::insert, entering(relation, rows.front()));
    }
}

bool WaysUp::try_raising_by(const Opener &opener) {
    bool accused = false;
    std::string given;
    for (const Oid table : opener.written) {
        const TableShape *shape = stage_.tables().of(table);
        if (shape == nullptr || accused) continue;
        // What no policy asks for an application may.
        among_strangers(*shape, true, [&](Accomplice &other) {
            size_t calls = 0;
            for (const Arguments &choice : arguments_with_words(*opener.function, stage_, kAccomplice, other.row)) {
                if (++calls > kMostCalls || left_-- <= 0) break;
                const std::string calling = call_of(*opener.function, choice.list);
                Candidate word;
                const auto act = [&] {
                    (void)in_time([&] { return execute(calling); });
                    const AsUser past(user_, security_);
                    const Rows rows = query(
                        fmt::format("select {} from {} where {} limit 1", other.column->name, shape->name, other.which),
                        {}, false);
                    word = rows.empty() ? Candidate() : rows.value(0, 0);
                    if (!word || !is_more(other, *word)) return false;
                    if (given.empty()) given = fmt::format("\"{}\" in {}.{}", *word, shape->name, other.column->name);
                    return true;
                };
                for (const bool there : {true, false}) {
                    const std::vector<std::string> gain = opened_for(other, *shape, there, opener.hearing, act);
                    if (gain.empty()) continue;
                    accuse_raising(opener.function->name, Command::execute, calling, other, *shape, *word, gain);
                    return accused = true;
                }
            }
            return false;
        });
    }
    if (!accused && !given.empty() && doubt_.empty())
        doubt_ = fmt::format("whoever is no more than a member makes somebody else {} by it, and what that opens was "
                             "not seen",
                             given);
    doubt(opener.function->name, Command::execute);
    return accused;
}

void WaysUp::accuse_raising(const std::string &object, Command command, const std::string &statement,
                            const Accomplice &other, const TableShape &shape, const std::string &word,
                            const std::vector<std::string> &gain) {
    const bool called = command == Command::execute;
    const std::string by = called ? fmt::format(" by a call of {}", object.substr(4)) : "";
    const std::string column = fmt::format("{}.{}", shape.name, other.column->name);
    const std::string raised = other.column->category == 'B'
                                   ? fmt::format("set {} for somebody else{}, not having it itself", column, by)
                                   : fmt::format("make somebody else \"{}\" in {}{}, being no more than \"{}\" there",
                                                 word, column, by, other.held);
    const std::string what =
        fmt::format("{} can {}; such a one reaches rows of other people in {}",
                    appointed_.empty() ? persona_.name : appointed_, raised, fmt::join(gain, ", "));
    if (appointed_.empty()) make_open(*cells_, persona_, object, command, what, statement);
    const Relation *relation = world_.relation(shape.name);
    Finding finding;
    finding.rule = "writable_authority";
    finding.level = Level::error;
    finding.category = Category::exposure;
    finding.object = object;
    finding.message = what;
    const Way way{finding.rule, relation, command, "", other.column->name, nullptr, {}, ""};
    finding.detail = fmt::format(
        "{} decides by it. It was done, {}, with: {}", some_deciders(deciders(way, stage_.tables(), stage_.hints())),
        appointed_.empty() ? "as a member of what is somebody else's"
                           : persona_.name + " having been given that role in a row of its own",
        statement);
    finding.hint =
        called ? "Let the function ask whether its caller may give the role, not only whether they belong to it."
               : "Let the policy's WITH CHECK ask whether whoever writes the row may give the role, not only whether "
                 "they belong to it.";
    finding.evidence = "execution";
    finding.key = fmt::format("{}:{}.{}", finding.rule, object, other.column->name);
    findings_->push_back(std::move(finding));
}

} // namespace rlsproof::server
