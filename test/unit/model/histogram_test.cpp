#include "model/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace rlsproof::histogram {
namespace {

struct Sample {
    std::string name;
    std::vector<double> times;
};

// Milliseconds as servers see them, and as they should not.
std::vector<Sample> samples() {
    std::mt19937_64 random(20);
    std::vector<Sample> all;
    const auto draw = [&](const std::string &name, size_t count, const std::function<double()> &time) {
        Sample sample{name, {}};
        for (size_t i = 0; i < count; ++i) sample.times.push_back(time());
        all.push_back(sample);
    };
    std::uniform_real_distribution<double> uniform(0.01, 50);
    std::lognormal_distribution<double> lognormal(0, 2);
    std::normal_distribution<double> quick(0.05, 0.004);
    std::normal_distribution<double> slow(900, 30);
    std::uniform_int_distribution<int> hundred(0, 99);
    draw("one", 1, [&] { return 12.34; });
    draw("two", 2, [&] { return uniform(random); });
    draw("a few", 19, [&] { return lognormal(random); });
    draw("uniform", 5000, [&] { return uniform(random); });
    draw("log-normal", 20000, [&] { return lognormal(random); });
    draw("two humps", 10000, [&] { return hundred(random) < 94 ? quick(random) : slow(random); });
    draw("always the same", 1000, [&] { return 0.071; });
    draw("a second to an hour", 3000, [&] { return std::exp(uniform(random) / 50 * 8.0) * 1000; });
    draw("around a microsecond", 3000, [&] { return uniform(random) / 20000; });
    return all;
}

// The smallest value that the share does not exceed, from the sorted values themselves.
double exact(const std::vector<double> &sorted, double share) {
    const auto rank = static_cast<size_t>(std::max(std::ceil(share * static_cast<double>(sorted.size())), 1.0));
    return sorted[rank - 1];
}

double allowed(double time) {
    return std::max(time * kRelativeError, kAbsoluteError) * (1 + 1e-9);
}

TEST(Histogram, PercentilesAreThoseOfTheSameNumbers) {
    for (Sample &sample : samples()) {
        Histogram<uint32_t> histogram{};
        for (const double time : sample.times) histogram.add(bucket_of(time));
        std::sort(sample.times.begin(), sample.times.end());
        for (const double share : {0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
            const double expected = exact(sample.times, share);
            EXPECT_NEAR(histogram.percentile(share, sample.times.front(), sample.times.back()), expected,
                        allowed(expected))
                << sample.name << " at " << share;
        }
    }
}

TEST(Histogram, TheErrorOfABucketIsReachedAndNotExceeded) {
    double worst = 0;
    for (int i = kSteps; i < kBuckets; ++i) {
        const Ends ends = ends_of(i);
        const double value = value_of(i);
        worst = std::max({worst, (value - ends.least) / ends.least, (ends.greatest - value) / ends.greatest});
    }
    EXPECT_NEAR(worst, kRelativeError, 1e-9);
    for (int i = 0; i < kSteps; ++i) EXPECT_NEAR(value_of(i) - ends_of(i).least, kAbsoluteError, 1e-12);
}

TEST(Histogram, BucketsFollowOneAnother) {
    EXPECT_EQ(ends_of(0).least, 0);
    for (int i = 0; i + 1 < kBuckets; ++i) {
        EXPECT_EQ(ends_of(i).greatest, ends_of(i + 1).least) << i;
        EXPECT_EQ(bucket_of(ends_of(i).least), i);
        EXPECT_EQ(bucket_of(std::nextafter(ends_of(i).greatest, 0)), i);
        EXPECT_EQ(bucket_of(value_of(i)), i);
    }
}

TEST(Histogram, OddTimesHaveABucketToo) {
    EXPECT_EQ(bucket_of(0), 0);
    EXPECT_EQ(bucket_of(-5), 0);
    EXPECT_EQ(bucket_of(std::numeric_limits<double>::quiet_NaN()), 0);
    EXPECT_EQ(bucket_of(std::numeric_limits<double>::infinity()), kBuckets - 1);
    EXPECT_EQ(bucket_of(1e30), kBuckets - 1);
    // 71.6 minutes and more: told by the longest one that was seen.
    Histogram<uint32_t> histogram{};
    histogram.add(bucket_of(3 * 3600e3));
    EXPECT_EQ(histogram.percentile(0.5, 3 * 3600e3, 3 * 3600e3), 3 * 3600e3);
}

TEST(Histogram, ItTellsNoTimeThatNobodySaw) {
    Histogram<uint32_t> histogram{};
    histogram.add(bucket_of(10.0));
    histogram.add(bucket_of(10.05));
    EXPECT_EQ(bucket_of(10.0), bucket_of(10.05));
    EXPECT_GE(histogram.percentile(0.5, 10.0, 10.05), 10.0);
    EXPECT_LE(histogram.percentile(1.0, 10.0, 10.05), 10.05);
    // Nothing counted, nothing told.
    const Histogram<uint32_t> empty{};
    EXPECT_EQ(empty.percentile(0.95, 0, 0), 0);
}

TEST(Histogram, TwoOfThemAddUpToTheOneOfBoth) {
    Histogram<uint32_t> both{};
    Histogram<uint32_t> first{};
    Histogram<uint32_t> second{};
    std::mt19937 random(3);
    for (int i = 0; i < 10000; ++i) {
        const int bucket = static_cast<int>(random() % kBuckets);
        both.add(bucket);
        (i % 3 == 0 ? first : second).add(bucket);
    }
    Histogram<uint64_t> sum{};
    sum.add(first);
    sum.add(second);
    for (int i = 0; i < kBuckets; ++i) EXPECT_EQ(sum.counts[i], both.counts[i]) << i;
}

TEST(Histogram, AFullBucketKeepsThePercentiles) {
    Histogram<uint16_t> histogram{};
    const int quick = bucket_of(1);
    const int slow = bucket_of(100);
    for (int i = 0; i < 1'000'000; ++i) histogram.add(i % 100 < 93 ? quick : slow);
    EXPECT_EQ(histogram.percentile(0.5, 0, 1000), value_of(quick));
    EXPECT_EQ(histogram.percentile(0.92, 0, 1000), value_of(quick));
    EXPECT_EQ(histogram.percentile(0.94, 0, 1000), value_of(slow));
    // What was seen once is not forgotten.
    histogram.add(bucket_of(5000));
    for (int i = 0; i < 200'000; ++i) histogram.add(quick);
    EXPECT_EQ(histogram.counts[bucket_of(5000)], 1);
    // More at once than a bucket holds.
    histogram.add(slow, std::numeric_limits<uint16_t>::max());
    EXPECT_GT(histogram.counts[slow], 0);
}

} // namespace
} // namespace rlsproof::histogram
