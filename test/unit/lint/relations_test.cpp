// Rules that read what tables, views, schemas and buckets are handed to.
#include <gtest/gtest.h>

#include "support.hpp"

namespace rlsproof::lint {
namespace {

using sample::kStrangers;
using sample::objects;
using Names = std::vector<std::string>;

World with(const std::vector<Relation> &relations) {
    World world = sample::world();
    world.relations = relations;
    return world;
}

TEST(DefaultPrivileges, OneFindingForASchema) {
    World world = sample::world();
    world.default_privileges = {{"app", "maker", "web_anon", {Command::select}, {"anon"}, false},
                                {"app", "maker", "PUBLIC", {Command::insert}, kStrangers, true}};
    const std::vector<Finding> found = look(world, "default_privileges");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].object, "schema:app");
    EXPECT_EQ(found[0].fix, "ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA app REVOKE ALL ON TABLES FROM web_anon; "
                            "ALTER DEFAULT PRIVILEGES FOR ROLE maker REVOKE ALL ON TABLES FROM PUBLIC;");
}

TEST(DefaultPrivileges, IsSilentAboutRolesThatNoStrangerHolds) {
    World world = sample::world();
    world.default_privileges = {{"app", "maker", "clerk", {Command::select}, {"clerk"}, false}};
    EXPECT_EQ(objects(world, "default_privileges"), Names{});
}

Relation matview(const std::string &reads) {
    Relation view = sample::table("app.sums", {"anon"}, {Command::select});
    view.kind = RelationKind::materialized_view;
    view.row_security = false;
    view.protected_reads = {reads};
    return view;
}

TEST(ExposedMatview, SpeaksOfProtectedTables) {
    const Relation orders = sample::table("app.orders", kStrangers, {Command::select});
    EXPECT_EQ(objects(with({matview("app.orders"), orders}), "exposed_matview"), Names{"app.sums"});
}

TEST(ExposedMatview, IsSilentAboutTablesThatAreReadInFullAnyway) {
    Relation prices = sample::table("app.prices", kStrangers, {Command::select});
    Policy everybody = sample::policy("everybody", "SELECT", kStrangers);
    everybody.facts.always = true;
    prices.policies = {everybody};
    EXPECT_EQ(objects(with({matview("app.prices"), prices}), "exposed_matview"), Names{});
    // A restrictive policy beside it takes rows away again.
    prices.policies.push_back(sample::policy("floor", "ALL", kStrangers));
    prices.policies.back().permissive = false;
    EXPECT_EQ(objects(with({matview("app.prices"), prices}), "exposed_matview"), Names{"app.sums"});
    // Without the privilege nobody reads them anyway.
    prices.policies.pop_back();
    prices.reach.clear();
    EXPECT_EQ(objects(with({matview("app.prices"), prices}), "exposed_matview"), Names{"app.sums"});
}

TEST(ExposedMatview, IsSilentWhereNoStrangerReads) {
    Relation view = matview("app.orders");
    view.reach = {{"clerk", {Command::select}, false}};
    EXPECT_EQ(objects(with({view, sample::table("app.orders", {}, {})}), "exposed_matview"), Names{});
}

TEST(PublishedUnprotected, TakesPublicationAndReachAndNoRowSecurity) {
    Relation table = sample::table("app.holds", {"anon"}, {Command::select});
    table.row_security = false;
    EXPECT_EQ(objects(with({table}), "published_unprotected"), Names{});
    table.published = true;
    EXPECT_EQ(objects(with({table}), "published_unprotected"), Names{"app.holds"});
    Relation closed = table;
    closed.row_security = true;
    EXPECT_EQ(objects(with({closed}), "published_unprotected"), Names{});
    closed = table;
    closed.reach.clear();
    EXPECT_EQ(objects(with({closed}), "published_unprotected"), Names{});
}

TEST(PublishedUnprotected, APartitionIsSaidWithTheWhole) {
    Relation whole = sample::table("app.events", {"anon"}, {Command::select});
    whole.kind = RelationKind::partitioned_table;
    whole.row_security = false;
    whole.published = true;
    Relation part = whole;
    part.name = "app.events_1";
    part.kind = RelationKind::table;
    part.parent = "app.events";
    EXPECT_EQ(objects(with({whole, part}), "published_unprotected"), Names{"app.events"});
}

TEST(TruncateGranted, ManyTablesOfASchemaAreOneFinding) {
    std::vector<Relation> tables;
    for (const char *name : {"app.a", "app.b", "app.c", "app.d", "app.e"})
        tables.push_back(sample::table(name, {"outsider", "anon"}, {Command::select, Command::truncate}));
    EXPECT_EQ(objects(with(tables), "truncate_granted"), (Names{"app.a", "app.b", "app.c", "app.d", "app.e"}));
    tables.push_back(sample::table("app.f", {"newcomer"}, {Command::trigger}));
    tables.push_back(sample::table("other.a", {"anon"}, {Command::truncate}));
    const std::vector<Finding> found = look(with(tables), "truncate_granted");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].object, "schema:app");
    EXPECT_EQ(found[0].message,
              "anon, outsider and newcomer hold TRUNCATE and TRIGGER on 6 tables of schema app, which "
              "no policy looks at");
    EXPECT_EQ(found[1].object, "other.a");
}

TEST(TruncateGranted, WhoeverConnectsIsAWarning) {
    World world = with({sample::table("app.a", {"outsider"}, {Command::truncate, Command::trigger})});
    EXPECT_EQ(look(world, "truncate_granted").at(0).level, Level::note);
    for (Persona &persona : world.personas) persona.connects = true;
    EXPECT_EQ(look(world, "truncate_granted").at(0).level, Level::warning);
    world.relations[0].reach[0].commands = {Command::trigger};
    EXPECT_EQ(look(world, "truncate_granted").at(0).level, Level::note) << "empties nothing";
}

TEST(TruncateGranted, IsSilentAboutRowCommandsAndUnprotectedTables) {
    Relation open = sample::table("app.open", kStrangers, {Command::truncate});
    open.row_security = false;
    EXPECT_EQ(objects(with({open, sample::table("app.rows", kStrangers,
                                                {Command::select, Command::insert, Command::update})}),
                      "truncate_granted"),
              Names{});
}

TEST(StorageListing, OneFindingForABucketAndItsLevelIsHowPrivateItIs) {
    World world = sample::world();
    world.bucket_listings = {{"passports", false, "outsider", "staff"},
                             {"passports", false, "newcomer", "staff"},
                             {"logos", true, "anon", "logos"},
                             {"vault", false, "clerk", "clerks"}};
    const std::vector<Finding> found = look(world, "storage_listing");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].object, "bucket:passports");
    EXPECT_EQ(found[0].level, Level::error);
    EXPECT_EQ(found[0].message,
              "outsider and newcomer can list and download every file of the private bucket passports");
    EXPECT_EQ(found[1].object, "bucket:logos");
    EXPECT_EQ(found[1].level, Level::warning);
}

TEST(RlsDisabled, TakesReachByAStranger) {
    Relation open = sample::table("app.open", {"anon"}, {Command::select});
    open.row_security = false;
    EXPECT_EQ(objects(with({open}), "rls_disabled"), Names{"app.open"});
    open.reach = {{"clerk", {Command::select}, false}};
    EXPECT_EQ(objects(with({open}), "rls_disabled"), Names{});
}

TEST(PoliciesDisabled, TakesPolicies) {
    Relation open = sample::table("app.open", {"anon"}, {Command::select});
    open.row_security = false;
    EXPECT_EQ(objects(with({open}), "policies_disabled"), Names{});
    open.policies = {sample::policy("own", "ALL", kStrangers)};
    EXPECT_EQ(objects(with({open}), "policies_disabled"), Names{"app.open"});
    EXPECT_EQ(objects(with({open}), "rls_disabled"), Names{});
}

} // namespace
} // namespace rlsproof::lint
