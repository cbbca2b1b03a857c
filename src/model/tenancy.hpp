// How a declaration of tenancy is written: where a row says whose it is, and how a session knows whose it is. Parsed
// values; whether there is such a column, setting or query is the server's to say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof {

// A column that leads to one row of another relation.
struct TenantStep {
    std::string column;
    std::string relation; // as it was written
};

// "org_id", or a path to a row that has the tenant: "project_id -> public.projects.org_id". Names without their quotes,
// but for relations.
struct TenantColumn {
    std::vector<TenantStep> path;
    std::string column;
};

// Raises Error{invalid_input} for what can be neither.
TenantColumn tenant_column(std::string_view written);

// The text of one: what tenant_column() reads back as the same.
std::string text_of(const TenantColumn &column);

struct TenantSource {
    enum class Kind { setting, claim, query };
    Kind kind = Kind::setting;
    std::string name;              // of the setting; the query
    std::vector<std::string> keys; // of a claim, outermost first
    bool list = false;             // the setting holds an array: {1,2}
};

// "setting:app.tenant_id", "setting:app.tenant_ids[]", "claim:app_metadata.org_id", "query:select ...". Raises
// Error{invalid_input} for anything else.
TenantSource tenant_source(std::string_view written);
std::string text_of(const TenantSource &source);

// The settings whose values say which tenant that is: who could change one could be another. Of a query they are those
// it names, and those that say who is asking.
std::vector<std::string> settings_behind(const TenantSource &source);

} // namespace rlsproof
