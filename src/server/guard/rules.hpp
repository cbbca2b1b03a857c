// The guard's rules: what each is called, what it raises, and what has to be known for it.
#pragma once

#include <array>
#include <cstdint>

#include "server/boundary.hpp"

namespace rlsproof::server::guard {

// The order is that of the settings, of guard_status and of messages about one statement.
enum class Rule : uint8_t {
    matrix_access,
    rls_bypass,
    write_without_where,
    copy_out,
    cartesian_join,
    full_scan,
    scan_rows,
    rows_read,
    no_limit,
    deep_offset,
    result_rows,
    n_plus_one,
    repeated_query,
    transaction_rows_read,
    transaction_rows_written,
    tenant_mismatch,
    tenant_unpinned,
    tenant_unset,
    tenant_mixed,
    tenant_write,
    tenant_repointed,
    read_only,
    unlisted_command,
    unlisted_function,
    catalog_read,
};
inline constexpr int kRules = static_cast<int>(Rule::catalog_read) + 1;

// What is done where a rule is broken. Ordered: a stricter mode is a greater one.
enum class Mode : int { off, log, warn, error };

using RuleSet = uint32_t;

constexpr RuleSet only(Rule rule) {
    return RuleSet{1} << static_cast<int>(rule);
}

template <typename... R>
constexpr RuleSet these(R... rules) {
    return (only(rules) | ...);
}

// What the planner has to be watched for: a cached plan has lost these, so they travel with the plan.
inline constexpr RuleSet kPlanned = these(Rule::write_without_where, Rule::cartesian_join, Rule::full_scan);
// What is declared of tenants, compared with what the plan says of them.
inline constexpr RuleSet kTenants = these(Rule::tenant_mismatch, Rule::tenant_unpinned, Rule::tenant_unset,
                                          Rule::tenant_mixed, Rule::tenant_write, Rule::tenant_repointed);
// Where the plan does not tell, the rows do.
inline constexpr RuleSet kWatchedReads = these(Rule::tenant_mismatch, Rule::tenant_mixed);
inline constexpr RuleSet kWatched = kWatchedReads | only(Rule::tenant_write);
// What can be said when a statement starts, from its plan.
inline constexpr RuleSet kStarted =
    kPlanned | kTenants |
    these(Rule::matrix_access, Rule::rls_bypass, Rule::scan_rows, Rule::deep_offset, Rule::read_only);
// What is read off the statement as a client sent it.
inline constexpr RuleSet kSent = these(Rule::unlisted_command, Rule::unlisted_function, Rule::catalog_read);
// What is a mistake only where it was agreed that nobody does it: no news to whoever asks about a statement.
inline constexpr RuleSet kAgreed = kSent | only(Rule::read_only);
// What is only known from the rows.
inline constexpr RuleSet kCounted = these(Rule::rows_read, Rule::transaction_rows_read, Rule::transaction_rows_written);
// What is only said of answers: the rows that a client gets for what it sent.
inline constexpr RuleSet kAnswered = these(Rule::no_limit, Rule::result_rows, Rule::n_plus_one, Rule::repeated_query);
// What could stop a statement while it runs.
inline constexpr RuleSet kStopping = these(Rule::rows_read, Rule::result_rows);
// What needs the shape of a query, and so the server's query id.
inline constexpr RuleSet kShaped = these(Rule::n_plus_one, Rule::repeated_query);

struct RuleInfo {
    const char *name;     // as in rlsproof.rule_<name>
    const char *sqlstate; // of its error: 42R.. may not be read, 54R.. too much
    const char *about;    // one line, for SHOW and guard_status
};

extern const std::array<Rule, kRules> kAllRules;

const RuleInfo &info(Rule rule);

// Nothing where no rule has the name.
const Rule *rule_named(const char *name);

const char *name(Mode mode);

} // namespace rlsproof::server::guard
