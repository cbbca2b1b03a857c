// What calls of a function give to somebody as he is now: a role may have been given to him since he was looked at.
#include "server/calls.hpp"

#include <algorithm>

namespace rlsproof::server {

Calls::Shown Calls::shown_by(const Function &function, const std::set<Oid> &tables) {
    std::vector<Gain> found = gains(function);
    std::erase_if(found, [&](const Gain &gain) {
        const std::vector<const Relation *> bases = bases_of(*gain.relation);
        return std::none_of(bases.begin(), bases.end(),
                            [&](const Relation *base) { return tables.contains(base->id); });
    });
    const Body &body = bodies_.of(function.id);
    if (found.empty() || !why_not_called(body).empty()) return {};
    Tried tried;
    for (const Gain &gain : found)
        for (const Relation *base : bases_of(*gain.relation)) (void)hidden(*base);
    for (const Arguments &choice : arguments_for(function, *stage_, persona_.uid, own_)) {
        std::set<std::string> told = choice.given;
        for (const auto &[column, value] : body.compared)
            if (value) told.insert(*value);
        if (make_call(function, choice, found, told, tried)) break;
    }
    return {tried.in_tables ? tried.seen : "", tried.observation.statement, tried.calls};
}

} // namespace rlsproof::server
