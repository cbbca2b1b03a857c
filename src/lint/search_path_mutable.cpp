// A function that runs with its owner's rights and finds what it names by its caller's search path: a temporary table
// of the same name comes first, always.
#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void search_path_mutable(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Function &function : world.functions) {
        if (!function.definer || function.pinned_search_path || function.unqualified.empty()) continue;
        const std::vector<std::string> callers = strangers_of(world, function);
        if (callers.empty()) continue;
        Finding finding = start(rule);
        finding.level = Level::warning;
        finding.object = function.name;
        finding.message = fmt::format("{} may call {}, which finds {} by the caller's search path", listed(callers),
                                      signature(function), listed(function.unqualified));
        finding.detail =
            fmt::format("It is SECURITY DEFINER without a search path of its own: something of the same "
                        "name in another schema, or a temporary table, is used in place of what was meant, "
                        "with the rights of {}.",
                        function.owner);
        finding.hint = "Fix the search path, and write the schema before each name in the body.";
        // Temporary objects come last only where they are named last.
        finding.fix = fmt::format("ALTER FUNCTION {} SET search_path = {}, pg_temp;", signature(function),
                                  comma_separated({function.found_in.begin(), function.found_in.end()}));
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
