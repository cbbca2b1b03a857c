#include "sqltext/plpgsql_source.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "sqltext/sqltext.hpp"

namespace rlsproof::sqltext {
namespace {

std::string function(const std::string &body, const std::string &head = "(o integer) RETURNS boolean") {
    return "CREATE OR REPLACE FUNCTION it.f" + head + "\n LANGUAGE plpgsql\nAS $function$" + body + "$function$\n";
}

} // namespace

TEST(GoesStraight, NoOtherWayLeadsPastTheLine) {
    const auto straight = [](const char *body, int line) { return goes_straight(function(body), line); };
    EXPECT_TRUE(straight("BEGIN UPDATE a SET b = 1; END", 1));
    EXPECT_TRUE(straight("BEGIN\nIF o IS NULL THEN RAISE 'what?'; END IF;\nUPDATE a SET b = 1; END", 3));
    EXPECT_TRUE(straight("BEGIN\nUPDATE a SET b = 1;\nIF NOT FOUND THEN INSERT INTO a VALUES (1); END IF; END", 2));
    EXPECT_FALSE(straight("BEGIN\nIF o = 1 THEN\nUPDATE a SET b = 1;\nELSE\nUPDATE a SET c = 1;\nEND IF; END", 3));
    EXPECT_FALSE(straight("BEGIN\nIF o = 1 THEN DELETE FROM a; RETURN true; END IF;\nUPDATE a SET b = 1; END", 3));
    EXPECT_FALSE(straight("BEGIN IF o = 1 THEN UPDATE a SET b = 1; ELSE UPDATE a SET c = 1; END IF; END", 1));
}

TEST(Texts, HowARunTextIsMade) {
    const PlpgsqlBody body =
        plpgsql(function("DECLARE q text := 'select ' || o; BEGIN q := q || ' limit 1'; EXECUTE q; END"));
    ASSERT_EQ(body.texts.size(), 3U);
    EXPECT_TRUE(body.texts[0].declared);
    EXPECT_EQ(body.texts[0].variables, std::vector<std::string>{"q"});
    EXPECT_EQ(body.texts[1].sql, "q := q || ' limit 1'");
    EXPECT_TRUE(body.texts[2].run);
    EXPECT_EQ(body.texts[2].sql, "q");
    const PlpgsqlBody none = plpgsql(function("DECLARE q text := 'x'; BEGIN RETURN q = 'x'; END"));
    EXPECT_FALSE(none.dynamic);
    ASSERT_EQ(none.texts.size(), 1U);
    EXPECT_FALSE(none.texts[0].run);
}

TEST(Texts, CaseComparesWhatItIsAbout) {
    const PlpgsqlBody body =
        plpgsql(function("BEGIN CASE o.kind WHEN 'a', 'b' THEN RETURN 1; ELSE RETURN 2; END CASE; END"));
    EXPECT_NE(std::find(body.queries.begin(), body.queries.end(), "(o.kind) IN ('a', 'b')"), body.queries.end());
    const PlpgsqlBody plain = plpgsql(function("BEGIN CASE WHEN o = 1 THEN RETURN 1; ELSE RETURN 2; END CASE; END"));
    EXPECT_NE(std::find(plain.queries.begin(), plain.queries.end(), "o = 1"), plain.queries.end());
}

TEST(PlpgsqlSource, WritesWhatEveryVersionReads) {
    EXPECT_EQ(
        plpgsql_source(function("BEGIN RETURN o; RETURN NULL; RETURN o + 1; RETURN 'return o;'; RETURN NEXT; END"))
            .definition,
        function("BEGIN RETURN (o); RETURN NULL; RETURN o + 1; RETURN 'return o;'; RAISE DEBUG 'the next row'; END"));
    EXPECT_EQ(
        plpgsql_source(function("BEGIN RETURN 1; END", "(a it.kind DEFAULT 'x'::it.kind, b \"My\".\"T\"[], c integer"
                                                       ") RETURNS SETOF it.m"))
            .definition,
        function("BEGIN RETURN 1; END", "(a text DEFAULT 'x'::text, b text[], c integer) RETURNS SETOF text"));
    EXPECT_EQ(
        plpgsql_source(
            function("DECLARE a it.kind := 1; r it.m; BEGIN r.x = 1; SELECT a.b INTO STRICT r.y, r.z FROM a; END"))
            .definition,
        function("DECLARE a text := 1; r text; BEGIN r = 1; SELECT a.b INTO STRICT r, r FROM a; END"));
}

TEST(PlpgsqlSource, KnowsTypesAsWritten) {
    const PlpgsqlSource source = plpgsql_source(function(
        "DECLARE a it.kind := 1; \"B\" CONSTANT varchar(3) = 'x'; DECLARE c it.m.a%TYPE; d ALIAS FOR o; BEGIN END"));
    EXPECT_EQ(source.types,
              (std::map<std::string, std::string>{{"a", "it.kind"}, {"B", "varchar(3)"}, {"c", "it.m.a%TYPE"}}));
    EXPECT_TRUE(plpgsql_source(function("BEGIN NULL; END")).types.empty());
}

TEST(PlpgsqlSource, RefusesWhatIsNoFunction) {
    EXPECT_THROW(plpgsql_source("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"), Error);
    EXPECT_THROW(plpgsql_source(function("BEGIN RETURN 'x; END")), Error);
}

// What is read of a body is the same whatever the parser's version.
TEST(Plpgsql, ReadsBodiesWithTypesOfUsers) {
    for (const char *head : {"(o it.kind, p it.m) RETURNS boolean", "(o integer) RETURNS it.kind",
                             "(o integer) RETURNS SETOF it.m", "() RETURNS TABLE (o it.kind)"}) {
        const PlpgsqlBody body = plpgsql(function(
            "DECLARE r it.m; k it.kind := it.first(); t it.m%ROWTYPE; BEGIN SELECT * INTO r FROM it.m; r.x := 3;"
            " SELECT 1, 2 INTO r.x, k; t.x := 4; END",
            head));
        EXPECT_EQ(body.queries.size(), 5U) << head;
        EXPECT_FALSE(body.dynamic);
    }
    EXPECT_EQ(plpgsql(function("BEGIN FOR o IN SELECT 1 LOOP RETURN NEXT; END LOOP; RETURN; END",
                               "() RETURNS TABLE (o integer)"))
                  .queries.size(),
              1U);
    EXPECT_TRUE(plpgsql(function("BEGIN EXECUTE 'select 1'; END")).dynamic);
    const PlpgsqlBody trigger = plpgsql(function(
        "BEGIN EXECUTE format('update %I', TG_TABLE_NAME) USING NEW.x; RETURN NEW; END", "() RETURNS trigger"));
    EXPECT_TRUE(trigger.dynamic);
    EXPECT_EQ(trigger.texts.size(), 1U);
    EXPECT_THROW(plpgsql(function("BEGIN RETURN QUERY SELECT 1; END")), Error);
}

} // namespace rlsproof::sqltext
