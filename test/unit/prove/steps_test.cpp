// Two states with a statement in between, against brute force: what is proved of every statement, no statement made at
// random contradicts; what is refuted comes with two states between which every difference is allowed.
#include "../support/random_question.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "prove/later.hpp"

namespace rlsproof {

namespace {

using expr::Datum;
using expr::Tuple;

constexpr int kStates = 120, kQuestions = 200;
constexpr int kChild = 1, kLater = 2;
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

bool holds(const expr::Expr &e, const expr::Database &database, const Tuple *old, const Tuple *fresh) {
    if (e == nullptr) return false;
    expr::Bindings rows;
    if (old != nullptr) rows[8000] = old;
    if (fresh != nullptr) rows[8001] = fresh;
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

} // namespace rlsproof
