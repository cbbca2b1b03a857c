#include "model/expectation.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace rlsproof {

namespace {

// What a pattern means, word for word.
bool matches_plainly(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern.front() == '*')
        return matches_plainly(pattern.substr(1), text) || (!text.empty() && matches_plainly(pattern, text.substr(1)));
    return !text.empty() && pattern.front() == text.front() && matches_plainly(pattern.substr(1), text.substr(1));
}

} // namespace

TEST(Expectation, AStarStandsForAnything) {
    EXPECT_TRUE(matches("public.*", "public.orders"));
    EXPECT_TRUE(matches("*.orders", "public.orders"));
    EXPECT_TRUE(matches("public.*_log*", "public.a_log_log"));
    EXPECT_TRUE(matches("*", ""));
    EXPECT_FALSE(matches("public.order", "public.orders"));
    EXPECT_FALSE(matches("public.*s", "public.order"));
    std::mt19937 random(1);
    const auto made = [&](const char *letters, size_t kinds) {
        std::string text(random() % 7, ' ');
        for (char &c : text) c = letters[random() % kinds];
        return text;
    };
    int matched = 0;
    for (int i = 0; i < 20000; i++) {
        const std::string pattern = made("ab*", 3), text = made("ab", 2);
        ASSERT_EQ(matches(pattern, text), matches_plainly(pattern, text)) << pattern << " and " << text;
        matched += matches(pattern, text);
    }
    EXPECT_GT(matched, 1000);
}

TEST(Expectation, ManyStarsTakeNoTime) {
    std::string pattern;
    for (int i = 0; i < 40; i++) pattern += "a*";
    EXPECT_FALSE(matches(pattern + "b*c", std::string(4000, 'a') + "c"));
}

TEST(Expectation, TheMostSpecificCounts) {
    const std::vector<Expectation> all{{"ann", "*", "all", "none"},
                                       {"ann", "public.*", "all", "own"},
                                       {"ann", "public.*", "SELECT", "all"},
                                       {"ann", "public.orders", "all", "own"},
                                       {"bob", "public.orders", "SELECT", "none"}};
    const auto access = [&](const char *object, Command command) {
        const Expectation *found = expectation_for(all, "ann", object, command);
        return found == nullptr ? "" : found->access;
    };
    EXPECT_EQ(access("secret.keys", Command::select), "none");
    EXPECT_EQ(access("public.notes", Command::select), "all");
    EXPECT_EQ(access("public.notes", Command::insert), "own");
    EXPECT_EQ(access("public.orders", Command::select), "own");
    EXPECT_EQ(expectation_for(all, "eve", "public.orders", Command::select), nullptr);
}

TEST(Expectation, ManyAreTheSameAsAFew) {
    std::mt19937 random(1);
    const std::vector<std::string> objects{"public.a", "public.b", "secret.a", "public.*", "*", "*.a", "public.*b"};
    const std::vector<std::string> commands{"all", "SELECT", "INSERT"}, personas{"ann", "bob"};
    const auto one = [&](const std::vector<std::string> &of) { return of[random() % of.size()]; };
    int found = 0;
    for (int i = 0; i < 2000; i++) {
        std::vector<Expectation> few;
        Expectations many;
        for (size_t n = random() % 8; n > 0; n--) {
            few.push_back({one(personas), one(objects), one(commands), std::to_string(n)});
            many.add(few.back());
        }
        const std::string persona = one(personas), object = objects[random() % 3];
        for (const Command command : {Command::select, Command::insert, Command::update}) {
            const Expectation *said = expectation_for(few, persona, object, command),
                              *same = many.of(persona, object, command);
            ASSERT_EQ(said == nullptr, same == nullptr);
            if (said == nullptr) continue;
            ASSERT_EQ(said->access, same->access);
            found++;
        }
    }
    EXPECT_GT(found, 1000);
}

TEST(Waived, ACommandAfterAColonIsPartOfNoName) {
    EXPECT_EQ(waived_of("public.teams:INSERT").object, "public.teams");
    EXPECT_EQ(waived_of("public.teams:INSERT").command, Command::insert);
    EXPECT_EQ(waived_of("bucket:faces:SELECT").object, "bucket:faces");
    for (const char *whole : {"public.teams", "public.*", "bucket:faces", "bucket:SELECT", "rpc:public.f(integer)",
                              "public.teams:TRUNCATE", "public.teams:insert", "role:reporting", ""}) {
        EXPECT_EQ(waived_of(whole).object, whole);
        EXPECT_EQ(waived_of(whole).command, std::nullopt);
    }
}

} // namespace rlsproof
