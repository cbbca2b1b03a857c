// The ways up of whoever was appointed in one tenant: the admin of a school may say who is what in it, and says of
// himself, or of somebody else, what nobody asks the school of. He is trusted within his own tenant, and in no other.
#include "server/ways_up.hpp"

#include <utility>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/standing.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

// A tenant of its own: one that it has by signing up, or that is made for it. REQUIRES: a subtransaction.
std::optional<Row> WaysUp::tenant_of_its_own(const TableShape &tenants) {
    for (const Row &row : own_)
        if (row.table == tenants.id) return row;
    const AsUser past(user_, security_);
    return stage_.another_own(tenants, persona_.uid, own_);
}

void WaysUp::try_appointed(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    const ForeignKey *belongs = belongs_by(stage_, shape);
    const TableShape *tenants = belongs != nullptr ? stage_.tables().of(belongs->parent) : nullptr;
    if (persona_.declared || !stage_.triggers_off() || tenants == nullptr || !tenants->made ||
        !stage_.names_people(shape) || joined_.contains(relation.id) || is_promoted(relation))
        return;
    std::set<Command> left;
    for (const Command command : {Command::insert, Command::update})
        if (relation.reach_of(persona_.name)->commands.contains(command)) left.insert(command);
    accompanied(shape, [&](Row mine, const Row &theirs, const Values &who) {
        const std::optional<Row> home = tenant_of_its_own(*tenants);
        const auto named = home ? home->values.find(belongs->parent_columns.front()) : Values::const_iterator();
        if (!home || named == home->values.end() || !named->second) return;
        mine.values[belongs->columns.front()] = named->second;
        for (const ColumnShape &column : shape.columns) {
            const Candidate held = std::exchange(mine.values[column.number], std::nullopt);
            const std::vector<std::string> roles = ranks(shape, column, mine);
            mine.values[column.number] = held;
            for (const std::string &role : roles)
                if (!left.empty()) try_appointed_as(relation, {mine, theirs, who, *belongs, column, role}, left);
        }
    });
}

// What such a one may write that makes somebody more than it is, by those of `left`; takes from them what was told.
void WaysUp::try_appointed_as(const Relation &relation, const Appointed &as, std::set<Command> &left) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    const int tenant = as.belongs.columns.front();
    const auto holds = [&](Accomplice &other) {
        left_ = kMostLooks;
        // Whoever says who is what in every tenant is no one tenant's admin.
        if (!foreign_written({relation.id}, Command::update).empty() ||
            !foreign_written({relation.id}, Command::remove).empty())
            return true;
        const Seen late = std::exchange(written_late_, written_by_next_tokens(stage_.hints().next_token.shown));
        const std::set<Oid> &asked = dependents_[relation.id];
        const Sight before = in_sight(asked);
        const auto told_by = [&](Command command, const auto &look) {
            const size_t told = findings_->size();
            if (left.contains(command)) look();
            if (findings_->size() > told) left.erase(command);
        };
        told_by(Command::insert, [&] {
            Founded founded{own_, {}, {}, {}};
            std::erase_if(founded.rows, [&](const Row &row) { return row.table == relation.id; });
            founded.rows.push_back(as.mine);
            founded.rows.back().values[as.column.number] = as.role;
            try_linking(relation, founded, before);
            joined_.erase(relation.id);
        });
        told_by(Command::update, [&] {
            const Sight plain = std::exchange(seen_before_[relation.id], before);
            try_promotion(relation);
            seen_before_[relation.id] = plain;
        });
        try_raising_other(relation, other, left);
        written_late_ = late;
        return true;
    };
    const std::string said = std::exchange(doubt_, "");
    appointed_ = fmt::format("whoever is {} of one {}",
                             as.column.category == 'B' ? as.column.name : fmt::format("\"{}\"", as.role),
                             stage_.tables().of(as.belongs.parent)->name);
    const Values values{{tenant, as.mine.values.at(tenant)}, {as.column.number, as.role}};
    (void)among_the_same(shape, as.mine, as.theirs, as.who, values, as.column, holds);
    appointed_.clear();
    doubt_ = said;
}

} // namespace rlsproof::server
