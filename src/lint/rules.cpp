#include "lint/rules.hpp"

#include <array>

#include <fmt/format.h>

#include "base/error.hpp"
#include "lint/all.hpp"

namespace rlsproof::lint {

namespace {

constexpr std::array kRules = {
    Rule{"definer_function", Category::exposure, "a SECURITY DEFINER function that anybody may call",
         "It runs with its owner's rights, past the policies of the tables it touches, and looks at nobody's identity. "
         "Take EXECUTE from PUBLIC, make it SECURITY INVOKER, or let it check the caller.",
         definer_function},
    Rule{"exposed_partition", Category::exposure, "a partition that can be named past its parent's policies",
         "Policies of a partitioned table apply to queries that name it. Each partition has row level security of its "
         "own. Switch it on for every one.",
         exposed_partition},
    Rule{"owner_view", Category::exposure, "a view that reads protected tables with its owner's rights",
         "Unless it is made with security_invoker, a view reads with the rights of its owner, whom policies usually do "
         "not bind: whoever may read the view reads everything behind it.",
         owner_view},
    Rule{"policies_disabled", Category::exposure, "policies on a table whose row level security is off",
         "Policies do nothing until ALTER TABLE ... ENABLE ROW LEVEL SECURITY. A table that was dropped and created "
         "again has lost it.",
         policies_disabled},
    Rule{"restrictive_only", Category::permissions, "only restrictive policies",
         "Restrictive policies narrow what permissive ones let through. Without a permissive one, nothing passes.",
         restrictive_only},
    Rule{"rls_disabled", Category::exposure, "a table that strangers reach, with row level security off",
         "Whoever holds the privilege reaches every row. Switch row level security on, or revoke the privileges.",
         rls_disabled},
    Rule{"truncate_granted", Category::permissions, "privileges that no policy looks at",
         "TRUNCATE, TRIGGER and MAINTAIN are granted to strangers by GRANT ALL; policies have no say in them.",
         truncate_granted},
};

} // namespace

std::span<const Rule> rules() {
    return kRules;
}

std::vector<Finding> look(const World &world, const std::string &rule) {
    std::vector<Finding> findings;
    bool known = rule.empty();
    for (const Rule &candidate : kRules) {
        if (!rule.empty() && rule != candidate.id) continue;
        known = true;
        const size_t before = findings.size();
        candidate.look(world, candidate, findings);
        for (size_t i = before; i < findings.size(); i++) {
            Finding &finding = findings[i];
            finding.rule = candidate.id;
            if (finding.key.empty()) finding.key = fmt::format("{}:{}", finding.rule, finding.object);
        }
    }
    if (!known) {
        std::string names;
        for (const Rule &candidate : kRules) names += (names.empty() ? "" : ", ") + std::string(candidate.id);
        throw Error(Code::not_found, fmt::format("there is no rule \"{}\"", rule),
                    fmt::format("The rules are: {}.", names));
    }
    return findings;
}

} // namespace rlsproof::lint
