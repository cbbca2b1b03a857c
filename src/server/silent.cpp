#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/silent.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/personas.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr const char *kClaims = "request.jwt.claims";

bool is_open(const Cell &cell) {
    return cell.verdict == Verdict::open || cell.verdict == Verdict::leak;
}

bool is_asked(const Policy &policy, const Persona &persona, Command command) {
    const std::vector<std::string> &whom = policy.facts.personas;
    return !policy.predicate.empty() && (policy.command == "ALL" || policy.command == name(command)) &&
           (whom.empty() || std::find(whom.begin(), whom.end(), persona.name) != whom.end());
}

// The condition as it is where the settings were never made; whether it reads one of them so that it does not fail.
struct Unset {
    std::string condition;
    bool reads = false;
};

Unset unset_in(std::string condition, const Persona &silent) {
    Unset result;
    for (const auto &setting : silent.settings) {
        const std::string call = fmt::format("current_setting({}::text, true)", quote_literal(setting.first));
        for (size_t at = condition.find(call); at != condition.npos; at = condition.find(call, at)) {
            condition.replace(at, call.size(), "NULL::text");
            result.reads = true;
        }
    }
    result.condition = "(" + condition + ") IS TRUE";
    return result;
}

// The rows that the policies let through together; empty where no policy reads a setting.
std::string rows_unset(const Relation &relation, const Persona &silent, Command command) {
    std::vector<std::string> permissive, restrictive;
    bool reads = false;
    for (const Policy &policy : relation.policies) {
        if (!is_asked(policy, silent, command)) continue;
        const Unset unset = unset_in(policy.predicate, silent);
        (policy.permissive ? permissive : restrictive).push_back(unset.condition);
        reads = reads || unset.reads;
    }
    if (!reads || permissive.empty()) return "";
    std::string where = fmt::format("({})", fmt::join(permissive, " OR "));
    for (const std::string &condition : restrictive) where += " AND " + condition;
    return where;
}

} // namespace

std::optional<Persona> who_says_nothing(const Persona &persona) {
    if (persona.declared || !persona.name.starts_with("outsider") || !find_api().anonymous.empty()) return std::nullopt;
    Persona silent = persona;
    silent.uid.clear();
    silent.settings.clear();
    for (const auto &setting : persona.settings)
        if (setting.first != kClaims) silent.settings.emplace_back(setting.first, "");
    if (silent.settings.empty()) return std::nullopt;
    return silent;
}

void add_silent(const Persona &silent, const std::vector<Cell> &found, std::vector<Cell> &cells) {
    std::vector<std::string> names;
    for (const auto &setting : silent.settings) names.push_back(setting.first);
    for (size_t i = 0; i < cells.size() && i < found.size(); i++) {
        const bool same = cells[i].object == found[i].object && cells[i].command == found[i].command;
        if (!same || is_open(cells[i]) || !is_open(found[i])) continue;
        cells[i] = found[i];
        cells[i].reason +=
            fmt::format("; where {} {} empty", fmt::join(names, " and "), names.size() == 1 ? "is" : "are");
    }
}

void add_unset(const World &world, const Persona &silent, const Stage &stage, std::vector<Cell> &cells) {
    for (Cell &cell : cells) {
        const bool rows =
            cell.command == Command::select || cell.command == Command::update || cell.command == Command::remove;
        const Relation *relation = world.relation(cell.object);
        if (!rows || cell.expected != "none" || is_open(cell) || cell.evidence == Evidence::privilege ||
            cell.evidence == Evidence::structural || relation == nullptr || !relation->is_table() ||
            stage.tables().of(relation->id) == nullptr)
            continue;
        const std::string where = rows_unset(*relation, silent, cell.command);
        if (where.empty()) continue;
        size_t passed = 0, there = 0;
        const Outcome asked = attempt(Finish::rollback, [&] {
            const Rows counted = in_time([&] {
                return query(fmt::format("select count(*) filter (where {}), count(*) from {}", where, relation->name),
                             {}, false);
            });
            passed = std::stoul(counted.text(0, 0));
            there = std::stoul(counted.text(0, 1));
        });
        if (!asked.ok || passed == 0) continue;
        cell.verdict = cell.declared ? Verdict::leak : Verdict::open;
        cell.evidence = Evidence::execution;
        cell.reached = passed;
        cell.there = there;
        cell.personal = stage.personal(*stage.tables().of(relation->id));
        cell.reason = fmt::format("the conditions of its policies come to true for {} of {} rows where no setting says "
                                  "who is asking",
                                  passed, there);
    }
}

} // namespace rlsproof::server
