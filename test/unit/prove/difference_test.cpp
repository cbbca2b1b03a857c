// Conditions that are said to let the same rows through do so in every small state; those that are not differ in one.
#include "../support/random_question.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "prove/difference.hpp"
#include "prove/prover.hpp"

namespace rlsproof {

namespace {

using expr::Datum;

prove::Question base_of(test::Maker &maker, const expr::Row &row) {
    prove::Question base;
    base.tables = maker.tables();
    // Constraints are truth_test.cpp's; any state will do here.
    for (prove::Table &table : base.tables) {
        table.keys.clear();
        table.references.clear();
        table.checks.clear();
        for (prove::Column &column : table.columns) column.nullable = true;
    }
    base.subjects = {{row, "the row", true, -1}};
    base.equal_literals = {{{test::kSoft, "0"}, {test::kSoft, "2"}}};
    return base;
}

bool passes(const expr::Expr &condition, const expr::Database &database, const expr::Row &row,
            const expr::Tuple &tuple) {
    return expr::evaluate(condition, database, {{row.id, &tuple}}) == Datum(1);
}

} // namespace

TEST(Difference, BruteForceAgrees) {
    prove::Prover prover("z3", {}, nullptr);
    int same = 0, differ = 0, wider = 0;
    for (unsigned seed = 1; seed <= 300; seed++) {
        test::Maker maker(seed, true);
        const expr::Row row{0, maker.upto(2)};
        const expr::Expr one = maker.condition(2, {row}, seed % 3 == 0);
        // The same in other words, or nearly.
        expr::Expr other = maker.condition(1, {row}, false);
        switch (seed % 6) {
        case 0: other = expr::negate(expr::negate(one)); break;
        case 1: other = expr::coalesce({one, expr::boolean(false)}); break;
        case 2: other = expr::coalesce({one, expr::boolean(true)}); break;
        case 3: other = expr::is_true(one); break;
        case 4: other = expr::either({one, other}); break;
        default: other = expr::both({other, one}); break;
        }
        const prove::Question base = base_of(maker, row);
        const auto told = [&](const expr::Expr &a, const expr::Expr &b) {
            return prover.ask(prove::difference(base, {"one", a}, {"other", b})).outcome;
        };
        const prove::Outcome more = told(one, other), less = told(other, one);
        same += more == prove::Outcome::impossible && less == prove::Outcome::impossible;
        differ += more == prove::Outcome::possible || less == prove::Outcome::possible;
        wider += more == prove::Outcome::impossible && less == prove::Outcome::possible;
        for (int i = 0; i < 150; i++) {
            const expr::Database database = maker.state(base.tables, 2);
            for (const expr::Tuple &tuple : database.tables[(size_t)row.table]) {
                bool a = false, b = false;
                try {
                    a = passes(one, database, row, tuple);
                    b = passes(other, database, row, tuple);
                } catch (const Error &) {
                    continue; // a sub-select with several rows: the statement fails
                }
                if (a && !b) {
                    ASSERT_NE((int)more, (int)prove::Outcome::impossible) << "seed " << seed;
                }
                if (b && !a) {
                    ASSERT_NE((int)less, (int)prove::Outcome::impossible) << "seed " << seed;
                }
            }
        }
    }
    EXPECT_GT(same, 100);
    EXPECT_GT(differ, 50);
    EXPECT_GT(wider, 20);
}

// What no answer lets through, neither NULL nor false.
TEST(Difference, NullPassesNothing) {
    prove::Prover prover("z3", {}, nullptr);
    const expr::Type number{expr::Sort::number, "integer", false};
    prove::Question base;
    base.tables = {{"t", {{1, "a", number, true}}, {}, {}, {}}};
    base.subjects = {{{1, 0}, "the row", true, -1}};
    const expr::Expr is_one = expr::equal(expr::column(number, {1, 0}, 1), expr::number(number, 1)),
                     is_none = expr::is_null(expr::column(number, {1, 0}, 1));
    const auto told = [&](const expr::Expr &a, const expr::Expr &b) {
        return (int)prover.ask(prove::difference(base, {"one", a}, {"other", b})).outcome;
    };
    EXPECT_EQ(told(is_one, expr::is_true(is_one)), (int)prove::Outcome::impossible);
    EXPECT_EQ(told(expr::is_true(is_one), is_one), (int)prove::Outcome::impossible);
    // Where a is NULL, so is a = 1.
    EXPECT_EQ(told(is_none, is_one), (int)prove::Outcome::possible);
    EXPECT_EQ(told(expr::negate(expr::is_true(is_one)), expr::negate(is_one)), (int)prove::Outcome::possible);
    EXPECT_EQ(told(expr::negate(is_one), expr::negate(expr::is_true(is_one))), (int)prove::Outcome::impossible);
}

} // namespace rlsproof
