// The same roles, asked for by functions with rights of their own: one that asks for an admin, and not for an admin of
// what it is called about, is there for whoever founds a tenant.
#include "model/expectation.hpp"

#include "server/ways_up.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/calls.hpp"
#include "server/handed.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/standing.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostRanks = 6; // tried for one function
constexpr int kMostCalls = 1500; // through one table

} // namespace

// Functions by the roles that one of them, or a helper that it calls, asks a row of the table for; where none is named,
// any that the column may hold.
std::map<std::pair<int, std::string>, std::vector<const Function *>>
WaysUp::ranks_asked_by_functions(const RankIn &rank) {
    std::map<std::pair<int, std::string>, std::vector<const Function *>> result;
    const TableShape &shape = *stage_.tables().of(rank.relation.id);
    for (const Function &function : world_.functions) {
        const auto &callers = function.callers;
        const auto is_told = [&](const Cell &cell) {
            return cell.object == function.name && cell.persona == persona_.name && cell.command == Command::execute &&
                   (cell.verdict == Verdict::open || cell.verdict == Verdict::leak || cell.verdict == Verdict::error);
        };
        if (!function.definer || function.platform || !function.asks_who ||
            std::find(callers.begin(), callers.end(), persona_.name) == callers.end() ||
            std::any_of(cells_->begin(), cells_->end(), is_told))
            continue;
        const Body &body = bodies_.of(function.id);
        const auto of_table = [&](const auto &touched) { return touched.first == rank.relation.id; };
        const auto beyond = [&](const auto &touched) {
            const TableShape *table = stage_.tables().of(touched.first);
            return table != nullptr && (touched.second || !function.yes_or_no) &&
                   hangs_on(stage_.tables(), *table, rank.parent.id);
        };
        if (std::none_of(body.relations.begin(), body.relations.end(), of_table) ||
            std::none_of(body.relations.begin(), body.relations.end(), beyond))
            continue;
        std::vector<std::pair<int, std::string>> ranks;
        const auto add = [&](const ColumnShape &column, const std::string &word) {
            const auto held = rank.mine.values.find(column.number);
            const bool same = held != rank.mine.values.end() && held->second == word;
            const std::pair found(column.number, word);
            if (!same && !meant_for_all(word) && std::find(ranks.begin(), ranks.end(), found) == ranks.end())
                ranks.push_back(found);
        };
        for (const ColumnShape &column : shape.columns) {
            const Column place{shape.id, column.number};
            const bool says = column.category == 'S' || column.category == 'E';
            if (stage_.hints().identity.contains(place) || column.generated || (!says && column.category != 'B'))
                continue;
            const auto is_it = [&](const std::string &name) { return quote_identifier(name) == column.name; };
            const size_t asked = ranks.size();
            for (const auto &[name, value] : body.compared)
                if (says && value && is_it(name)) add(column, *value);
            for (const auto &[name, value] : body.flags)
                if (!says && is_it(name)) add(column, value);
            if (ranks.size() == asked && says && std::any_of(body.column_names.begin(), body.column_names.end(), is_it))
                for (const std::string &word : words_of(stage_, shape, column)) add(column, word);
        }
        for (size_t i = 0; i < std::min(ranks.size(), kMostRanks); i++) result[ranks[i]].push_back(&function);
    }
    return result;
}

void WaysUp::try_ranks_by_calls(const RankIn &rank) {
    const TableShape &shape = *stage_.tables().of(rank.relation.id);
    std::set<Oid> tenants_own;
    for (const auto &[id, table] : stage_.tables().shapes)
        if (hangs_on(stage_.tables(), table, rank.parent.id)) tenants_own.insert(id);
    struct Told {
        int column;
        std::vector<std::string> roles;
        Calls::Shown shown;
    };
    std::map<const Function *, Told> told;
    int left = kMostCalls;
    Calls calls(world_, bodies_, triggers_, stage_.hints(), &stage_, "", true, persona_, own_, user_, security_);
    for (const auto &asked : ranks_asked_by_functions(rank)) {
        const std::pair<int, std::string> &role = asked.first;
        const ColumnShape &column = *shape.column(role.first);
        const Scratch scratch;
        const std::string set = fmt::format("{}, {} = {}", rank.home, column.name, Maker::literal(column, role.second));
        holding(rank.mine, set, [&] {
            for (const Function *function : asked.second) {
                const auto known = told.find(function);
                if (left <= 0 || (known != told.end() && known->second.column != role.first)) continue;
                Calls::Shown shown = calls.shown_by(*function, tenants_own);
                left -= shown.calls;
                if (shown.seen.empty()) continue;
                if (known == told.end())
                    told.emplace(function, Told{role.first, {role.second}, std::move(shown)});
                else
                    known->second.roles.push_back(role.second);
            }
        });
    }
    for (const auto &found : told) {
        const Function *function = found.first;
        const Told &one = found.second;
        // What it does for anybody is not the role's doing.
        bool anyway = false;
        holding(rank.mine, rank.home, [&] { anyway = !calls.shown_by(*function, tenants_own).seen.empty(); });
        if (anyway) continue;
        const ColumnShape &column = *shape.column(one.column);
        Finding finding;
        finding.rule = "role_without_tenant";
        finding.level = rank.tenant.not_null ? Level::warning : Level::note;
        finding.category = Category::exposure;
        finding.object = function->name;
        finding.message =
            fmt::format("whoever is {} of one {} is it of all: {} goes by {}.{}, and {}",
                        column.category == 'B' ? column.name : fmt::format("\"{}\"", fmt::join(one.roles, "\" or \"")),
                        rank.parent.name, function->name.substr(4), rank.relation.name, column.name, one.shown.seen);
        finding.detail = fmt::format("Asked for is the role, and not in which row of {} it is held. {} was given it in "
                                     "a row of its own, and called it with: {}",
                                     rank.parent.name, persona_.name, one.shown.statement);
        finding.hint = fmt::format("Let the function compare {} of the role with that of the row it is called about. "
                                   "If the role is meant to count everywhere, waive the finding and say so.",
                                   rank.tenant.name);
        finding.evidence = "execution";
        finding.key = fmt::format("{}:{}", finding.rule, function->name);
        findings_->push_back(std::move(finding));
    }
}

} // namespace rlsproof::server
