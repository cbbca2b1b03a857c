#include "base/pattern.hpp"

#include <regex>

#include <gtest/gtest.h>

namespace rlsproof {

namespace {

// What the standard library understands of an expression as well is held against it.
void expect_matches(const std::string &pattern) {
    const std::vector<std::string> samples = text::samples_of_pattern(pattern);
    EXPECT_FALSE(samples.empty()) << pattern;
    for (const std::string &sample : samples)
        EXPECT_TRUE(std::regex_search(sample, std::regex(pattern))) << pattern << " and " << sample;
}

TEST(Pattern, SamplesMatch) {
    for (const char *pattern : {"^[A-Z]{2}[0-9]{4}$", "^[a-z0-9][a-z0-9\\-]{1,28}[a-z0-9]$", "^#[0-9A-F]{6}$",
                                "^([01][0-9]|2[0-3]):[0-5][0-9]$", "^\\d{2}-?\\d{8}-\\d$", "^\\+[1-9]\\d{6,14}$",
                                "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", "^(?:draft|final)-v\\d+$", "^https?://.+",
                                "^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$", "^[[:digit:]]{5}$", "x.z",
                                "^(ab)+$", "^a{0}b$", "^\\w+\\s\\w+$"})
        expect_matches(pattern);
}

// What is asked for so is cast to a UUID next.
TEST(Pattern, UuidsAreUuids) {
    for (const char *pattern : {"^[0-9a-f-]{36}$", "^[A-Fa-f0-9\\-]{36}/"}) {
        expect_matches(pattern);
        const std::string sample = text::samples_of_pattern(pattern, 7).front();
        for (const size_t dash : {8, 13, 18, 23}) EXPECT_EQ(sample[dash], '-') << sample;
        EXPECT_NE(sample, text::samples_of_pattern(pattern, 30).front());
    }
    EXPECT_EQ(text::samples_of_pattern("^[0-9a-f]{36}$").front().find('-'), std::string::npos);
}

TEST(Pattern, SamplesDiffer) {
    const std::vector<std::string> samples = text::samples_of_pattern("^[a-z]{1,9}$");
    EXPECT_GE(samples.size(), 5U);
    EXPECT_EQ(text::samples_of_pattern("^fixed$").size(), 1U);
}

TEST(Pattern, WhatIsNotUnderstoodHasNone) {
    for (const char *pattern : {"(a)\\1", "^(?=a)b$", "[a-", "(a", "a{2", "a)", "*a", "\\", "[", "a{1000}"})
        EXPECT_TRUE(text::samples_of_pattern(pattern).empty()) << pattern;
}

TEST(Pattern, Ends) {
    EXPECT_TRUE(text::samples_of_pattern(std::string(100, '(')).empty());
    EXPECT_TRUE(text::samples_of_pattern("((((a{60}){60}){60}){60})").empty());
    EXPECT_EQ(text::samples_of_pattern("").size(), 1U);
}

} // namespace

} // namespace rlsproof
