#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/cycle.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rlsproof::server {

namespace {

class Search {
public:
    Search(const World &world, const Hints &hints, Bodies &bodies, const std::string &persona, bool at_once)
        : world_(world), hints_(hints), bodies_(bodies), persona_(persona), at_once_(at_once) {
        for (const Relation &relation : world.relations) by_id_.emplace(relation.id, &relation);
    }

    // The way from `relation` back to one that is on the way already.
    std::string from(const Relation &relation, Command command) {
        // To write to a table and to read it meets other policies. Before anything runs, the server asks for the table
        // alone.
        const std::pair<Oid, Command> here{relation.id, command};
        const auto met = std::find_if(met_.begin(), met_.end(), [&](const auto &on_the_way) {
            return at_once_ ? on_the_way.first == relation.id : on_the_way == here;
        });
        if (met != met_.end()) {
            // From the table that is asked about, where the way comes by it again.
            const auto start = std::find_if(
                met, met_.end(), [&](const auto &on_the_way) { return on_the_way.first == met_.front().first; });
            const auto first = start == met_.end() ? met : start;
            std::vector<std::string> words(steps_.begin() + (met - met_.begin()), steps_.end());
            std::rotate(words.begin(), words.begin() + (first - met), words.end());
            words.push_back(by_id_.at(first->first)->name);
            return fmt::format("{}", fmt::join(words, " → "));
        }
        if (!relation.row_security || !seen_.insert(here).second) return "";
        met_.push_back(here);
        for (const PolicyHint &hint : hints_.policies) {
            if (hint.relation != relation.id || !applies(relation, hint.name, command)) continue;
            const std::string by = fmt::format("{} → policy \"{}\"", relation.name, hint.name);
            for (const Oid table : hint.tables)
                if (std::string way = to(table, by); !way.empty()) return way;
            for (const Oid function : at_once_ ? std::vector<Oid>() : hint.functions)
                if (std::string way = through(function, by); !way.empty()) return way;
        }
        met_.pop_back();
        return "";
    }

private:
    bool applies(const Relation &relation, const std::string &name, Command command) const {
        return std::any_of(relation.policies.begin(), relation.policies.end(), [&](const Policy &policy) {
            const std::vector<std::string> &whom = policy.facts.personas;
            return policy.name == name && (policy.command == "ALL" || policy.command == rlsproof::name(command)) &&
                   (whom.empty() || std::find(whom.begin(), whom.end(), persona_) != whom.end());
        });
    }

    std::string to(Oid table, const std::string &step) {
        const auto found = by_id_.find(table);
        if (found == by_id_.end()) return "";
        steps_.push_back(step);
        std::string way = from(*found->second, Command::select);
        steps_.pop_back();
        return way;
    }

    std::string through(Oid function, const std::string &by) {
        const auto called = std::find_if(world_.functions.begin(), world_.functions.end(),
                                         [&](const Function &candidate) { return candidate.id == function; });
        if (called == world_.functions.end() || called->definer) return "";
        const std::string step = fmt::format("{} → {}", by, called->name.substr(called->name.find(':') + 1));
        for (const auto &[table, written] : bodies_.of(function).relations)
            if (std::string way = to(table, step); !way.empty()) return way;
        return "";
    }

    const World &world_;
    const Hints &hints_;
    Bodies &bodies_;
    const std::string &persona_;
    const bool at_once_; // of what the policies say themselves, and not by way of a function that runs
    std::map<Oid, const Relation *> by_id_;
    std::vector<std::pair<Oid, Command>> met_; // on the way
    std::vector<std::string> steps_;           // from each of them to the next
    std::set<std::pair<Oid, Command>> seen_;
};

} // namespace

std::string policy_cycle(const World &world, const Hints &hints, Bodies &bodies, const Relation &start, Command command,
                         const std::string &persona) {
    // A statement that reads its rows meets the SELECT policies as well.
    for (const bool at_once : {true, false})
        for (const Command asked : {command, Command::select})
            if (std::string way = Search(world, hints, bodies, persona, at_once).from(start, asked); !way.empty())
                return way;
    return "";
}

} // namespace rlsproof::server
