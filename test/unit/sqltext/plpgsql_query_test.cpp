#include "sqltext/plpgsql_query.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "sqltext/json.hpp"

// libpg_query loses the empty text of its warnings with each body that its PL/pgSQL parser refuses: one byte.
extern "C" const char *__lsan_default_suppressions();
extern "C" const char *__lsan_default_suppressions() {
    return "leak:pg_query_raw_parse";
}

namespace rlsproof::sqltext {
namespace {

std::string query_of(const std::string &body, const std::string &result = "boolean") {
    return plpgsql_query(
               "CREATE FUNCTION f(o int) RETURNS " + result + " LANGUAGE plpgsql AS $body$ " + body + " $body$", result)
        .value_or("nothing");
}

} // namespace

TEST(PlpgsqlQuery, ReturnsAnExpression) {
    EXPECT_EQ(query_of("BEGIN RETURN o > 0; END"), "SELECT (o > 0\n)::boolean");
    EXPECT_EQ(query_of("BEGIN RETURN o; END", "int"), "SELECT ((o)\n)::int");
    EXPECT_EQ(query_of("BEGIN RETURN QUERY SELECT a FROM t; END", "SETOF int"), "SELECT a FROM t");
}

TEST(PlpgsqlQuery, TurnsWaysIntoCase) {
    EXPECT_EQ(query_of("BEGIN IF o = 1 THEN RETURN true; ELSIF o = 2 THEN RETURN false; END IF; RETURN o = 3; END"),
              "SELECT CASE WHEN (o = 1\n) THEN (true\n)::boolean WHEN (o = 2\n) THEN (false\n)::boolean "
              "ELSE (o = 3\n)::boolean END");
    EXPECT_EQ(query_of("BEGIN IF o = 1 THEN RETURN true; END IF; END"),
              "SELECT CASE WHEN (o = 1\n) THEN (true\n)::boolean ELSE NULL::boolean END");
}

TEST(PlpgsqlQuery, GivesVariablesColumns) {
    EXPECT_EQ(query_of("DECLARE n int := o; k text; BEGIN k := n || 'x'; RETURN k = 'a'; END"),
              "SELECT (k = 'a'\n)::boolean FROM (SELECT (o\n)::int AS \"n\") AS v2"
              " CROSS JOIN LATERAL (SELECT ( n || 'x'\n)::text AS \"k\") AS v3");
    EXPECT_EQ(query_of("DECLARE k CONSTANT public.kind NOT NULL := o; BEGIN RETURN k; END", "text"), "nothing");
    EXPECT_EQ(query_of("DECLARE -- what it is\n k /* too */ \"My\".\"Type\"[] DEFAULT o; n timestamp with time zone;"
                       " BEGIN n := 1; RETURN k; END",
                       "text"),
              "SELECT ((k)\n)::text FROM (SELECT (o\n)::\"My\".\"Type\"[] AS \"k\") AS v2"
              " CROSS JOIN LATERAL (SELECT ( 1\n)::timestamp with time zone AS \"n\") AS v3");
    const std::string two = query_of("DECLARE a int; b int; BEGIN SELECT x, y INTO a, b FROM t; RETURN a = b; END");
    EXPECT_NE(two.find("r.c0 FROM (SELECT x, y"), std::string::npos) << two;
    EXPECT_NE(two.find("AS r(c0, c1) LIMIT 1\n)::int AS \"b\""), std::string::npos) << two;
}

TEST(PlpgsqlQuery, LeavesTheRestAlone) {
    for (const char *body : {
             "BEGIN RETURN o > 0; EXCEPTION WHEN others THEN RETURN true; END",
             "DECLARE k boolean; BEGIN EXECUTE 'select true' INTO k; RETURN k; END",
             "DECLARE k int := 1; BEGIN k := 2; RETURN k = 1; END",
             "DECLARE k int; BEGIN IF o = 1 THEN k := 1; END IF; RETURN k = 1; END",
             "DECLARE k int; BEGIN IF k IS NULL THEN RETURN true; END IF; k := 1; RETURN false; END",
             "DECLARE k int; BEGIN SELECT a INTO STRICT k FROM t; RETURN k = 1; END",
             "DECLARE k varchar(2); BEGIN k := 'long'; RETURN k = 'lo'; END",
             "DECLARE k t.a%TYPE; BEGIN k := 1; RETURN k = 1; END",
             "DECLARE k record; BEGIN SELECT * INTO k FROM t; RETURN k.a = 1; END",
             "BEGIN o := 1; RETURN o = 1; END",
             "BEGIN RAISE EXCEPTION 'no'; RETURN true; END",
             "BEGIN INSERT INTO t VALUES (1); RETURN true; END",
             "BEGIN LOOP RETURN true; END LOOP; END",
             "BEGIN BEGIN RETURN true; END; END",
             "BEGIN RETURN; END",
             "DECLARE k varchar (2); BEGIN k := 'long'; RETURN k = 'lo'; END",
             "DECLARE k RECORD; BEGIN k := 1; RETURN k = 1; END",
             "DECLARE k int NOT NULL := NULL; BEGIN RETURN k = 1; END",
             "#variable_conflict use_variable\nBEGIN RETURN true; END",
             "this is no body",
         })
        EXPECT_EQ(query_of(body), "nothing") << body;
}

TEST(PlpgsqlQuery, GrowsOnlySoFar) {
    std::string body = "BEGIN ";
    for (int i = 0; i < 30; i++) body += "IF o = 1 THEN IF o = 2 THEN RETURN true; END IF; END IF; ";
    EXPECT_EQ(query_of(body + "RETURN false; END"), "nothing");
}

TEST(Json, ReadsAndRefuses) {
    const Json read = read_json(R"([{"a": {"b": "c\"\u0041"}, "d": [1, true]}])");
    ASSERT_EQ(read.items.size(), 1U);
    EXPECT_EQ(read.items[0]["a"]["b"].text, "c\"A");
    EXPECT_EQ(read.items[0]["a"].only_name(), "b");
    EXPECT_EQ(read.items[0]["d"].items[1].text, "true");
    EXPECT_FALSE(read.items[0].has("e"));
    for (const char *text : {"", "{", "[1", "{\"a\" 1}", "[]]"}) EXPECT_THROW(read_json(text), Error) << text;
    EXPECT_THROW(read_json(std::string(10000, '[')), Error);
}

} // namespace rlsproof::sqltext
