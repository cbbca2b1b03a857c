// The same report is the same bytes. After a change that was meant: RLSPROOF_UPDATE_GOLDEN=1 and read the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "report/report.hpp"
#include "sample.hpp"

namespace rlsproof::report {
namespace {

void compare(const std::string &file, const std::string &text) {
    const std::string path = std::string(TEST_DATA) + "/report/" + file;
    if (std::getenv("RLSPROOF_UPDATE_GOLDEN")) {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    std::ifstream in(path, std::ios::binary);
    ASSERT_TRUE(in) << path;
    const std::string golden{std::istreambuf_iterator<char>(in), {}};
    EXPECT_TRUE(text == golden) << path
                                << " differs: RLSPROOF_UPDATE_GOLDEN=1 writes what is now, git shows the difference";
}

TEST(Golden, EveryFormat) {
    for (Format f :
         {Format::text, Format::markdown, Format::html, Format::json, Format::sarif, Format::junit, Format::tap})
        compare("marketplace." + std::string(name(f)), write(f, sample::marketplace()));
}

TEST(Golden, TextOnANarrowScreenInColour) {
    compare("marketplace_narrow.text", write(Format::text, sample::marketplace(), {60, true}));
}

TEST(Golden, NothingFound) {
    Report r;
    r.version = "9.8.7";
    r.subject = "database app";
    r.server = "PostgreSQL 17.5";
    r.generated = "2025-01-31 12:00 UTC";
    r.complete = true;
    r.rules = sample::marketplace().rules;
    compare("clean.text", write(Format::text, r));
    compare("clean.markdown", write(Format::markdown, r));
    compare("clean.tap", write(Format::tap, r));
    compare("clean.junit", write(Format::junit, r));
    compare("empty.text", write(Format::text, {}));
}

} // namespace
} // namespace rlsproof::report
