// The rules about tenants.
#pragma once

#include <string>

#include "server/guard/statement.hpp"

namespace rlsproof::server::guard {

// What the plan of a statement says of tenants, once for the plan: it travels with it.
void note_tenants(PlannedStmt *plan);

// That of this execution; nullptr where nothing is declared. REQUIRES: ExecutorStart has run.
const TenantPlan *tenants_of(const QueryDesc *query);

// What it comes to for one execution. REQUIRES: ExecutorStart has run.
void judge_tenants(const QueryDesc *query, const TenantPlan *plan, Violations *found);

// COPY of a whole table, TRUNCATE: they pass neither planner nor executor.
void judge_tenants_of_table(Oid table, Violations *found);
// COPY FROM, whose rows are looked at as they come (tenant_copy.hpp), and TRUNCATE, which is about all rows.
void judge_tenants_of_rows(Oid table, bool all, Violations *found);

// What to do about a broken one. Part of tenant_advice.cpp.
std::string tenant_advice(const Violation &found);

} // namespace rlsproof::server::guard
