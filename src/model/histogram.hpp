// Times counted in buckets of a log scale: a few thousand bytes answer for any number of them, and two histograms add
// up to the one of both. Plain values without a constructor, so that one can lie in shared memory.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/core_only.hpp"

namespace rlsproof::histogram {

// Every octave is cut into as many steps. What a bucket stands for lies between its ends so that neither is further off
// than 1/33 of itself (3.1 %), whatever the time; below a microsecond, where buckets are all equally wide, no time is
// further off than 31.25 nanoseconds.
inline constexpr int kSteps = 16;
inline constexpr int kStepBits = 5;                   // that kSteps itself is written in
inline constexpr double kUnitsPerMillisecond = 16000; // so that kSteps units are a microsecond
inline constexpr int kOctaves = 32; // from a microsecond to 71.6 minutes; what is longer counts as that
inline constexpr int kBuckets = kSteps * (kOctaves + 1);
inline constexpr double kRelativeError = 1.0 / (2 * kSteps + 1);
inline constexpr double kAbsoluteError = 0.5 / kUnitsPerMillisecond;

constexpr int bucket_of(double milliseconds) {
    constexpr double kEnd = static_cast<double>(uint64_t{kSteps} << kOctaves);
    const double units = milliseconds * kUnitsPerMillisecond;
    if (!(units >= 1)) return 0; // a clock that went backwards as well
    if (units >= kEnd) return kBuckets - 1;
    const auto whole = static_cast<uint64_t>(units);
    if (whole < kSteps) return static_cast<int>(whole);
    const int octave = static_cast<int>(std::bit_width(whole)) - kStepBits;
    return octave * kSteps + static_cast<int>(whole >> octave);
}

struct Ends {
    double least; // milliseconds
    double greatest;
};

constexpr Ends ends_of(int bucket) {
    const int octave = std::max(bucket / kSteps - 1, 0);
    const uint64_t step = static_cast<uint64_t>(bucket - octave * kSteps);
    return {static_cast<double>(step << octave) / kUnitsPerMillisecond,
            static_cast<double>((step + 1) << octave) / kUnitsPerMillisecond};
}

// The time a bucket stands for: as far from one end as from the other, in proportion to them.
constexpr double value_of(int bucket) {
    const Ends ends = ends_of(bucket);
    if (bucket < kSteps) return (ends.least + ends.greatest) / 2;
    return 2 * ends.least * ends.greatest / (ends.least + ends.greatest);
}

template <typename Count>
struct Histogram {
    Count counts[kBuckets];

    // Where a bucket is full all of them lose half: the percentiles stay what they are.
    void add(int bucket, Count times = 1) {
        constexpr Count kFull = std::numeric_limits<Count>::max();
        while (counts[bucket] > kFull - times) {
            for (Count &count : counts) count = count / 2 + count % 2;
            times = times / 2 + times % 2;
        }
        counts[bucket] += times;
    }

    template <typename Other>
    void add(const Histogram<Other> &other) {
        static_assert(sizeof(Other) <= sizeof(Count));
        for (int i = 0; i < kBuckets; ++i)
            if (other.counts[i] != 0) add(i, static_cast<Count>(other.counts[i]));
    }

    // The time that a share of all times, 0 < share <= 1, does not exceed: the smallest such one, as the exact
    // percentile of a list is. `least` and `greatest` are the ends of what was counted, which are known exactly.
    double percentile(double share, double least, double greatest) const {
        uint64_t all = 0;
        for (const Count count : counts) all += count;
        const double rank = std::max(std::ceil(share * static_cast<double>(all)), 1.0);
        uint64_t seen = 0;
        for (int i = 0; i < kBuckets; ++i) {
            seen += counts[i];
            if (static_cast<double>(seen) >= rank) return std::clamp(value_of(i), least, std::max(least, greatest));
        }
        return greatest;
    }
};

} // namespace rlsproof::histogram
