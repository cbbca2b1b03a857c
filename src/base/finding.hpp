// What a look at a database says: one finding, in the words that SQL columns, JSON keys and reports use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof {

enum class Level { error, warning, note };

// In the order of business impact: this order is the ranking.
enum class Category { exposure, permissions, performance, hygiene };

struct Finding {
    std::string rule;
    Level level = Level::warning;
    Category category = Category::hygiene;
    std::string object;
    std::string message;
    std::string detail;
    std::string hint;
    std::string fix;      // SQL text that mends it; printed, never applied
    std::string evidence; // privilege, proof, execution, structural or none
    std::string key;      // stable over runs: waivers and SARIF fingerprints hold on to it
};

std::string_view name(Level level);
std::string_view name(Category category);

// Orders findings by business impact: category, level, what was really seen first, rule, object, key. The same findings
// always come out the same.
void rank(std::vector<Finding> &findings);

} // namespace rlsproof
