#include "server/guard/advice.hpp"

#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "server/guard/hypothetical.hpp"
#include "server/guard/index_advice.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/tenants.hpp"

namespace rlsproof::server::guard {

namespace {

// Where the parameter that stands there ends.
size_t end_of_parameter(const std::string &text, size_t at) {
    if (at >= text.size() || text[at] != '$') return at;
    do ++at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9');
    return at;
}

// Without the LIMIT at its end, which was meant for one row.
std::string unlimited(const std::string &text) {
    constexpr std::string_view kLimit = " LIMIT ";
    const size_t parameter = text.rfind('$');
    if (parameter == std::string::npos || parameter < kLimit.size() || end_of_parameter(text, parameter) < text.size())
        return text;
    const size_t limit = parameter - kLimit.size();
    if (pg_strncasecmp(text.data() + limit, kLimit.data(), kLimit.size()) != 0) return text;
    return text.substr(0, limit);
}

// The query that asks for all the rows of an N+1 series at once: its last comparison with a parameter takes a list.
// Nothing where there is no such comparison.
std::string asked_once(const std::string &given) {
    const std::string text = unlimited(given);
    for (size_t sign = text.rfind('='); sign != std::string::npos && sign > 0; sign = text.rfind('=', sign - 1)) {
        if (strchr("<>!=", text[sign - 1]) != nullptr) continue;
        const size_t start = text.find_first_not_of(' ', sign + 1);
        const size_t end = start != std::string::npos ? end_of_parameter(text, start) : 0;
        if (end <= start || text.compare(end, 2, "::") == 0) continue;
        return fmt::format("{}= ANY({}){}", text.substr(0, sign), text.substr(start, end - start), text.substr(end));
    }
    return {};
}

// The index, and what hypopg says of it. A comment, so that the whole can be pasted.
std::string tried(const std::string &index, const Source &source) {
    const std::optional<Hypothetical> answer = with_index(index, source);
    if (!answer) return index;
    if (!answer->used) return index + " -- hypopg: the planner would not use it as the table is now";
    return fmt::format("{} -- hypopg: the planner would use it, at a cost of {:.0f} instead of {:.0f}", index,
                       answer->cost_with, answer->cost);
}

} // namespace

std::string advice(const Violation &found, const Source &source, const Shape &shape) {
    switch (found.rule) {
    case Rule::matrix_access:
        return "Declare the access with rlsproof.expect(), or take away the grant or the policy that lets it through.";
    case Rule::rls_bypass:
        return "Use a role that does not own the table and has neither BYPASSRLS nor SUPERUSER; for the owner, ALTER "
               "TABLE ... FORCE ROW LEVEL SECURITY.";
    case Rule::write_without_where: return "Say which rows are meant, by a column of the table.";
    case Rule::copy_out: return "Let a role that may do so export data, or waive this one by name.";
    case Rule::cartesian_join: return "Add the condition that joins them.";
    case Rule::full_scan:
    case Rule::scan_rows: {
        const std::string index = index_for(found);
        if (!index.empty()) return tried(index, source);
        if (const std::string conversion = conversion_in(found); !conversion.empty()) return conversion;
        return found.rule == Rule::full_scan ? "Add a condition on an indexed column, or a LIMIT."
                                             : "Add a more selective condition, or a LIMIT.";
    }
    case Rule::rows_read: return "Add a more selective condition, or an index for the one there is.";
    case Rule::no_limit:
    case Rule::result_rows: return "Add a LIMIT, and ask for the next page by the last key that was seen.";
    case Rule::deep_offset:
        return "Ask for the next page by the last key that was seen (WHERE key > $1 ORDER BY key LIMIT n) instead of "
               "OFFSET.";
    case Rule::n_plus_one: {
        const std::string once = shape.read ? asked_once(shape.text) : "";
        return once.empty() ? "Ask once for all of them: WHERE key = ANY($1)."
                            : fmt::format("Ask once for all of them: {}", once);
    }
    case Rule::repeated_query: return "Keep the answer, or ask once.";
    case Rule::transaction_rows_read: return "Do the work in smaller transactions, or read less.";
    case Rule::transaction_rows_written: return "Do the work in smaller transactions.";
    case Rule::tenant_mismatch:
    case Rule::tenant_unpinned:
    case Rule::tenant_unset:
    case Rule::tenant_mixed:
    case Rule::tenant_write: return tenant_advice(found);
    case Rule::read_only: return "Let another role write, by statements of its own.";
    case Rule::unlisted_command:
        return "Queries, cursors, prepared statements, transactions, and settings of how an answer looks are allowed.";
    case Rule::unlisted_function:
        return "Functions that only compute are allowed, and those that rlsproof.listed_functions names.";
    case Rule::catalog_read: return "information_schema tells what tables and columns there are.";
    case Rule::tenant_repointed:
        return tenant_lock() == TenantLock::session
                   ? "Say once whose work it is; a session of this role serves one tenant."
                   : "Say whose work it is once in a transaction, and begin another one for another tenant.";
    }
    return {};
}

} // namespace rlsproof::server::guard
