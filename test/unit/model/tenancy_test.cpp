#include "model/tenancy.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace rlsproof {
namespace {

TEST(TenantColumn, IsAColumnOrAPathToOne) {
    EXPECT_EQ(tenant_column(" org_id ").column, "org_id");
    EXPECT_TRUE(tenant_column("org_id").path.empty());

    const TenantColumn path = tenant_column("task_id -> public.tasks.project_id->\"My app\".\"a.b\".\"Org \"\"id\"");
    ASSERT_EQ(path.path.size(), 2U);
    EXPECT_EQ(path.path[0].column, "task_id");
    EXPECT_EQ(path.path[0].relation, "public.tasks");
    EXPECT_EQ(path.path[1].column, "project_id");
    EXPECT_EQ(path.path[1].relation, "\"My app\".\"a.b\"");
    EXPECT_EQ(path.column, "Org \"id");
}

TEST(TenantColumn, ReadsBackWhatItWrites) {
    for (const char *text :
         {"org_id", "Odd name", "a -> s.t.b", "\"A b\" -> s.\"T t\".\"C\"\"d\"", "a -> s.t.b -> s.u.c"})
        EXPECT_EQ(text_of(tenant_column(text)), text);
}

TEST(TenantColumn, RefusesWhatCanBeNeither) {
    for (const char *text : {"", "  ", "a ->", "-> s.t.a", "a -> b", "a -> s.t.", "a -> .b", "a -> s.t.b -> "})
        EXPECT_THROW(tenant_column(text), Error) << text;
}

TEST(TenantSource, IsASettingAClaimOrAQuery) {
    const TenantSource setting = tenant_source("setting: app.tenant_id");
    EXPECT_EQ(setting.kind, TenantSource::Kind::setting);
    EXPECT_EQ(setting.name, "app.tenant_id");
    EXPECT_FALSE(setting.list);
    EXPECT_TRUE(tenant_source("setting:app.tenant_ids[]").list);
    EXPECT_EQ(tenant_source("setting:app.tenant_ids[]").name, "app.tenant_ids");

    const TenantSource claim = tenant_source("claim:app_metadata.\"org.id\"");
    EXPECT_EQ(claim.kind, TenantSource::Kind::claim);
    EXPECT_EQ(claim.keys, (std::vector<std::string>{"app_metadata", "org.id"}));

    EXPECT_EQ(tenant_source("query: select 1 ; ;").name, "select 1");
}

TEST(TenantSource, ReadsBackWhatItWrites) {
    for (const char *text :
         {"setting:app.tenant_id", "setting:app.ids[]", "claim:a", "claim:a.b.\"c.d\"", "query:select a:b"})
        EXPECT_EQ(text_of(tenant_source(text)), text);
}

TEST(TenantSource, RestsOnSettings) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(settings_behind(tenant_source("setting:app.ids[]")), (Names{"app.ids"}));
    EXPECT_EQ(settings_behind(tenant_source("claim:app_metadata.org")), (Names{"request.jwt.claims"}));
    const Names who = {"request.jwt.claims", "request.jwt.claim.sub"};
    EXPECT_EQ(settings_behind(tenant_source("query:select org_id from memberships where user_id = auth.uid()")), who);
    EXPECT_EQ(
        settings_behind(tenant_source("query:select current_setting('a.b')::int + current_setting('c.d', true)::int "
                                      "where current_user <> session_user")),
        (Names{who[0], who[1], "a.b", "c.d", "role", "session_authorization"}));
    EXPECT_EQ(settings_behind(tenant_source("query:select current_setting('a.b")), (Names{who[0], who[1], "a.b"}));
}

TEST(TenantSource, RefusesAnythingElse) {
    for (const char *text : {"", "app.tenant_id", "setting:", "setting:[]", "setting:a b", "claim:", "claim:a..b",
                             "query:", "query: ; ", "function:f()", ":x"})
        EXPECT_THROW(tenant_source(text), Error) << text;
}

} // namespace
} // namespace rlsproof
