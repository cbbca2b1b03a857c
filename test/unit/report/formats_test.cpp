// What must hold of every report in every format, whatever stands in it.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.hpp"
#include "json_reader.hpp"
#include "markup_reader.hpp"
#include "report/report.hpp"
#include "sample.hpp"

namespace rlsproof::report {
namespace {

std::vector<Report> reports() {
    Report clean;
    clean.complete = true;
    return {Report{}, clean, sample::marketplace(), sample::hostile(), sample::large(300)};
}

size_t occurrences(std::string_view text, std::string_view of) {
    size_t n = 0;
    for (size_t at = text.find(of); at != std::string_view::npos; at = text.find(of, at + of.size())) ++n;
    return n;
}

TEST(Formats, AreValidUtf8WithoutControls) {
    for (const Report &r : reports())
        for (Format f :
             {Format::text, Format::markdown, Format::html, Format::json, Format::sarif, Format::junit, Format::tap}) {
            const std::string out = write(f, r);
            EXPECT_TRUE(text::visible(out) == out) << name(f);
            EXPECT_TRUE(out.ends_with('\n')) << name(f);
        }
}

TEST(Formats, FiveThousandFindingsStayInBounds) {
    const Report r = sample::large(5000);
    EXPECT_LT(write(Format::html, r).size(), 8u << 20);
    EXPECT_LT(write(Format::text, r).size(), 2u << 20);
    EXPECT_EQ(JsonReader::read(write(Format::json, r))["findings"].size(), 5000u);
    EXPECT_EQ(JsonReader::read(write(Format::sarif, r))["runs"][0]["results"].size(), 5000u);
    EXPECT_EQ(occurrences(write(Format::html, r), "<article "), 5000u);
}

TEST(TextFormat, FirstLineIsTheOutcomeAndTheLastTheTotals) {
    const std::string out = write(Format::text, sample::marketplace(), {200, false});
    const auto lines = text::lines(text::trim(out));
    EXPECT_EQ(lines.front(), headline(sample::marketplace()));
    EXPECT_EQ(lines.back(), "7 findings: 3 errors, 3 warnings, 1 note; not everything could be looked at");
}

TEST(TextFormat, KeepsToTheWidth) {
    const auto to_be_copied = [](std::string_view line) {
        return line.find("ALTER ") != std::string_view::npos || line.find("REVOKE ") != std::string_view::npos ||
               line.find("select ") != std::string_view::npos;
    };
    for (int width : {40, 72, 100}) {
        const std::string out = write(Format::text, sample::marketplace(), {width, false});
        for (std::string_view line : text::lines(out)) {
            if (to_be_copied(line)) continue;
            EXPECT_LE(text::width(line), static_cast<size_t>(width)) << line;
        }
    }
}

TEST(TextFormat, NamesEveryObjectAndTellsNotAllInFull) {
    Report r;
    r.complete = true;
    for (int i = 0; i < 40; ++i)
        for (Level level : {Level::warning, Level::note})
            r.findings.push_back(
                {"r", level, Category::hygiene, fmt::format("public.t{:02}", i), "m", "", "", "", "", ""});
    rank(r.findings);
    const std::string out = write(Format::text, r);
    EXPECT_EQ(occurrences(out, "rule r\n"), 20u + 3u);
    for (const Finding &f : r.findings) EXPECT_EQ(occurrences(out, f.object), 2u) << f.object;
    EXPECT_NE(out.find("\n 21. to 40: the same rule, r, on public.t20, "), std::string::npos);
    EXPECT_NE(out.find("\n 44. to 80: the same rule, r, on public.t03, "), std::string::npos);
    EXPECT_TRUE(out.ends_with("80 findings: 40 warnings, 40 notes\n"));
}

TEST(TextFormat, ColoursOnlyWhenAsked) {
    EXPECT_EQ(write(Format::text, sample::hostile()).find('\x1b'), std::string::npos);
    const std::string coloured = write(Format::text, sample::hostile(), {100, true});
    EXPECT_EQ(occurrences(coloured, "\x1b["), 2 * occurrences(coloured, "\x1b[0m"));
}

TEST(MarkdownFormat, FitsAComment) {
    Report r = sample::large(5000);
    const std::string out = write(Format::markdown, r);
    EXPECT_LT(out.size(), 65'000u);
    EXPECT_NE(out.find("more findings do not fit"), std::string::npos);
    r.findings = {r.findings[0]};
    r.findings[0].fix.assign(100'000, 'x');
    EXPECT_LT(write(Format::markdown, r).size(), 65'000u);
    for (size_t i = 0; i < 1000; ++i) r.notes.push_back({Level::warning, std::string(1000, 'y')});
    r.incomplete_reason.assign(100'000, 'z');
    EXPECT_LT(write(Format::markdown, r).size(), 65'000u);
}

TEST(MarkdownFormat, NothingFromOutsideIsMarkup) {
    const std::string out = write(Format::markdown, sample::hostile());
    EXPECT_EQ(occurrences(out, "<details>"), occurrences(out, "</details>"));
    for (std::string_view line : text::lines(out)) {
        // A fence from outside neither opens nor closes one of ours.
        if (line.find("```") == std::string_view::npos) continue;
        EXPECT_TRUE(line == "````sql" || line == "````" || !line.starts_with("```")) << line;
    }
}

TEST(HtmlFormat, NothingFromOutsideIsMarkup) {
    const std::string out = write(Format::html, sample::hostile());
    EXPECT_EQ(occurrences(out, "<script>"), 1u);
    EXPECT_EQ(occurrences(out, "</script>"), 1u);
    EXPECT_EQ(occurrences(out, "<style>"), 1u);
    EXPECT_EQ(out.find("alert('1')"), std::string::npos);
    // Outside of style and script the page is well-formed but for the elements HTML leaves open.
    std::string body = out.substr(out.find("<body>"));
    body.erase(body.find("<script>"), body.find("</script>") - body.find("<script>"));
    body.erase(body.find("</script>"), std::string("</script>").size());
    for (const char *open : {"<wbr>"})
        for (size_t at = body.find(open); at != std::string::npos; at = body.find(open))
            body.erase(at, std::string(open).size());
    for (const auto &[written, closed] :
         std::vector<std::pair<std::string, std::string>>{{" hidden>", " hidden=\"\">"},
                                                          {" checked>", " checked=\"\"/>"},
                                                          {"autocomplete=\"off\">", "autocomplete=\"off\"/>"}})
        for (size_t at = body.find(written); at != std::string::npos; at = body.find(written, at + closed.size()))
            body.replace(at, written.size(), closed);
    body.resize(body.find("</html>"));
    EXPECT_NO_THROW(read_xml(body));
}

TEST(HtmlFormat, NeedsNothingBesideItself) {
    for (const Report &r : {sample::marketplace(), sample::large(50)}) {
        const std::string out = write(Format::html, r);
        for (const char *word : {"http://", "https://", "src=", "<link", "@import", "url("})
            EXPECT_EQ(out.find(word), std::string::npos) << word;
        std::set<std::string> ids;
        for (size_t at = out.find(" id=\""); at != std::string::npos; at = out.find(" id=\"", at + 1)) {
            const std::string id = out.substr(at + 5, out.find('"', at + 5) - at - 5);
            EXPECT_TRUE(ids.insert(id).second) << id;
        }
        for (size_t at = out.find("href=\"#"); at != std::string::npos; at = out.find("href=\"#", at + 1))
            EXPECT_TRUE(ids.contains(out.substr(at + 7, out.find('"', at + 7) - at - 7)));
    }
}

TEST(JsonFormat, SaysWhatTheReportSays) {
    const Report r = sample::marketplace();
    const Json j = JsonReader::read(write(Format::json, r));
    EXPECT_EQ(j["schema"].string, "rlsproof.report");
    EXPECT_EQ(j["schema_version"].number, 1);
    EXPECT_EQ(j["outcome"].string, "findings");
    EXPECT_FALSE(j["complete"].boolean);
    EXPECT_EQ(j["counts"]["by_category"]["exposure"]["error"].number, 2);
    ASSERT_EQ(j["findings"].size(), r.findings.size());
    for (size_t i = 0; i < r.findings.size(); ++i) {
        EXPECT_EQ(j["findings"][i]["object"].string, r.findings[i].object);
        EXPECT_EQ(j["findings"][i]["fix"].string, r.findings[i].fix);
    }
    const std::vector<std::string> keys = {"rule",   "level", "category", "object",   "message",
                                           "detail", "hint",  "fix",      "evidence", "key"};
    EXPECT_EQ(j["findings"][0].keys, keys);
    EXPECT_EQ(j["matrix"]["rows"][5]["cells"][0].string, "LLLLO");
}

TEST(JsonFormat, KeepsWhatItCan) {
    const Report r = sample::hostile();
    const Json j = JsonReader::read(write(Format::json, r));
    EXPECT_EQ(j["findings"][0]["message"].string, text::mend(r.findings[0].message));
    for (const Report &each : reports()) EXPECT_NO_THROW(JsonReader::read(write(Format::json, each)));
}

TEST(SarifFormat, HasWhatTheStandardRequires) {
    for (const Report &r : reports()) {
        const Json j = JsonReader::read(write(Format::sarif, r));
        EXPECT_EQ(j["version"].string, "2.1.0");
        EXPECT_TRUE(j.has("$schema"));
        ASSERT_EQ(j["runs"].size(), 1u);
        const Json &run = j["runs"][0];
        EXPECT_EQ(run["tool"]["driver"]["name"].string, "rlsproof");
        EXPECT_EQ(run["invocations"][0]["executionSuccessful"].boolean, r.complete);
        const Json &rules = run["tool"]["driver"]["rules"];
        std::set<std::string> ids;
        for (const Json &rule : rules.array) {
            EXPECT_TRUE(ids.insert(rule["id"].string).second);
            EXPECT_FALSE(rule["shortDescription"]["text"].string.empty());
            EXPECT_FALSE(rule["help"]["text"].string.empty());
        }
        ASSERT_EQ(run["results"].size(), r.findings.size());
        for (const Json &result : run["results"].array) {
            EXPECT_EQ(rules[static_cast<size_t>(result["ruleIndex"].number)]["id"].string, result["ruleId"].string);
            EXPECT_TRUE((std::set<std::string>{"error", "warning", "note"}.contains(result["level"].string)));
            EXPECT_FALSE(result["message"]["text"].string.empty());
            EXPECT_FALSE(result["partialFingerprints"].object.empty());
            const Json &location = result["locations"][0];
            EXPECT_TRUE(location.has("physicalLocation") || location.has("logicalLocations"));
            if (!location.has("physicalLocation")) continue;
            for (char c : location["physicalLocation"]["artifactLocation"]["uri"].string)
                EXPECT_TRUE(c > ' ' && c < 0x7F && std::string_view("<>\"{}|\\^`").find(c) == std::string_view::npos);
        }
    }
}

TEST(SarifFormat, PointsAtFilesWhereThereAreSome) {
    Report r = sample::marketplace();
    const Json j = JsonReader::read(write(Format::sarif, r));
    const Json &results = j["runs"][0]["results"];
    const Json &table = results[0]["locations"][0], &file = results[3]["locations"][0];
    EXPECT_EQ(table["logicalLocations"][0]["fullyQualifiedName"].string, "public.payouts");
    EXPECT_EQ(table["logicalLocations"][0]["kind"].string, "table");
    EXPECT_EQ(table["physicalLocation"]["artifactLocation"]["uri"].string, "demo/supabase/migrations");
    EXPECT_EQ(file["physicalLocation"]["artifactLocation"]["uri"].string, "demo/supabase/migrations/0007_reviews.sql");
    EXPECT_EQ(file["physicalLocation"]["region"]["startLine"].number, 42);
    r.source.clear();
    const Json without = JsonReader::read(write(Format::sarif, r));
    EXPECT_FALSE(without["runs"][0]["results"][0]["locations"][0].has("physicalLocation"));
}

TEST(JunitFormat, IsWellFormedAndItsNumbersAgree) {
    for (const Report &r : reports()) {
        std::vector<Element> elements;
        ASSERT_NO_THROW(elements = read_xml(write(Format::junit, r)));
        ASSERT_EQ(elements[0].name, "testsuites");
        const auto number = [&](const char *attribute) { return std::stoul(elements[0].attributes[attribute]); };
        const auto n = [&](std::string_view element) {
            return static_cast<size_t>(
                std::count_if(elements.begin(), elements.end(), [&](const Element &e) { return e.name == element; }));
        };
        EXPECT_EQ(number("tests"), n("testcase"));
        EXPECT_EQ(number("failures"), n("failure"));
        EXPECT_EQ(number("errors"), n("error"));
        EXPECT_EQ(number("skipped"), n("skipped"));
        EXPECT_EQ(outcome(r) == Outcome::clean, n("failure") + n("error") == 0);
    }
}

TEST(TapFormat, PlanIsWhatFollows) {
    for (const Report &r : reports()) {
        const std::string out = write(Format::tap, r);
        const auto lines = text::lines(text::trim(out));
        EXPECT_EQ(lines[0], "TAP version 13");
        size_t tests = 0, yaml = 0, failed = 0;
        for (size_t i = 2; i < lines.size(); ++i) {
            if (lines[i].starts_with("  ")) {
                yaml += lines[i] == "  ---" ? 1 : 0;
                yaml -= lines[i] == "  ..." ? 1 : 0;
                continue;
            }
            EXPECT_EQ(yaml, 0u);
            const bool ok = lines[i].starts_with("ok "), not_ok = lines[i].starts_with("not ok ");
            ASSERT_TRUE(ok || not_ok) << lines[i];
            const std::string number = std::to_string(++tests) + " - ";
            EXPECT_TRUE(lines[i].substr(ok ? 3 : 7).starts_with(number)) << lines[i];
            failed += not_ok && !lines[i].ends_with(" # TODO note") ? 1 : 0;
        }
        EXPECT_EQ(lines[1], "1.." + std::to_string(tests));
        EXPECT_EQ(outcome(r) == Outcome::clean, failed == 0);
    }
}

} // namespace
} // namespace rlsproof::report
