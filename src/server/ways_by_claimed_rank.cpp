// What a role that a token or a setting says somebody has gives in tenants that the same token does not say: where
// whoever decides asks for the role and not for the tenant.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/claims.hpp"
#include "server/identity.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"
#include "server/standing.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostRanks = 8; // tried in one place

// The tables that are told apart by tenant: by the columns that policies compare with one, by columns of the same name,
// or as what hangs on such a row.
std::set<Oid> of_tenants(const World &world, const Stage &stage, const std::string &persona) {
    const std::set<Column> &tenant = stage.hints().tenant;
    std::set<std::string> names;
    std::set<Oid> parents;
    for (const Column &place : tenant) {
        const TableShape *shape = stage.tables().of(place.relation);
        if (shape == nullptr || shape->column(place.number) == nullptr) continue;
        // The tenants' own table is asked for by its key.
        if (shape->keys.empty() || shape->keys.front() != std::vector{place.number})
            names.insert(shape->column(place.number)->name);
        else
            parents.insert(shape->id);
    }
    const auto is_tenants = [&](const TableShape &shape) {
        return std::any_of(shape.columns.begin(), shape.columns.end(),
                           [&](const ColumnShape &column) { return names.contains(column.name); }) ||
               std::any_of(parents.begin(), parents.end(),
                           [&](Oid parent) { return hangs_on(stage.tables(), shape, parent); });
    };
    std::set<Oid> result;
    for (const Relation &relation : world.relations) {
        const Reach *reach = relation.reach_of(persona);
        const TableShape *shape = stage.tables().of(relation.id);
        if (relation.is_table() && reach != nullptr && reach->row_security && shape != nullptr && is_tenants(*shape))
            result.insert(relation.id);
    }
    return result;
}

} // namespace

void WaysUp::try_claimed_ranks() {
    if (persona_.declared || persona_.uid.empty()) return;
    struct Place {
        std::string name;
        std::function<void(const std::string &)> say;
    };
    std::vector<Place> places;
    const std::string claims = "request.jwt.claims";
    bool says_tenant = !persona_.tenants.empty();
    for (const auto &setting : persona_.settings) {
        if (setting.first != claims) continue;
        for (const Claim &claim : ranks_claimed())
            places.push_back({fmt::format("{}{} of its token", claim.of_application ? "app_metadata." : "", claim.name),
                              [claim, &setting, &claims](const std::string &rank) {
                                  set_locally(claims, with_claim(setting.second, claim, rank));
                              }});
    }
    for (const Setting &setting : settings_read(bodies_)) {
        if (setting.name.find("role") == std::string::npos)
            says_tenant = says_tenant || !setting.person;
        else
            places.push_back({"the setting " + setting.name,
                              [name = setting.name](const std::string &rank) { set_locally(name, rank); }});
    }
    if (places.empty() || !says_tenant) return;
    const std::set<Oid> asked = of_tenants(world_, stage_, persona_.name);
    std::vector<std::string> ranks;
    for (const std::string &word : words())
        if (!word.empty() && !meant_for_all(word) && ranks.size() < kMostRanks) ranks.push_back(word);
    if (asked.empty() || ranks.empty()) return;
    left_ = kMostLooks;
    // The next token would say again what this one is made to say otherwise.
    const auto reached_now = [&] {
        Seen reached = foreign_seen(asked);
        for (const Command command : {Command::update, Command::remove})
            reached.merge(written_by_this_token(asked, command));
        return reached;
    };
    const Seen before = reached_now();
    for (const Place &place : places) {
        std::vector<std::string> found, gain;
        for (const std::string &rank : ranks) {
            Seen reached;
            (void)attempt(Finish::rollback, [&] {
                place.say(rank);
                reached = reached_now();
            });
            const size_t known = gain.size();
            bool more = false;
            for (const auto &seen : reached) {
                if (before.contains(seen)) continue;
                more = true;
                const std::string &table = stage_.tables().of(seen.first)->name;
                if (std::find(gain.begin(), gain.end(), table) == gain.end()) gain.push_back(table);
            }
            if (more || gain.size() > known) found.push_back(rank);
        }
        if (gain.empty()) continue;
        Finding finding;
        finding.rule = "role_without_tenant";
        // A role in a token may be one that the platform's own people have.
        finding.level = Level::note;
        finding.category = Category::exposure;
        finding.object = gain.front();
        finding.message = fmt::format("whoever is \"{}\" by {} is it in every tenant: it reaches rows of others in {}",
                                      fmt::join(found, "\" or \""), place.name, fmt::join(gain, ", "));
        finding.detail = fmt::format("Asked for is the role, and not the tenant that stands beside it. {} was given it "
                                     "with a tenant of its own, and saw or changed rows of others.",
                                     persona_.name);
        finding.hint = "Let whoever asks for the role compare the tenant as well. If it is meant to count everywhere, "
                       "waive the finding and say so.";
        finding.evidence = "execution";
        finding.key = fmt::format("{}:{}:{}", finding.rule, finding.object, place.name);
        findings_->push_back(std::move(finding));
    }
}

} // namespace rlsproof::server
