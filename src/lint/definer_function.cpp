// A function that runs with its owner's rights, may be called by the anonymous persona, touches tables whose policies
// do not bind that owner, and never looks at who is calling.
#include <algorithm>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void definer_function(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Function &function : world.functions) {
        if (!function.definer || function.asks_who) continue;
        std::vector<std::string> callers;
        for (const Persona &persona : world.personas)
            if (is_stranger(persona) && persona.uid.empty() &&
                std::find(function.callers.begin(), function.callers.end(), persona.name) != function.callers.end())
                callers.push_back(persona.name);
        if (callers.empty()) continue;
        std::vector<std::string> read, written;
        for (const Touch &touch : function.touches)
            if (touch.has_row_security && !touch.binds_owner)
                (touch.written ? written : read).push_back(touch.relation);
        // What it sends, definer_request says.
        if (read.empty() && written.empty() && (function.body_known || !function.sending.by.empty())) continue;
        // any_sql says worse of it.
        const bool any_table = !function.run_as_table.empty() && !function.compares_run;
        if (!function.run_as_sql.empty() || (any_table && read.empty() && written.empty())) continue;

        Finding finding = start(rule);
        finding.object = function.name;
        finding.evidence = "structural";
        finding.hint =
            "Take EXECUTE from PUBLIC and from the anonymous role, make it SECURITY INVOKER, or let it check "
            "the caller's identity first.";
        finding.fix = revoke_execute(world, function, callers);
        if (read.empty() && written.empty()) {
            finding.level = Level::note;
            finding.message = fmt::format("{} may call {}, which runs with the rights of {}", listed(callers),
                                          signature(function), function.owner);
            finding.detail = fmt::format("What it touches is unknown: {}.", function.unknown_reason);
        } else {
            // A helper of policies, as a rule: it tells no more than a yes or no.
            const bool tells_little = function.yes_or_no && function.body_known;
            finding.level = !written.empty() ? Level::error : tells_little ? Level::note : Level::warning;
            std::string what;
            if (!written.empty()) what = "writes " + listed(written);
            if (!read.empty()) what += (what.empty() ? "reads " : " and reads ") + listed(read);
            finding.message =
                fmt::format("{} may call {}, which {} past every policy", listed(callers), signature(function), what);
            finding.detail =
                fmt::format("It is SECURITY DEFINER: it runs with the rights of {}, whom those policies do "
                            "not bind, and nothing in it looks at who is calling.",
                            function.owner);
        }
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
