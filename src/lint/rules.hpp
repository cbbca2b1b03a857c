// The rules: each looks at a world and returns findings. One file per rule; the registry in rules.cpp is the list.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/finding.hpp"
#include "model/world.hpp"

#include "base/core_only.hpp"

namespace rlsproof::lint {

struct Rule {
    const char *id;
    Category category;
    const char *title;
    const char *help; // what it is, why it matters, how to mend it
    void (*look)(const World &world, const Rule &rule, std::vector<Finding> &findings);
};

// In the order of the ids.
std::span<const Rule> rules();

// The findings of all rules, or of one. Raises Error{not_found} for a rule that does not exist. Not ranked.
std::vector<Finding> look(const World &world, const std::string &rule = {});

} // namespace rlsproof::lint
