// What is made up for migrations that count on something this server does not have.
#include "cli/stand_in.hpp"

#include <gtest/gtest.h>

namespace rlsproof::cli {
namespace {

StandIn asked(const char *sqlstate, const char *message, const char *statement = "select 1") {
    return stand_in_for({sqlstate, message, "", "", "", 0}, statement, {{"made", "1.sql:1"}});
}

TEST(StandIn, WhatIsKnown) {
    EXPECT_TRUE(
        asked("0A000", "extension \"vector\" is not available", "create extension vector schema \"S\"").instead);
    EXPECT_NE(asked("0A000", "extension \"vector\" is not available", "create extension vector schema \"S\"")
                  .sql.find("create type \"S\".halfvec"),
              std::string::npos);
    EXPECT_NE(asked("42704", "type \"x.geometry\" does not exist").sql.find("create type \"x\".geography"),
              std::string::npos);
    EXPECT_NE(asked("42704", "type vector[] does not exist").sql.find("create type public.vector"), std::string::npos);
    EXPECT_FALSE(asked("42883", "function auth.user_id() does not exist").what.empty());
    EXPECT_EQ(asked("42710", "role \"made\" already exists", "CREATE ROLE made LOGIN").sql, "alter ROLE made LOGIN");
}

// An index of a kind that is not here keeps its name and its table, so that it can be spoken of.
TEST(StandIn, Indexes) {
    const char *absent = "access method \"hnsw\" does not exist";
    const StandIn named =
        asked("42704", absent, "CREATE INDEX IF NOT EXISTS i ON \"using\".t USING hnsw (v) WITH (m = 4)");
    EXPECT_EQ(named.sql, "CREATE INDEX IF NOT EXISTS i ON \"using\".t ((true))");
    EXPECT_TRUE(named.instead);
    EXPECT_EQ(asked("42704", absent, "create index on t using hnsw (v)").sql, "create index on t ((true))");
    // What an index of its kind keeps out is not known.
    EXPECT_TRUE(asked("42704", absent, "create unique index on t using hnsw (v)").what.empty());
    EXPECT_TRUE(asked("42704", absent, "create table t (v int) using hnsw").what.empty());
}

TEST(StandIn, WhatIsNot) {
    EXPECT_TRUE(
        asked("0A000", "extension \"unheard_of\" is not available", "create extension unheard_of").what.empty());
    EXPECT_TRUE(asked("42704", "type \"mood\" does not exist").what.empty());
    EXPECT_TRUE(asked("42883", "function public.check_it() does not exist").what.empty());
    EXPECT_TRUE(asked("42704", "unrecognized configuration parameter \"app.x\"", "select current_setting('app.x')")
                    .what.empty());
    EXPECT_TRUE(asked("42710", "role \"other\" already exists", "create role other").what.empty());
}

TEST(StandIn, Placeholders) {
    EXPECT_EQ(without_placeholders("grant x to :VISITOR, :\"b c\""), "grant x to  VISITOR,  \"b c\"");
    for (const char *sql : {"select a::text", "select ':NAME'", "select a[1:2]", "select $$ :NAME $$", ""})
        EXPECT_EQ(without_placeholders(sql), sql);
}

} // namespace
} // namespace rlsproof::cli
