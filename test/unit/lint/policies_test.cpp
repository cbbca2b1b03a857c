// Rules that read what policies say.
#include <gtest/gtest.h>

#include "support.hpp"

namespace rlsproof::lint {
namespace {

using sample::kStrangers;
using sample::objects;
using sample::policy;
using Names = std::vector<std::string>;

World with(const Relation &relation) {
    World world = sample::world();
    world.relations = {relation};
    return world;
}

Relation rows_with(const Policy &rule) {
    Relation table = sample::table("app.rows", kStrangers, {Command::select, Command::update, Command::remove});
    table.policies = {rule};
    return table;
}

TEST(ForgeableClaim, NamesPoliciesAndWays) {
    Policy staff = policy("staff", "SELECT", kStrangers);
    staff.facts.forgeable = {"the claim user_metadata"};
    Relation table = rows_with(staff);
    staff.name = "bosses";
    staff.facts.forgeable = {"the claim user_metadata", "the column raw_user_meta_data"};
    table.policies.push_back(staff);
    const std::vector<Finding> found = look(with(table), "forgeable_claim");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].level, Level::error);
    EXPECT_EQ(found[0].message, "the policies \"staff\" and \"bosses\" of app.rows decide by the claim user_metadata "
                                "and the column raw_user_meta_data, which users write themselves");
}

TEST(ForgeableClaim, IsSilentAboutPoliciesThatReadNothingOfTheKind) {
    EXPECT_EQ(objects(with(rows_with(policy("own", "SELECT", kStrangers))), "forgeable_claim"), Names{});
}

TEST(ForgeableClaim, SpeaksOfAViewThatFiltersByIt) {
    Relation view = sample::table("app.staff", {"anon"}, {Command::select});
    view.kind = RelationKind::view;
    view.forgeable = {"the column raw_user_meta_data"};
    const std::vector<Finding> found = look(with(view), "forgeable_claim");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].message,
              "the view app.staff filters by the column raw_user_meta_data, which users write themselves");
}

TEST(ForgeableClaim, OneFindingForATriggerThatCopiesTwice) {
    World world = sample::world();
    world.account_copies = {{"rpc:app.sign_up()", "auth.users", "app.profiles.role"},
                            {"rpc:app.sign_up()", "auth.users", "app.profiles.tenant"}};
    const std::vector<Finding> found = look(world, "forgeable_claim");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].object, "rpc:app.sign_up()");
    EXPECT_NE(found[0].message.find("app.profiles.role and app.profiles.tenant"), std::string::npos);
}

TEST(UncorrelatedSubquery, AComparisonWithItselfIsAnErrorAndADetachedOneAWarning) {
    Policy self = policy("team", "SELECT", kStrangers), detached = policy("open", "SELECT", kStrangers);
    self.facts.self_compared = {"team"};
    detached.facts.detached = {"app.switches"};
    Relation table = rows_with(self);
    table.policies.push_back(detached);
    table.policies.push_back(policy("own", "SELECT", kStrangers));
    const std::vector<Finding> found = look(with(table), "uncorrelated_subquery");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].level, Level::error);
    EXPECT_EQ(found[0].key, "uncorrelated_subquery:app.rows:team");
    EXPECT_EQ(found[1].level, Level::warning);
    EXPECT_EQ(found[1].key, "uncorrelated_subquery:app.rows:open");
}

struct Ban {
    const char *name;
    bool negation, asks_who, beside, permissive, found;
};

class PermissiveBan : public ::testing::TestWithParam<Ban> {};

TEST_P(PermissiveBan, TakesTwoOfThreeSigns) {
    const Ban &ban = GetParam();
    Policy candidate = policy(ban.name, "INSERT", kStrangers);
    candidate.permissive = ban.permissive;
    candidate.facts.negation = ban.negation;
    candidate.facts.asks_who = ban.asks_who;
    Relation table = rows_with(candidate);
    table.policies.push_back(policy("own", ban.beside ? "ALL" : "SELECT", kStrangers));
    EXPECT_EQ(objects(with(table), "permissive_ban"), ban.found ? Names{"app.rows"} : Names{});
}

INSTANTIATE_TEST_SUITE_P(All, PermissiveBan,
                         ::testing::Values(Ban{"Blocked users", true, true, true, true, true},
                                           Ban{"Write", true, true, true, true, true},
                                           Ban{"Banned users", true, true, false, true, true},
                                           Ban{"Prevent late edits", true, false, true, true, true},
                                           Ban{"Blocked users", true, true, true, false, false},
                                           Ban{"Blocked users", false, true, true, true, false},
                                           Ban{"Posts not hidden", true, false, true, true, false},
                                           Ban{"Banners", true, false, true, true, false},
                                           Ban{"Write", true, true, false, true, false}));

TEST(PermissiveBan, TheFixKeepsRolesCommandAndConditions) {
    Policy ban = policy("Blocked users", "INSERT", kStrangers);
    ban.predicate = "";
    ban.check = "(NOT blocked())";
    ban.facts.negation = ban.facts.asks_who = true;
    const std::vector<Finding> found = look(with(rows_with(ban)), "permissive_ban");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].fix, "DROP POLICY \"Blocked users\" ON app.rows; CREATE POLICY \"Blocked users\" ON app.rows AS "
                            "RESTRICTIVE FOR INSERT TO web_user WITH CHECK ((NOT blocked()));");
}

TEST(NullTenant, SpeaksOfPermissivePoliciesOnly) {
    Policy tenant = policy("tenant", "SELECT", kStrangers);
    tenant.facts.null_equal = {"tenant"};
    EXPECT_EQ(objects(with(rows_with(tenant)), "null_tenant"), Names{"app.rows"});
    tenant.permissive = false;
    EXPECT_EQ(objects(with(rows_with(tenant)), "null_tenant"), Names{});
}

TEST(UpdateWithoutSelect, NamesWhoAndWhat) {
    const std::vector<Finding> found =
        look(with(rows_with(policy("own", "UPDATE", {"outsider", "newcomer"}))), "update_without_select");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].message, "outsider and newcomer may UPDATE app.rows but see no row of it: the statement changes "
                                "nothing and reports no error");
}

TEST(UpdateWithoutSelect, IsSilentWhereRowsAreSeenOrNothingIsLetThrough) {
    Relation seen = rows_with(policy("own", "UPDATE", kStrangers));
    seen.policies.push_back(policy("see", "SELECT", kStrangers));
    EXPECT_EQ(objects(with(seen), "update_without_select"), Names{});

    Policy check_only = policy("reorder", "UPDATE", kStrangers);
    check_only.predicate = "";
    check_only.check = "true";
    EXPECT_EQ(objects(with(rows_with(check_only)), "update_without_select"), Names{});

    Policy never = policy("never", "UPDATE", kStrangers);
    never.facts.never = true;
    EXPECT_EQ(objects(with(rows_with(never)), "update_without_select"), Names{});

    Policy narrowing = policy("own", "UPDATE", kStrangers);
    narrowing.permissive = false;
    EXPECT_EQ(objects(with(rows_with(narrowing)), "update_without_select"), Names{});
}

TEST(UpdateWithoutSelect, WithoutThePrivilegeTheStatementFailsAndSaysSo) {
    Relation blind = sample::table("app.rows", kStrangers, {Command::update});
    blind.policies = {policy("own", "UPDATE", kStrangers)};
    EXPECT_EQ(objects(with(blind), "update_without_select"), Names{});
}

TEST(RestrictiveOnly, TakesThatNoneIsPermissive) {
    Policy narrow = policy("narrow", "ALL", kStrangers);
    narrow.permissive = false;
    Relation table = rows_with(narrow);
    EXPECT_EQ(objects(with(table), "restrictive_only"), Names{"app.rows"});
    table.policies.push_back(policy("own", "ALL", kStrangers));
    EXPECT_EQ(objects(with(table), "restrictive_only"), Names{});
}

TEST(RestrictiveOnly, TakesFalseAloneForALock) {
    Policy lock = policy("no_access", "ALL", kStrangers);
    lock.permissive = false;
    lock.predicate = "false";
    lock.facts.never = true;
    Policy no_rows = policy("no_rows", "INSERT", kStrangers);
    no_rows.permissive = false;
    no_rows.predicate = "";
    no_rows.check = "false";
    Relation table = rows_with(lock);
    table.policies.push_back(no_rows);
    EXPECT_EQ(objects(with(table), "restrictive_only"), Names{});
    table.policies.back().check = "owner = app.uid()";
    EXPECT_EQ(objects(with(table), "restrictive_only"), Names{"app.rows"});
}

Relation big(long rows) {
    Policy own = policy("own", "SELECT", kStrangers);
    own.facts.identity_equals = {"owner"};
    own.facts.row_calls = {"app.uid()"};
    Relation table = rows_with(own);
    table.rows = rows;
    return table;
}

TEST(Performance, IsAboutBigTables) {
    for (const char *rule : {"unindexed_policy_column", "per_row_function"}) {
        EXPECT_EQ(objects(with(big(50000)), rule), Names{"app.rows"}) << rule;
        EXPECT_EQ(objects(with(big(500)), rule), Names{}) << rule;
        Relation platform = big(50000);
        platform.platform = true;
        EXPECT_EQ(objects(with(platform), rule), Names{}) << rule;
    }
}

TEST(UnindexedPolicyColumn, AnIndexThatBeginsWithTheColumnIsEnough) {
    Relation table = big(50000);
    table.index_leads = {"id", "owner"};
    EXPECT_EQ(objects(with(table), "unindexed_policy_column"), Names{});
    table.index_leads = {"id"};
    const std::vector<Finding> found = look(with(table), "unindexed_policy_column");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].fix, "CREATE INDEX CONCURRENTLY ON app.rows (owner);");
}

Relation behind(const std::vector<std::string> &varying, const std::vector<std::string> &nullable = {}) {
    Relation table = sample::table("app.rows", {}, {});
    table.tenant_place = {"org", false, varying, nullable, 0, false};
    return table;
}

TEST(LateTenantColumn, NamesWhatIsInTheWay) {
    const std::vector<Finding> found = look(with(behind({"title", "body"}, {"seen"})), "late_tenant_column");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].level, Level::note);
    EXPECT_EQ(found[0].category, Category::performance);
    EXPECT_EQ(found[0].message, "the tenant column org of app.rows lies behind title, body and seen");
}

TEST(LateTenantColumn, IsSilentWhereNothingIsOrTheTableIsSmall) {
    EXPECT_EQ(objects(with(behind({})), "late_tenant_column"), Names{});
    Relation small = behind({"title"});
    small.tenant_place.small = true;
    EXPECT_EQ(objects(with(small), "late_tenant_column"), Names{});
    Relation platform = behind({"title"});
    platform.platform = true;
    EXPECT_EQ(objects(with(platform), "late_tenant_column"), Names{});
}

TEST(LateTenantColumn, SpeaksOfAPartitionWhereItIsAnotherThanItsParent) {
    World world = with(behind({"title"}));
    for (const char *name : {"app.alike", "app.other"}) {
        Relation part = behind(name == std::string("app.alike") ? Names{"title"} : Names{"title", "body"});
        part.name = name;
        part.parent = "app.rows";
        world.relations.push_back(part);
    }
    EXPECT_EQ(objects(world, "late_tenant_column"), (Names{"app.rows", "app.other"}));
    // Nothing was said of the parent.
    world.relations[0].tenant_place.small = true;
    EXPECT_EQ(objects(world, "late_tenant_column"), (Names{"app.alike", "app.other"}));
}

TEST(LateTenantColumn, DoesNotAskToDeclareWhatIsGone) {
    Relation table = behind({});
    table.tenant_place.dropped = 2;
    const std::vector<Finding> found = look(with(table), "late_tenant_column");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].message, "the tenant column org of app.rows lies behind 2 dropped columns");
    EXPECT_EQ(found[0].hint.find("NOT NULL"), std::string::npos);
    EXPECT_NE(look(with(behind({}, {"seen"})), "late_tenant_column")[0].hint.find("NOT NULL"), std::string::npos);
}

} // namespace
} // namespace rlsproof::lint
