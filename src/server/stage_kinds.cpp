#include "model/name_words.hpp"

// What kind of table it is: whether its rows are somebody's, say who somebody is, or are handed in by anybody.
#include "server/stage.hpp"

#include <algorithm>

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

bool one_each(const TableShape &table, const Hints &hints) {
    return std::any_of(table.columns.begin(), table.columns.end(), [&](const ColumnShape &column) {
        return hints.identity.contains({table.id, column.number}) && table.is_key(column.number);
    });
}

// Who typed a row in, by a column that nobody has to fill and that decides nothing.
bool Stage::only_typed(const TableShape &table, int number) const {
    const ColumnShape &column = *table.column(number);
    const Column place{table.id, number};
    return says_who_typed(column.name) && (!column.not_null || !column.default_expression.empty()) &&
           !hints_.in_policies.contains(place) && !hints_.authority.contains(place);
}

bool Stage::told_apart(const TableShape &table) const {
    const auto found = hints_.told_apart.find(table.id);
    // Files of one bucket are told apart by the policies for it.
    return found != hints_.told_apart.end() && part_column(table) == nullptr &&
           (found->second || std::any_of(table.columns.begin(), table.columns.end(),
                                         [](const ColumnShape &column) { return says_person(column.name); }));
}

bool Stage::personal(const TableShape &table, bool typed) const {
    const auto somebodys = [](const TableShape &t) {
        return std::any_of(t.columns.begin(), t.columns.end(), [](const ColumnShape &column) {
            return says_private(column.name) || says_written(column.name);
        });
    };
    const bool counts_here = typed || somebodys(table);
    const auto passed_over = [&](const TableShape &t, int column) {
        return !counts_here && only_typed(t, column) && !somebodys(t);
    };
    const auto names_somebody = [&](const TableShape &t) {
        return std::any_of(t.columns.begin(), t.columns.end(), [&](const ColumnShape &column) {
            const Column place{t.id, column.number};
            if (passed_over(t, column.number)) return false;
            return hints_.identity.contains(place) || hints_.tenant.contains(place);
        });
    };
    // What members are members of: a table that names people has it in a key of its own, and policies ask there who
    // may do what. Who likes or has read something is a member of nothing.
    const auto has_members = [&](Oid id) {
        return std::any_of(tables_.shapes.begin(), tables_.shapes.end(), [&](const auto &other) {
            const TableShape &joins = other.second;
            if (!names_somebody(joins) || !deciding_.contains(joins.id)) return false;
            return std::any_of(joins.foreign_keys.begin(), joins.foreign_keys.end(), [&](const ForeignKey &key) {
                return key.parent == id && key.columns.size() == 1 &&
                       std::any_of(joins.keys.begin(), joins.keys.end(), [&](const std::vector<int> &unique) {
                           return unique.size() > 1 &&
                                  std::find(unique.begin(), unique.end(), key.columns.front()) != unique.end();
                       });
            });
        });
    };
    std::set<Oid> seen;
    std::vector<Oid> left{table.id};
    while (!left.empty()) {
        const Oid id = left.back();
        left.pop_back();
        const TableShape *next = tables_.of(id);
        if (next == nullptr || !seen.insert(id).second) continue;
        if (names_somebody(*next) || has_members(id)) return true;
        for (const ForeignKey &key : next->foreign_keys)
            if (key.columns.size() != 1 || !passed_over(*next, key.columns.front())) left.push_back(key.parent);
    }
    return false;
}

// A table that says who somebody is, and not what people belong to: each has one row in it, or nothing that names
// people hangs on it.
bool Stage::is_account(const TableShape &table) const {
    const auto names_somebody = [&](const TableShape &t) {
        return std::any_of(t.columns.begin(), t.columns.end(), [&](const ColumnShape &column) {
            return hints_.identity.contains({t.id, column.number});
        });
    };
    if (!names_somebody(table)) return false;
    return one_each(table, hints_) ||
           std::none_of(tables_.shapes.begin(), tables_.shapes.end(), [&](const auto &other) {
               return other.first != table.id && names_somebody(other.second) &&
                      std::any_of(other.second.foreign_keys.begin(), other.second.foreign_keys.end(),
                                  [&](const ForeignKey &key) { return key.parent == table.id; });
           });
}

std::vector<const ForeignKey *> Stage::account_keys(const TableShape &table) const {
    std::vector<const ForeignKey *> keys;
    for (const ForeignKey &key : table.foreign_keys) {
        const TableShape *parent = tables_.of(key.parent);
        if (parent == nullptr || key.parent == table.id || key.columns.size() != 1) continue;
        // A key that is the person is followed as one.
        if (!hints_.identity.contains({table.id, key.columns.front()}) && is_account(*parent)) keys.push_back(&key);
    }
    return keys;
}

bool Stage::names_people(const TableShape &table) const {
    return !account_keys(table).empty() ||
           std::any_of(table.columns.begin(), table.columns.end(), [&](const ColumnShape &column) {
               return hints_.identity.contains({table.id, column.number});
           });
}

bool Stage::hangs_on_people(const TableShape &table) const {
    return std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const ForeignKey &key) {
        const TableShape *parent = tables_.of(key.parent);
        return key.parent != table.id && parent != nullptr && personal(*parent);
    });
}

bool Stage::is_form(const TableShape &table, bool of_visitors) const {
    if (decides(table) || part_column(table) != nullptr) return false;
    const bool addressed = std::any_of(table.columns.begin(), table.columns.end(),
                                       [](const ColumnShape &column) { return says_address(column.name); });
    if (!of_visitors && !addressed) return false;
    // Who looks after what was handed in, by a column that stays empty until then and decides nothing.
    const auto is_clerk = [&](const ColumnShape &column) {
        const Column place{table.id, column.number};
        return addressed && (says_who_handles(column.name) || says_who_typed(column.name)) && !column.not_null &&
               column.default_expression.empty() && !hints_.in_policies.contains(place) &&
               !hints_.authority.contains(place);
    };
    // A form for those who have signed in is somebody's by its clerk alone.
    if (!of_visitors && std::none_of(table.columns.begin(), table.columns.end(), is_clerk)) return false;
    const bool hangs = std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const ForeignKey &key) {
        return std::any_of(key.columns.begin(), key.columns.end(), [&](int c) { return !is_clerk(*table.column(c)); });
    });
    if (hangs) return false;
    return std::all_of(table.columns.begin(), table.columns.end(), [&](const ColumnShape &column) {
        const Column place{table.id, column.number};
        const bool address = of_visitors && column.category == TYPCATEGORY_STRING && says_address(column.name);
        return (address || is_clerk(column) || (!hints_.tenant.contains(place) && !hints_.identity.contains(place))) &&
               !says_granted(column.name) && !says_secret(column.name);
    });
}

} // namespace rlsproof::server
