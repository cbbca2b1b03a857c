// Where queries come from: the three kinds of files, told apart and read.
#include "cli/queries.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "cli/offences.hpp"

namespace rlsproof::cli {
namespace {

// "line: text" or, sent more than once, "line x times: text".
std::vector<std::string> read(std::string_view text, Input input) {
    std::vector<std::string> result;
    for (const Query &query : read_queries(text, input).queries)
        result.push_back(std::to_string(query.line) +
                         (query.times > 1 ? " x " + std::to_string(query.times) : std::string()) + ": " + query.text);
    return result;
}
using Texts = std::vector<std::string>;

constexpr std::string_view kCsvlog =
    "2026-01-01 05:00:00.1 UTC,\"app\",\"db\",7,\"[local]\",65a.1,1,\"SELECT\",2026-01-01 05:00:00 "
    "UTC,3/2,0,LOG,00000,\"statement: select \"\"a\"\"\n from t\",,,,,,,,,\"psql\",\"client backend\",,0\n"
    "2026-01-01 05:00:00.2 UTC,\"app\",\"db\",7,\"[local]\",65a.1,2,\"SELECT\",2026-01-01 05:00:00 "
    "UTC,3/2,0,LOG,00000,\"duration: 3.2 ms  execute a: select $1\",\"parameters: $1 = 'x'\",,,,,,,,\"\",\"\",,0\n"
    "2026-01-01 05:00:00.3 UTC,\"app\",\"db\",7,\"[local]\",65a.1,3,\"SELECT\",2026-01-01 05:00:00 "
    "UTC,3/2,0,ERROR,42P01,\"statement: no\",,,,,,\"select 3\",15,,\"psql\",\"client backend\",,0\n"
    "2026-01-01 05:00:00.4 UTC,,,7,,65a.1,4,,2026-01-01 05:00:00 UTC,,0,LOG,00000,\"statement: BEGIN\",,,\n";

constexpr std::string_view kJsonlog =
    "{\"timestamp\":\"2026-01-01 05:00:00.1 UTC\",\"user\":\"a\\\"message\\\":\\\"b\",\"error_severity\":\"LOG\","
    "\"message\":\"statement: select '\\\\d\\u0001\\/'\\n\\tfrom t\",\"backend_type\":\"client backend\"}\n"
    "{\"timestamp\":\"2026-01-01\",\"error_severity\":\"LOG\",\"message\":\"duration: 1.0 ms  execute x: select "
    "2\",\"detail\":\"parameters: $1 = 'a'\"}\n"
    "{\"timestamp\":\"2026-01-01\",\"error_severity\":\"ERROR\",\"message\":\"statement: no\",\"statement\":\"select "
    "3\"}\n"
    "{\"timestamp\":\"2026-01-01\",\"error_severity\":\"LOG\",\"message\":\"statement: cut o\n";

TEST(Queries, LogsOfOtherFormats) {
    EXPECT_EQ(read(kCsvlog, Input::log), (Texts{"1: select \"a\"\n from t", "3: select $1"}));
    EXPECT_EQ(read_queries(kCsvlog, Input::log).session_commands, 1u);
    EXPECT_EQ(read(kJsonlog, Input::log), (Texts{"1: select '\\d\x01/'\n\tfrom t", "2: select 2"}));
    EXPECT_EQ(read_queries(kJsonlog, Input::log).gaps.size(), 1u);
}

TEST(Queries, TellsTheKindByTheContent) {
    EXPECT_EQ(input_of(""), Input::sql);
    EXPECT_EQ(input_of("select userid, query, calls\nfrom t;"), Input::sql);
    EXPECT_EQ(input_of("-- LOG:  statement: select 1\nselect 1;"), Input::sql);
    EXPECT_EQ(input_of("userid,dbid,query,calls\n1,2,select 1,3\n"), Input::csv);
    EXPECT_EQ(input_of("query\nselect 1\n"), Input::csv);
    EXPECT_EQ(input_of("\"userid\",\"QUERY\"\r\n"), Input::csv);
    EXPECT_EQ(input_of("2026-01-01 00:00:00 UTC [7] LOG:  database system is ready\n"), Input::log);
    EXPECT_EQ(input_of("\trest of a message\n\n2026-01-01 [7] ERROR:  no\n"), Input::log);
    EXPECT_EQ(input_of(kCsvlog), Input::log);
    EXPECT_EQ(input_of(kJsonlog), Input::log);
    EXPECT_EQ(input_of("{\"a\": 1}"), Input::sql);
    EXPECT_EQ(input_named("log"), Input::log);
    EXPECT_THROW(input_named("xml"), Error);
}

TEST(Queries, PlainSql) {
    EXPECT_EQ(read("-- a\nselect 1;\n\\set x 1\nselect\n 2;begin;", Input::sql),
              (Texts{"2: select 1", "4: select\n 2", "5: begin"}));
    EXPECT_EQ(read_queries("\\i other.sql\nselect 1;", Input::sql).gaps.size(), 1u);
    EXPECT_EQ(read_queries("\\ir other.sql\n\\include x\n\\if :x\nselect 1;\n\\endif\n", Input::sql).gaps.size(), 2u);
}

TEST(Queries, ExportsOfPgStatStatements) {
    EXPECT_EQ(read("userid,query,calls\n1,select $1,5\n2,\"select a, \"\"b\"\"\nfrom t\",1\n3,\"\nselect 3\",2\n",
                   Input::csv),
              (Texts{"2 x 5: select $1", "3: select a, \"b\"\nfrom t", "6 x 2: select 3"}));
    EXPECT_EQ(read("query\r\nselect 1\r\n\r\n\"select '\r\n'\"\r\n", Input::csv),
              (Texts{"2: select 1", "4: select '\r\n'"}));
    EXPECT_EQ(read("calls,query\n1.5,select 1\n,select 2", Input::csv), (Texts{"2: select 1", "3: select 2"}));
    const Queries hidden =
        read_queries("userid,query\n1,<insufficient privilege>\n2,\n3\n4,BEGIN\n5,SET x = $1\n", Input::csv);
    EXPECT_TRUE(hidden.queries.empty());
    EXPECT_EQ(hidden.session_commands, 2u);
    ASSERT_EQ(hidden.gaps.size(), 1u);
    EXPECT_EQ(hidden.gaps[0].substr(0, 6), "3 rows");
    EXPECT_THROW(read_queries("a,b\n1,2\n", Input::csv), Error);
    EXPECT_THROW(read_queries("", Input::csv), Error);
}

TEST(Queries, CsvThatIsBroken) {
    EXPECT_EQ(read("query,calls\n\"select 1", Input::csv), (Texts{"2: select 1"}));
    EXPECT_EQ(read("query,calls\n\"select\"1,2\nselect 2,1\n", Input::csv), (Texts{"2 x 2: select1", "3: select 2"}));
}

TEST(Queries, Logs) {
    EXPECT_EQ(read("2026-01-01 00:00:00.000 UTC [7] LOG:  starting\n"
                   "2026-01-01 00:00:00.000 UTC [7] LOG:  statement: select 1\n"
                   "\tfrom a;\n"
                   "2026-01-01 00:00:00.000 UTC [7] LOG:  execute <unnamed>: select $1 -- LOG:  statement: x\n"
                   "2026-01-01 00:00:00.000 UTC [7] DETAIL:  parameters: $1 = 'a\n"
                   "\tb'\n"
                   "u@d LOG:  execute s1/portal: select ': '\r\n"
                   "u@d LOG:  execute fetch from s1/portal: select ': '\n"
                   "u@d LOG:  duration: 0.123 ms  statement: \n"
                   "\t\tselect 3\n"
                   "u@d LOG:  duration: 0.123 ms  parse <unnamed>: select 4\n"
                   "u@d LOG:  duration: 0.123 ms  execute <unnamed>: select 4\n"
                   "u@d LOG:  duration: 0.123 ms\n"
                   "u@d ERROR:  column \"x\" does not exist at character 8\n"
                   "u@d STATEMENT:  select x\n"
                   "u@d LOG:  statement: BEGIN\n"
                   "u@d LOG:  statement: begin; delete from t\n",
                   Input::log),
              (Texts{"2: select 1\nfrom a;", "4: select $1 -- LOG:  statement: x", "7: select ': '", "10: select 3",
                     "12: select 4", "17: begin; delete from t"}));
    EXPECT_TRUE(read("LOG:  connection received", Input::log).empty());
}

TEST(Offences, OneForEachShapeAndRule) {
    OffenceList list;
    const auto row = [](const char *rule, const char *message) {
        return Row{rule, "54R02", message, std::nullopt, std::nullopt, "the query"};
    };
    list.add({"select * from t offset 10", 1, 1}, 3, {});
    list.add({"select * from t offset 10000", 2, 1}, 2,
             {row("deep_offset", "first"), row("full_scan", "a"), row("full_scan", "b")});
    list.add({"SELECT * FROM t OFFSET 20000", 5, 1}, 4, {row("deep_offset", "second")});
    list.add({"selct 1", 6, 1}, 1, {row("invalid", "no")});
    list.add({"selct  1", 7, 1}, 1, {row("invalid", "no")});
    EXPECT_EQ(list.shapes(), 2u);
    const auto offences = list.take();
    ASSERT_EQ(offences.size(), 4u);
    EXPECT_EQ(offences[0].message, "first") << "the constant that keeps the rule hides none that breaks it";
    EXPECT_EQ(offences[0].line, 2);
    EXPECT_EQ(offences[0].times, 6u);
    EXPECT_EQ(offences[2].message, "b") << "two tables of one query are two findings";
    EXPECT_EQ(offences[2].times, 2u);
    EXPECT_EQ(offences[3].times, 2u);
}

} // namespace
} // namespace rlsproof::cli
