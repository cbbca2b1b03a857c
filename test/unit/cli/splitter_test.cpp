// What a migration file is made of: the places where splitting at semicolons goes wrong.
#include "cli/splitter.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/annotations.hpp"

namespace rlsproof::cli {
namespace {

std::vector<std::string> texts(std::string_view sql) {
    std::vector<std::string> result;
    for (const Piece &piece : split(sql)) result.emplace_back(piece.text);
    return result;
}
using Texts = std::vector<std::string>;

TEST(Splitter, EndsAtSemicolons) {
    EXPECT_EQ(texts(""), Texts{});
    EXPECT_EQ(texts(";; ;"), Texts{});
    EXPECT_EQ(texts("-- only; a comment\n/* and; /* a nested; */ one */"), Texts{});
    EXPECT_EQ(texts("select 1; select 2"), (Texts{"select 1", "select 2"}));
    EXPECT_EQ(texts("select 1 -- one\n ;select 2;"), (Texts{"select 1 -- one", "select 2"}));
}

TEST(Splitter, KeepsQuotesWhole) {
    EXPECT_EQ(texts("select 'a;''b'; select 2"), (Texts{"select 'a;''b'", "select 2"}));
    EXPECT_EQ(texts("select 'a\\'; select 2"), (Texts{"select 'a\\'", "select 2"}));
    EXPECT_EQ(texts("select E'a\\';b'; select 2"), (Texts{"select E'a\\';b'", "select 2"}));
    EXPECT_EQ(texts("select U&'a;b', \"c;\"\"d\"; select 2"), (Texts{"select U&'a;b', \"c;\"\"d\"", "select 2"}));
    EXPECT_EQ(texts("do $$ a; $b$ ; $b$ b; $$; select 2"), (Texts{"do $$ a; $b$ ; $b$ b; $$", "select 2"}));
    EXPECT_EQ(texts("do $a$ ; $$ ; $a$; select $1; select a$b$c"),
              (Texts{"do $a$ ; $$ ; $a$", "select $1", "select a$b$c"}));
    EXPECT_EQ(texts("select '--'; select 1 /*;*/ + 2;"), (Texts{"select '--'", "select 1 /*;*/ + 2"}));
}

TEST(Splitter, KnowsBodiesThatHoldStatements) {
    const std::string atomic =
        "create or replace function f() returns int\nbegin atomic select case when true then 1 end; "
        "select 2; end";
    EXPECT_EQ(texts(atomic + "; select 3"), (Texts{atomic, "select 3"}));
    const std::string rule = "create rule r as on insert to t do also (select 1; select 2)";
    EXPECT_EQ(texts(rule + "; select 3"), (Texts{rule, "select 3"}));
    EXPECT_EQ(texts("begin; create table atomic (i int); end;"),
              (Texts{"begin", "create table atomic (i int)", "end"}));
}

TEST(Splitter, OneParenthesisTooManyCostsOneStatement) {
    EXPECT_EQ(texts("create table t (a int; select 2;"), (Texts{"create table t (a int", "select 2"}));
}

TEST(Splitter, UnfinishedQuotesRunToTheEnd) {
    EXPECT_EQ(texts("select 1; select 'x; select 2;"), (Texts{"select 1", "select 'x; select 2;"}));
    EXPECT_EQ(texts("select 1; do $$ x;"), (Texts{"select 1", "do $$ x;"}));
    EXPECT_EQ(texts("select E'\\"), (Texts{"select E'\\"}));
    EXPECT_EQ(texts("/* never ends"), Texts{});
}

TEST(Splitter, ReadsInlineData) {
    const auto pieces =
        split("COPY public.t (a, b) FROM stdin WITH (DELIMITER ','); -- data\r\n1;,'\r\n\\N\r\n\\.\r\nselect 1;");
    ASSERT_EQ(pieces.size(), 2u);
    EXPECT_EQ(pieces[0].kind, Piece::Kind::copy);
    EXPECT_EQ(pieces[0].data, "1;,'\r\n\\N\r\n");
    EXPECT_EQ(pieces[1].text, "select 1");
    EXPECT_EQ(pieces[1].line, 5);
    EXPECT_EQ(split("copy t from stdin;\n\\.\n")[0].data, "");
    EXPECT_EQ(split("copy t from stdin;\n1\n")[0].data, "1\n");
    EXPECT_EQ(split("copy t from stdin;")[0].data, "");
    EXPECT_EQ(split("copy (select 1 from stdin) to stdout;")[0].kind, Piece::Kind::statement);
    EXPECT_EQ(split("copy t from '/a/file';")[0].kind, Piece::Kind::statement);
}

TEST(Splitter, SetsPsqlCommandsApart) {
    const auto pieces = split("\\set a 'b;c'\nselect 1;\n\\connect x\nselect 2 \\gexec\nselect 3;\\q");
    ASSERT_EQ(pieces.size(), 7u);
    EXPECT_EQ(pieces[0].kind, Piece::Kind::meta);
    EXPECT_EQ(pieces[0].text, "\\set a 'b;c'");
    EXPECT_EQ(pieces[2].text, "\\connect x");
    EXPECT_EQ(pieces[3].text, "select 2");
    EXPECT_EQ(pieces[4].text, "\\gexec");
    EXPECT_EQ(pieces[6].text, "\\q");
}

TEST(Splitter, CountsLines) {
    const auto pieces = split("-- one\n\nselect\n 1;select 2;\n/*\n*/ select\n\xC3\xA4,\nx;");
    ASSERT_EQ(pieces.size(), 3u);
    EXPECT_EQ(pieces[0].line, 3);
    EXPECT_EQ(pieces[1].line, 4);
    EXPECT_EQ(pieces[2].line, 6);
    EXPECT_EQ(line_of(pieces[2], 0), 6);
    EXPECT_EQ(line_of(pieces[2], 8), 7) << "a character of two bytes counts as one";
    EXPECT_EQ(line_of(pieces[2], 11), 8);
}

// Whatever the text, the pieces lie in it one after the other.
TEST(Splitter, NeverLosesItsWay) {
    const std::string alphabet = "a;'\"$\\-/*\n(e) E'$$copy from stdin;begin atomic create function ";
    unsigned state = 1;
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        for (int i = 0; i < 60; ++i) {
            state = state * 1103515245 + 12345;
            text += alphabet[(state >> 16) % alphabet.size()];
        }
        const char *end = text.data();
        for (const Piece &piece : split(text)) {
            ASSERT_GE(piece.text.data(), end) << text;
            end = piece.text.data() + piece.text.size();
            ASSERT_LE(end, text.data() + text.size()) << text;
            ASSERT_FALSE(piece.text.empty()) << text;
        }
    }
}

TEST(Annotations, OnlyTheWayUp) {
    const auto up = [](std::string text) { return texts(way_up(std::move(text))); };
    EXPECT_EQ(up("a;\n-- migrate:up\nb;\n-- migrate:down\nc;"), (Texts{"a", "b"}));
    EXPECT_EQ(up("-- migrate:down\nc;\n--migrate:up transaction:false\nb;"), (Texts{"b"}));
    EXPECT_EQ(up("-- +goose Up\n-- +goose StatementBegin\na;\n-- +goose StatementEnd\n-- +goose Down\nb;"),
              (Texts{"a"}));
    EXPECT_EQ(up("-- +migrate Up\na;\r\n-- +migrate Down\r\nb;"), (Texts{"a"}));
    EXPECT_EQ(up("a;\n---- create above / drop below ----\nb;"), (Texts{"a"}));
    EXPECT_EQ(up("-- Up Migration\na;\n-- Down Migration\nb;"), (Texts{"a"}));
    EXPECT_EQ(up("# --- !Ups\na;\n# --- !Downs\nb;"), (Texts{"a"}));
    EXPECT_EQ(up("-- going down\na;\n-- upward\nb;"), (Texts{"a", "b"}));
    const std::string text = "a;\n-- migrate:down\nb;\n";
    EXPECT_EQ(way_up(text).size(), text.size()) << "lines and bytes keep their numbers";
}

} // namespace
} // namespace rlsproof::cli
