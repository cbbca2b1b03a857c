// Events come from running statements, so they are evidence of execution: whoever wrote the query saw its rows. The
// rules' SQLSTATEs say what they are about.
#include "base/finding.hpp"

#include "server/seen.hpp"

#include <string_view>

#include <fmt/format.h>

#include "server/spi.hpp"
#include "server/guard/event.hpp"
#include "server/guard/rules.hpp"

namespace rlsproof::server {

namespace {

// Of the rest an audit only says how many they are: guard_events has them all.
constexpr size_t kMost = 100;

constexpr std::string_view kMayNotBeRead = "42R";
constexpr std::string_view kWritten = "54R01";

Category category_of(std::string_view sqlstate) {
    if (sqlstate.starts_with(kMayNotBeRead)) return Category::exposure;
    return sqlstate == kWritten ? Category::permissions : Category::performance;
}

std::string times(long count) {
    return count == 1 ? "once" : fmt::format("{} times", count);
}

std::string hint_for(Category category, const std::string &query) {
    if (category == Category::performance)
        return fmt::format("rlsproof.check_query({}) says what would mend it.", quote_literal(query));
    return "Mend the query or the role's rights, or accept it with rlsproof.waive().";
}

} // namespace

std::vector<Finding> seen_by_guard() {
    std::vector<Finding> findings;
    if (!guard::has_shared_memory()) return findings;
    add_service_reads(findings);
    // Whose texts may not be read by the caller has no fingerprint here, and is counted alone.
    const Rows seen = query(fmt::format(R"(
select rule collate "C", coalesce(table_name, 'fingerprint:' || fingerprint, 'guard') collate "C", sum(reported + held)::bigint,
       bool_and(mode = 'error'), count(distinct fingerprint), string_agg(distinct role, ', ' order by role),
       (array_agg(query order by count desc, query collate "C"))[1], bool_or(fingerprint is null)
from rlsproof.guard_events e
where database = pg_catalog.current_database() and reported + held > 0 and not {}
group by 1, 2 order by 3 desc, 1, 2)",
                                        kServiceRead));
    for (size_t i = 0; i < seen.size() && i < kMost; ++i) {
        const guard::Rule *const rule = guard::rule_named(seen.text(i, 0).c_str());
        if (rule == nullptr) continue;
        const guard::RuleInfo &info = guard::info(*rule);
        const bool refused = seen.boolean(i, 3), hidden = seen.boolean(i, 7);
        const std::string &text = seen.text(i, 6);
        Finding finding;
        finding.rule = info.name;
        finding.category = category_of(info.sqlstate);
        finding.level = refused ? Level::note : *rule == guard::Rule::matrix_access ? Level::error : Level::warning;
        finding.object = seen.text(i, 1);
        finding.message = fmt::format("{} {}: {}", refused ? "refused" : "seen", times(seen.number(i, 2)), info.about);
        finding.detail =
            hidden ? "The statements are not yours to read: pg_read_all_stats shows them."
                   : fmt::format("By {}, in {} of query: {}.", seen.text(i, 5),
                                 seen.number(i, 4) == 1 ? "one shape"
                                                        : fmt::format("{} shapes, mostly this one", seen.number(i, 4)),
                                 text);
        finding.hint = hint_for(finding.category, text);
        finding.evidence = "execution";
        finding.key = fmt::format("{}:{}", finding.rule, finding.object);
        findings.push_back(std::move(finding));
    }
    if (seen.size() > kMost) {
        Finding rest;
        rest.rule = "guard_events";
        rest.level = Level::note;
        rest.category = Category::performance;
        rest.object = "guard";
        rest.message = fmt::format("{} more rules and tables are in rlsproof.guard_events", seen.size() - kMost);
        rest.evidence = "none";
        rest.key = "guard_events:more";
        findings.push_back(std::move(rest));
    }
    return findings;
}

} // namespace rlsproof::server
