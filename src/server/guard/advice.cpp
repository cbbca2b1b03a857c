#include "server/guard/advice.hpp"

#include <fmt/format.h>

#include "server/guard/hypothetical.hpp"
#include "server/guard/index_advice.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/tenants.hpp"

namespace rlsproof::server::guard {

namespace {

// The query that asks for all the rows of an N+1 series at once: its last comparison with a parameter takes a list.
std::string asked_once(const std::string &text) {
    const size_t sign = text.rfind("= $");
    if (sign == std::string::npos) return {};
    size_t end = sign + 3;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    return text.substr(0, sign) + "= ANY(" + text.substr(sign + 2, end - sign - 2) + ")" + text.substr(end);
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
