// What the loader reads off a statement, and what migrations expect of the database they are loaded into.
#include "cli/statement.hpp"

#include <gtest/gtest.h>

#include "cli/flavour.hpp"

namespace rlsproof::cli {
namespace {

TEST(Statement, Transactions) {
    for (const char *sql : {"BEGIN", "start transaction", "commit and chain", "/* x */ Rollback to a", "savepoint a",
                            "prepare transaction 'x'", "END"})
        EXPECT_TRUE(controls_transaction(sql)) << sql;
    for (const char *sql :
         {"prepare q as select 1", "create table begin (i int)", "do $$ begin end $$", "", "select 1"})
        EXPECT_FALSE(controls_transaction(sql)) << sql;
    for (const char *sql : {"set local x = 1", "lock table t", "create temp table t (i int) on commit drop",
                            "select set_config('a', 'b', true)", "set constraints all deferred"})
        EXPECT_TRUE(needs_transaction(sql)) << sql;
    for (const char *sql : {"set x = 1", "create table t (i int)", "select set_config('a', 'b', false)"})
        EXPECT_FALSE(needs_transaction(sql)) << sql;
}

TEST(Statement, WhatAnAuditWouldMiss) {
    for (const char *sql : {"create table t (i int)", "create policy p on t", "alter table t enable row level security",
                            "grant select on t to x", "revoke all on t from x", "create function f() returns int",
                            "do $$ $$", "drop policy p on t", "create unlogged table t ()", "nonsense"})
        EXPECT_TRUE(shapes_access(sql)) << sql;
    for (const char *sql : {"create extension vector", "grant connect on database d to x", "insert into t values (1)",
                            "create index on t (i)", "create unique index on t (i)", "comment on table t is 'x'",
                            "set x = 1", "with x as (select 1) select 1", "vacuum"})
        EXPECT_FALSE(shapes_access(sql)) << sql;
}

TEST(Statement, WhoMayDoWhat) {
    for (const char *sql : {"create policy p on t", "DROP POLICY p ON t", "alter policy p on t to x",
                            "alter table t enable row level security", "grant select on t to x",
                            "revoke all on t from x", "do $$ begin execute 'create policy p on t'; end $$"})
        EXPECT_TRUE(guards_access(sql)) << sql;
    for (const char *sql : {"create table policy (i int)", "alter table t add column row int",
                            "insert into t values (1)", "do $$ begin perform 1; end $$", ""})
        EXPECT_FALSE(guards_access(sql)) << sql;
}

TEST(Statement, WhatMayRunLate) {
    for (const char *sql :
         {"create view v as select 1", "grant select on t to x", "alter table t enable row level security",
          "alter table t add column i int", "comment on table t is 'x'"})
        EXPECT_TRUE(only_adds(sql)) << sql;
    for (const char *sql : {"drop table t", "revoke select on t from x", "alter table t disable row level security",
                            "alter table t drop column i", "alter table t no force row level security", "delete from t",
                            "alter table t rename to u"})
        EXPECT_FALSE(only_adds(sql)) << sql;
    EXPECT_EQ(without_or_replace("create or replace view v as select 1"), "create            view v as select 1");
    EXPECT_EQ(without_or_replace("create view replace as select 1"), "create view replace as select 1");
}

TEST(Statement, Names) {
    EXPECT_EQ(excerpt("select  1,\n\t2"), "select 1, 2");
    EXPECT_EQ(excerpt("select 1 from somewhere", 12).substr(0, 8), "select 1");
    EXPECT_EQ(token_hash("select  1 -- x\n"), token_hash("select 1"));
    EXPECT_NE(token_hash("select 1"), token_hash("select 2"));
    EXPECT_NE(token_hash("select a b"), token_hash("select ab"));
}

FlavourChoice choose(const std::string &sql, const std::string &layout = "plain") {
    Migrations migrations;
    migrations.layout = layout;
    Sources sources;
    sources.push_back(source_of(sql, "a.sql"));
    return choose_flavour(migrations, sources);
}

TEST(Flavour, WhatTheyUseAndDoNotMake) {
    for (const char *sql :
         {"create policy p on t using (owner = auth.uid())", "create table t (u uuid references auth.users (id))",
          "do $$ begin execute $x$ create policy p on storage.objects for select using (true) $x$; end $$",
          "create policy p on t to authenticated using (true)", "grant all on t to postgres, anon",
          "revoke all on t from anon", "alter publication supabase_realtime add table t",
          "create extension citext with schema extensions", "select \"auth\".\"uid\"()",
          "select extensions.uuid_generate_v4()"})
        EXPECT_EQ(choose(sql).flavour, Flavour::supabase) << sql;
    for (const char *sql :
         {"-- auth.uid()\nselect 1 /* auth.users */", "select 'auth.uid()'",
          "create table t (id int, authenticated boolean, anon int)",
          "create schema auth; create function auth.uid() returns uuid language sql as ''; select auth.uid()",
          "create role anon; grant select on t to anon",
          "do $$ begin create role anon; end $$; grant select on t to anon",
          "create table auth.users (id int); create table t (i int references auth.users)",
          "select u.role, auth.name from auth", "select * from anon"})
        EXPECT_EQ(choose(sql).flavour, Flavour::plain) << sql << ": " << choose(sql).why;
    EXPECT_EQ(choose("select 1", "supabase").flavour, Flavour::supabase);
    EXPECT_EQ(choose("select 1;\n\nselect auth.uid(), auth.jwt()").why, "auth.uid in a.sql:3 and 1 more place");
    EXPECT_EQ(choose("grant select on t to anon;\nselect auth.uid()").why, "role anon in a.sql:1 and 1 more place");
    EXPECT_TRUE(choose("grant select on t to anon").why.ends_with("--plain is what to ask for"));
}

// Roles of those names are all that speaks for Supabase, and nothing of its API could say what policies ask for.
TEST(Flavour, RolesAloneAndSettingsOfItsOwn) {
    const std::string grant = "grant select on t to authenticated;\n", own = "current_setting('app.tenant', true)";
    const auto policy = [](const std::string &asks) { return "create policy p on t using (tenant = " + asks + ");"; };
    const FlavourChoice choice = choose(grant + policy(own));
    EXPECT_EQ(choice.flavour, Flavour::plain);
    EXPECT_EQ(choice.otherwise, "role authenticated in a.sql:1");
    EXPECT_EQ(choose(grant + "create function f() returns text language sql as $$ select " + own + " $$;").flavour,
              Flavour::plain);
    for (const std::string &sql :
         {grant + policy("current_setting('request.jwt.claims')"),
          grant + policy(own + "||current_setting('request.jwt.claim.sub')"), grant + policy("current_setting('role')"),
          grant + policy("auth.uid()::text || " + own)}) {
        EXPECT_EQ(choose(sql).flavour, Flavour::supabase) << sql;
        EXPECT_EQ(choose(sql).otherwise, "") << sql;
    }
    EXPECT_EQ(choose(grant + policy(own), "supabase").flavour, Flavour::supabase);
    EXPECT_EQ(choose(policy(own)).otherwise, "");
}

} // namespace
} // namespace rlsproof::cli
