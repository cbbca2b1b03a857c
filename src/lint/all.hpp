// Every rule by name, in alphabetical order: the registry takes them from here.
#pragma once

#include <vector>

#include "lint/rules.hpp"

#include "base/core_only.hpp"

namespace rlsproof::lint {

void definer_function(const World &world, const Rule &rule, std::vector<Finding> &findings);
void exposed_partition(const World &world, const Rule &rule, std::vector<Finding> &findings);
void owner_view(const World &world, const Rule &rule, std::vector<Finding> &findings);
void policies_disabled(const World &world, const Rule &rule, std::vector<Finding> &findings);
void restrictive_only(const World &world, const Rule &rule, std::vector<Finding> &findings);
void rls_disabled(const World &world, const Rule &rule, std::vector<Finding> &findings);
void truncate_granted(const World &world, const Rule &rule, std::vector<Finding> &findings);

} // namespace rlsproof::lint
