// What a failure says is missing, and which statement makes it.
#include "cli/missing.hpp"

#include <gtest/gtest.h>

namespace rlsproof::cli {
namespace {

std::string thing(const std::string &sqlstate, const std::string &message, std::string_view sql = "select 1",
                  std::string_view search_path = "\"$user\", public") {
    Failure failure;
    failure.sqlstate = sqlstate;
    failure.message = message;
    return missing_thing(failure, sql, search_path);
}

TEST(Missing, Things) {
    EXPECT_EQ(thing("42P01", "relation \"orders\" does not exist"), "relation \"public.orders\"");
    EXPECT_EQ(thing("42P01", "relation \"public.orders\" does not exist"), "relation \"public.orders\"");
    EXPECT_EQ(thing("42P01", "relation \"orders\" does not exist", "select 1", "other"), "relation \"orders\"");
    EXPECT_EQ(thing("42P01", "relation \"orders\" does not exist", "create function f() set search_path = ''"),
              "relation \"orders\"");
    EXPECT_EQ(thing("42883", "function mine(uuid, a.b) does not exist"), "function public.mine(uuid, a.b)");
    EXPECT_EQ(thing("42704", "type \"app.role\" does not exist"), "type \"app.role\"");
    EXPECT_EQ(thing("3F000", "schema \"app\" does not exist"), "schema \"app\"");
}

TEST(Missing, OfWhichMoreThanOneMayBeMeant) {
    EXPECT_EQ(thing("42703", "column \"a\" does not exist"), "");
    EXPECT_EQ(thing("42883", "operator does not exist: text = uuid"), "");
    EXPECT_EQ(thing("42704", "role \"app\" does not exist"), "");
    EXPECT_EQ(thing("42P01", "missing FROM-clause entry for table \"t\""), "");
    EXPECT_EQ(thing("42P01", "relation \"\" does not exist"), "");
}

TEST(Missing, Makers) {
    for (const char *sql : {"create table orders (i int)", "CREATE TABLE IF NOT EXISTS public.\"orders\" ()",
                            "create or replace view public.orders as select 1", "create unlogged table orders ()",
                            "create materialized view if not exists orders as select 1",
                            "alter table old rename to orders", "alter table if exists a.old rename to orders"})
        EXPECT_TRUE(makes(sql, "relation \"public.orders\"")) << sql;
    for (const char *sql : {"create table other (orders int)", "create table other.orders ()", "drop table orders",
                            "alter table orders rename to other", "alter table orders rename column orders to other",
                            "create function orders() returns int", "create index on orders (i)", "create", "orders"})
        EXPECT_FALSE(makes(sql, "relation \"public.orders\"")) << sql;
    EXPECT_TRUE(makes("create or replace function public.f(a int) returns int", "function public.f(integer)"));
    EXPECT_TRUE(makes("create type app.role as enum ()", "type \"app.role\""));
    EXPECT_TRUE(makes("create schema if not exists app", "schema \"app\""));
    EXPECT_FALSE(makes("create schema if not exists apps", "schema \"app\""));
}

} // namespace
} // namespace rlsproof::cli
