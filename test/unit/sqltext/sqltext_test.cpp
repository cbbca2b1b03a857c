#include "sqltext/sqltext.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "sqltext/library.hpp"

namespace rlsproof::sqltext {
namespace {

Error error_of(std::string (*function)(const std::string &), const std::string &sql) {
    try {
        function(sql);
    } catch (const Error &error) {
        return error;
    }
    ADD_FAILURE() << "no error: " << sql.substr(0, 100);
    return Error(Code::internal, "");
}

std::vector<std::string> statements(const std::string &sql) {
    std::vector<std::string> result;
    for (const Statement &s : split(sql)) result.push_back(sql.substr(s.start, s.length));
    return result;
}

using List = std::vector<std::string>;

// The numbers of the grammar's tokens are written down in library.cpp: a libpg_query that counts otherwise fails here.
TEST(Scan, KnowsEveryKindOfToken) {
    const std::string sql =
        "select a, \"b\", 1, 1.5, 'x', $t$x$t$, E'x', b'1', x'1', u&'x', u&\"x\", $1, table -- c\n /* c */ +";
    List constants;
    std::vector<Kind> kinds;
    for (const Token &token : scan(sql)) {
        if (token.kind == Kind::constant) constants.push_back(sql.substr(token.start, token.end - token.start));
        if (sql[token.start] != ',') kinds.push_back(token.kind);
    }
    EXPECT_EQ(constants, (List{"1", "1.5", "'x'", "$t$x$t$", "E'x'", "b'1'", "x'1'"}));
    const std::vector<Kind> expected = {
        Kind::reserved,         Kind::name,         Kind::name,      Kind::constant, Kind::constant,
        Kind::constant,         Kind::constant,     Kind::constant,  Kind::constant, Kind::constant,
        Kind::unicode_constant, Kind::unicode_name, Kind::parameter, Kind::reserved, Kind::comment,
        Kind::comment,          Kind::other};
    EXPECT_EQ(kinds, expected);
}

TEST(Scan, GivesExactBounds) {
    const std::string sql = "select U&'é!0061' UESCAPE '!'  , \"q\"\"r\"/* é */+--x\n1";
    List texts;
    for (const Token &token : scan(sql)) texts.push_back(sql.substr(token.start, token.end - token.start));
    EXPECT_EQ(texts, (List{"select", "U&'é!0061'", "UESCAPE", "'!'", ",", "\"q\"\"r\"", "/* é */", "+", "--x", "1"}));
}

TEST(Normalize, LeavesNoConstantAndNoComment) {
    for (const std::string sql :
         {"select 1, 'a', $$b$$, E'c', N'd', b'0', x'f', U&'e' uescape '!', -5, 1.5e3 -- f", "do $a$ begin end $a$",
          "comment on table t is 'x'", "alter role r password 'x' connection limit 5",
          "create function f(numeric(10, 2)) returns int language sql as 'select 1', 'x'", "notify c, 'x'",
          "copy t from '/x' (delimiter ',')", "set x = 'a', 1", "execute p('a', 1)", "fetch -5 from c",
          "create sequence s minvalue -5 cache 10", "alter type e add value 'x' after 'y'"}) {
        const std::string normal = normalize(sql);
        for (const Token &token : scan(normal)) {
            EXPECT_NE(token.kind, Kind::constant) << normal;
            EXPECT_NE(token.kind, Kind::unicode_constant) << normal;
            EXPECT_NE(token.kind, Kind::comment) << normal;
        }
        EXPECT_EQ(normalize(normal), normal);
        EXPECT_EQ(fingerprint(normal), fingerprint(sql));
    }
}

TEST(Normalize, NumbersParametersInOrder) {
    EXPECT_EQ(normalize("select $9, 'x', $2, $9"), "select $1, $2, $3, $1");
    EXPECT_EQ(normalize("select 1; select $1, 2"), "select $1; select $2, $3");
}

TEST(Normalize, KeepsWordsApart) {
    EXPECT_EQ(normalize("select'a'from/**/t"), "select $1 from t");
    EXPECT_EQ(normalize("select 1\n\n\t,\r\n2"), "select $1 , $2");
    EXPECT_EQ(normalize("select a+--x\n-1"), "select a+ $1");
}

TEST(Normalize, KnowsASignFromASubtraction) {
    EXPECT_EQ(normalize("select -1"), "select $1");
    EXPECT_EQ(normalize("select a -1"), "select a -$1");
    EXPECT_EQ(normalize("select (a)-1, b[1]-1, null -1, true - 1"), "select (a)-$1, b[$2]-$3, null -$4, true - $5");
    EXPECT_EQ(normalize("select 1 where a between -1 and -2"), "select $1 where a between $2 and $3");
    EXPECT_EQ(normalize("select year -1 from t order by -1"), "select year -$1 from t order by $2");
}

TEST(Normalize, JoinsStringsOverLines) {
    EXPECT_EQ(normalize("select 'a'\n'b'"), "select $1");
    EXPECT_EQ(normalize("select 'a' -- é\n'b'"), "select $1");
    EXPECT_EQ(error_of(normalize, "select 'a' -- é\n'b' frm x y").position, 25);
}

TEST(Normalize, DropsEmptyStatements) {
    EXPECT_EQ(normalize(""), "");
    EXPECT_EQ(normalize(" ; /* x */ ;"), "");
    EXPECT_EQ(normalize(";select 1;;select a;"), "select $1; select a");
}

TEST(Fingerprint, IsThatOfLibpgQueryWhereItKnowsConstants) {
    EXPECT_EQ(fingerprint("select 1"), "50fde20626009aba");
    EXPECT_EQ(fingerprint("SELECT 'x' -- y"), "50fde20626009aba");
    EXPECT_EQ(fingerprint("select -1"), "50fde20626009aba");
}

TEST(Fingerprint, DoesNotSeeConstantsOfUtilityStatements) {
    EXPECT_EQ(fingerprint("comment on table t is 'a'"), fingerprint("comment on table t is 'b'"));
    EXPECT_EQ(fingerprint("do 'a'"), fingerprint("do $$b$$"));
    EXPECT_EQ(fingerprint("create table t (a numeric(1,2))"), fingerprint("create table t (a numeric(3,4))"));
    EXPECT_NE(fingerprint("comment on table t is 'a'"), fingerprint("comment on table u is 'a'"));
}

TEST(Split, IgnoresSemicolonsInsideTokens) {
    EXPECT_EQ(statements("select ';'; select \";\"; select $a$;$a$ /* ; */; -- ;\nselect E'\\';'"),
              (List{"select ';'", "select \";\"", "select $a$;$a$", "select E'\\';'"}));
}

TEST(Split, KeepsRulesAndRoutineBodiesWhole) {
    EXPECT_EQ(statements("create rule r as on insert to t do (a; b); c"),
              (List{"create rule r as on insert to t do (a; b)", "c"}));
    EXPECT_EQ(statements("create function f() begin atomic select case when a then b end; c; end; d"),
              (List{"create function f() begin atomic select case when a then b end; c; end", "d"}));
    EXPECT_EQ(statements("begin; end; begin atomic; x; end"), (List{"begin", "end", "begin atomic", "x", "end"}));
}

TEST(Split, HidesNothingBehindABrokenStatement) {
    EXPECT_EQ(statements("selec (1; select 2; create function (((; select 3"),
              (List{"selec (1", "select 2", "create function (((", "select 3"}));
}

TEST(Split, CountsBytes) {
    const auto parts = split(" é; 日");
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(parts[0].start, 1u);
    EXPECT_EQ(parts[0].length, 2u);
    EXPECT_EQ(parts[1].start, 5u);
    EXPECT_EQ(parts[1].length, 3u);
}

std::string what_is_prepared(const std::string &sql) {
    const Statement statement = prepared(sql);
    return sql.substr(statement.start, statement.length);
}

TEST(Prepared, IsWhatRunsLater) {
    EXPECT_EQ(what_is_prepared("PREPARE one AS SELECT 1"), " SELECT 1");
    EXPECT_EQ(what_is_prepared("/* a */ prepare \"as\"(int, numeric(3, 1)) as DELETE FROM t AS u WHERE id = $1 -- x"),
              " DELETE FROM t AS u WHERE id = $1 -- x");
    for (const char *other :
         {"SELECT 1 AS one", "PREPARE TRANSACTION 'a'", "PREPARE x", "", "EXECUTE prepare", "prepare"})
        EXPECT_EQ(what_is_prepared(other), other);
}

TEST(Mistakes, SayWhereInCharacters) {
    const Error error = error_of(normalize, "/* é */ select 'é' frm x y z");
    EXPECT_EQ(error.code, Code::syntax);
    EXPECT_EQ(error.position, 24);
    EXPECT_EQ(error_of(fingerprint, "select 'é', \"é").position, 13);
    EXPECT_EQ(error_of(normalize, "comment on table t is $1 junk").position, 26);
    EXPECT_EQ(error_of(normalize, "create table t ($1 int)").position, 17);
}

TEST(Mistakes, RefuseWhatIsNoText) {
    using namespace std::string_literals;
    EXPECT_EQ(error_of(normalize, "select 1\0; secret"s).code, Code::invalid_input);
    EXPECT_EQ(error_of(normalize, "select 1\0; secret"s).position, 9);
    for (const std::string bad :
         {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xe6\x97"}) {
        EXPECT_EQ(error_of(fingerprint, "é" + bad).code, Code::invalid_input);
        EXPECT_EQ(error_of(fingerprint, "é" + bad).position, 2);
    }
    EXPECT_EQ(error_of(normalize, std::string(kMaxText + 1, ' ')).code, Code::limit);
}

std::string repeat(const std::string &text, int count) {
    std::string result;
    for (int i = 0; i < count; ++i) result += text;
    return result;
}

TEST(Depth, IsAnErrorAndNoCrash) {
    for (const std::string level : {"(", "f(", "(select ", "not ", "- ", "case when ", "array[", "(values("})
        EXPECT_EQ(error_of(fingerprint, "select " + repeat(level, 20000) + "1").code, Code::limit) << level;
}

TEST(Depth, OfChainsIsNoMatter) {
    for (const std::string link : {"+1", "::int", "[1]", " and a", " || 'x'", " collate \"C\"", ".b", " is null"}) {
        const std::string sql = "select a" + repeat(link, 20000);
        if (mistake(sql)) continue; // what cannot be chained
        EXPECT_EQ(fingerprint(sql), fingerprint(normalize(sql))) << link;
    }
    EXPECT_EQ(fingerprint("select 1 from a" + repeat(" join b on true", 20000)).size(), 16u);
    EXPECT_EQ(error_of(fingerprint, "select 1" + repeat(" union select 1", 6000)).code, Code::limit);
    EXPECT_EQ(fingerprint("select 1" + repeat(" union select 1", 5000)).size(), 16u);
}

TEST(Work, OnParametersInOddPlacesIsBounded) {
    EXPECT_EQ(normalize("create type e as enum ($1" + repeat(", $1", 20000) + ")").size(), 80026u);
    // Every parameter wants to be tried twice: refused in the end, soon.
    EXPECT_EQ(error_of(normalize, "create table t (a int" + repeat(", b c($1, $2) $3", 5000) + ")").code, Code::syntax);
}

} // namespace
} // namespace rlsproof::sqltext
