// A view that strangers may read, and that reads protected tables with rights of its owner, whom their policies do not
// bind. Also through views in between: the rewritten query tells.
#include <algorithm>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void owner_view(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &view : world.relations) {
        if (view.kind != RelationKind::view || view.extension_member) continue;
        std::vector<std::string> personas, tables, owners, via;
        const auto once = [](std::vector<std::string> &list, const std::string &text) {
            if (!text.empty() && std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
        };
        for (const ViewRead &read : world.view_reads) {
            if (read.view != view.name || read.row_security) continue;
            const Relation *table = world.relation(read.relation);
            const auto persona = std::find_if(world.personas.begin(), world.personas.end(),
                                              [&](const Persona &p) { return p.name == read.persona; });
            if (table == nullptr || !table->row_security || persona == world.personas.end()) continue;
            if (!is_stranger(*persona) || read.checked_as == persona->role) continue;
            once(personas, read.persona);
            once(tables, read.relation);
            once(owners, read.checked_as);
            if (read.via != view.name) once(via, read.via);
        }
        if (personas.empty()) continue;
        Finding finding = start(rule);
        finding.level = Level::error;
        finding.object = view.name;
        finding.message =
            fmt::format("{} can read {} through {} without any policy", listed(personas), listed(tables), view.name);
        finding.detail = fmt::format("The view reads with the rights of {}, whom the policies of {} do not bind.{}",
                                     listed(owners), tables.size() == 1 ? "that table" : "those tables",
                                     via.empty() ? "" : fmt::format(" The way leads through {}.", listed(via)));
        finding.hint = "Make the view read with the rights of whoever asks, and every view it reads from as well; or "
                       "revoke SELECT on it.";
        finding.fix = fmt::format("ALTER VIEW {} SET (security_invoker = true);", view.name);
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
