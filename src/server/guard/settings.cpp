#include "server/guard/settings.hpp"

#include <array>
#include <utility>

#include "server/compat.hpp"
#include "server/guard/hooks.hpp"
#include "server/guard/stricter.hpp"

extern "C" {
#include "utils/guc.h"
#include "utils/plancache.h"
}

namespace rlsproof::server::guard {

RuleSet active = 0;
RuleSet refusing = 0;
bool tracking = false;
Limits limits;
Sizes sizes;
char *stricter = nullptr;
int modes[kRules];
int tenant_lock_setting = static_cast<int>(TenantLock::transaction);
char *locked_settings = nullptr;
char *listed_functions = nullptr;
bool hide_error_values = false;
bool show_tenants = false;

namespace {

const config_enum_entry kTenantLocks[] = {
    {"transaction", static_cast<int>(TenantLock::transaction), false},
    {"session", static_cast<int>(TenantLock::session), false},
    {nullptr, 0, false},
};

const config_enum_entry kModes[] = {
    {"off", static_cast<int>(Mode::off), false},     {"log", static_cast<int>(Mode::log), false},
    {"warn", static_cast<int>(Mode::warn), false},   {"error", static_cast<int>(Mode::error), false},
    {"warning", static_cast<int>(Mode::warn), true}, {nullptr, 0, false},
};

// What the settings say, before they are put together.
bool guard_on = true;
bool track_queries = false;
ByLabel by_label;

void put_together() {
    RuleSet set = by_label.active;
    RuleSet errors = by_label.refused;
    for (int i = 0; i < kRules; ++i) {
        if (modes[i] != static_cast<int>(Mode::off)) set |= RuleSet{1} << i;
        if (modes[i] == static_cast<int>(Mode::error)) errors |= RuleSet{1} << i;
    }
    if (!guard_on) set = 0;

    // What is known of a statement at planning travels with its plan, so plans made while nobody asked are made again.
    const bool plans_lack = (set & (kPlanned | kWatchedReads) & ~active) != 0;
    active = set;
    refusing = set & errors;
    tracking = guard_on && track_queries;
    if ((set & kSent) != 0) install_untrusted_hooks();
    if (plans_lack) ResetPlanCache();
    // The server computes its query id from now on, unless compute_query_id forbids it.
    if (tracking || (set & kShaped) != 0) EnableQueryId();
}

void assign_guard(bool value, void *) {
    guard_on = value;
    put_together();
}

void assign_tracking(bool value, void *) {
    track_queries = value;
    put_together();
}

template <int I>
void assign_mode(int value, void *) {
    modes[I] = value;
    put_together();
}

void assign_stricter(const char *, void *extra) {
    by_label = adopt_stricter(extra);
    put_together();
}

template <int... I>
void define_modes(std::integer_sequence<int, I...>) {
    static char names[kRules][NAMEDATALEN];
    ((snprintf(names[I], NAMEDATALEN, "rlsproof.rule_%s", info(static_cast<Rule>(I)).name),
      DefineCustomEnumVariable(names[I], info(static_cast<Rule>(I)).about, nullptr, &modes[I],
                               static_cast<int>(Mode::off), kModes, PGC_SUSET, 0, nullptr, assign_mode<I>, nullptr)),
     ...);
}

struct Number {
    const char *name;
    const char *about;
    int *variable;
    int standard;
    int least;
    int greatest;
    GucContext context;
    int flags;
};

} // namespace

bool guard_is_on() {
    return guard_on;
}

void define_settings() {
    DefineCustomBoolVariable("rlsproof.guard", "Watches running queries.",
                             "Off: no rule is looked at, whatever its own setting says.", &guard_on, true, PGC_SUSET, 0,
                             nullptr, assign_guard, nullptr);
    define_modes(std::make_integer_sequence<int, kRules>());
    DefineCustomBoolVariable("rlsproof.track_queries", "Keeps the latencies behind guard_queries.", nullptr,
                             &track_queries, false, PGC_SUSET, 0, nullptr, assign_tracking, nullptr);
    DefineCustomStringVariable("rlsproof.stricter", "Rules that are stricter for some labels of a statement.",
                               "Entries \"label=value rule=mode ...\", separated by semicolons; a label is role, "
                               "application_name, or a tag of sqlcommenter.",
                               &stricter, "", PGC_SUSET, 0, check_stricter, assign_stricter, nullptr);

    DefineCustomEnumVariable("rlsproof.tenant_lock", "For how long a tenant is held (tenant_repointed).",
                             "transaction: until the end of the transaction in which it was set, or a tenant's table "
                             "touched. session: from the first value on.",
                             &tenant_lock_setting, static_cast<int>(TenantLock::transaction), kTenantLocks, PGC_SUSET,
                             0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "rlsproof.locked_settings", "Settings that are held as those that say a session's tenant (tenant_repointed).",
        "Names, separated by commas; role is one.", &locked_settings, "", PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("rlsproof.listed_functions",
                               "Functions that may be called beside those that only compute (unlisted_function).",
                               "Names with their schema, a * for anything, separated by commas.", &listed_functions, "",
                               PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("rlsproof.show_tenants", "Tells which tenants' rows were seen, in DETAIL and in the log.",
                             "Off: the log has hashes of them, which differ from one start of the server to the next.",
                             &show_tenants, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("rlsproof.hide_error_values",
                             "Tells of errors in a running statement their SQLSTATE alone.",
                             "Their messages may hold values of rows that the statement does not return.",
                             &hide_error_values, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);

    const Number numbers[] = {
        {"rlsproof.small_table", "Tables of fewer pages are not worth a warning about how they are scanned.",
         &limits.small_table, 64, 0, INT_MAX, PGC_SUSET, GUC_UNIT_BLOCKS},
        {"rlsproof.max_scan_rows", "Rows the plan may expect to read from one table (scan_rows).", &limits.scan_rows,
         1000000, 0, INT_MAX, PGC_SUSET, 0},
        {"rlsproof.max_rows_read", "Rows a statement may read (rows_read).", &limits.rows_read, 1000000, 0, INT_MAX,
         PGC_SUSET, 0},
        {"rlsproof.max_result_rows", "Rows a statement may return (result_rows).", &limits.result_rows, 100000, 0,
         INT_MAX, PGC_SUSET, 0},
        {"rlsproof.no_limit_rows", "Rows a query without LIMIT may be expected to return (no_limit).",
         &limits.no_limit_rows, 10000, 0, INT_MAX, PGC_SUSET, 0},
        {"rlsproof.max_offset", "Rows that OFFSET may skip (deep_offset).", &limits.offset, 10000, 0, INT_MAX,
         PGC_SUSET, 0},
        {"rlsproof.n_plus_one_count", "Queries of one shape that make a candidate (n_plus_one).",
         &limits.n_plus_one_count, 10, 2, INT_MAX, PGC_SUSET, 0},
        {"rlsproof.repeated_query_count", "Times the same query may be sent with the same values (repeated_query).",
         &limits.repeated_query_count, 10, 2, INT_MAX, PGC_SUSET, 0},
        {"rlsproof.series_window",
         "Time that may lie between two queries of one series outside a transaction (n_plus_one, repeated_query).",
         &limits.window, 1000, 0, INT_MAX, PGC_SUSET, GUC_UNIT_MS},
        {"rlsproof.max_transaction_rows_read", "Rows a transaction may read (transaction_rows_read).",
         &limits.transaction_rows_read, 10000000, 0, INT_MAX, PGC_SUSET, 0},
        {"rlsproof.max_transaction_rows_written", "Rows a transaction may write (transaction_rows_written).",
         &limits.transaction_rows_written, 100000, 0, INT_MAX, PGC_SUSET, 0},
        {"rlsproof.max_statement_time", "Time a statement may take, whatever statement_timeout says; 0 is no limit.",
         &limits.statement_time, 0, 0, INT_MAX, PGC_SUSET, GUC_UNIT_MS},
        {"rlsproof.report_interval", "A session reports one shape of query once in this time; 0 reports it every time.",
         &limits.report_interval, 60, 0, INT_MAX / 1000, PGC_SUSET, GUC_UNIT_S},
        {"rlsproof.shared_events", "Different events kept in shared memory.", &sizes.events, 1000, 16, 1000000,
         PGC_POSTMASTER, 0},
        {"rlsproof.shared_recent", "Latest events kept one by one in shared memory.", &sizes.recent, 256, 16, 1000000,
         PGC_POSTMASTER, 0},
        {"rlsproof.shared_queries", "Different query shapes whose latencies are kept in shared memory.", &sizes.queries,
         2000, 16, 1000000, PGC_POSTMASTER, 0},
    };
    for (const Number &number : numbers) {
        // Sizes can only be defined while the server starts; a session that loads the module later has no use for them.
        if (number.context == PGC_POSTMASTER && !process_shared_preload_libraries_in_progress) {
            *number.variable = 0;
            continue;
        }
        DefineCustomIntVariable(number.name, number.about, nullptr, number.variable, number.standard, number.least,
                                number.greatest, number.context, number.flags, nullptr, nullptr, nullptr);
    }
}

} // namespace rlsproof::server::guard
