// Rules that read what functions do, and what the registry says of itself.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support.hpp"

namespace rlsproof::lint {
namespace {

using sample::definer;
using sample::kStrangers;
using sample::objects;
using Names = std::vector<std::string>;

World with(const Function &function) {
    World world = sample::world();
    world.functions = {function};
    return world;
}

TEST(AnySql, WhoeverCallsItIsItsOwner) {
    Function runs = definer("app.exec_sql(text)", kStrangers);
    runs.run_as_sql = {"q"};
    const std::vector<Finding> found = look(with(runs), "any_sql");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].level, Level::error);
    EXPECT_EQ(found[0].fix, "REVOKE EXECUTE ON FUNCTION app.exec_sql(text) FROM PUBLIC, web_anon, web_user;");
    EXPECT_EQ(objects(with(runs), "definer_function"), Names{}) << "said once";
}

TEST(AnySql, ATableThatIsNamedIsAWarningUnlessTheFunctionComparesIt) {
    Function counts = definer("app.count_rows(text)", kStrangers);
    counts.run_as_table = {"tbl"};
    EXPECT_EQ(look(with(counts), "any_sql").at(0).level, Level::warning);
    counts.compares_run = true;
    EXPECT_EQ(objects(with(counts), "any_sql"), Names{});
    counts.run_as_sql = {"tbl"};
    EXPECT_EQ(look(with(counts), "any_sql").at(0).level, Level::warning) << "what it compares may be a beginning";
    for (int twin = 0; twin < 3; twin++) {
        Function function = counts;
        if (twin == 0) function.asks_who = true;
        if (twin == 1) function.definer = false;
        if (twin == 2) function.callers = {"clerk"};
        EXPECT_EQ(objects(with(function), "any_sql"), Names{}) << twin;
    }
}

TEST(DefinerRequest, WhatIsItsCallersToSayAndAKeyOfTheServersMakeItAnError) {
    Function sends = definer("app.notify(text)", kStrangers);
    sends.body_known = true;
    sends.sending.by = {"net.http_post"};
    const auto level = [&] { return look(with(sends), "definer_request").at(0).level; };
    EXPECT_EQ(level(), Level::warning);
    sends.sending.own_key = true;
    EXPECT_EQ(level(), Level::warning) << "it says nothing of its caller's";
    sends.sending.given = {"note"};
    EXPECT_EQ(level(), Level::error);
    sends.sending.own_key = false;
    EXPECT_EQ(level(), Level::warning);
    sends.sending.address = {"note"};
    EXPECT_EQ(level(), Level::error);
    sends.sending.weighs = true;
    EXPECT_EQ(level(), Level::warning);
    sends.sending.word = "secret";
    EXPECT_EQ(level(), Level::note);
    for (int twin = 0; twin < 4; twin++) {
        Function function = sends;
        if (twin == 0) function.asks_who = true;
        if (twin == 1) function.definer = false;
        if (twin == 2) function.callers = {"clerk"};
        if (twin == 3) function.sending.by.clear();
        EXPECT_EQ(objects(with(function), "definer_request"), Names{}) << twin;
    }
}

TEST(DefinerIdentity, WhatIsWrittenIsNamedFirst) {
    Function join = definer("app.join(uuid)", kStrangers);
    join.impersonations = {{"person", "app.invitations.person", false}, {"person", "app.members.person", true}};
    const std::vector<Finding> found = look(with(join), "definer_identity");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].level, Level::error);
    EXPECT_EQ(found[0].message,
              "anon, outsider and newcomer may call app.join(uuid) for anybody: its argument person is "
              "written into app.members.person");
    EXPECT_EQ(found[0].fix, "REVOKE EXECUTE ON FUNCTION app.join(uuid) FROM PUBLIC, web_anon, web_user;");
}

TEST(DefinerIdentity, AYesOrNoIsANoteUnlessItWrites) {
    Function asks = definer("app.is_admin(uuid)", kStrangers);
    asks.yes_or_no = true;
    asks.impersonations = {{"person", "app.members.person", false}};
    EXPECT_EQ(look(with(asks), "definer_identity").at(0).level, Level::note);
    asks.impersonations[0].written = true;
    EXPECT_EQ(look(with(asks), "definer_identity").at(0).level, Level::error);
}

TEST(DefinerIdentity, IsSilentAboutCheckedUncallableAndInvokerFunctions) {
    Function join = definer("app.join(uuid)", kStrangers);
    join.impersonations = {{"person", "app.members.person", true}};
    for (int twin = 0; twin < 4; twin++) {
        Function function = join;
        if (twin == 0) function.asks_who = true;
        if (twin == 1) function.definer = false;
        if (twin == 2) function.callers = {"clerk"};
        if (twin == 3) function.impersonations.clear();
        EXPECT_EQ(objects(with(function), "definer_identity"), Names{}) << twin;
    }
}

TEST(SearchPathMutable, TheFixFindsWhatTheFunctionNames) {
    Function pay = definer("app.pay()", {"outsider"});
    pay.unqualified = {"payouts", "helper()"};
    pay.found_in = {"app", "\"Other\""};
    const std::vector<Finding> found = look(with(pay), "search_path_mutable");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].message.find("payouts and helper()"), std::string::npos);
    EXPECT_EQ(found[0].fix, "ALTER FUNCTION app.pay() SET search_path = \"Other\", app, pg_temp;");
}

TEST(SearchPathMutable, IsSilentAboutPinnedQualifiedAndInvokerFunctions) {
    Function pay = definer("app.pay()", kStrangers);
    EXPECT_EQ(objects(with(pay), "search_path_mutable"), Names{});
    pay.unqualified = {"payouts"};
    pay.pinned_search_path = true;
    EXPECT_EQ(objects(with(pay), "search_path_mutable"), Names{});
    pay.pinned_search_path = false;
    pay.definer = false;
    EXPECT_EQ(objects(with(pay), "search_path_mutable"), Names{});
}

TEST(ForgeableClaim, AFunctionThatMakesItsCallerSomebody) {
    Function become = definer("app.become(text)", {"outsider"});
    become.definer = false;
    become.sets_identity = {"request.jwt.claims"};
    EXPECT_EQ(objects(with(become), "forgeable_claim"), Names{"rpc:app.become(text)"});
    become.asks_who = true;
    EXPECT_EQ(objects(with(become), "forgeable_claim"), Names{});
}

TEST(ForgeableClaim, WhoeverConnectsDirectlyMaySetWhatTheyLike) {
    Function become = definer("app.use_tenant(text)", {"outsider"});
    become.sets_identity = {"app.tenant"};
    World world = with(become);
    world.personas = {{"outsider", "app_user", "", {}, "u1", false, false}};
    EXPECT_EQ(objects(world, "forgeable_claim"), Names{});
    world.personas[0].login = "web";
    EXPECT_EQ(objects(world, "forgeable_claim"), Names{"rpc:app.use_tenant(text)"});
}

TEST(ImmutableSession, SaysWhatIsReadAndByWhom) {
    World world = sample::world();
    EXPECT_EQ(objects(world, "immutable_session"), Names{});
    world.false_immutables = {{"rpc:app.tenant()", "the session", {"policy \"t\" of app.rows", "view app.all"}}};
    const std::vector<Finding> found = look(world, "immutable_session");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].message, "app.tenant() is declared IMMUTABLE and reads the session");
    EXPECT_NE(found[0].detail.find("policy \"t\" of app.rows and view app.all"), std::string::npos);
    EXPECT_EQ(found[0].fix, "ALTER FUNCTION app.tenant() STABLE;");
}

TEST(DefinerFunction, IsAboutVisitorsAndProtectedTables) {
    Function pay = definer("app.pay()", kStrangers);
    pay.touches = {{"app.payouts", true, true, false}};
    EXPECT_EQ(look(with(pay), "definer_function").at(0).level, Level::error);
    pay.touches[0].written = false;
    EXPECT_EQ(look(with(pay), "definer_function").at(0).level, Level::warning);
    pay.touches[0].binds_owner = true;
    EXPECT_EQ(objects(with(pay), "definer_function"), Names{});
    pay.touches[0].binds_owner = false;
    pay.callers = {"outsider"};
    EXPECT_EQ(objects(with(pay), "definer_function"), Names{});
}

TEST(Rules, AreInTheOrderOfTheirNamesAndSayWhatTheyAre) {
    std::string before;
    for (const Rule &rule : rules()) {
        EXPECT_LT(before, rule.id);
        EXPECT_STRNE(rule.title, "");
        EXPECT_STRNE(rule.help, "");
        before = rule.id;
    }
}

TEST(Rules, SayNothingOfAnEmptyWorld) {
    EXPECT_TRUE(look(World{}).empty());
    EXPECT_TRUE(look(sample::world()).empty());
}

TEST(Rules, AnUnknownOneNamesTheOthers) {
    try {
        look(World{}, "no_such_rule");
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code, Code::not_found);
        EXPECT_NE(error.hint.find("null_tenant"), std::string::npos);
    }
}

} // namespace
} // namespace rlsproof::lint
