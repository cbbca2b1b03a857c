// Values of rows that are worth putting in: those of a stage, with what policies ask.
#include "server/stage.hpp"

#include <algorithm>

#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostAdded = 14; // rows that hold what several policies ask, beside those of the stage
constexpr size_t kMostTogether = 24;

template <typename T>
bool contains(const std::vector<T> &list, const T &value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

} // namespace

std::vector<Values> Stage::asked_together(const TableShape &table) const {
    std::vector<Values> result;
    const auto found = hints_.asked_together.find(table.id);
    if (found == hints_.asked_together.end()) return result;
    const auto add = [&](const Values &values) {
        if (result.size() < kMostTogether && !values.empty() && !contains(result, values)) result.push_back(values);
    };
    std::vector<Values> first;
    for (const Asked &asked : found->second) {
        Values all;
        for (const auto &[number, values] : asked)
            if (table.column(number) != nullptr && !table.column(number)->generated) all[number] = values.front();
        add(all);
        first.push_back(std::move(all));
    }
    // Of several values of one column each, beside the first of the others. What a column must not be, as pending, says
    // that it may be anything else: whatever its constraints name.
    const auto all_of = [&](const ColumnShape &column, const std::vector<Candidate> &asked) {
        std::vector<Candidate> values = asked;
        const auto allowed = tables_.allowed.find({table.id, column.number});
        if (column.category == 'S' && allowed != tables_.allowed.end())
            values.insert(values.end(), allowed->second.begin(), allowed->second.end());
        else if (column.category == 'S' && column.domain == InvalidOid)
            values.emplace_back("other");
        return values;
    };
    for (size_t i = 0; i < first.size(); i++)
        for (const auto &[number, values] : found->second[i])
            if (first[i].contains(number))
                for (const Candidate &value : all_of(*table.column(number), values)) {
                    Values other = first[i];
                    other[number] = value;
                    add(other);
                }
    return result;
}

// Where what policies ask of a column is what every new row has, a word for what they do not ask for.
Candidate Stage::not_asked(const TableShape &table, const ColumnShape &column) const {
    const auto asked = hints_.candidates.find({table.id, column.number});
    const auto is_asked = [&](const Candidate &value) { return contains(asked->second, value); };
    const auto by_default = [&](const Candidate &value) {
        return value && (column.default_expression + ":").starts_with(quote_literal(*value) + ":");
    };
    if (asked == hints_.candidates.end() || column.generated || (column.category != 'S' && column.category != 'E') ||
        std::none_of(asked->second.begin(), asked->second.end(), by_default))
        return std::nullopt;
    std::vector<Candidate> others(column.labels.begin(), column.labels.end());
    if (const auto allowed = tables_.allowed.find({table.id, column.number}); allowed != tables_.allowed.end())
        others = allowed->second;
    else if (others.empty() && column.domain == InvalidOid && !tables_.patterns.contains({table.id, column.number}))
        others = {"other"};
    const auto other = std::find_if_not(others.begin(), others.end(), is_asked);
    return other == others.end() ? std::nullopt : *other;
}

std::vector<Values> Stage::candidates(Oid table, const std::vector<const Row *> &like) {
    std::vector<Values> result;
    const TableShape *shape = tables_.of(table);
    if (shape == nullptr || !shape->made) return result;
    // A partition takes only rows of its kind: where none could be made, those that are there say what fits.
    const bool any_made = std::any_of(like.begin(), like.end(), [](const Row *row) { return row->made; });
    for (const Row *row : like) {
        if (any_made ? !row->made : row->values.size() < shape->columns.size()) continue;
        Values values = row->values;
        // A new row has keys of its own; what links it to others stays.
        for (const std::vector<int> &key : shape->keys)
            for (const int number : key) {
                const bool linked = hints_.identity.contains({table, number}) ||
                                    std::any_of(shape->foreign_keys.begin(), shape->foreign_keys.end(),
                                                [&](const ForeignKey &f) { return contains(f.columns, number); });
                // In (person, role) the role is what policies ask for.
                const bool asked = key.size() > 1 && hints_.candidates.contains({table, number});
                if (!linked && !asked) values.erase(number);
            }
        result.push_back(maker_.values(*shape, values));
    }
    // Policies add up: one lets a row in that another takes exception to. What each asks for, with what the others ask.
    const size_t made = result.size();
    const std::vector<size_t> &policies = places_for(hints_.policies_of, table);
    const ColumnShape *part = part_column(*shape);
    for (const size_t place : policies) {
        if (made == 0 || result.size() >= made + kMostAdded) break;
        Values together;
        for (const auto &[number, value] : hints_.policies[place].values) together.insert_or_assign(number, value);
        const size_t own = together.size();
        for (const size_t other : policies)
            for (const auto &[number, value] : hints_.policies[other].values) together.emplace(number, value);
        if (together.size() == own) continue; // that one was made
        Values values = result.front();
        for (const auto &[number, value] : together)
            // A file that goes into another bucket says nothing of this one.
            if (part == nullptr || number != part->number) values.insert_or_assign(number, value);
        result.push_back(std::move(values));
    }
    return result;
}

} // namespace rlsproof::server
