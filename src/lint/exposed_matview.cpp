// A materialized view of protected tables that strangers may read: it has rows of its own, and no policy can be put on
// it.
#include <algorithm>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

namespace {

// A table that each of these personas may read in full holds nothing to protect.
bool is_public(const Relation &table, const std::vector<std::string> &personas) {
    return std::all_of(personas.begin(), personas.end(), [&](const std::string &persona) {
        bool open = false;
        for (const Policy &policy : table.policies) {
            const auto &who = policy.facts.personas;
            if ((policy.command != "SELECT" && policy.command != "ALL") ||
                std::find(who.begin(), who.end(), persona) == who.end())
                continue;
            if (!policy.permissive) return false;
            open = open || policy.facts.always;
        }
        const Reach *reach = table.reach_of(persona);
        return open && reach != nullptr && reach->commands.contains(Command::select);
    });
}

} // namespace

void exposed_matview(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &view : world.relations) {
        if (view.kind != RelationKind::materialized_view || view.extension_member) continue;
        const Reached reached = reached_by_strangers(world, view, {Command::select});
        if (reached.personas.empty()) continue;
        std::vector<std::string> tables;
        for (const std::string &name : view.protected_reads) {
            const Relation *table = world.relation(name);
            if (table != nullptr && !is_public(*table, reached.personas)) tables.push_back(name);
        }
        if (tables.empty()) continue;
        Finding finding = start(rule);
        finding.level = Level::error;
        finding.object = view.name;
        finding.message = fmt::format("{} can read what {} was filled with from {}", listed(reached.personas),
                                      view.name, listed(tables));
        finding.detail = fmt::format("A materialized view keeps rows of its own, read with the rights of {} when it is "
                                     "refreshed. Row level security cannot be put on it.",
                                     view.owner);
        finding.hint = "Revoke SELECT, and give out what each caller may see through a function or a view that filters "
                       "by the caller.";
        finding.fix = fmt::format("REVOKE ALL ON {} FROM {};", view.name, grantees(world, reached.personas));
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
