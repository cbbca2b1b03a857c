// Calls with a word that is told to some, as the token of a link: the word is the right to what the call gives. Whoever
// was not told it has to get there without.
#include "server/calls.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/spi.hpp"

namespace rlsproof::server {

bool Calls::is_shown(const Column &column) {
    const auto known = is_shown_.find(column);
    if (known != is_shown_.end()) return known->second;
    const auto shows = [&](const Relation &relation, int number) {
        const Reach *reach = relation.reach_of(persona_.name);
        if (reach == nullptr || !reach->commands.contains(Command::select)) return false;
        if (number > 0 && !query("select pg_catalog.has_column_privilege($1::oid, $2::int2, 'SELECT')",
                                 {std::to_string(relation.id), std::to_string(number)})
                               .boolean(0, 0))
            return false;
        const Observation seen = Probe(*stage_, relation, own_, superuser_, security_).select();
        // What failed for another reason than for want of a right, or always, may show it another time.
        if (!seen.outcome.ok) return seen.outcome.sqlstate != "42501" && seen.outcome.sqlstate != "42P17";
        return seen.identified ? !seen.foreign.empty() : seen.total > 0;
    };
    bool shown = false;
    for (const Relation &relation : world_.relations) {
        if (shown) break;
        if (relation.is_table()) {
            shown = relation.id == column.relation && shows(relation, column.number);
        } else {
            const std::vector<const Relation *> bases = bases_of(relation);
            shown = std::any_of(bases.begin(), bases.end(),
                                [&](const Relation *base) { return base->id == column.relation; }) &&
                    shows(relation, 0);
        }
    }
    return is_shown_[column] = shown;
}

// What whoever does not know the word is told, where that is before the place at which the one who knows it was
// stopped; or nothing.
std::string Calls::turned_away_without(const Function &function, const Arguments &arguments,
                                       const std::vector<Gain> &gains, const std::set<std::string> &told,
                                       const Refusal &knowing) {
    if (arguments.untold.empty()) return "";
    const Refusals refusals(world_, bodies_.of(function.id), *stage_, function, persona_, superuser_, security_);
    std::string said;
    for (const std::string &list : arguments.untold) {
        Arguments other = arguments;
        other.list = list;
        other.of_nobody.clear();
        Tried without;
        (void)make_call(function, other, gains, told, without);
        if (!without.seen.empty() || without.refused.empty() ||
            !refusals.gets_further(knowing.outcome, without.refused.back().outcome))
            return "";
        said = without.failure;
    }
    return said;
}

bool Calls::make_told_call(const Function &function, const Arguments &arguments, const std::vector<Gain> &gains,
                           const std::set<std::string> &told, Tried &tried) {
    const bool words =
        !arguments.secrets.empty() && std::none_of(arguments.secrets.begin(), arguments.secrets.end(),
                                                   [&](const Column &column) { return is_shown(column); });
    if (!words) return make_call(function, arguments, gains, told, tried);
    Tried with = tried;
    const bool enough = make_call(function, arguments, gains, told, with);
    std::vector<std::string> names;
    for (const Column &column : arguments.secrets) {
        const TableShape &table = *stage_->tables().of(column.relation);
        names.push_back(table.name + "." + table.column(column.number)->name);
    }
    if (with.seen.empty()) {
        const bool refused = with.refused.size() > tried.refused.size();
        if (refused && with.gate.empty())
            if (const std::string wrong = turned_away_without(function, arguments, gains, told, with.refused.back());
                !wrong.empty()) {
                with.word = fmt::format("{}", fmt::join(names, ", "));
                with.gate = wrong;
            }
        tried = std::move(with);
        return enough;
    }
    tried.calls = with.calls;
    tried.answered = with.answered;
    for (const std::string &list : arguments.untold) {
        Arguments other = arguments;
        other.list = list;
        other.of_nobody.clear();
        if (make_call(function, other, gains, told, tried)) return true;
    }
    tried.told = with.seen;
    tried.word = fmt::format("{}", fmt::join(names, ", "));
    return false;
}

} // namespace rlsproof::server
