// What two rules say of one thing, told once; and what is kept apart, since it is another cause.
#include "lint/once.hpp"

#include <gtest/gtest.h>

#include "support.hpp"

namespace rlsproof::lint {
namespace {

Finding finding(const std::string &rule, Level level, const std::string &object) {
    Finding finding;
    finding.rule = rule;
    finding.level = level;
    finding.category = Category::exposure;
    finding.object = object;
    finding.message = rule + " of " + object;
    finding.detail = "As it is.";
    finding.fix = "mend " + rule;
    finding.evidence = "structural";
    finding.key = rule + ":" + object;
    return finding;
}

Cell open(const std::string &persona, const std::string &object, Command command) {
    Cell cell;
    cell.persona = persona;
    cell.object = object;
    cell.command = command;
    cell.verdict = Verdict::open;
    return cell;
}

std::vector<Finding> told(std::vector<Finding> findings, const World &world = {}, const std::vector<Cell> &cells = {}) {
    tell_once(world, cells, findings);
    return findings;
}

TEST(TellOnce, TheOneAboutIdentitySpeaksOfMoreCallers) {
    const auto found = told(
        {finding("definer_function", Level::warning, "rpc:f()"), finding("definer_identity", Level::error, "rpc:f()")});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].rule, "definer_identity");
    EXPECT_EQ(found[0].detail, "As it is. The rule definer_function says the same of it: definer_function of rpc:f().");
}

TEST(TellOnce, TheWorseIsKeptAndMendedForEverybody) {
    auto seen = finding("definer_function", Level::error, "rpc:f()");
    seen.evidence = "execution";
    const auto found = told({seen, finding("definer_identity", Level::note, "rpc:f()")});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].rule, "definer_function");
    EXPECT_EQ(found[0].level, Level::error);
    EXPECT_EQ(found[0].evidence, "execution");
    EXPECT_EQ(found[0].fix, "mend definer_identity");
}

TEST(TellOnce, OtherFunctionsAndWhatIsNotKnownStayApart) {
    EXPECT_EQ(told({finding("definer_function", Level::error, "rpc:f()"),
                    finding("definer_identity", Level::error, "rpc:g()")})
                  .size(),
              2U);
    EXPECT_EQ(told({finding("definer_function", Level::note, "rpc:f()"),
                    finding("definer_identity", Level::error, "rpc:f()")})
                  .size(),
              2U);
}

TEST(TellOnce, FilesThatAreListedAreToldOnceForThosePersonasAlone) {
    World world = sample::world();
    world.bucket_listings = {{"faces", true, "anon", "look"}};
    const std::string bucket = "bucket:faces";
    const std::vector<Finding> both = {finding("storage_listing", Level::warning, bucket),
                                       finding("open", Level::error, bucket)};
    const auto once = told(both, world, {open("anon", bucket, Command::select)});
    ASSERT_EQ(once.size(), 1U);
    EXPECT_EQ(once[0].rule, "storage_listing");
    EXPECT_EQ(once[0].level, Level::error);
    EXPECT_EQ(once[0].detail, "As it is. Seen: As it is.");
    EXPECT_EQ(told(both, world, {open("outsider", bucket, Command::select)}).size(), 2U);
    EXPECT_EQ(told(both, world, {open("anon", bucket, Command::select), open("anon", bucket, Command::remove)}).size(),
              2U);
}

TEST(TellOnce, ACircleOfPoliciesIsToldOnceOfTheTableThatItIsIn) {
    const auto failing = [](const std::string &object, const std::string &relation) {
        Finding f = finding("broken", Level::error, object);
        f.message = "SELECT on " + object +
                    " fails for anon: 42P17: infinite recursion detected in policy for relation \"" + relation +
                    "\" (app." + relation + " and so on)";
        return f;
    };
    const auto found = told({failing("app.a", "members"), failing("app.members", "members"),
                             failing("bucket:faces", "members"), failing("app.b", "teams"), failing("app.c", "teams")});
    ASSERT_EQ(found.size(), 3U) << "two of a circle are two";
    const Finding &once = found[0];
    EXPECT_EQ(once.object, "app.members");
    EXPECT_TRUE(once.message.ends_with("; so do 2 others")) << once.message;
    EXPECT_NE(once.detail.find("app.a, bucket:faces fail"), std::string::npos) << once.detail;
}

TEST(TellOnce, ACircleOfHelpersIsTheSameWhereverItIsComeUpon) {
    const auto failing = [](const std::string &object, const std::string &circle) {
        Finding f = finding("broken", Level::error, object);
        f.message = "SELECT on " + object + " fails for anon: 54001: stack depth limit exceeded" + circle;
        return f;
    };
    const std::string teams = R"(app.teams → policy "p" → app.sits(uuid) → app.seats → policy "q" → app.teams)";
    const std::string seats = R"(app.seats → policy "q" → app.teams → policy "p" → app.sits(uuid) → app.seats)";
    const std::string other = R"(app.users → policy "p" → app.is_staff() → app.users)";
    const auto found = told({failing("app.a", " (" + teams + ")"), failing("app.seats", " (" + seats + ")"),
                             failing("app.b", " (" + seats + ")"), failing("app.users", " (" + other + ")"),
                             failing("app.c", ""), failing("app.d", ""), failing("app.e", "")});
    ASSERT_EQ(found.size(), 5U) << "what fills the stack by an unknown way is not known to be one thing";
    EXPECT_TRUE(found[0].message.ends_with("; so do 2 others")) << found[0].message;
    EXPECT_EQ(found[1].message.find("so do"), std::string::npos) << found[1].message;
}

} // namespace
} // namespace rlsproof::lint
