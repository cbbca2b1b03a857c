// What is remembered is what a solver said, of this very question, by this very solver; and nothing it could not tell.
#include "../support/random_question.hpp"

#include <cstdio>
#include <fstream>
#include <map>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "prove/encode.hpp"
#include "prove/memory.hpp"

namespace rlsproof::prove {

namespace {

class Shelf final : public Memory {
public:
    std::optional<std::string> find(const std::string &question) override {
        const auto found = answers.find(question);
        return found == answers.end() ? std::nullopt : std::optional<std::string>(found->second);
    }
    void keep(const std::string &question, const std::string &, const std::string &answer) override {
        answers[question] = answer;
    }
    std::map<std::string, std::string> answers;
};

Question question_of(unsigned seed, bool vacuity = false) {
    test::Maker maker(seed, seed % 2 == 0);
    Question question;
    question.tables = maker.tables();
    const expr::Row row{0, maker.upto(2)};
    question.subjects = {{row, "the row", true, -1}};
    const expr::Expr first = maker.condition(3, {row}, true), second = maker.condition(2, {row}, true);
    question.claims = {{"this holds", first, true}, {"this does not", expr::either({first, second}), seed % 3 == 0}};
    question.equal_literals = {{{test::kSoft, "0"}, {test::kSoft, "2"}}};
    if (vacuity) question.bad = 1;
    return question;
}

Question contradiction() {
    Question question;
    question.claims = {{"nothing", expr::boolean(false), true}};
    return question;
}

bool same_value(const ModelValue &a, const ModelValue &b) {
    return a.null == b.null && a.literal == b.literal && (a.null || a.lists || a.number == b.number) &&
           a.lists == b.lists && a.element_type == b.element_type &&
           std::equal(a.elements.begin(), a.elements.end(), b.elements.begin(), b.elements.end(), same_value);
}

bool same(const Reply &a, const Reply &b) {
    const auto row = [](const ModelRow &x, const ModelRow &y) {
        const auto value = [](const auto &v, const auto &w) {
            return v.first == w.first && same_value(v.second, w.second);
        };
        return x.table == y.table && x.subject == y.subject && x.present == y.present &&
               std::equal(x.values.begin(), x.values.end(), y.values.begin(), y.values.end(), value);
    };
    return a.outcome == b.outcome && a.rests_on == b.rests_on && a.vacuous == b.vacuous &&
           a.parameters == b.parameters && a.tables_used == b.tables_used && a.opaque == b.opaque &&
           a.solver == b.solver && std::equal(a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(), row);
}

// A solver that gives this version, and says this of every question.
class Stub {
public:
    Stub(const std::string &version, const std::string &says) {
        std::ofstream(path_) << "#!/bin/sh\nwhile read line; do case $line in\n"
                             << "*check-sat*) echo '" << says << "';;\n*:version*) echo '(:version \"" << version
                             << "\")';;\n*:name*) echo '(:name \"stub\")';;\n*get-unsat-core*) echo '(a0)';;\n"
                             << "*echo*) echo rlsproof-done;; esac; done\n";
        chmod(path_.c_str(), 0755);
    }
    ~Stub() { remove(path_.c_str()); }
    Stub(const Stub &) = delete;
    Stub &operator=(const Stub &) = delete;
    const std::string &path() const { return path_; }

private:
    std::string path_ = testing::TempDir() + "rlsproof-stub-solver-" + std::to_string(getpid());
};

} // namespace

TEST(Memory, SaysTheSameAgain) {
    Shelf shelf;
    Prover first("z3", {}, nullptr, &shelf), second("z3", {}, nullptr, &shelf);
    int proved = 0, refuted = 0, vacuous = 0;
    for (unsigned seed = 1; seed <= 120; seed++) {
        const Question question = question_of(seed, seed % 4 < 2);
        const Reply fresh = first.ask(question), again = second.ask(question);
        if (fresh.outcome == Outcome::unknown) continue;
        ASSERT_TRUE(same(fresh, again)) << "seed " << seed << "\n" << script(question);
        proved += fresh.outcome == Outcome::impossible;
        refuted += fresh.outcome == Outcome::possible;
        vacuous += fresh.vacuous;
    }
    EXPECT_GT(second.recalled(), 100U);
    EXPECT_EQ(second.asked(), 120 - second.recalled());
    EXPECT_GT(proved, 20);
    EXPECT_GT(refuted, 20);
    EXPECT_GT(vacuous, 2);
    EXPECT_LT(vacuous, proved);
}

TEST(Memory, SaysWhatIsInArraysAgain) {
    Shelf shelf;
    Prover first("z3", {}, nullptr, &shelf), second("z3", {}, nullptr, &shelf);
    const expr::Type words{expr::Sort::value, "text[]", true};
    const expr::Row row{1, 0};
    const expr::Expr array = expr::column(words, row, 1), word = expr::column(test::kText, row, 2);
    const auto has = [&](const expr::Expr &element) { return expr::member(element, array); };
    Question question;
    question.tables = {{"t", {{1, "words", words, true}, {2, "word", test::kText, true}}, {}, {}, {}}};
    question.subjects = {{row, "the row", true, -1}};
    question.claims = {{"these are in it", expr::both({has(expr::literal(test::kText, "x")), has(word)}), true},
                       {"another cannot be told", expr::is_null(has(expr::literal(test::kText, "y"))), true},
                       {"the word is not x", expr::equal(word, expr::literal(test::kText, "x")), false}};
    const Reply fresh = first.ask(question), again = second.ask(question);
    EXPECT_EQ(second.recalled(), 1U);
    EXPECT_TRUE(same(fresh, again));
    ASSERT_EQ(again.rows.size(), 1U);
    EXPECT_EQ(again.rows[0].values.at(1).elements.size(), 3U);
}

TEST(Memory, AsksAnotherSolver) {
    Shelf shelf;
    for (const char *version : {"1.0", "1.0", "2.0"}) {
        const Stub stub(version, "unsat");
        Prover prover(stub.path(), {}, nullptr, &shelf);
        EXPECT_EQ((int)prover.ask(contradiction()).outcome, (int)Outcome::impossible);
    }
    EXPECT_EQ(shelf.answers.size(), 2U);
    // What one says that is named otherwise is no answer of z3's.
    Prover z3("z3", {}, nullptr, &shelf);
    (void)z3.ask(contradiction());
    EXPECT_EQ(z3.recalled(), 0U);
}

TEST(Memory, ForgetsWhatCouldNotBeTold) {
    Shelf shelf;
    for (const char *says : {"unknown", "timeout", "perhaps", "(error \"no\")", "sat"}) {
        const Stub stub("1.0", says); // a sat without a state is an unknown
        Prover prover(stub.path(), {300, 512, 10}, nullptr, &shelf);
        EXPECT_EQ((int)prover.ask(contradiction()).outcome, (int)Outcome::unknown) << says;
    }
    EXPECT_TRUE(shelf.answers.empty());
    // Nor is anything kept of one who does not say who it is.
    const Stub stub("", "unsat");
    Prover prover(stub.path(), {}, nullptr, &shelf);
    EXPECT_EQ((int)prover.ask(contradiction()).outcome, (int)Outcome::impossible);
    EXPECT_TRUE(shelf.answers.empty());
}

// A proof may become another with a key less, and a state speaks of tables, columns and rows by their numbers.
TEST(Memory, TellsQuestionsApart) {
    const auto asked = [](const Question &question) {
        Shelf shelf;
        Prover prover("z3", {}, nullptr, &shelf);
        (void)prover.ask(question);
        return shelf.answers.empty() ? "" : shelf.answers.begin()->first;
    };
    Question question;
    const expr::Type number{expr::Sort::number, "integer", false};
    question.tables = {{"t", {{1, "a", number, true}, {2, "b", number, true}}, {{"KEY t(a)", {1}}}, {}, {}}};
    question.subjects = {{{1, 0}, "the row", true, -1}};
    question.claims = {{"null", expr::is_null(expr::column(number, {1, 0}, 1)), true}};
    const std::string plain = asked(question);
    ASSERT_NE(plain, "");
    EXPECT_EQ(plain, asked(question));
    Question other = question;
    other.tables[0].keys.clear();
    EXPECT_NE(plain, asked(other));
    other = question;
    other.tables[0].columns[0].nullable = false;
    EXPECT_NE(plain, asked(other));
    other = question;
    other.subjects[0].present = false;
    EXPECT_NE(plain, asked(other));
    other = question;
    other.claims[0].holds = false;
    EXPECT_NE(plain, asked(other));
    other = question;
    other.bad = 0;
    EXPECT_NE(plain, asked(other));
}

// Names and numbers are no part of a question: one about other tables and columns in the same places has the same
// answer, told by the names that they have there.
TEST(Memory, KnowsTheSameFormAgain) {
    const expr::Type number{expr::Sort::number, "integer", false}, text{expr::Sort::value, "text", false};
    const auto made = [&](const std::string &table, int first, const std::string &literal, bool key) {
        Question question;
        question.tables = {
            {"unused", {}, {}, {}, {}},
            {table, {{first, "x" + table, number, false}, {first + 1, "y" + table, text, true}}, {}, {}, {}}};
        if (key) question.tables[1].keys = {{"PRIMARY KEY " + table, {first}}};
        const expr::Row one{1, 1}, other{2, 1};
        question.subjects = {{one, "one of " + table, true, -1}, {other, "the other", true, -1}};
        const auto kind = [&](const expr::Row &row) { return expr::column(text, row, first + 1); };
        question.claims = {
            {"kind", expr::equal(kind(one), expr::literal(text, literal)), true},
            {"other kind", expr::distinct(kind(one), kind(other)), true},
            {"same", expr::equal(expr::column(number, one, first), expr::column(number, other, first)), true}};
        return question;
    };
    Shelf shelf;
    Prover prover("z3", {}, nullptr, &shelf);
    const Reply seen = prover.ask(made("a", 1, "red", false)), again = prover.ask(made("b", 4, "blue", false));
    EXPECT_EQ(prover.asked(), 1U);
    EXPECT_EQ(prover.recalled(), 1U);
    ASSERT_EQ((int)again.outcome, (int)Outcome::possible);
    ASSERT_EQ(again.rows.size(), 2U);
    EXPECT_EQ(again.rows[0].table, 1);
    EXPECT_EQ(again.rows[0].values.at(5).literal, "blue");
    EXPECT_EQ(seen.rows[0].values.at(2).literal, "red");
    EXPECT_EQ(again.rows[0].values.at(4).number, seen.rows[0].values.at(1).number);
    EXPECT_EQ(prover.ask(made("a", 1, "red", true)).rests_on, std::vector<std::string>{"PRIMARY KEY a"});
    EXPECT_EQ(prover.ask(made("b", 4, "blue", true)).rests_on, std::vector<std::string>{"PRIMARY KEY b"});
    EXPECT_EQ(prover.asked(), 2U);
}

// A state says of columns what they hold by their places: the same said of two columns the other way round is another
// question.
TEST(Memory, TellsColumnsApart) {
    const expr::Type text{expr::Sort::value, "text", false};
    const auto made = [&](int one, int other) {
        Question question;
        question.tables = {{"t", {{1, "a", text, true}, {2, "b", text, true}}, {}, {}, {}}};
        const expr::Row row{1, 0};
        question.subjects = {{row, "the row", true, -1}};
        question.claims = {{"one", expr::equal(expr::column(text, row, one), expr::literal(text, "red")), true},
                           {"other", expr::distinct(expr::column(text, row, other), expr::literal(text, "red")), true}};
        return question;
    };
    Shelf shelf;
    Prover prover("z3", {}, nullptr, &shelf);
    for (const auto &[one, other] : {std::pair(1, 2), std::pair(2, 1)}) {
        const Reply reply = prover.ask(made(one, other));
        ASSERT_EQ((int)reply.outcome, (int)Outcome::possible);
        EXPECT_EQ(reply.rows[0].values.at(one).literal, "red");
    }
}

TEST(Memory, TellsWhatAProofIsAbout) {
    const expr::Type truth;
    Prover prover("z3", {}, nullptr);
    Question question;
    question.tables = {{"t", {{1, "a", truth, true}}, {}, {}, {}}};
    question.subjects = {{{1, 0}, "the row", true, -1}};
    const expr::Expr a = expr::column(truth, {1, 0}, 1);
    question.claims = {{"yes", a, true}, {"no", a, false}};
    question.bad = 1;
    Reply reply = prover.ask(question);
    EXPECT_EQ((int)reply.outcome, (int)Outcome::impossible);
    EXPECT_FALSE(reply.vacuous);
    question.claims.push_back({"nothing", expr::negate(a), true});
    reply = prover.ask(question);
    EXPECT_EQ((int)reply.outcome, (int)Outcome::impossible);
    EXPECT_TRUE(reply.vacuous);
}

// Different names are different things, whatever SMT-LIB makes of the signs in them.
TEST(Memory, KeepsNamesApart) {
    const expr::Type text{expr::Sort::value, "text", false}, truth;
    Prover prover("z3", {}, nullptr);
    for (const auto &[one, other] : {std::pair("x|y", "x/y"), std::pair("x\ny", "x y"), std::pair("x\\y", "x/y"),
                                     std::pair("x%7cy", "x|y"), std::pair("x", "x is NULL")}) {
        Question question;
        question.tables = {
            {"t", {{1, one, truth, true}, {2, other, truth, true}, {3, "kind", text, true}}, {}, {}, {}}};
        const expr::Row row{1, 0};
        question.subjects = {{row, "the row", true, -1}};
        const expr::Expr kind = expr::column(text, row, 3);
        question.claims = {
            {"literals",
             expr::either({expr::equal(kind, expr::literal(text, one)), expr::equal(kind, expr::literal(text, other))}),
             true},
            {"yes", expr::column(truth, row, 1), true},
            {"no", expr::negate(expr::column(truth, row, 2)), true}};
        EXPECT_EQ((int)prover.ask(question).outcome, (int)Outcome::possible) << script(question);
    }
}

// Several solvers at once: the same verdicts in the same order. Which of several states one finds, and which of several
// sets of constraints it needs, hangs on what it was asked before; so does, rarely, whether it can tell.
TEST(Memory, WorksInParallel) {
    Shelf one, many;
    Limits limits;
    limits.question_ms = 1000;
    Prover plain("z3", limits, nullptr, &one);
    limits.jobs = 3;
    Prover parallel("z3", limits, nullptr, &many);
    std::vector<Prover::Ticket> tickets;
    int told = 0;
    for (unsigned seed = 1; seed <= 60; seed++) tickets.push_back(parallel.begin(question_of(seed % 40 + 1, true)));
    for (unsigned seed = 1; seed <= 60; seed++) {
        const Question question = question_of(seed % 40 + 1, true);
        const Reply one_by_one = plain.ask(question), together = parallel.finish(tickets[seed - 1]);
        if (one_by_one.outcome == Outcome::unknown || together.outcome == Outcome::unknown) continue;
        told++;
        ASSERT_EQ((int)one_by_one.outcome, (int)together.outcome) << "seed " << seed << "\n" << script(question);
        ASSERT_EQ(one_by_one.vacuous, together.vacuous) << "seed " << seed << "\n" << script(question);
    }
    EXPECT_GT(told, 50);
    EXPECT_LE(plain.asked(), 42U);
    EXPECT_LE(parallel.asked(), 42U);
}

TEST(Memory, ReadsNoNonsense) {
    const expr::Type number{expr::Sort::number, "integer", false};
    Question question;
    question.tables = {{"t", {{7, "a", number, true}}, {{"key", {7}}}, {}, {}}};
    question.subjects = {{{1, 0}, "the row", true, -1}};
    question.claims = {{"null", expr::is_null(expr::column(number, {1, 0}, 7)), true}};
    Formulas formulas;
    const Encoder encoder(question, formulas);
    ASSERT_EQ(encoder.assertions().back().name, "key");
    for (const char *text : {"",
                             "(",
                             "()",
                             "impossible",
                             "(impossible)",
                             "(impossible perhaps)",
                             "(impossible something x6)",
                             "(impossible something 0)",
                             "(impossible something 99)",
                             "(impossible something) (possible)",
                             "(possible (row 9 0 0 true))",
                             "(possible (row 0 7 0 true))",
                             "(possible (row 0 0 0 true (1 null)))",
                             "(possible (row 0 0 0 true (0 number a)))",
                             "(possible (row 0 0 0 true (0 literal 0 0)))",
                             "(possible (row 0 0 0 true (0 text 61 0)))",
                             "(possible (row 0 0 0))",
                             "(possible (parameter 0 1))",
                             "(possible (parameter 0))",
                             "(possible (else 1 2))",
                             "(unknown)"}) {
        Reply reply;
        EXPECT_FALSE(recall(text, question, encoder, reply)) << text;
        EXPECT_EQ((int)reply.outcome, (int)Outcome::unknown) << text;
    }
    Reply reply;
    EXPECT_TRUE(
        recall(fmt::format("(impossible something {})", encoder.assertions().size() - 1), question, encoder, reply));
    EXPECT_EQ(reply.rests_on, std::vector<std::string>{"key"});
    EXPECT_TRUE(recall("(possible (row 0 0 0 true (0 number 5)))", question, encoder, reply));
    EXPECT_EQ(reply.rows[0].values.at(7).number, 5);
    // It is asked as if nothing had been there.
    Shelf shelf;
    Prover prover("z3", {}, nullptr, &shelf);
    (void)prover.ask(contradiction());
    ASSERT_EQ(shelf.answers.size(), 1U);
    shelf.answers.begin()->second = "(impossible";
    EXPECT_EQ((int)prover.ask(contradiction()).outcome, (int)Outcome::impossible);
    EXPECT_EQ(prover.recalled(), 0U);
}

} // namespace rlsproof::prove
