// What the server undoes of a migration file in which a statement fails.
#include "cli/transactions.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace rlsproof::cli {
namespace {

Sources one(std::string text) {
    Sources sources;
    sources.push_back(source_of(std::move(text), "1.sql"));
    return sources;
}

TEST(Transactions, FromBeginToCommit) {
    const Sources sources = one("select 1;\nbegin;\ngrant select on t to x;\nselect 2;\ncommit;\nselect 3;\n"
                                "start transaction;\nselect 4;\nend;\n");
    const Transactions transactions(sources);
    const std::vector<Piece> &pieces = sources.front()->pieces;
    EXPECT_EQ(transactions.of(pieces[0]), nullptr);
    const Transaction *first = transactions.of(pieces[3]);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->from, 2);
    EXPECT_EQ(first->to, 5);
    EXPECT_TRUE(first->guards);
    EXPECT_EQ(transactions.of(pieces[5]), nullptr);
    const Transaction *second = transactions.of(pieces[7]);
    ASSERT_NE(second, nullptr);
    EXPECT_FALSE(second->guards);
}

TEST(Transactions, WhatIsMeantToBeUndone) {
    for (const char *text : {"begin;\nselect 1;\nrollback;\n",
                             "begin;\nselect 1;\nsavepoint s;\nrollback to s;\ncommit;\n", "begin;\nselect 1;\n"}) {
        const Sources sources = one(text);
        const Transactions transactions(sources);
        EXPECT_EQ(transactions.of(sources.front()->pieces[1]), nullptr) << text;
    }
}

TEST(Transactions, WhatFailsAnywhere) {
    const auto fails = [](const char *state, const char *message, const char *sql) {
        return fails_anywhere({state, message, "", "", "", 0}, sql);
    };
    EXPECT_TRUE(fails("42703", "column \"a\" does not exist", "create policy p on t using (a = auth.uid())"));
    EXPECT_TRUE(fails("42704", "policy \"p\" for table \"t\" does not exist", "drop policy p on t"));
    EXPECT_TRUE(fails("0A000", "cannot alter type of a column used in a policy definition", "alter table t"));
    EXPECT_FALSE(fails("42703", "column \"a\" does not exist", "create view v as select a from auth.users"));
    EXPECT_FALSE(fails("42704", "publication \"p\" does not exist", "alter publication p add table t"));
    EXPECT_FALSE(fails("0A000", "extension \"x\" is not available", "create extension x"));
    EXPECT_FALSE(fails("42601", "syntax error at or near \"json_table\"", "create view v as select 1"));
    EXPECT_FALSE(fails("42501", "permission denied", "alter table t"));
    EXPECT_FALSE(fails("P0001", "no such row", "do $$ $$"));
    EXPECT_FALSE(fails("23503", "violates foreign key", "insert into t values (1)"));
}

} // namespace
} // namespace rlsproof::cli
