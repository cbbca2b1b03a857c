#include "base/text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace rlsproof::text {
namespace {

using Lines = std::vector<std::string>;

TEST(Text, MendsWhatIsNoUtf8) {
    EXPECT_EQ(mend("plain"), "plain");
    EXPECT_EQ(mend("na\xC3\xAFve \xF0\x9F\xA6\x8A"), "na\xC3\xAFve \xF0\x9F\xA6\x8A");
    EXPECT_EQ(mend("\xFF"), "\xEF\xBF\xBD");
    EXPECT_EQ(mend("a\xC3"), "a\xEF\xBF\xBD");                               // cut short
    EXPECT_EQ(mend("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");                 // too long a form
    EXPECT_EQ(mend("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); // surrogate
    EXPECT_EQ(mend("\xF4\x90\x80\x80").substr(0, 3), "\xEF\xBF\xBD");        // past the last plane
    EXPECT_EQ(mend(std::string_view("\0x", 2)), std::string_view("\0x", 2));
}

TEST(Text, MendedTextIsLeftAlone) {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        std::string bytes(random() % 40, ' ');
        for (char &c : bytes) c = static_cast<char>(random());
        const std::string once = mend(bytes);
        EXPECT_EQ(mend(once), once);
        for (size_t at = 0; at < once.size();) {
            const CodePoint c = decode(once, at);
            ASSERT_TRUE(c.valid);
            at += c.bytes;
        }
        // None of them may fail on any bytes.
        html(bytes), xml(bytes), json(bytes), visible(bytes), wrap(bytes, 7), cut(bytes, 5), flat(bytes);
    }
}

TEST(Text, NothingSteersTheTerminal) {
    EXPECT_EQ(visible("a\x1b[31mb\tc\n"), "a\xE2\x90\x9B[31mb\tc\n");
    EXPECT_EQ(visible("\x7F"), "\xE2\x90\xA1");
    EXPECT_EQ(visible("\xC2\x9B"), "\xEF\xBF\xBD");
    EXPECT_EQ(visible("x\xE2\x80\xAEy"), "x<U+202E>y");
}

TEST(Text, Escapes) {
    EXPECT_EQ(html("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    EXPECT_EQ(xml("]]>\x01"), "]]&gt;\xEF\xBF\xBD");
    EXPECT_EQ(json("\"\\\n\x01\xC3\xA9"), "\"\\\"\\\\\\n\\u0001\xC3\xA9\"");
    EXPECT_EQ(json("\xE2\x80\xA8"), "\"\\u2028\"");
}

TEST(Text, WidthIsWhatTheReaderSees) {
    EXPECT_EQ(width("abc"), 3u);
    EXPECT_EQ(width("\xC3\xA9"), 1u);
    EXPECT_EQ(width("e\xCC\x81"), 1u);
    EXPECT_EQ(width("\xE6\xBC\xA2\xE5\xAD\x97"), 4u);
    EXPECT_EQ(pad("\xE6\xBC\xA2", 4), "\xE6\xBC\xA2  ");
    EXPECT_EQ(pad("abcdef", 3), "abcdef");
    EXPECT_EQ(cut("abcdef", 4), "abc\xE2\x80\xA6");
    EXPECT_EQ(cut("\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2", 4), "\xE6\xBC\xA2\xE2\x80\xA6");
    EXPECT_EQ(cut("abc", 3), "abc");
}

TEST(Text, Wraps) {
    EXPECT_EQ(wrap("one two three", 7), (Lines{"one two", "three"}));
    EXPECT_EQ(wrap("one\n\ntwo", 7), (Lines{"one", "", "two"}));
    EXPECT_EQ(wrap("a  listing:\n  kept as it is, however long\nend", 10),
              (Lines{"a listing:", "  kept as it is, however long", "end"}));
    EXPECT_EQ(wrap("abcdefgh", 3), (Lines{"abc", "def", "gh"}));
    EXPECT_EQ(wrap("x abcdefgh y", 3), (Lines{"x", "abc", "def", "gh", "y"}));
    EXPECT_EQ(wrap("", 3), (Lines{""}));
    EXPECT_EQ(wrap("\xE6\xBC\xA2\xE5\xAD\x97", 1), (Lines{"\xE6\xBC\xA2", "\xE5\xAD\x97"}));
}

TEST(Text, FlatTrimmedAndSplit) {
    EXPECT_EQ(flat("  a\n\n b\tc "), "a b c");
    EXPECT_EQ(flat(" \n"), "");
    EXPECT_EQ(trim("\n a "), "a");
    EXPECT_EQ(lines("a\r\nb\n"), (std::vector<std::string_view>{"a", "b", ""}));
}

TEST(Text, Numbers) {
    EXPECT_EQ(number(0), "0");
    EXPECT_EQ(number(999), "999");
    EXPECT_EQ(number(1234567), "1,234,567");
    EXPECT_EQ(plural(1, "way", "ways"), "1 way");
    EXPECT_EQ(plural(0, "way", "ways"), "0 ways");
    EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
}

} // namespace
} // namespace rlsproof::text
