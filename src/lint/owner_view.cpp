// A view that strangers may read, and that reads protected tables with rights of its owner, whom their policies do not
// bind. Also through views in between: the rewritten query tells.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"
#include "model/name_words.hpp"

namespace rlsproof::lint {

namespace {

// Default privileges hand out more: who holds this alone was given it by name.
const std::set<Command> kReading = {Command::select};

bool private_by_name(const std::string &column) {
    return says_private(column) || is_secret(column) || says_secret(column) || says_code(column) ||
           says_person(column) || says_written(column) || says_granted(column);
}

bool says_shown(const std::string &column) {
    return says_who_sees(column) ||
           any_fits(words_of_name(column), std::array{"active", "isactive", "live", "enabled"});
}

// A window that somebody has made on purpose: to look through, and nothing else; no column of it is private by its name
// or says to whom a row belongs, and it shows what is published, or its own name says that it is public. A policy that
// shows as much is no more than a warning either.
bool is_window(const Relation &view, const std::vector<std::string> &personas) {
    const ViewParts &parts = view.parts;
    if (!parts.known || parts.names_people || parts.columns.empty()) return false;
    for (const std::string &persona : personas)
        if (const Reach *reach = view.reach_of(persona); reach == nullptr || reach->commands != kReading) return false;
    if (std::any_of(parts.columns.begin(), parts.columns.end(), private_by_name)) return false;
    const std::string name = view.name.substr(view.name.find('.') + 1);
    const std::vector<std::string> words = words_of_name(name);
    const bool called_public = any_fits(words, std::array{"public", "publicly", "published"}) &&
                               !any_fits(words, std::array{"non", "not", "private", "internal"}) &&
                               !says_between_people(name);
    return called_public || std::any_of(parts.constant.begin(), parts.constant.end(), says_shown);
}

} // namespace

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
        const bool window = is_window(view, personas);
        finding.level = window ? Level::warning : Level::error;
        finding.object = view.name;
        finding.message =
            fmt::format("{} can read {} through {} without any policy", listed(personas), listed(tables), view.name);
        finding.detail = fmt::format("The view reads with the rights of {}, whom the policies of {} do not bind.{}",
                                     listed(owners), tables.size() == 1 ? "that table" : "those tables",
                                     via.empty() ? "" : fmt::format(" The way leads through {}.", listed(via)));
        if (window)
            finding.detail += " They hold SELECT on it and nothing else, and no column of it is private by its name.";
        finding.hint = "Make the view read with the rights of whoever asks, and every view it reads from as well; or "
                       "revoke SELECT on it.";
        finding.fix = fmt::format("ALTER VIEW {} SET (security_invoker = true);", view.name);
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
