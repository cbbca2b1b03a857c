#include "server/guard/rules.hpp"

#include <array>
#include <cstring>

namespace rlsproof::server::guard {

namespace {

struct Entry {
    Rule rule;
    RuleInfo info;
};

constexpr std::array<Entry, kRules> kEntries = {{
    {Rule::matrix_access, {"matrix_access", "42R02", "the role does what the declared matrix says it may not"}},
    {Rule::rls_bypass, {"rls_bypass", "42R01", "a protected table is read by a role its policies do not bind"}},
    {Rule::write_without_where, {"write_without_where", "54R01", "no condition limits the rows that are changed"}},
    {Rule::copy_out, {"copy_out", "42R03", "COPY takes a table out of the database"}},
    {Rule::cartesian_join, {"cartesian_join", "54R02", "nothing joins the tables of a query"}},
    {Rule::full_scan, {"full_scan", "54R02", "no condition that an index could serve reaches a table"}},
    {Rule::scan_rows, {"scan_rows", "54R02", "the plan expects to read more rows than allowed"}},
    {Rule::rows_read, {"rows_read", "54R02", "the statement read more rows than allowed"}},
    {Rule::no_limit, {"no_limit", "54R02", "a query without LIMIT may return more rows than allowed"}},
    {Rule::deep_offset, {"deep_offset", "54R02", "OFFSET reads rows only to throw them away"}},
    {Rule::result_rows, {"result_rows", "54R02", "the statement returned more rows than allowed"}},
    {Rule::n_plus_one, {"n_plus_one", "54R03", "candidate: one query for each row of another"}},
    {Rule::repeated_query, {"repeated_query", "54R03", "the same query with the same values, again and again"}},
    {Rule::transaction_rows_read, {"transaction_rows_read", "54R04", "the transaction read more rows than allowed"}},
    {Rule::transaction_rows_written,
     {"transaction_rows_written", "54R04", "the transaction wrote more rows than allowed"}},
    {Rule::tenant_mismatch, {"tenant_mismatch", "42R04", "another tenant's rows are asked for than the session's"}},
    {Rule::tenant_unpinned, {"tenant_unpinned", "42R05", "no condition holds a read to one tenant"}},
    {Rule::tenant_unset, {"tenant_unset", "42R06", "a tenant's table is touched while the session has no tenant"}},
    {Rule::tenant_mixed, {"tenant_mixed", "42R07", "one statement reads rows of more than one tenant"}},
    {Rule::tenant_write, {"tenant_write", "42R08", "rows are written for another tenant than the session's"}},
    {Rule::tenant_repointed, {"tenant_repointed", "42R09", "a session that has a tenant is given another"}},
    {Rule::read_only, {"read_only", "42R10", "a statement does more than read"}},
    {Rule::unlisted_command, {"unlisted_command", "42R11", "a command is sent that is no query and is not listed"}},
    {Rule::unlisted_function, {"unlisted_function", "42R12", "a statement calls a function that is not listed"}},
    {Rule::catalog_read, {"catalog_read", "42R13", "a statement reads what the server keeps about rows and sessions"}},
}};

constexpr bool in_order() {
    for (int i = 0; i < kRules; ++i)
        if (static_cast<int>(kEntries[i].rule) != i) return false;
    return true;
}
static_assert(in_order(), "the entries stand in the order of Rule");

constexpr std::array<Rule, kRules> all_rules() {
    std::array<Rule, kRules> all{};
    for (int i = 0; i < kRules; ++i) all[i] = static_cast<Rule>(i);
    return all;
}

} // namespace

const std::array<Rule, kRules> kAllRules = all_rules();

const RuleInfo &info(Rule rule) {
    return kEntries[static_cast<int>(rule)].info;
}

const Rule *rule_named(const char *name) {
    for (const Entry &entry : kEntries)
        if (strcmp(entry.info.name, name) == 0) return &entry.rule;
    return nullptr;
}

const char *name(Mode mode) {
    switch (mode) {
    case Mode::off: return "off";
    case Mode::log: return "log";
    case Mode::warn: return "warn";
    case Mode::error: return "error";
    }
    return "off";
}

} // namespace rlsproof::server::guard
