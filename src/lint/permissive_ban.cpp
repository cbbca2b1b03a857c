// A ban written as a permissive policy: permissive policies are joined with OR, so whoever is not banned gets in,
// whatever the other policies ask for.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

namespace {

bool sounds_like_a_ban(const std::string &name) {
    std::string word;
    for (const char c : name + ' ') {
        if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            continue;
        }
        for (const std::string_view stem : {"block", "ban", "bans", "banned", "deny", "denies", "denied", "cannot",
                                            "prevent", "forbid", "disallow", "never"})
            if (word == stem || (word.starts_with(stem) && stem.size() > 4)) return true;
        word.clear();
    }
    return false;
}

bool same_command(const Policy &a, const Policy &b) {
    return a.command == b.command || a.command == "ALL" || b.command == "ALL";
}

} // namespace

void permissive_ban(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations)
        for (const Policy &policy : relation.policies) {
            if (!policy.permissive || !policy.facts.negation) continue;
            const bool named = sounds_like_a_ban(policy.name);
            const bool beside = std::any_of(relation.policies.begin(), relation.policies.end(), [&](const Policy &p) {
                return &p != &policy && p.permissive && same_command(p, policy);
            });
            // "Not hidden" beside "own rows" is how public rows are shown; two of the three signs make it a ban.
            if ((int)named + (int)beside + (int)policy.facts.asks_who < 2) continue;
            Finding finding = start(rule);
            finding.level = Level::error;
            finding.object = relation.name;
            finding.key = fmt::format("{}:{}:{}", rule.id, relation.name, policy.name);
            finding.message =
                fmt::format("the policy \"{}\" of {} lets in everybody it does not ban", policy.name, relation.name);
            finding.detail = "It is permissive: permissive policies are joined with OR, so this one widens what the "
                             "others let through. Only a restrictive policy takes away.";
            finding.hint = "Make it restrictive: drop it and create it again AS RESTRICTIVE.";
            std::string roles;
            for (const std::string &role : policy.roles) roles += (roles.empty() ? "" : ", ") + quoted(role);
            finding.fix =
                fmt::format("DROP POLICY {0} ON {1}; CREATE POLICY {0} ON {1} AS RESTRICTIVE FOR {2} TO {3}{4}{5};",
                            quoted(policy.name), relation.name, policy.command, roles,
                            policy.predicate.empty() ? "" : fmt::format(" USING ({})", policy.predicate),
                            policy.check.empty() ? "" : fmt::format(" WITH CHECK ({})", policy.check));
            finding.evidence = "structural";
            findings.push_back(std::move(finding));
        }
}

} // namespace rlsproof::lint
