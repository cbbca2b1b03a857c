// Every rule by name, in alphabetical order: the registry takes them from here.
#pragma once

#include <vector>

#include "lint/rules.hpp"

#include "base/core_only.hpp"

namespace rlsproof::lint {

void any_sql(const World &world, const Rule &rule, std::vector<Finding> &findings);
void default_privileges(const World &world, const Rule &rule, std::vector<Finding> &findings);
void definer_function(const World &world, const Rule &rule, std::vector<Finding> &findings);
void definer_identity(const World &world, const Rule &rule, std::vector<Finding> &findings);
void definer_request(const World &world, const Rule &rule, std::vector<Finding> &findings);
void exposed_matview(const World &world, const Rule &rule, std::vector<Finding> &findings);
void exposed_partition(const World &world, const Rule &rule, std::vector<Finding> &findings);
void forgeable_claim(const World &world, const Rule &rule, std::vector<Finding> &findings);
void immutable_session(const World &world, const Rule &rule, std::vector<Finding> &findings);
void late_tenant_column(const World &world, const Rule &rule, std::vector<Finding> &findings);
void null_tenant(const World &world, const Rule &rule, std::vector<Finding> &findings);
void owner_view(const World &world, const Rule &rule, std::vector<Finding> &findings);
void per_row_function(const World &world, const Rule &rule, std::vector<Finding> &findings);
void permissive_ban(const World &world, const Rule &rule, std::vector<Finding> &findings);
void policies_disabled(const World &world, const Rule &rule, std::vector<Finding> &findings);
void published_unprotected(const World &world, const Rule &rule, std::vector<Finding> &findings);
void restrictive_only(const World &world, const Rule &rule, std::vector<Finding> &findings);
void rls_disabled(const World &world, const Rule &rule, std::vector<Finding> &findings);
void search_path_mutable(const World &world, const Rule &rule, std::vector<Finding> &findings);
void storage_listing(const World &world, const Rule &rule, std::vector<Finding> &findings);
void truncate_granted(const World &world, const Rule &rule, std::vector<Finding> &findings);
void uncorrelated_subquery(const World &world, const Rule &rule, std::vector<Finding> &findings);
void unbound_role(const World &world, const Rule &rule, std::vector<Finding> &findings);
void unindexed_policy_column(const World &world, const Rule &rule, std::vector<Finding> &findings);
void update_without_select(const World &world, const Rule &rule, std::vector<Finding> &findings);

} // namespace rlsproof::lint
