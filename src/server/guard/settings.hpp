// The guard's settings. All of them are the superuser's, so that a guarded role cannot switch them off; they are set
// per role and per database the native way.
#pragma once

#include "server/guard/rules.hpp"

namespace rlsproof::server::guard {

// The rules that can come to anything in this session, as the settings are now. Empty where the guard is off: the one
// word the hooks look at before they do anything.
RLSPROOF_OURS extern RuleSet active;

// Whether latencies are kept (rlsproof.track_queries).
RLSPROOF_OURS extern bool tracking;

inline bool wants(Rule rule) {
    return (active & only(rule)) != 0;
}

// Of these, the ones that refuse some statement: by their own mode, or by a label's.
RLSPROOF_OURS extern RuleSet refusing;

inline bool ever_refused(RuleSet rules) {
    return (refusing & rules) != 0;
}

// rlsproof.guard itself.
bool guard_is_on();

// The settings' own modes, before anything stricter is asked.
RLSPROOF_OURS extern int modes[kRules];
inline Mode mode_of(Rule rule) {
    return static_cast<Mode>(modes[static_cast<int>(rule)]);
}

struct Limits {
    int small_table; // pages; what is smaller is no table to warn about
    int scan_rows;
    int rows_read;
    int result_rows;
    int no_limit_rows;
    int offset;
    int n_plus_one_count;
    int repeated_query_count;
    int window; // milliseconds between two statements of one series outside a transaction
    int transaction_rows_read;
    int transaction_rows_written;
    int statement_time;  // milliseconds that a statement may take, whatever statement_timeout says; 0 is no limit
    int report_interval; // seconds in which one shape is reported once; 0 reports every time
};
RLSPROOF_OURS extern Limits limits;

// Sizes in shared memory, fixed at start.
struct Sizes {
    int events;
    int recent;
    int queries;
};
RLSPROOF_OURS extern Sizes sizes;

// The text of rlsproof.stricter: entries "label=value rule=mode ..." separated by semicolons.
RLSPROOF_OURS extern char *stricter;

// For how long a tenant that a session has is held (tenant_repointed).
enum class TenantLock : int { transaction, session };
RLSPROOF_OURS extern int tenant_lock_setting;
inline TenantLock tenant_lock() {
    return static_cast<TenantLock>(tenant_lock_setting);
}

// Settings that are held like those the tenancies name; separated by commas.
RLSPROOF_OURS extern char *locked_settings;

// Functions that untrusted SQL may call (unlisted_function): schema.name with * for anything, separated by commas.
RLSPROOF_OURS extern char *listed_functions;

// Whether the values of tenants are told, where they would be hashed.
RLSPROOF_OURS extern bool show_tenants;

// Whether errors that are raised while a statement runs are told by their SQLSTATE alone.
RLSPROOF_OURS extern bool hide_error_values;

void define_settings();

} // namespace rlsproof::server::guard
