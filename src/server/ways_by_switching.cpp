// The ways up by a function that writes into a row of its caller's own which tenant it is in, where no foreign key says
// what a tenant is: it is called with what rows of others hold in their place.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/facts.hpp"
#include "server/identity.hpp"
#include "server/scratch.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostTenants = 12; // for one argument
constexpr size_t kMostCalls = 2;    // with each

// current_org_id and org_id: what is not an id by its type is one by its name.
bool may_hold_the_same(const ColumnShape &written, const ColumnShape &other) {
    return written.type == other.type && (written.type == UUIDOID || written.name.ends_with(other.name));
}

} // namespace

std::vector<std::string> WaysUp::tenants_for(const ColumnShape &written, const std::set<Oid> &asked) const {
    std::vector<std::string> values;
    for (const Oid table : asked) {
        const TableShape *shape = stage_.tables().of(table);
        if (shape == nullptr) continue;
        for (const ColumnShape &column : shape->columns) {
            const std::vector<int> alone{column.number};
            if (!may_hold_the_same(written, column) || stage_.hints().identity.contains({table, column.number}) ||
                std::find(shape->keys.begin(), shape->keys.end(), alone) != shape->keys.end())
                continue;
            for (const Row &row : stage_.rows(table)) {
                const auto value = row.values.find(column.number);
                if (value != row.values.end() && value->second && values.size() < kMostTenants &&
                    std::find(values.begin(), values.end(), *value->second) == values.end())
                    values.push_back(*value->second);
            }
        }
    }
    return values;
}

bool WaysUp::switches(const Opener &opener, const Sight &before, const std::string &argument,
                      const std::string &tenant) {
    const Function &function = *opener.function;
    std::vector<Arguments> choices = arguments_for(function, stage_, persona_.uid, own_, {{argument, tenant}});
    choices.resize(std::min(choices.size(), kMostCalls));
    for (const Arguments &choice : choices) {
        if (gave_up()) return false;
        const std::string calling = call_with_known(function, choice);
        std::vector<std::string> gain;
        const auto rises = [&] {
            (void)in_time([&] { return execute(calling); });
            gain = gained(before, opener.asked);
            return !gain.empty();
        };
        (void)attempt(Finish::rollback, [&] { (void)rises(); });
        if (gain.empty() || !stands(opener.hearing, nullptr, "", "", rises)) continue;
        Way way{"writable_authority", nullptr, Command::execute, calling, "", &function, gain, ""};
        if (!choice.secrets.empty() && is_told(choice)) way.words = names_of_words(choice);
        accuse(way);
        return true;
    }
    return false;
}

bool WaysUp::try_switching(const Opener &opener) {
    const Function &function = *opener.function;
    const BodyFacts facts = read_body_facts(function.id);
    std::set<std::pair<Column, std::string>> written(facts.written.begin(), facts.written.end());
    for (const Flow &flow : facts.flows)
        if (flow.key.empty()) written.emplace(flow.into, flow.argument);
    for (const auto &[place, argument] : written) {
        const TableShape *shape = stage_.tables().of(place.relation);
        const ColumnShape *column = shape == nullptr ? nullptr : shape->column(place.number);
        const bool refers =
            column != nullptr &&
            std::any_of(shape->foreign_keys.begin(), shape->foreign_keys.end(), [&](const ForeignKey &key) {
                return std::find(key.columns.begin(), key.columns.end(), column->number) != key.columns.end();
            });
        if (column == nullptr || refers || !opener.written.contains(place.relation) ||
            stage_.hints().identity.contains(place))
            continue;
        const Scratch scratch;
        bool accused = false;
        (void)attempt(Finish::rollback, [&, &said = argument] {
            // Who has a row there, whatever gave it.
            if (std::none_of(own_.begin(), own_.end(), [&](const Row &row) { return row.table == shape->id; })) {
                const AsUser past(user_, security_);
                (void)stage_.another_own(*shape, persona_.uid, own_);
            }
            const Sight before = in_sight(opener.asked);
            for (const std::string &tenant : tenants_for(*column, opener.asked))
                if (!accused) accused = switches(opener, before, said, tenant);
        });
        if (accused) return true;
    }
    return false;
}

} // namespace rlsproof::server
