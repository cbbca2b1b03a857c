#include "sample.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace rlsproof::report::sample {

Report marketplace() {
    Report r;
    r.version = "9.8.7";
    r.subject = "demo/supabase/migrations";
    r.server = "PostgreSQL 15.8";
    r.source = "demo/supabase/migrations";
    r.complete = false;
    r.incomplete_reason = "The execution layer was left out: the role that ran the audit may not SET ROLE to \"anon\".";
    r.notes = {{Level::warning, "extension \"vector\" is not installed: 2 columns of type vector were loaded as text"},
               {Level::note, "no matrix is declared: anon, outsider and newcomer are expected to reach nothing"}};
    r.findings = {
        {"policies_disabled", Level::error, Category::exposure, "public.payouts",
         "anon can read and change every row: row security is off, and 2 policies are not in force",
         "anon holds SELECT, INSERT, UPDATE and DELETE (granted to PUBLIC by default privileges of postgres).\n"
         "Policies that would apply: payouts_own, payouts_admin.\n\n"
         "  set role anon;\n  select count(*) from public.payouts;  -- 1204",
         "Switch row security on; the two policies then decide.",
         "ALTER TABLE public.payouts ENABLE ROW LEVEL SECURITY;\nALTER TABLE public.payouts FORCE ROW LEVEL SECURITY;",
         "execution", "policies_disabled:public.payouts"},
        {"rls_disabled", Level::error, Category::exposure, "public.internal_notes",
         "outsider can read every row: row security is off", "outsider holds SELECT through authenticated.",
         "Switch row security on, and write a policy for who may read.",
         "ALTER TABLE public.internal_notes ENABLE ROW LEVEL SECURITY;", "execution",
         "rls_disabled:public.internal_notes"},
        {"owner_view", Level::warning, Category::exposure, "public.listing_stats",
         "reads public.bookings as its owner: the policies of public.bookings do not apply to whoever reads the view",
         "", "Let the view run with the rights of whoever reads it.",
         "ALTER VIEW public.listing_stats SET (security_invoker = true);", "privilege",
         "owner_view:public.listing_stats:public.bookings"},
        {"migration_failed", Level::error, Category::permissions, "demo/supabase/migrations/0007_reviews.sql:42",
         "relation \"public.orders\" does not exist (42P01)", "create policy p on public.orders using (true);", "", "",
         "execution", "migration_failed:0007_reviews.sql:42P01:1"},
        {"definer_function", Level::warning, Category::permissions, "rpc:public.promote(uuid,text)",
         "anon may call a function that runs as postgres and does not look at who calls it", "",
         "Take EXECUTE from PUBLIC, and give it to those who need it.",
         "REVOKE EXECUTE ON FUNCTION public.promote(uuid, text) FROM PUBLIC, anon;", "structural",
         "definer_function:public.promote"},
        {"per_row_function", Level::warning, Category::performance, "public.messages",
         "policy \"messages_own\" asks auth.uid() once per row, not once per query", "The plan filters 50,000 rows.",
         "Wrap the call: (select auth.uid()).",
         "ALTER POLICY messages_own ON public.messages USING (sender_id = (SELECT auth.uid()));", "structural",
         "per_row_function:public.messages:messages_own"},
        {"policy_for_public", Level::note, Category::hygiene, "public.listings",
         "policy \"listings_read\" names no role", "", "Say TO authenticated.", "", "structural",
         "policy_for_public:public.listings:listings_read"},
    };
    r.rules = {{"policies_disabled", "Policies on a table whose row security is off",
                "They look like protection, and are none.", "https://rlsproof.example/docs/lints/policies_disabled"},
               {"rls_disabled", "A table within reach whose row security is off", "", ""},
               {"owner_view", "A view that reads protected tables as its owner", "", ""},
               {"restrictive_only", "Only restrictive policies: nothing passes", "", ""}};
    r.matrix.personas = {"anon", "outsider", "newcomer"};
    r.matrix.rows = {{"public.bookings", "table", {"-----", "pxxx-", "pxx?-"}},
                     {"public.internal_notes", "table", {"-----", "LOOO-", "LOOO-"}},
                     {"public.listing_stats", "view", {"O    ", "O    ", "O    "}},
                     {"public.listings", "table", {"d----", "dxxxO", "dxxxO"}},
                     {"public.messages", "table", {"-----", "Vxx--", "pxK--"}},
                     {"public.payouts", "table", {"LLLLO", "LLLLO", "LLLLO"}},
                     {"public.reviews", "table", {"E----", "E----", "E----"}},
                     {"rpc:public.promote(uuid,text)", "function", {"    O", "    O", "    O"}}};
    return r;
}

Report hostile() {
    const std::string evil =
        "<script>alert('1')</script>\"&]]>--> ```\n| @all #1 \\ # TODO\x1b[31m \xE2\x80\xAE"
        "dlrow\xE2\x80\xAC \xF0\x9F\xA6\x8A \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xC3\x28 \xED\xA0\x80 \xFF"
        " \x01\x7F \xEF\xBF\xBE \xE2\x80\xA8 javascript:alert(1) {{7*7}} ${x} end";
    Report r;
    r.version = r.title = r.subject = r.server = r.source = r.generated = r.incomplete_reason = evil;
    r.notes = {{Level::error, evil}, {Level::warning, ""}};
    for (Category c : {Category::exposure, Category::permissions, Category::performance, Category::hygiene})
        for (Level l : {Level::error, Level::warning, Level::note})
            r.findings.push_back({evil, l, c, evil, evil, evil, evil, evil, evil, evil});
    r.findings.push_back({});
    r.rules = {{evil, evil, evil, evil}, {"quiet", evil, evil, ""}};
    r.matrix.personas = {evil, "", "p"};
    r.matrix.rows = {{evil, evil, {evil, "LLLLLLLLLLLL", ""}}, {"", "", {}}, {"x", "table", {"<\">\xC3|"}}};
    return r;
}

Report large(size_t findings) {
    Report r;
    r.version = "9.8.7";
    r.subject = "database large";
    r.complete = true;
    for (size_t i = 0; i < findings; ++i)
        r.findings.push_back({fmt::format("rule_{}", i % 17), static_cast<Level>(i % 3), static_cast<Category>(i % 4),
                              fmt::format("public.table_{}", i), "anon can read every row of it",
                              "A detail that takes a line or two, so that the size is believable. It goes on a little.",
                              "Switch row security on.",
                              fmt::format("ALTER TABLE public.table_{} ENABLE ROW LEVEL SECURITY;", i), "execution",
                              fmt::format("key:{}", i)});
    rank(r.findings);
    r.matrix.personas = {"anon", "outsider", "newcomer"};
    for (size_t i = 0; i < findings / 2; ++i)
        r.matrix.rows.push_back(
            {fmt::format("public.table_{}", i), "table", {"-----", i % 9 ? "pppp-" : "LLLL-", "dddd-"}});
    return r;
}

// A sample that changes its meaning would make the tests that use it say nothing.
TEST(Sample, IsRanked) {
    Report r = marketplace();
    const auto as_written = r.findings;
    rank(r.findings);
    for (size_t i = 0; i < as_written.size(); ++i) EXPECT_EQ(r.findings[i].key, as_written[i].key);
}

} // namespace rlsproof::report::sample
