// Two states with a statement in between, against brute force: what is proved of every statement, no statement made at
// random contradicts; what is refuted comes with two states between which every difference is allowed.
#include "../support/random_question.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "prove/later.hpp"

namespace rlsproof {

namespace {

using expr::Datum;
using expr::Tuple;

constexpr int kStates = 120, kQuestions = 200, kFollowed = 100;
constexpr int kChild = 1, kLater = 2;
constexpr int kAsked = 4; // a place for the row in question, as it was and as it is
const std::map<int, int> kAfter{{kChild, kLater}};

struct Stepped {
    prove::Question question;
    expr::Expr insert, update, remove; // over rows as they are before
};

// A row of parents comes into reach, by what is written into their children.
Stepped stepped(test::Maker &maker) {
    Stepped made;
    prove::Question &question = made.question;
    question.tables = maker.tables();
    question.tables.resize(2);
    question.tables[kChild].checks.clear();
    question.tables.push_back(question.tables[kChild]);
    prove::Table &later = question.tables.back();
    later.of = kChild;
    later.name += " afterwards";
    for (prove::Key &key : later.keys) key.name += " afterwards";
    for (prove::Reference &reference : later.references) reference.name += " afterwards";
    prove::Step step;
    step.before = kChild;
    step.after = kLater;
    step.old = {8000, kChild};
    step.fresh = {8001, kChild};
    if (maker.maybe(60)) made.insert = maker.condition(2, {step.fresh}, true);
    if (maker.maybe(60))
        made.update = expr::both({maker.condition(1, {step.old}, true), maker.condition(1, {step.fresh}, true)});
    if (maker.maybe(60)) made.remove = maker.condition(1, {step.old}, true);
    step.remove = made.remove;
    if (made.insert) step.insert = prove::of_row_afterwards(made.insert, step.fresh, kLater);
    if (made.update) step.update = prove::of_row_afterwards(made.update, step.fresh, kLater);
    if (maker.maybe(40)) step.fixed = {1 + maker.upto(3)};
    step.fresh.table = kLater;
    const expr::Row row{0, 0};
    question.subjects = {{row, "the row", true, -1}};
    // By a child, or the lack of one, so that what is written matters.
    const expr::Row child{7000, kChild};
    expr::Expr reached =
        expr::any({expr::Select{{child}, maker.condition(1, {row, child}, true), expr::boolean(true)}});
    if (maker.maybe(30)) reached = expr::negate(reached);
    if (maker.maybe(30)) reached = expr::both({reached, maker.condition(2, {row}, true)});
    question.claims = {{"it was out of reach", reached, false},
                       {"it is in reach", prove::afterwards(reached, kAfter), true},
                       {"it is its own", maker.condition(1, {row}, true), false}};
    question.steps = {step};
    return made;
}

// Whether a statement may write so: `id` is the variable of a row as it was, the next one as it is.
bool holds(const expr::Expr &e, const expr::Database &database, const Tuple *old, const Tuple *fresh, int id = 8000) {
    if (e == nullptr) return false;
    expr::Bindings rows;
    if (old != nullptr) rows[id] = old;
    if (fresh != nullptr) rows[id + 1] = fresh;
    return expr::evaluate(e, database, rows) == Datum(1);
}

bool may_change(const Stepped &made, const expr::Database &database, const Tuple &old, const Tuple &fresh) {
    for (const int number : made.question.steps[0].fixed)
        if (old.at(number) != fresh.at(number)) return false;
    return holds(made.update, database, &old, &fresh);
}

bool legal(const prove::Table &table, const std::vector<Tuple> &rows, const std::vector<Tuple> &parents) {
    for (size_t i = 0; i < rows.size(); i++) {
        for (const prove::Key &key : table.keys)
            for (size_t k = i + 1; k < rows.size(); k++)
                if (std::all_of(key.columns.begin(), key.columns.end(),
                                [&](int c) { return rows[i].at(c) && rows[i].at(c) == rows[k].at(c); }))
                    return false;
        for (const prove::Column &column : table.columns)
            if (!column.nullable && !rows[i].at(column.number)) return false;
        if (!table.references.empty() && rows[i].at(1) &&
            std::none_of(parents.begin(), parents.end(), [&](const Tuple &p) { return p.at(1) == rows[i].at(1); }))
            return false;
    }
    return true;
}

// What a statement made at random leaves of the children.
std::vector<Tuple> written(test::Maker &maker, const Stepped &made, const expr::Database &database) {
    std::vector<Tuple> result;
    for (const Tuple &row : database.tables[kChild]) {
        const Tuple fresh = maker.row(made.question.tables[kChild]);
        const int way = maker.upto(4);
        if (way == 0 && holds(made.remove, database, &row, nullptr)) continue;
        result.push_back(way == 1 && may_change(made, database, row, fresh) ? fresh : row);
    }
    const Tuple fresh = maker.row(made.question.tables[kChild]);
    if (maker.maybe(60) && holds(made.insert, database, nullptr, &fresh)) result.push_back(fresh);
    return result;
}

bool claims_hold(const Stepped &made, const expr::Database &database, const Tuple &row) {
    for (const prove::Claim &claim : made.question.claims)
        if ((expr::evaluate(claim.condition, database, {{0, &row}}) == Datum(1)) != claim.holds) return false;
    return true;
}

Tuple tuple_of(const prove::Table &table, const prove::ModelRow *row) {
    Tuple tuple;
    for (const prove::Column &column : table.columns) tuple[column.number] = Datum(0);
    if (row == nullptr) return tuple;
    for (const auto &[number, value] : row->values)
        tuple[number] = value.null ? Datum()
                        : value.literal
                            ? Datum(std::stoll(*value.literal))
                            : Datum(value.number + (table.column(number)->type.sort == expr::Sort::value ? 100 : 0));
    return tuple;
}

// ---- what rows refer to goes or changes, and takes them along

constexpr int kParent = 0, kParentLater = 3;
const std::map<int, int> kBothAfter{{kParent, kParentLater}, {kChild, kLater}};

enum class Action { none, cascade, null, value };

struct Followed {
    Stepped parents, children;
    Action removed = Action::none, moved = Action::none;
    int subject = kParent;
};

prove::Step step_of(test::Maker &maker, int before, int after, int id, Stepped &made) {
    prove::Step step;
    step.before = before;
    step.after = after;
    step.old = {id, before};
    step.fresh = {id + 1, before};
    // Often anything at all, so that much happens.
    const auto when = [&](const std::vector<expr::Row> &rows) {
        return maker.maybe(50) ? expr::boolean(true) : maker.condition(1, rows, true);
    };
    if (maker.maybe(60)) made.update = when({step.old, step.fresh});
    if (maker.maybe(60)) made.remove = when({step.old});
    step.remove = made.remove;
    if (made.update) step.update = prove::of_row_afterwards(made.update, step.fresh, after);
    step.fresh.table = after;
    return step;
}

// Parents that may be written, and children that refer to them, in both states. REQUIRES: `made` says what follows.
void add_tables(test::Maker &maker, Followed &made) {
    prove::Question &question = made.parents.question;
    std::vector<prove::Table> tables = maker.tables();
    tables[kParent].keys = {{"PRIMARY KEY parent(id)", {1}}};
    tables[kChild].checks.clear();
    tables[kChild].references = {{"FOREIGN KEY child(parent)", {1}, kParent, {1}}};
    question.tables = {tables[kParent], tables[kChild], tables[kChild], tables[kParent]};
    for (const auto &[before, after] : kBothAfter) {
        prove::Table &later = question.tables[(size_t)after];
        later.of = before;
        later.name += " afterwards";
        for (prove::Key &key : later.keys) key.name += " afterwards";
        for (prove::Reference &reference : later.references) {
            reference.name += " afterwards";
            reference.parent = kParentLater;
        }
    }
}

prove::Tie tie_of(const Followed &made) {
    prove::Tie tie;
    static_cast<prove::Reference &>(tie) = made.parents.question.tables[kChild].references[0];
    tie.removes = made.removed == Action::cascade;
    tie.nulls = made.removed == Action::null || made.moved == Action::null;
    tie.moves = made.moved == Action::cascade;
    tie.any_value = made.removed == Action::value || made.moved == Action::value;
    return tie;
}

Followed followed(test::Maker &maker) {
    Followed made;
    made.removed = (Action)maker.upto(4);
    made.moved = (Action)maker.upto(4);
    add_tables(maker, made);
    prove::Question &question = made.parents.question;
    question.steps = {step_of(maker, kParent, kParentLater, 8100, made.parents)};
    Stepped direct;
    prove::Step below = step_of(maker, kChild, kLater, 8000, direct);
    if (maker.maybe(60)) {
        // Nobody writes the children, so that all that happens to them comes from above.
        below.update = below.remove = nullptr;
        direct.update = direct.remove = nullptr;
    }
    below.follows = {tie_of(made)};
    question.steps.push_back(below);
    made.subject = maker.maybe(40) ? kChild : kParent;
    const expr::Row row{0, made.subject}, other{7000, kChild};
    question.subjects = {{row, "the row", true, -1}};
    expr::Expr reached =
        expr::any({expr::Select{{other}, maker.condition(1, {row, other}, true), expr::boolean(true)}});
    if (made.subject == kChild && maker.maybe(50)) reached = maker.condition(1, {row}, true);
    if (maker.maybe(50)) reached = expr::negate(reached);
    question.claims = {{"it was out of reach", reached, false},
                       {"it is in reach", prove::afterwards(reached, kBothAfter), true}};
    made.children = direct;
    made.children.question = question;
    return made;
}

bool key_gone(const Tuple &row, const Tuple &parent, const Tuple *later) {
    return row.at(1) && row.at(1) == parent.at(1) && (later == nullptr || later->at(1) != parent.at(1));
}

// Both tables after a statement made at random; nothing where the references forbid it.
std::optional<expr::Database> after_statement(test::Maker &maker, const Followed &made, const expr::Database &before,
                                              size_t subject) {
    expr::Database result = before;
    const std::vector<Tuple> &parents = before.tables[kParent], &children = before.tables[kChild];
    std::vector<std::optional<Tuple>> kept;
    for (size_t i = 0; i < parents.size(); i++) {
        Tuple fresh = maker.row(made.parents.question.tables[kParent]);
        if (maker.maybe(50)) fresh[1] = Datum(maker.upto(4));
        const int way = made.subject == kParent && i == subject ? 3 : maker.upto(3);
        if (way == 0 && holds(made.parents.remove, before, &parents[i], nullptr, 8100))
            kept.emplace_back();
        else
            kept.emplace_back(way == 1 && holds(made.parents.update, before, &parents[i], &fresh, 8100) ? fresh
                                                                                                        : parents[i]);
        if (kept.back()) result.tables[kParentLater].push_back(*kept.back());
    }
    for (size_t i = 0; i < children.size(); i++) {
        const bool asked = made.subject == kChild && i == subject;
        std::optional<Tuple> row = children[i];
        const Tuple fresh = maker.row(made.parents.question.tables[kChild]);
        bool taken = false;
        for (size_t k = 0; k < parents.size(); k++) {
            if (!key_gone(children[i], parents[k], kept[k] ? &*kept[k] : nullptr)) continue;
            taken = true;
            const Action action = kept[k] ? made.moved : made.removed;
            if (action == Action::none) return std::nullopt;
            if (action == Action::null) (*row)[1] = Datum();
            if (action == Action::value) (*row)[1] = fresh.at(1);
            if (action == Action::cascade && kept[k]) (*row)[1] = kept[k]->at(1);
            if (action == Action::cascade && !kept[k]) row.reset();
            break;
        }
        const int way = taken || asked ? 3 : maker.upto(3);
        if (way == 0 && holds(made.children.remove, before, &children[i], nullptr, 8000)) row.reset();
        if (way == 1 && holds(made.children.update, before, &children[i], &fresh, 8000)) row = fresh;
        if (!row && asked) return std::nullopt;
        if (row) result.tables[kLater].push_back(*row);
        if (asked) result.tables[kAsked] = {children[i], *row};
    }
    if (!legal(made.parents.question.tables[kParentLater], result.tables[kParentLater], {}) ||
        !legal(made.parents.question.tables[kLater], result.tables[kLater], result.tables[kParentLater]))
        return std::nullopt;
    return result;
}

// Whether the row of a child may have become this, by the statement itself or with the row it refers to.
bool may_become(const Followed &made, const expr::Database &database, const Tuple *old, const Tuple *fresh,
                const std::map<int, std::pair<const Tuple *, const Tuple *>> &parents) {
    if (old == nullptr) return false;
    if (fresh == nullptr && holds(made.children.remove, database, old, nullptr, 8000)) return true;
    if (fresh != nullptr && (*old == *fresh || holds(made.children.update, database, old, fresh, 8000))) return true;
    const prove::Tie &tie = made.parents.question.steps[1].follows[0];
    for (const auto &[number, parent] : parents) {
        if (parent.first == nullptr || !key_gone(*old, *parent.first, parent.second)) continue;
        if (fresh == nullptr) return tie.removes;
        Tuple expected = *old;
        expected[1] = fresh->at(1);
        return expected == *fresh && (tie.any_value || (tie.nulls && !fresh->at(1)) ||
                                      (tie.moves && parent.second != nullptr && fresh->at(1) == parent.second->at(1)));
    }
    return false;
}

} // namespace

TEST(Steps, BruteForceAgrees) {
    prove::Prover prover("z3", {}, nullptr);
    int proved = 0, refuted = 0;
    for (unsigned seed = 1; seed <= kQuestions; seed++) {
        test::Maker maker(seed, true);
        const Stepped made = stepped(maker);
        const prove::Reply reply = prover.ask(made.question);
        if (reply.outcome == prove::Outcome::impossible) {
            proved++;
            for (int i = 0; i < kStates; i++) {
                expr::Database database = maker.state({made.question.tables[0], made.question.tables[kChild]}, 2);
                database.tables.resize(3);
                const auto &parents = database.tables[0];
                if (!legal(made.question.tables[0], parents, {}) ||
                    !legal(made.question.tables[kChild], database.tables[kChild], parents))
                    continue;
                try {
                    database.tables[kLater] = written(maker, made, database);
                    if (!legal(made.question.tables[kLater], database.tables[kLater], parents)) continue;
                    for (const Tuple &row : database.tables[0])
                        ASSERT_FALSE(claims_hold(made, database, row))
                            << "seed " << seed << ": proved, and there is a statement\n"
                            << prove::script(made.question);
                } catch (const Error &) {
                    continue; // a sub-select of several rows: the statement fails
                }
            }
        }
        if (reply.outcome != prove::Outcome::possible) continue;
        refuted++;
        // The two states, row by row; a table the question does not speak of is empty.
        expr::Database database;
        database.tables.resize(3);
        test::Maker::give_meaning(database);
        std::map<int, const prove::ModelRow *> before, after;
        Tuple subject;
        for (const prove::ModelRow &row : reply.rows) {
            if (row.present && row.table != 0) (row.table == kChild ? before : after)[row.number] = &row;
            const Tuple tuple = tuple_of(made.question.tables[(size_t)row.table], &row);
            if (row.subject == 0) subject = tuple;
            if (row.present) database.tables[(size_t)row.table].push_back(tuple);
        }
        try {
            for (int number = 0; number < 8; number++) {
                const auto was = before.find(number), is = after.find(number);
                const Tuple old = tuple_of(made.question.tables[kChild], was == before.end() ? nullptr : was->second),
                            fresh = tuple_of(made.question.tables[kChild], is == after.end() ? nullptr : is->second);
                if (was == before.end() && is == after.end()) continue;
                const bool allowed = was == before.end() ? holds(made.insert, database, nullptr, &fresh)
                                     : is == after.end() ? holds(made.remove, database, &old, nullptr)
                                                         : old == fresh || may_change(made, database, old, fresh);
                ASSERT_TRUE(allowed) << "seed " << seed << ": row " << number << " is changed by nothing\n"
                                     << prove::script(made.question);
            }
            ASSERT_TRUE(claims_hold(made, database, subject)) << "seed " << seed << ": no states that do it\n"
                                                              << prove::script(made.question);
        } catch (const Error &) {
            continue;
        }
    }
    std::printf("proved %d, refuted %d\n", proved, refuted);
    EXPECT_GT(proved, kQuestions / 8);
    EXPECT_GT(refuted, kQuestions / 8);
}

TEST(Steps, WhatRefersFollowsAsItDoes) {
    prove::Prover prover("z3", {}, nullptr);
    int proved = 0, refuted = 0, moved = 0;
    for (unsigned seed = 1; seed <= kFollowed; seed++) {
        test::Maker maker(seed, true);
        const Followed made = followed(maker);
        const prove::Question &question = made.parents.question;
        const prove::Reply reply = prover.ask(made.children.question);
        if (reply.outcome == prove::Outcome::impossible) {
            proved++;
            for (int i = 0; i < kStates; i++) {
                expr::Database before = maker.state({question.tables[kParent], question.tables[kChild]}, 3);
                before.tables.resize(5);
                const auto &asked = before.tables[(size_t)made.subject];
                if (asked.empty() || !legal(question.tables[kParent], before.tables[kParent], {}) ||
                    !legal(question.tables[kChild], before.tables[kChild], before.tables[kParent]))
                    continue;
                const size_t subject = (size_t)maker.upto((int)asked.size());
                try {
                    const std::optional<expr::Database> after = after_statement(maker, made, before, subject);
                    if (!after) continue;
                    const bool reached_before =
                        expr::evaluate(question.claims[0].condition, *after, {{0, &asked[subject]}}) == Datum(1);
                    const Tuple later = made.subject == kChild ? after->tables[kAsked][1] : asked[subject];
                    moved += later != asked[subject];
                    ASSERT_FALSE(!reached_before &&
                                 expr::evaluate(question.claims[1].condition, *after, {{0, &later}}) == Datum(1))
                        << "seed " << seed << ": proved, and there is a statement\n"
                        << prove::script(made.children.question);
                } catch (const Error &) {
                    continue; // a sub-select of several rows: the statement fails
                }
            }
        }
        if (reply.outcome != prove::Outcome::possible) continue;
        refuted++;
        expr::Database database;
        database.tables.resize(5);
        test::Maker::give_meaning(database);
        std::map<std::pair<int, int>, Tuple> rows; // by table and number
        Tuple subject;
        int subject_number = 0;
        for (const prove::ModelRow &row : reply.rows) {
            const Tuple tuple = tuple_of(question.tables[(size_t)row.table], &row);
            if (row.subject == 0 && row.table == made.subject) subject = tuple, subject_number = row.number;
            if (!row.present) continue;
            rows[{row.table, row.number}] = tuple;
            database.tables[(size_t)row.table].push_back(tuple);
        }
        const auto row_of = [&](int table, int number) {
            const auto found = rows.find({table, number});
            return found == rows.end() ? nullptr : &found->second;
        };
        std::map<int, std::pair<const Tuple *, const Tuple *>> parents;
        for (int number = 0; number < 8; number++)
            parents[number] = {row_of(kParent, number), row_of(kParentLater, number)};
        try {
            for (const auto &[number, parent] : parents) {
                const auto &[old, fresh] = parent;
                const bool allowed = old == nullptr ? fresh == nullptr
                                     : fresh == nullptr
                                         ? holds(made.parents.remove, database, old, nullptr, 8100)
                                         : *old == *fresh || holds(made.parents.update, database, old, fresh, 8100);
                // A table whose later state nobody asks for has none.
                ASSERT_TRUE(allowed || database.tables[kParentLater].empty())
                    << "seed " << seed << ": parent " << number << " is changed by nothing\n"
                    << prove::script(made.children.question);
            }
            for (int number = 0; number < 8; number++) {
                const Tuple *const old = row_of(kChild, number), *const fresh = row_of(kLater, number);
                if (old == nullptr && fresh == nullptr) continue;
                ASSERT_TRUE(may_become(made, database, old, fresh, parents))
                    << "seed " << seed << ": child " << number << " is changed by nothing\n"
                    << prove::script(made.children.question);
            }
            const Tuple *const later = made.subject == kChild ? row_of(kLater, subject_number) : &subject;
            ASSERT_NE(later, nullptr) << "seed " << seed;
            ASSERT_TRUE(expr::evaluate(question.claims[0].condition, database, {{0, &subject}}) != Datum(1) &&
                        expr::evaluate(question.claims[1].condition, database, {{0, later}}) == Datum(1))
                << "seed " << seed << ": no states that do it\n"
                << prove::script(made.children.question);
        } catch (const Error &) {
            continue;
        }
    }
    std::printf("proved %d, refuted %d, moved %d\n", proved, refuted, moved);
    EXPECT_GT(proved, kFollowed / 8);
    EXPECT_GT(refuted, kFollowed / 8);
    EXPECT_GT(moved, 0);
}

// Whether something comes into reach where all parents may be written, and no child.
bool opens(Action removed, Action moved, int subject, const std::function<expr::Expr(const expr::Row &)> &reached) {
    test::Maker maker(1, true);
    Followed made;
    made.removed = removed;
    made.moved = moved;
    add_tables(maker, made);
    prove::Question question = made.parents.question;
    const expr::Row row{0, subject};
    question.subjects = {{row, "the row", true, -1}};
    question.claims = {{"it was out of reach", reached(row), false},
                       {"it is in reach", prove::afterwards(reached(row), kBothAfter), true}};
    prove::Step above, below;
    above.before = kParent, above.after = kParentLater, above.old = {8100, kParent}, above.fresh = {8101, kParentLater};
    above.update = above.remove = expr::boolean(true);
    below.before = kChild, below.after = kLater, below.old = {8000, kChild}, below.fresh = {8001, kLater};
    below.follows = {tie_of(made)};
    question.steps = {above, below};
    prove::Prover prover("z3", {}, nullptr);
    const prove::Reply reply = prover.ask(question);
    EXPECT_NE(reply.outcome, prove::Outcome::unknown) << reply.reason;
    return reply.outcome == prove::Outcome::possible;
}

TEST(Steps, WhatBecomesOfReferences) {
    const expr::Row child{7000, kChild};
    const auto parent_of = [](const expr::Row &row) { return expr::column(test::kNumber, row, 1); };
    const auto exists = [&](const expr::Expr &condition) {
        return expr::any({expr::Select{{child}, condition, expr::boolean(true)}});
    };
    const auto no_child = [&](const expr::Row &) { return expr::negate(exists(expr::boolean(true))); };
    EXPECT_TRUE(opens(Action::cascade, Action::none, kParent, no_child));
    EXPECT_FALSE(opens(Action::none, Action::cascade, kParent, no_child));
    const auto orphan = [&](const expr::Row &) { return exists(expr::is_null(parent_of(child))); };
    EXPECT_TRUE(opens(Action::null, Action::none, kParent, orphan));
    EXPECT_FALSE(opens(Action::cascade, Action::cascade, kParent, orphan));
    const auto seven = [&](const expr::Row &) {
        return exists(expr::equal(parent_of(child), expr::number(test::kNumber, 7)));
    };
    EXPECT_TRUE(opens(Action::none, Action::cascade, kParent, seven));
    EXPECT_TRUE(opens(Action::none, Action::value, kParent, seven));
    EXPECT_FALSE(opens(Action::cascade, Action::null, kParent, seven));
    // The row itself is moved; it does not stay where it goes.
    const auto itself = [&](const expr::Row &row) {
        return expr::equal(parent_of(row), expr::number(test::kNumber, 7));
    };
    EXPECT_TRUE(opens(Action::none, Action::cascade, kChild, itself));
    EXPECT_FALSE(opens(Action::cascade, Action::null, kChild, itself));
    const auto orphaned = [&](const expr::Row &row) { return expr::is_null(parent_of(row)); };
    EXPECT_TRUE(opens(Action::null, Action::none, kChild, orphaned));
    EXPECT_FALSE(opens(Action::cascade, Action::cascade, kChild, orphaned));
}

} // namespace rlsproof
