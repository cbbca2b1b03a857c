// A function that runs with its owner's rights and takes its caller's word for who somebody is: an argument is compared
// with a column that holds identities, or written into one, and nothing looks at who is calling.
#include <algorithm>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void definer_identity(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Function &function : world.functions) {
        if (!function.definer || function.asks_who || function.impersonations.empty()) continue;
        const std::vector<std::string> callers = strangers_of(world, function);
        if (callers.empty()) continue;
        // What is written says more than what is looked for.
        const auto worst = std::find_if(function.impersonations.begin(), function.impersonations.end(),
                                        [](const Impersonation &i) { return i.written; });
        const Impersonation &shown = worst != function.impersonations.end() ? *worst : function.impersonations.front();
        Finding finding = start(rule);
        // A helper of policies, as a rule: it tells strangers a yes or no about somebody whose identity they know, or
        // the role of such a one.
        finding.level = shown.written        ? Level::error
                        : function.yes_or_no ? Level::note
                        : function.one_word  ? Level::warning
                                             : Level::error;
        finding.object = function.name;
        finding.message =
            fmt::format("{} may call {} for anybody: its argument {} is {} {}", listed(callers), signature(function),
                        shown.argument, shown.written ? "written into" : "taken for", shown.column);
        finding.detail =
            fmt::format("It is SECURITY DEFINER: it runs with the rights of {}, and nothing in it looks at who is "
                        "calling, so the caller is whom the argument names.",
                        function.owner);
        finding.hint = "Take the identity from the session instead of an argument, or check the argument against it.";
        finding.fix = revoke_execute(world, function, callers);
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
