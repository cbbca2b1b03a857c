// rlsproof.guard_status(): how the guard stands in this session, and what it cannot see.
#include <string>
#include <vector>

#include <fmt/format.h>

#include "server/guard/event.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/shared.hpp"
#include "server/compat.hpp"
#include "server/result.hpp"

extern "C" {
#include "pgstat.h"
}

namespace rlsproof::server::guard {

namespace {

using Lines = std::vector<std::vector<Value>>;

const int *limit_of(Rule rule) {
    switch (rule) {
    case Rule::scan_rows: return &limits.scan_rows;
    case Rule::rows_read: return &limits.rows_read;
    case Rule::no_limit: return &limits.no_limit_rows;
    case Rule::deep_offset: return &limits.offset;
    case Rule::result_rows: return &limits.result_rows;
    case Rule::n_plus_one: return &limits.n_plus_one_count;
    case Rule::repeated_query: return &limits.repeated_query_count;
    case Rule::transaction_rows_read: return &limits.transaction_rows_read;
    case Rule::transaction_rows_written: return &limits.transaction_rows_written;
    case Rule::full_scan:
    case Rule::cartesian_join:
    case Rule::copy_out: return &limits.small_table;
    case Rule::matrix_access:
    case Rule::rls_bypass:
    case Rule::write_without_where:
    case Rule::tenant_mismatch:
    case Rule::tenant_unpinned:
    case Rule::tenant_unset:
    case Rule::tenant_mixed:
    case Rule::tenant_write:
    case Rule::tenant_repointed:
    case Rule::read_only:
    case Rule::unlisted_command:
    case Rule::unlisted_function:
    case Rule::catalog_read: return nullptr;
    }
    return nullptr;
}

void add_rules(Lines &lines) {
    for (int i = 0; i < kRules; ++i) {
        const Rule rule = static_cast<Rule>(i);
        std::string value = name(mode_of(rule));
        if (mode_of(rule) == Mode::off && wants(rule)) value = "off, stricter for some labels";
        const int *const limit = limit_of(rule);
        const bool pages = limit == &limits.small_table;
        std::string about = info(rule).about;
        if (limit != nullptr)
            about += pages ? fmt::format(" (from {} pages on)", *limit) : fmt::format(" (limit {})", *limit);
        lines.push_back({fmt::format("rule_{}", info(rule).name), value, about});
    }
}

// What is asked for and cannot be had, each with what would give it.
void add_gaps(Lines &lines) {
    if (!has_shared_memory())
        lines.push_back({"events", "not kept",
                         "add rlsproof to shared_preload_libraries and restart; until then rules warn, log and refuse, "
                         "and the views stay empty; what parallel workers read is not counted"});
    if ((tracking || (active & kShaped) != 0) && !IsQueryIdEnabled())
        lines.push_back(
            {"query_id", "none", "compute_query_id is off: n_plus_one, repeated_query and guard_queries see nothing"});
    if ((active & kCounted) != 0 && !pgstat_track_counts)
        lines.push_back(
            {"counts", "none",
             "track_counts is off: rows_read, transaction_rows_read and transaction_rows_written see nothing"});
}

void add_shared(Lines &lines) {
    const SharedStatus status = call(shared_status);
    if (!status.present) return;
    const auto of = [](int64 some, int64 most) { return fmt::format("{} of {}", some, most); };
    lines.push_back(
        {"events", of(status.events, status.events_most),
         fmt::format("{} made way for others, {} found no room", status.events_evicted, status.events_lost)});
    lines.push_back({"recent", of(status.recent, status.recent_most),
                     fmt::format("{} were overwritten", status.recent_overwritten)});
    lines.push_back({"queries", of(status.queries, status.queries_most),
                     fmt::format("{} made way for others, {} executions were lost", status.queries_evicted,
                                 status.executions_lost)});
    lines.push_back({"shared_memory", fmt::format("{} kB", (status.bytes + 1023) / 1024), "fixed at start"});
}

} // namespace

} // namespace rlsproof::server::guard

using namespace rlsproof::server;

extern "C" {

PG_FUNCTION_INFO_V1(rlsproof_guard_status);
Datum rlsproof_guard_status(PG_FUNCTION_ARGS) {
    return enter([&]() -> Datum {
        guard::Lines lines;
        lines.push_back({"guard", guard::guard_is_on() ? "on" : "off",
                         !guard::guard_is_on() ? "nothing is watched, whatever the rules say"
                         : guard::active == 0  ? "no rule is on"
                                               : "watches the statements of this session"});
        guard::add_rules(lines);
        lines.push_back({"track_queries", guard::tracking ? "on" : "off", "latencies by shape and route"});
        guard::add_shared(lines);
        guard::add_gaps(lines);
        return_rows(fcinfo, lines);
        return Datum{0};
    });
}

} // extern "C"
