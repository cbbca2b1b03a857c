#include "base/finding.hpp"

#include <algorithm>
#include <tuple>

namespace rlsproof {

std::string_view name(Level level) {
    switch (level) {
    case Level::error: return "error";
    case Level::warning: return "warning";
    case Level::note: return "note";
    }
    return "error";
}

std::string_view name(Category category) {
    switch (category) {
    case Category::exposure: return "exposure";
    case Category::permissions: return "permissions";
    case Category::performance: return "performance";
    case Category::hygiene: return "hygiene";
    }
    return "exposure";
}

void rank(std::vector<Finding> &findings) {
    const auto order = [](const Finding &f) {
        return std::make_tuple(f.category, f.level, f.evidence != "execution", std::string_view(f.rule),
                               std::string_view(f.object), std::string_view(f.key));
    };
    std::stable_sort(findings.begin(), findings.end(),
                     [&](const Finding &a, const Finding &b) { return order(a) < order(b); });
}

} // namespace rlsproof
