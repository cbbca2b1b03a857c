// Row level security is on and every policy for a command is restrictive: restrictive policies only narrow what a
// permissive one lets through, so nobody whom policies bind gets anything.
#include <algorithm>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

namespace {

// USING (false): whoever writes that means to lock the table.
bool locks(const Policy &policy) {
    return policy.predicate.empty() ? policy.check == "false" : policy.facts.never;
}

} // namespace

void restrictive_only(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations) {
        if (!relation.row_security || relation.policies.empty()) continue;
        bool permissive = false;
        for (const Policy &policy : relation.policies) permissive = permissive || policy.permissive;
        if (permissive || std::all_of(relation.policies.begin(), relation.policies.end(), locks)) continue;
        const Reached reached = reached_by_strangers(world, relation, kRowCommands);
        if (reached.personas.empty()) continue;
        Finding finding = start(rule);
        finding.level = Level::warning;
        finding.category = Category::permissions;
        finding.object = relation.name;
        finding.message =
            fmt::format("nobody whom policies bind can use {}: all its policies are restrictive", relation.name);
        finding.detail = "A restrictive policy narrows what a permissive one lets through, and there is none.";
        finding.hint = "Add a permissive policy for what should be possible, or make one of these permissive.";
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
