// What calls of a function give to somebody as he is now: a role may have been given to him since he was looked at.
#include "server/calls.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostOfOneRow = 3; // calls about a row of its own

// Whether an answer holds a value: "made 12" does not hold "made 1".
bool shows(const std::string &answer, const std::string &value) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    for (size_t at = answer.find(value); at != std::string::npos; at = answer.find(value, at + 1)) {
        const size_t end = at + value.size();
        if (end == answer.size() || !digit(value.back()) || !digit(answer[end])) return true;
    }
    return false;
}

} // namespace

std::vector<std::string> Calls::names_of(const std::vector<const Relation *> &relations) {
    std::vector<std::string> names;
    for (const Relation *relation : relations)
        if (std::find(names.begin(), names.end(), relation->name) == names.end()) names.push_back(relation->name);
    return names;
}

std::vector<const Relation *> Calls::shown_in_text(const std::string &text, const std::vector<const Relation *> &bases,
                                                   const std::set<std::string> &told) {
    std::vector<const Relation *> shown;
    for (const Relation *base : bases) {
        const std::map<std::string, std::string> &values = hidden(*base);
        if (std::any_of(values.begin(), values.end(),
                        [&](const auto &value) { return !told.contains(value.first) && shows(text, value.first); }))
            shown.push_back(base);
    }
    return shown;
}

// In these tables; none where it is not to be called.
std::vector<Calls::Gain> Calls::gains_in(const Function &function, const std::set<Oid> &tables) {
    std::vector<Gain> found = gains(function);
    std::erase_if(found, [&](const Gain &gain) {
        const std::vector<const Relation *> bases = bases_of(*gain.relation);
        return std::none_of(bases.begin(), bases.end(),
                            [&](const Relation *base) { return tables.contains(base->id); });
    });
    if (!found.empty() && !why_not_called(bodies_.of(function.id)).empty()) found.clear();
    for (const Gain &gain : found)
        for (const Relation *base : bases_of(*gain.relation)) (void)hidden(*base);
    return found;
}

Calls::Shown Calls::shown_by(const Function &function, const std::set<Oid> &tables) {
    const std::vector<Gain> found = gains_in(function, tables);
    if (found.empty()) return {};
    Tried tried;
    for (const Arguments &choice : arguments_for(function, *stage_, persona_.uid, own_)) {
        std::set<std::string> told = choice.given;
        for (const auto &[column, value] : bodies_.of(function.id).compared)
            if (value) told.insert(*value);
        if (make_call(function, choice, found, told, tried)) break;
    }
    return {tried.in_tables ? tried.seen : "", tried.observation.statement, tried.calls};
}

Calls::Shown Calls::shown_of(const Function &function, const std::set<Oid> &tables, const Row &row,
                             const std::set<std::string> &told) {
    const std::vector<Gain> found = gains_in(function, tables);
    if (found.empty()) return {};
    Tried tried;
    for (const Arguments &choice : arguments_for_itself(function, *stage_, persona_.uid, &row)) {
        if (tried.calls == (int)kMostOfOneRow) break;
        std::set<std::string> known = told;
        known.insert(choice.given.begin(), choice.given.end());
        for (const auto &[column, value] : bodies_.of(function.id).compared)
            if (value) known.insert(*value);
        if (make_call(function, choice, found, known, tried)) break;
    }
    return {tried.in_tables ? tried.seen : "", tried.observation.statement, tried.calls, tried.shown};
}

std::vector<std::string> Calls::told_of(const std::string &text, const std::set<Oid> &tables,
                                        const std::set<std::string> &told) {
    std::vector<const Relation *> bases;
    for (const Relation &relation : world_.relations)
        if (tables.contains(relation.id)) bases.push_back(&relation);
    return names_of(shown_in_text(text, bases, told));
}

Calls::Shown Calls::shown_in(const Relation &view, const std::set<Oid> &tables, const std::set<std::string> &told) {
    Shown shown{"", fmt::format("select * from {}", view.name), 1};
    std::vector<const Relation *> bases = bases_of(view), found;
    std::erase_if(bases, [&](const Relation *base) { return !tables.contains(base->id) || sees_all(*base); });
    for (const Relation *base : bases) (void)hidden(*base);
    (void)attempt(Finish::rollback, [&] {
        const std::string text = answer(fmt::format("select v::text from {} v", view.name), nullptr);
        found = shown_in_text(text, bases, told);
    });
    shown.tables = names_of(found);
    if (!found.empty()) shown.seen = fmt::format("it shows rows of other people in {}", fmt::join(shown.tables, ", "));
    return shown;
}

} // namespace rlsproof::server
