// Which files are taken and in which order, for the folders that migration tools leave behind.
#include "cli/migrations.hpp"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.hpp"
#include "cli/sources.hpp"

namespace rlsproof::cli {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class MigrationsTest : public testing::Test {
protected:
    MigrationsTest() {
        std::string path = testing::TempDir() + "/rlsproof-unit-XXXXXX";
        root_ = mkdtemp(path.data());
    }
    ~MigrationsTest() override { fs::remove_all(root_); }

    void file(const std::string &name, const std::string &text = "select 1;") const {
        fs::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name) << text;
    }
    Migrations find(const std::string &folder = "") const { return find_migrations(root_ / folder); }
    Names names(const std::string &folder = "") const {
        Names result;
        for (const MigrationFile &found : find(folder).files) result.push_back(found.name);
        return result;
    }

    fs::path root_;
};

TEST(NaturalOrder, ComparesNumbersAsNumbers) {
    EXPECT_TRUE(natural_less("V2__a.sql", "V10__a.sql"));
    EXPECT_TRUE(natural_less("1_b.sql", "2_a.sql"));
    EXPECT_TRUE(natural_less("0001_a.sql", "002_a.sql"));
    EXPECT_TRUE(natural_less("a", "ab"));
    EXPECT_TRUE(natural_less("20240101000000_z.sql", "20240102000000_a.sql"));
    EXPECT_TRUE(natural_less("9", "99999999999999999999999999"));
    EXPECT_FALSE(natural_less("a1", "a1"));
    EXPECT_NE(natural_less("a01", "a1"), natural_less("a1", "a01")) << "an order, also where numbers are equal";
}

TEST_F(MigrationsTest, FilesOfTheFolderItself) {
    file("10_c.sql");
    file("2_b.sql");
    file("1_a.SQL");
    file("readme.md");
    EXPECT_EQ(names(), (Names{"1_a.SQL", "2_b.sql", "10_c.sql"}));
}

TEST_F(MigrationsTest, OneFile) {
    file("dump.sql");
    EXPECT_EQ(names("dump.sql"), Names{"dump.sql"});
}

TEST_F(MigrationsTest, SupabaseAsItsToolDoesIt) {
    file("supabase/migrations/20240102000000_b.sql");
    file("supabase/migrations/20240101000000_a.sql");
    file("supabase/migrations/scratch.sql");
    file("supabase/seed.sql");
    file("supabase/roles.sql");
    file("supabase/schemas/a.sql");
    file("stray.sql");
    const Names expected = {"supabase/roles.sql", "supabase/migrations/20240101000000_a.sql",
                            "supabase/migrations/20240102000000_b.sql", "supabase/seed.sql"};
    EXPECT_EQ(names(), expected);
    EXPECT_EQ(find().layout, "supabase");
    EXPECT_TRUE(find().files.back().seed);
    ASSERT_EQ(find().notes.size(), 1u);
    EXPECT_NE(find().notes[0].find("scratch.sql"), std::string::npos);
    EXPECT_EQ(names("supabase").size(), 4u);
    EXPECT_EQ(names("supabase/migrations").size(), 4u);
}

TEST_F(MigrationsTest, SupabaseNamesCompareAsText) {
    file("supabase/migrations/10_b.sql");
    file("supabase/migrations/9_a.sql");
    EXPECT_EQ(names(), (Names{"supabase/migrations/10_b.sql", "supabase/migrations/9_a.sql"}));
}

TEST_F(MigrationsTest, TimesWithADashAreTimesAsWell) {
    file("supabase/migrations/20240103000000_c.sql");
    file("supabase/migrations/20240102000000-b.sql");
    file("supabase/migrations/20240101000000_a.sql");
    file("supabase/migrations/2024-b.sql");
    EXPECT_EQ(names(), (Names{"supabase/migrations/20240101000000_a.sql", "supabase/migrations/20240102000000-b.sql",
                              "supabase/migrations/20240103000000_c.sql"}));
    const auto notes = find().notes;
    ASSERT_EQ(notes.size(), 2u);
    EXPECT_NE(notes[0].find("2024-b.sql"), std::string::npos);
    EXPECT_NE(notes[1].find("1 file has a \"-\""), std::string::npos);
}

TEST_F(MigrationsTest, SchemasWhereNobodyMadeMigrationsYet) {
    file("supabase/schemas/a.sql");
    file("supabase/schemas/b.sql");
    EXPECT_EQ(names(), (Names{"supabase/schemas/a.sql", "supabase/schemas/b.sql"}));
}

TEST_F(MigrationsTest, OneFolderPerMigration) {
    file("prisma/migrations/20240102_b/migration.sql");
    file("prisma/migrations/20240101_a/migration.sql");
    file("prisma/migrations/migration_lock.toml");
    EXPECT_EQ(names(),
              (Names{"prisma/migrations/20240101_a/migration.sql", "prisma/migrations/20240102_b/migration.sql"}));
    EXPECT_EQ(find().layout, "prisma");
}

TEST_F(MigrationsTest, NothingThatLeadsBack) {
    for (const char *name : {"1_a.up.sql", "1_a.down.sql", "2/up.sql", "2/down.sql", "revert/1.sql"})
        file(std::string("migrations/") + name);
    EXPECT_EQ(names(), (Names{"migrations/1_a.up.sql", "migrations/2/up.sql"}));
    EXPECT_EQ(find().notes.size(), 2u);
}

TEST_F(MigrationsTest, FlywayByVersionThenRepeatable) {
    for (const char *name : {"R__views.sql", "V10__c.sql", "V2__b.sql", "V1.1__a.sql", "V1__z.sql", "U2__b.sql"})
        file(name);
    EXPECT_EQ(names(), (Names{"V1__z.sql", "V1.1__a.sql", "V2__b.sql", "V10__c.sql", "R__views.sql"}));
}

TEST_F(MigrationsTest, SqitchByItsPlan) {
    file("sqitch.plan",
         "%project=x\n\nb 2024-01-01T00:00:00Z A <a@b> # note\na [b] 2024\n@v1 2024\nb [b@v1] 2024\ngone 2024\n");
    file("deploy/a.sql");
    file("deploy/b.sql");
    file("deploy/b@v1.sql");
    file("revert/a.sql");
    EXPECT_EQ(names(), (Names{"deploy/b@v1.sql", "deploy/a.sql", "deploy/b.sql"}));
    EXPECT_EQ(find().notes.size(), 1u) << "what the plan names and nobody wrote";
}

TEST_F(MigrationsTest, SomewhereInARepository) {
    file("package.json");
    file("fix.sql");
    file("apps/web/supabase/migrations/1_a.sql");
    EXPECT_EQ(names(), Names{"apps/web/supabase/migrations/1_a.sql"});
    file("packages/db/migrations/1_a.sql");
    try {
        find();
        FAIL() << "two candidates";
    } catch (const Error &error) {
        EXPECT_NE(error.hint.find("apps/web/supabase/migrations, packages/db/migrations"), std::string::npos)
            << error.hint;
    }
}

TEST_F(MigrationsTest, NothingThere) {
    file("readme.md");
    EXPECT_THROW(find(), Error);
    EXPECT_THROW(find("nowhere"), Error);
}

TEST_F(MigrationsTest, IncludesStayInsideAndLoadOnce) {
    file("main.sql", "\\i parts/b.sql\n\\ir 'c.sql'\n\\i ../outside.sql\n\\i main.sql\n");
    file("c.sql");
    file("parts/b.sql", "\\ir ../c.sql\n");
    std::vector<std::string> notes;
    const Sources sources = read_sources(find(), notes);
    ASSERT_EQ(sources.size(), 1u);
    EXPECT_EQ(sources[0]->name, "main.sql");
    EXPECT_EQ(sources[0]->included.size(), 2u);
    EXPECT_EQ(notes.size(), 2u) << "outside of the folder, and itself";
}

TEST_F(MigrationsTest, FilesThatIncludeEachOther) {
    file("a.sql", "\\i b.sql\n");
    file("b.sql", "\\i a.sql\n");
    std::vector<std::string> notes;
    EXPECT_EQ(read_sources(find(), notes).size(), 1u);
}

TEST_F(MigrationsTest, Encodings) {
    EXPECT_EQ(source_of("\xEF\xBB\xBFselect 1", "x")->text, "select 1");
    EXPECT_EQ(source_of(std::string("\xFF\xFEs\0\xE4\0\x3D\xD8\x00\xDE", 10), "x")->text, "s\xC3\xA4\xF0\x9F\x98\x80");
    EXPECT_EQ(source_of(std::string("\xFE\xFF\0s", 4), "x")->text, "s");
}

} // namespace
} // namespace rlsproof::cli
