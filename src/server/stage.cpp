#include "model/name_words.hpp"

#include "server/stage.hpp"

#include <algorithm>
#include <type_traits>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/name_parts.hpp"
#include "server/scratch.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostVariants = 14;
constexpr size_t kMostLookedFor = 6; // more, for functions
constexpr size_t kVictims = 4;
constexpr size_t kMostRows = 30; // made in one table
constexpr int kMostFound = 300;  // rows that are there already, looked at per table
constexpr size_t kMostKnown = 8; // of those, whose values are read
constexpr int kLongValue = 200;
constexpr const char *kAccounts = "auth.users"; // the platform makes a row in it for whoever signs up

std::string victim(size_t turn) {
    return fmt::format("c0ffee00-0000-4000-8000-{:012d}", turn + 1);
}

template <typename T>
bool contains(const std::vector<T> &list, const std::type_identity_t<T> &value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

bool single_key(const TableShape &table, int number) {
    return std::any_of(table.keys.begin(), table.keys.end(),
                       [&](const std::vector<int> &key) { return key.size() == 1 && key.front() == number; });
}

// The first value counts; documents are put together from all that is asked of them.
void take_too(const TableShape &table, Values &values, int number, const Candidate &value) {
    const auto [place, is_new] = values.emplace(number, value);
    if (is_new || table.column(number)->type != JSONBOID || !value || !place->second) return;
    if (value->starts_with('{') && place->second->starts_with('{') && value != place->second)
        place->second = query("select ($2::jsonb || $1::jsonb)::text", {place->second, value}).text(0, 0);
}

} // namespace

std::string Stage::identity_text(const ColumnShape &column, const std::string &uid) const {
    switch (column.type) {
    case INT2OID: return identity_as("int2", uid);
    case INT4OID:
    case INT8OID: return identity_as("int8", uid);
    default: return column.category == TYPCATEGORY_ARRAY ? "{" + uid + "}" : uid;
    }
}

Values Stage::owned_by(const TableShape &table, Values values, const std::string &uid) const {
    for (const ColumnShape &column : table.columns) {
        if (hints_.identity.contains({table.id, column.number})) values[column.number] = identity_text(column, uid);
        if (hints_.identity_path.contains({table.id, column.number})) {
            // What else is asked of the name stays: the other folders, the extension.
            const auto given = values.find(column.number);
            const size_t folder = given != values.end() && given->second ? given->second->find('/') : std::string::npos;
            const auto read_as = hints_.parts_read_as.find({table.id, column.number});
            values[column.number] =
                folder != std::string::npos
                    ? uid + given->second->substr(folder)
                    : name_of_parts({{1, uid}},
                                    read_as != hints_.parts_read_as.end() ? read_as->second : std::map<int, Oid>{},
                                    "made");
        }
    }
    return values;
}

// A row may name two people who have to differ: who follows, who invites. Then each in turn is the one asked for.
std::vector<Values> Stage::owned_each(const TableShape &table, const Values &values, const std::string &uid) const {
    std::vector<Values> result = {owned_by(table, values, uid)};
    std::vector<const ColumnShape *> people;
    for (const ColumnShape &column : table.columns)
        if (hints_.identity.contains({table.id, column.number})) people.push_back(&column);
    if (people.size() < 2) return result;
    for (const ColumnShape *one : people) {
        Values alone = values;
        for (size_t i = 0; i < people.size(); i++)
            if (people[i] == one)
                alone[one->number] = identity_text(*one, uid);
            else if (const auto given = values.find(people[i]->number);
                     given == values.end() || given->second == alone[one->number])
                alone[people[i]->number] = identity_text(*people[i], victim(i));
        result.push_back(std::move(alone));
    }
    return result;
}

std::vector<Values> Stage::owned_each(const TableShape &table, const Values &values, const std::string &uid,
                                      const std::vector<Row> &own) const {
    std::vector<Values> result = owned_each(table, values, uid);
    const size_t by_name = result.size();
    for (const ForeignKey *key : account_keys(table))
        for (const Row &row : own) {
            if (row.table != key->parent) continue;
            const auto value = row.values.find(key->parent_columns.front());
            if (value == row.values.end() || !value->second) continue;
            for (size_t i = 0; i < by_name; i++) {
                Values one = result[i];
                one[key->columns.front()] = value->second;
                result.push_back(std::move(one));
            }
        }
    // What names nobody but by an account is nobody's as it was.
    const bool named = std::any_of(table.columns.begin(), table.columns.end(), [&](const ColumnShape &column) {
        return hints_.identity.contains({table.id, column.number});
    });
    if (!named) result.erase(result.begin(), result.begin() + (long)by_name);
    return result;
}

Values Stage::among_own(const TableShape &table, Values values, const std::vector<Row> &own) const {
    const auto deciders = hints_.decided_by.find(table.id);
    const auto decides = [&](const Row &row) {
        return deciders != hints_.decided_by.end() && deciders->second.contains(row.table);
    };
    for (const ForeignKey &key : table.foreign_keys) {
        if (key.columns.size() != 1) continue;
        const auto take = [&](const Row &row, int number) {
            const auto value = row.values.find(number);
            if (value != row.values.end() && value->second) values[key.columns.front()] = value->second;
        };
        // The parent is one of our own rows; better, what a row of our own says that the policies ask.
        for (const Row &row : own)
            if (row.table == key.parent) take(row, key.parent_columns.front());
        for (const Row &row : own)
            for (const ForeignKey &other : tables_.of(row.table)->foreign_keys)
                if (row.table != table.id && decides(row) && other.parent == key.parent && other.columns.size() == 1)
                    take(row, other.columns.front());
    }
    return values;
}

// What to try in a table: nothing in particular, what each policy asks about taken together, and each value by itself.
std::vector<Values> Stage::variants(const TableShape &table) const {
    std::vector<Values> result = {{}};
    // Each bucket has policies of its own.
    const size_t kept =
        kMostVariants + (part_column(table) != nullptr ? places_for(hints_.policies_about, table.id).size() : 0);
    const auto add = [&](const Values &values) {
        if (result.size() < kept && !contains(result, values)) result.push_back(values);
    };
    for (const size_t place : places_for(hints_.policies_about, table.id)) {
        const PolicyHint &policy = hints_.policies[place];
        Values together;
        for (const auto &[number, value] : policy.relation == table.id ? policy.values : policy.elsewhere.at(table.id))
            if (value || !table.column(number)->not_null) take_too(table, together, number, value);
        add(together);
    }
    for (const ColumnShape &column : table.columns) {
        const auto candidates = hints_.candidates.find({table.id, column.number});
        if (candidates == hints_.candidates.end()) continue;
        for (const Candidate &candidate : candidates->second)
            if (candidate || !column.not_null) add({{column.number, candidate}});
    }
    // Beside what is published something that is not.
    for (const ColumnShape &column : table.columns)
        if (const Column place{table.id, column.number};
            column.type == BOOLOID && (hints_.candidates.contains(place) || hints_.authority.contains(place)))
            for (const char *either : {"true", "false"})
                if (column.default_expression != either) add({{column.number, std::string(1, *either)}});
    for (const ColumnShape &column : table.columns)
        if (const Candidate value = not_asked(table, column)) add({{column.number, value}});
    // A function may show rows of one kind alone: whatever it looks for is there.
    const size_t most = result.size() + kMostLookedFor;
    for (const auto &of_function : hints_.looked_for) {
        const auto values = of_function.find(table.id);
        if (values == of_function.end() || result.size() >= most) continue;
        Values together;
        for (const auto &[number, value] : values->second)
            if (value || !table.column(number)->not_null) take_too(table, together, number, value);
        if (!contains(result, together)) result.push_back(std::move(together));
    }
    return result;
}

// Ties a row to rows that are there: a parent for each foreign key, somebody else as its owner.
Values Stage::linked(const TableShape &table, const Values &wanted, size_t turn, bool spread) const {
    Values values = wanted;
    // A few people own everything; where each may have one row only, every row is somebody else's.
    const size_t person = one_each(table, hints_) ? turn : turn % kVictims;
    size_t step = 0; // with `spread` everybody whom a row names is somebody else, and so is every parent
    for (const auto &[number, value] : owned_by(table, {}, victim(person)))
        if (!values.contains(number))
            values[number] = spread ? owned_by(table, {}, victim((person + step++) % kVictims)).at(number) : value;
    for (const ForeignKey &key : table.foreign_keys) {
        const auto parents = rows_.find(key.parent);
        if (key.parent == table.id || parents == rows_.end()) continue;
        std::vector<const Row *> made;
        for (const Row &row : parents->second)
            if (row.made) made.push_back(&row);
        if (made.empty()) continue;
        const Row &parent = *made[(turn + (spread ? step++ : 0)) % made.size()];
        for (size_t i = 0; i < key.columns.size(); i++) {
            const auto value = parent.values.find(key.parent_columns[i]);
            if (value != parent.values.end() && !wanted.contains(key.columns[i]))
                values[key.columns[i]] = value->second;
        }
    }
    return values;
}

void Stage::make(const TableShape &table) {
    const Scratch scratch;
    std::string why;
    std::vector<Row> &rows = rows_[table.id];
    const std::vector<Values> all = variants(table);
    size_t parents = 1;
    for (const ForeignKey &key : table.foreign_keys)
        if (const auto found = rows_.find(key.parent); found != rows_.end())
            parents = std::max(parents, (size_t)std::count_if(found->second.begin(), found->second.end(),
                                                              [](const Row &row) { return row.made; }));
    // Every variant once, then the plain one again until every parent has a child.
    const size_t people = one_each(table, hints_) ? kVictims : 1;
    const size_t turns = std::max(all.size(), std::min(kMostVariants, std::max(parents, people)));
    for (size_t turn = 0; turn < turns; turn++) {
        const Values &variant = all[turn < all.size() ? turn : 0];
        auto row = maker_.insert(table, variant, why, linked(table, variant, turn, false));
        if (!row) {
            std::string still;
            row = maker_.insert(table, variant, still, linked(table, variant, turn, true));
        }
        if (row) rows.push_back(std::move(*row));
    }
    // What is shown may have to meet a condition here and another one there: each kind of row with each kind of parent.
    for (size_t variant = 1; variant < all.size() && parents > 1; variant++)
        for (size_t parent = 0; parent < parents && rows.size() < kMostRows; parent++)
            if (parent != variant % parents)
                if (auto row = maker_.insert(table, all[variant], why, linked(table, all[variant], parent, false)))
                    rows.push_back(std::move(*row));
    size_t turn = 0;
    for (const Values &file : files(table)) {
        if (contains(all, file)) continue;
        if (auto row = maker_.insert(table, file, why, linked(table, file, turn++, false)))
            rows.push_back(std::move(*row));
    }
    if (rows.empty()) why_none_[table.id] = "no row could be made: " + why;
}

// What a row that is there holds; documents and pictures are left out.
void Stage::read_values(const TableShape &table, Row &row) {
    std::string columns;
    for (const ColumnShape &column : table.columns)
        columns += fmt::format(", {0}::text, pg_catalog.length({0}::text) > {1}", column.name, kLongValue);
    const Rows found = query(fmt::format("select 1{} from {} where ctid = {}::tid and tableoid = {}", columns,
                                         table.name, quote_literal(row.tid), row.stored_in));
    if (found.empty()) return;
    for (size_t i = 0; i < table.columns.size(); i++)
        if (!found.boolean(0, 2 * i + 2)) row.values.emplace(table.columns[i].number, found.value(0, 2 * i + 1));
}

void Stage::find(const TableShape &table) {
    const Scratch scratch;
    const Outcome outcome = attempt(Finish::commit, [&] {
        const ColumnShape *part = part_column(table);
        const Rows found = query(fmt::format("select tableoid, ctid, {} from {} limit {}",
                                             part != nullptr ? part->name + "::text" : "NULL", table.name, kMostFound));
        for (size_t i = 0; i < found.size(); i++) {
            Values values;
            if (part != nullptr) values.emplace(part->number, found.value(i, 2));
            rows_[table.id].push_back({table.id, found.oid(i, 0), found.text(i, 1), std::move(values), false});
        }
        for (size_t i = 0; i < std::min(found.size(), kMostKnown); i++) read_values(table, rows_[table.id][i]);
    });
    if (!outcome.ok) why_none_[table.id] = "its rows could not be read: " + outcome.message;
    unread_ += outcome.sqlstate == "42501";
}

void Stage::divide(const std::vector<Oid> &wanted) {
    for (const Oid table : wanted)
        if (std::vector<Part> parts = read_parts(table); !parts.empty()) parts_[table] = std::move(parts);
}

void Stage::set_up(const std::vector<Oid> &wanted) {
    divide(wanted);
    const std::vector<Oid> order = tables_.parents_first();
    for (const Oid table : order)
        if (tables_.of(table)->made && contains(wanted, table)) find(*tables_.of(table));
    triggers_off_ = attempt(Finish::commit, [] { set_locally("session_replication_role", "replica"); }).ok;
    if (!triggers_off_) return; // a trigger's effects may reach beyond the transaction: nothing is made
    for (const Oid table : order)
        if (tables_.of(table)->made && contains(wanted, table)) make(*tables_.of(table));
}

std::optional<Row> Stage::own_row(const TableShape &table, const std::string &uid, const std::map<Oid, Row> &own) {
    Values values = owned_by(table, {}, uid);
    for (const ColumnShape &column : table.columns) {
        if (values.contains(column.number)) continue;
        if (!column.default_expression.empty()) {
            // A key that is more than an id has its default as well: the role in (person, role).
            if (column.category != TYPCATEGORY_NUMERIC && column.type != UUIDOID)
                values[column.number] =
                    query(fmt::format("select ({})::{}::text", column.default_expression, column.type_name))
                        .value(0, 0);
            continue;
        }
        std::vector<Candidate> labels;
        if (column.kind == TYPTYPE_ENUM) {
            labels.assign(column.labels.rbegin(), column.labels.rend());
        } else if (const auto allowed = tables_.allowed.find({table.id, column.number});
                   allowed != tables_.allowed.end() && column.category == TYPCATEGORY_STRING) {
            labels.assign(allowed->second.rbegin(), allowed->second.rend());
        }
        // What signing up gives is not the label that policies ask for; where they ask for all, the one they ask least.
        const auto asked = [&](const Candidate &label) {
            const auto found = hints_.mentions.find(*label);
            return found == hints_.mentions.end() ? 0 : found->second;
        };
        const auto plain = std::min_element(
            labels.begin(), labels.end(), [&](const Candidate &a, const Candidate &b) { return asked(a) < asked(b); });
        if (plain != labels.end()) values[column.number] = *plain;
    }
    for (const ForeignKey &key : table.foreign_keys) {
        const auto parent = own.find(key.parent);
        if (parent == own.end()) continue;
        for (size_t i = 0; i < key.columns.size(); i++)
            if (const auto value = parent->second.values.find(key.parent_columns[i]);
                value != parent->second.values.end())
                values[key.columns[i]] = value->second;
    }
    std::string why;
    if (auto row = maker_.insert(table, values, why)) return row;
    for (const Values &one : owned_each(table, values, uid))
        if (auto row = maker_.insert(table, one, why)) return row;
    return std::nullopt;
}

// With the triggers awake; nothing where they may not be woken, or object.
std::optional<Row> Stage::account_row(const TableShape &table, const std::string &uid, const std::map<Oid, Row> &own) {
    if (!triggers_off_ || (may_wake_ != nullptr && !may_wake_(table))) return std::nullopt;
    std::optional<Row> row;
    const Outcome signed_up = attempt(Finish::commit, [&] {
        set_locally("session_replication_role", "origin");
        row = own_row(table, uid, own);
        set_locally("session_replication_role", "replica");
    });
    set_locally("session_replication_role", "replica");
    return signed_up.ok ? row : std::nullopt;
}

bool Stage::make_account(const std::string &uid) {
    for (const auto &[id, table] : tables_.shapes) {
        if (table.name != kAccounts || !table.made || !rows_.contains(id)) continue;
        if (account_row(table, uid, {})) return true;
        // Where what the application does then fails: the row alone.
        bool made = false;
        const TableShape &accounts = table;
        return attempt(Finish::commit, [&] { made = own_row(accounts, uid, {}).has_value(); }).ok && made;
    }
    return false;
}

std::vector<Row> Stage::sign_up(const std::string &uid, bool everywhere) {
    std::vector<Row> result;
    std::map<Oid, Row> own;
    const auto keep = [&](const TableShape &table) {
        // What a sign-up trigger or an earlier step has put there already counts.
        for (const ColumnShape &column : table.columns) {
            if (!hints_.identity.contains({table.id, column.number}) || column.category == TYPCATEGORY_ARRAY) continue;
            std::string columns;
            for (const ColumnShape &other : table.columns) columns += ", " + other.name + "::text";
            const Rows found =
                query(fmt::format("select tableoid, ctid{} from {} where {} = {} limit {}", columns, table.name,
                                  column.name, Maker::literal(column, identity_text(column, uid)), kMostFound),
                      {}, false);
            for (size_t i = 0; i < found.size(); i++) {
                Values values;
                for (size_t c = 0; c < table.columns.size(); c++)
                    values.emplace(table.columns[c].number, found.value(i, c + 2));
                result.push_back({table.id, found.oid(i, 0), found.text(i, 1), std::move(values), false});
            }
            if (!found.empty()) return true;
        }
        return false;
    };
    const auto belong = [&](Oid to) {
        const TableShape *parent = tables_.of(to);
        if (own.contains(to) || parent == nullptr || !parent->made) return;
        if (auto row = own_row(*parent, uid, own)) {
            result.push_back(*row);
            own.emplace(to, std::move(*row));
        }
    };
    for (const Oid id : tables_.parents_first()) {
        const TableShape &table = *tables_.of(id);
        if (!table.made || !rows_.contains(id)) continue;
        const Scratch scratch;
        bool is_account = false, is_profile = false;
        size_t people = 0;
        for (const ColumnShape &column : table.columns) {
            if (!hints_.identity.contains({id, column.number})) continue;
            people++;
            if (!single_key(table, column.number)) continue;
            is_profile = true;
            is_account =
                is_account || std::none_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                                           [&](const ForeignKey &key) { return contains(key.columns, column.number); });
        }
        // A membership joins an identity to something else, a role to nothing but the person.
        ForeignKey tenant{};
        for (const ForeignKey &key : table.foreign_keys)
            if (key.parent != id &&
                !std::any_of(key.columns.begin(), key.columns.end(),
                             [&](int c) {
                                 return hints_.identity.contains({id, c});
                             }) &&
                !contains(account_keys(table), &key))
                tenant = key;
        for (const ForeignKey *key : account_keys(table)) people += own.contains(key->parent);
        const bool is_membership =
            !is_profile && deciding_.contains(id) && (people == 1 || (people > 1 && tenant.parent != InvalidOid));
        if (!is_profile && !is_membership && !(everywhere && people > 0)) continue;
        const Outcome outcome = attempt(Finish::commit, [&] {
            if (keep(table)) return;
            if (is_membership && tenant.parent != InvalidOid) belong(tenant.parent);
            // What a profile says somebody belongs to is there as well.
            if (is_profile)
                for (const ForeignKey &key : table.foreign_keys)
                    if (key.columns.size() == 1 && key.parent != id &&
                        !hints_.identity.contains({id, key.columns.front()}) && tables_.of(key.parent) != nullptr &&
                        !this->is_account(*tables_.of(key.parent)))
                        belong(key.parent);
            // The account itself comes with whatever the application does at sign-up.
            if (auto row = is_account ? account_row(table, uid, own) : std::nullopt) {
                result.push_back(*row);
                own.emplace(id, std::move(*row));
                return;
            }
            if (auto row = own_row(table, uid, own)) {
                result.push_back(*row);
                own.emplace(id, std::move(*row));
            }
        });
        (void)outcome; // a row of our own that cannot be made leaves that much unproved, and nothing accused
    }
    return result;
}

std::optional<Row> Stage::another_own(const TableShape &table, const std::string &uid, const std::vector<Row> &own) {
    std::map<Oid, Row> of;
    for (const Row &row : own) of.emplace(row.table, row);
    return own_row(table, uid, of);
}

const std::vector<Part> &Stage::parts(Oid table) const {
    static const std::vector<Part> none;
    const auto found = parts_.find(table);
    return found == parts_.end() ? none : found->second;
}

const std::vector<Row> &Stage::rows(Oid table) const {
    static const std::vector<Row> none;
    const auto found = rows_.find(table);
    return found == rows_.end() ? none : found->second;
}

const std::string &Stage::why_none(Oid table) const {
    static const std::string unknown = "nothing was put there";
    const auto found = why_none_.find(table);
    return found == why_none_.end() ? unknown : found->second;
}

} // namespace rlsproof::server
