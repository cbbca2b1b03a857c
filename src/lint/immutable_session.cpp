// A policy or a view calls a function that is declared IMMUTABLE and is not: a plan kept for later keeps the answer it
// gave to the first caller.
#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void immutable_session(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const FalseImmutable &found : world.false_immutables) {
        const std::string function = found.function.substr(found.function.find(':') + 1);
        Finding finding = start(rule);
        finding.level = Level::error;
        finding.object = found.function;
        finding.message = fmt::format("{} is declared IMMUTABLE and reads {}", function, found.reads);
        finding.detail =
            fmt::format("The planner puts its answer into the plan in place of the call, and a plan that is "
                        "kept answers the next caller with it. Used by {}.",
                        listed(found.used_by));
        finding.hint = "Declare it STABLE.";
        finding.fix = fmt::format("ALTER FUNCTION {} STABLE;", function);
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
