#include "report/report.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "report/writers.hpp"
#include "sample.hpp"

namespace rlsproof::report {
namespace {

Finding finding(Category category, Level level) {
    Finding f;
    f.rule = "r";
    f.object = "public.t";
    f.message = "m";
    f.category = category;
    f.level = level;
    return f;
}

TEST(Report, FormatsAreKnownByName) {
    for (Format f :
         {Format::text, Format::markdown, Format::html, Format::json, Format::sarif, Format::junit, Format::tap})
        EXPECT_EQ(format_from(name(f)), f);
}

TEST(Report, AnUnknownFormatNamesTheOthers) {
    for (const char *bad : {"", "HTML", "pdf", "text "}) {
        try {
            format_from(bad);
            FAIL() << bad;
        } catch (const Error &e) {
            EXPECT_EQ(e.code, Code::invalid_input);
            EXPECT_NE(e.hint.find("\"sarif\""), std::string::npos);
        }
    }
}

TEST(Report, CountsByCategoryAndLevel) {
    const Counts c = count(sample::marketplace());
    EXPECT_EQ(c.of(Category::exposure), 3u);
    EXPECT_EQ(c.of(Category::hygiene), 0u); // a note
    EXPECT_EQ(c.of(Level::note), 1u);
    EXPECT_EQ(c.total(), 7u);
}

TEST(Report, NobodySaidCompleteIsNotClean) {
    Report r;
    EXPECT_EQ(outcome(r), Outcome::could_not_look);
    EXPECT_EQ(headline(r), "no verdict: not everything could be looked at");
    r.complete = true;
    EXPECT_EQ(outcome(r), Outcome::clean);
    EXPECT_EQ(headline(r), "nothing found");
}

TEST(Report, AGraveNoteIsNotClean) {
    Report r;
    r.complete = true;
    r.notes = {{Level::warning, "w"}};
    EXPECT_EQ(outcome(r), Outcome::clean);
    r.notes = {{Level::error, "e"}};
    EXPECT_EQ(outcome(r), Outcome::could_not_look);
}

TEST(Report, NotesPassAndFindingsDoNot) {
    Report r;
    r.complete = true;
    r.findings = {finding(Category::exposure, Level::note)};
    EXPECT_EQ(outcome(r), Outcome::clean);
    EXPECT_EQ(headline(r), "nothing to mend, 1 note");
    r.findings.push_back(finding(Category::hygiene, Level::warning));
    EXPECT_EQ(outcome(r), Outcome::findings);
    EXPECT_EQ(headline(r), "1 thing to tidy up");
    r.complete = false;
    EXPECT_EQ(headline(r), "1 thing to tidy up; not everything could be looked at");
}

// The one thing no format may get wrong.
TEST(Report, NoFormatSaysAllIsWellWhenItIsNotKnown) {
    Report r;
    r.subject = "database app";
    r.incomplete_reason = "The reason why.";
    for (Format f :
         {Format::text, Format::markdown, Format::html, Format::json, Format::sarif, Format::junit, Format::tap}) {
        const std::string out = write(f, r);
        EXPECT_NE(out.find("The reason why."), std::string::npos) << name(f);
        EXPECT_EQ(out.find("othing found"), std::string::npos) << name(f);
    }
    EXPECT_NE(write(Format::junit, r).find("errors=\"1\""), std::string::npos);
    EXPECT_NE(write(Format::tap, r).find("not ok 1"), std::string::npos);
    EXPECT_NE(write(Format::sarif, r).find("\"executionSuccessful\": false"), std::string::npos);
}

TEST(Report, PlacesInFiles) {
    const auto place = [](std::string object) {
        Finding f;
        f.object = std::move(object);
        return place_of(f);
    };
    EXPECT_EQ(place("a/b.sql:12").file, "a/b.sql");
    EXPECT_EQ(place("a/b.sql:12").line, 12u);
    EXPECT_EQ(place("a/b.sql:12:3").line, 12u);
    EXPECT_EQ(place("a/b.sql:12:3").column, 3u);
    for (const char *none :
         {"", ":", ":1", "1", "public.t", "rpc:public.f(int)", "a:", "a:x", "a:1x", "a:0", "a:99999999999"})
        EXPECT_FALSE(place(none)) << none;
}

TEST(Matrix, WhatIsNotFineIsSeen) {
    EXPECT_TRUE(fine({"t", "table", {"-----", "pxd- ", ""}}));
    for (const char *bad : {"L", "-O", "K", "E", "V", "?", "q", "\xC3\xA9"})
        EXPECT_FALSE(fine({"t", "table", {"-----", bad}})) << bad;
}

TEST(Matrix, ACodeThatIsNoneIsUnknown) {
    const Matrix::Row row{"t", "table", {"qL", "\xC3\xA9"}};
    EXPECT_EQ(code_at(row, 0, 0), '?');
    EXPECT_EQ(code_at(row, 0, 1), 'L');
    EXPECT_EQ(code_at(row, 0, 2), ' ');
    EXPECT_EQ(code_at(row, 1, 0), '?');
    EXPECT_EQ(code_at(row, 7, 7), ' ');
}

} // namespace
} // namespace rlsproof::report
