// The command line as values.
#include "cli/options.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace rlsproof::cli {
namespace {

TEST(Options, Words) {
    const AuditOptions options =
        parse_audit({"dir", "--format", "sarif", "--output=x=y.sarif", "--jobs", "4", "--keep", "--plain", "--matrix",
                     "m.sql", "--statement-timeout=0", "--quiet", "--pgbin", "/b"});
    EXPECT_EQ(options.directory, "dir");
    EXPECT_EQ(options.format, report::Format::sarif);
    EXPECT_EQ(options.output, "x=y.sarif");
    EXPECT_EQ(options.jobs, 4);
    EXPECT_EQ(options.statement_timeout, 0);
    EXPECT_TRUE(options.keep && options.quiet);
    EXPECT_EQ(options.flavour, Flavour::plain);
    EXPECT_EQ(options.matrix, "m.sql");
    EXPECT_EQ(options.pgbin, "/b");
    EXPECT_EQ(parse_audit({"--", "--dir"}).directory, "--dir");
    EXPECT_EQ(parse_audit({"--dsn", "service=x"}).dsn, "service=x");
    EXPECT_FALSE(parse_audit({"dir"}).format.has_value());
}

TEST(Options, SaysWhatIsWrong) {
    for (const std::vector<std::string> &words :
         std::vector<std::vector<std::string>>{{},
                                               {""},
                                               {"a", "b"},
                                               {"a", "--jobs", "0"},
                                               {"a", "--jobs", "65"},
                                               {"a", "--jobs", "4x"},
                                               {"a", "--jobs"},
                                               {"a", "--jobs="},
                                               {"a", "--keep=yes"},
                                               {"a", "--format", "gif"},
                                               {"a", "--nonsense"},
                                               {"a", "-x"},
                                               {"a", "--plain", "--supabase"},
                                               {"a", "--dsn", "x"},
                                               {"--dsn", "x", "--keep"},
                                               {"--dsn", "x", "--pgbin", "y"}}) {
        try {
            parse_audit(words);
            ADD_FAILURE() << "accepted: " << testing::PrintToString(words);
        } catch (const Error &error) {
            EXPECT_EQ(error.code, Code::invalid_input);
            EXPECT_FALSE(error.hint.empty()) << error.what();
        }
    }
}

TEST(Options, HelpNamesEveryOption) {
    for (const char *option : {"--dsn", "--matrix", "--format", "--output", "--plain", "--supabase", "--pgbin",
                               "--statement-timeout", "--jobs", "--keep", "--quiet"})
        EXPECT_NE(audit_help().find(option), std::string::npos) << option;
}

TEST(CheckOptions, Words) {
    const CheckOptions options =
        parse_check({"-", "--migrations", "m", "--rules", "full_scan, no_limit", "--fail-on=none", "--small-table", "8",
                     "--format", "json", "--input", "log", "--persona", "p", "--plain"});
    EXPECT_EQ(options.file, "-");
    EXPECT_EQ(options.directory, "m");
    EXPECT_EQ(options.rules, (std::vector<std::string>{"full_scan", "no_limit"}));
    ASSERT_TRUE(options.fail_on.has_value());
    EXPECT_TRUE(options.fail_on->empty());
    EXPECT_EQ(options.small_table, 8);
    EXPECT_TRUE(options.json);
    EXPECT_EQ(options.input, Input::log);
    EXPECT_EQ(options.persona, "p");
    EXPECT_EQ(options.flavour, Flavour::plain);
    EXPECT_FALSE(parse_check({"f", "--dsn", "x"}).fail_on.has_value());
}

TEST(CheckOptions, SaysWhatIsWrong) {
    for (const std::vector<std::string> &words :
         std::vector<std::vector<std::string>>{{},
                                               {"f"},
                                               {"--migrations", "m"},
                                               {"f", "g", "--migrations", "m"},
                                               {"f", "--migrations", "m", "--dsn", "x"},
                                               {"f", "--dsn", "x", "--pgbin", "y"},
                                               {"f", "--dsn", "x", "--matrix", "y"},
                                               {"f", "--dsn", "x", "--rules", "a,,b"},
                                               {"f", "--dsn", "x", "--rules", "a", "--fail-on", "b"},
                                               {"f", "--dsn", "x", "--small-table", "-1"},
                                               {"f", "--dsn", "x", "--format", "sarif"},
                                               {"f", "--dsn", "x", "--input", "xml"},
                                               {"f", "--dsn", "x", "--keep"}}) {
        try {
            parse_check(words);
            ADD_FAILURE() << "accepted: " << testing::PrintToString(words);
        } catch (const Error &error) {
            EXPECT_EQ(error.code, Code::invalid_input);
            EXPECT_FALSE(error.hint.empty()) << error.what();
        }
    }
}

TEST(CheckOptions, HelpNamesEveryOption) {
    for (const char *option :
         {"--migrations", "--dsn", "--input", "--persona", "--rules", "--fail-on", "--small-table", "--format",
          "--matrix", "--plain", "--supabase", "--pgbin", "--statement-timeout", "--quiet"})
        EXPECT_NE(check_help().find(option), std::string::npos) << option;
}

} // namespace
} // namespace rlsproof::cli
