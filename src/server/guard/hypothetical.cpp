// hypopg shows its indexes to EXPLAIN alone, so that is what is asked. The statement is prepared first: its text may
// hold parameters, and a generic plan needs no values for them.
#include "server/guard/hypothetical.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "server/shape.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/xact.h"
#include "commands/extension.h"
#include "commands/prepare.h"
}

namespace rlsproof::server::guard {

namespace {

constexpr char kName[] = "rlsproof_hypothetical";

// The schema of hypopg's functions; empty where the database does not have them.
std::string schema() {
    const Oid extension = call(get_extension_oid, "hypopg", true);
    if (!OidIsValid(extension)) return {};
    return query("SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
                 "WHERE e.oid = $1::oid",
                 {std::to_string(extension)})
        .text(0, 0);
}

// The lines of the generic plan that the statement has now.
std::vector<std::string> plan_of(const std::string &statement) {
    execute(fmt::format("PREPARE {} AS {}", kName, statement));
    std::vector<std::string> lines;
    const long parameters =
        query("SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = $1", {kName}).number(0, 0);
    std::string values;
    for (long i = 0; i < parameters; ++i) values += i == 0 ? "(NULL" : ", NULL";
    if (parameters > 0) values += ")";
    const Rows explained = query(fmt::format("EXPLAIN EXECUTE {}{}", kName, values), {}, false);
    for (size_t i = 0; i < explained.size(); ++i) lines.push_back(explained.text(i, 0));
    call(DropPreparedStatement, kName, false);
    return lines;
}

// "... (cost=0.29..8.30 rows=1 width=6)", in the first line of a plan.
double cost_of(const std::vector<std::string> &plan) {
    const size_t start = plan.empty() ? std::string::npos : plan[0].find("(cost=");
    const size_t dots = start == std::string::npos ? start : plan[0].find("..", start);
    return dots == std::string::npos ? 0 : strtod(plan[0].c_str() + dots + 2, nullptr);
}

bool mentions(const std::vector<std::string> &plan, const std::string &index) {
    for (const std::string &line : plan)
        if (line.find(index) != std::string::npos) return true;
    return false;
}

} // namespace

std::optional<Hypothetical> with_index(const std::string &create_index, const Source &source) {
    // No subtransaction may be started among parallel workers.
    if (IsInParallelMode() || call(FetchPreparedStatement, kName, false) != nullptr) return std::nullopt;
    const std::string hypopg = schema();
    if (hypopg.empty()) return std::nullopt;
    const Part part = part_of(source);
    const std::string statement = executed(std::string(part.start, part.length));
    if (statement.empty()) return std::nullopt;
    Hypothetical answer;
    std::string index;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        execute("SET LOCAL plan_cache_mode = force_generic_plan");
        answer.cost = cost_of(plan_of(statement));
        const Rows made = query(fmt::format("SELECT indexrelid, indexname FROM {}.hypopg_create_index($1)", hypopg),
                                {create_index}, false);
        index = made.text(0, 0);
        const std::vector<std::string> plan = plan_of(statement);
        answer.used = mentions(plan, made.text(0, 1));
        answer.cost_with = cost_of(plan);
    });
    // Neither of these is undone by a rollback.
    call(DropPreparedStatement, kName, false);
    if (!index.empty())
        (void)attempt(Finish::rollback,
                      [&] { query(fmt::format("SELECT {}.hypopg_drop_index($1::oid)", hypopg), {index}, false); });
    if (!outcome.ok) return std::nullopt;
    return answer;
}

} // namespace rlsproof::server::guard
