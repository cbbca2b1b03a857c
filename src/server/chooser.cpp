#include "base/pattern.hpp"
#include "base/text.hpp"
#include "model/name_words.hpp"

#include "server/chooser.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "server/drawn.hpp"
#include "server/handed.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"
#include "server/standing.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr int kLongWord = 16;    // letters from which on nobody guesses a word
constexpr size_t kMostWords = 8; // for one argument
constexpr size_t kFresh = 9731;  // of numbers, one that no row holds
constexpr const char *kFreshId = "5ca1ab1e-0000-4000-8000-00000000f4e5";

// p_order_id, _order_id and in_order_id are order_id.
std::string without_prefix(const std::string &name) {
    for (const char *prefix : {"p_", "in_", "arg_", "v_", "i_", "the_", "target_", "_"})
        if (name.starts_with(prefix) && name.size() > std::string_view(prefix).size())
            return name.substr(std::string_view(prefix).size());
    return name;
}

// orders and order, companies and company are the same thing.
bool is_plural_of(const std::string &table, const std::string &word) {
    return table == word || table == word + "s" || table == word + "es" ||
           (word.ends_with('y') && table == word.substr(0, word.size() - 1) + "ies");
}

bool takes_words(const Argument &argument) {
    return argument.category == TYPCATEGORY_STRING || argument.category == TYPCATEGORY_NUMERIC ||
           argument.category == TYPCATEGORY_ENUM;
}

// Numbers between those that a body names, those themselves, and what is past them.
std::vector<std::string> within(const std::vector<std::string> &words, Oid type) {
    std::vector<double> limits;
    for (const std::string &word : words) {
        char *end = nullptr;
        const double limit = std::strtod(word.c_str(), &end);
        if (!word.empty() && *end == '\0' && std::isfinite(limit) && std::fabs(limit) < 1e15) limits.push_back(limit);
    }
    std::sort(limits.begin(), limits.end());
    std::vector<double> numbers;
    for (size_t i = 0; i + 1 < limits.size(); i++) numbers.push_back((limits[i] + limits[i + 1]) / 2);
    if (!limits.empty()) {
        numbers.push_back(limits.back() + 1);
        numbers.push_back(limits.front() - 1);
    }
    numbers.insert(numbers.end(), limits.begin(), limits.end());
    const bool whole = type == INT2OID || type == INT4OID || type == INT8OID;
    std::vector<std::string> result;
    for (const double number : numbers) result.push_back(fmt::format("{}", whole ? std::floor(number) : number));
    return result;
}

} // namespace

bool fits(const std::string &value, const std::string &type) {
    return attempt(Finish::rollback, [&] { (void)query(fmt::format("select {}::{}", quote_literal(value), type)); }).ok;
}

Chooser::Chooser(const Function &function, Stage &stage, const std::string &uid, const std::vector<Row> *own,
                 const Row *at_hand)
    : stage_(stage), uid_(uid), own_(own), at_hand_(at_hand), facts_(read_body_facts(function.id)) {
    std::vector<const Touch *> touches;
    for (const Touch &touch : function.touches) touches.push_back(&touch);
    std::stable_sort(touches.begin(), touches.end(),
                     [](const Touch *a, const Touch *b) { return a->written > b->written; });
    for (const Touch *touch : touches)
        for (const auto &[id, shape] : stage_.tables().shapes)
            if (shape.name == touch->relation && !stage_.rows(id).empty()) tables_.push_back(&shape);
}

std::optional<Column> Chooser::column_of(const Argument &argument, size_t position) const {
    const auto said = [&](const std::string &name) {
        return name == argument.name || name == fmt::format("${}", position + 1);
    };
    for (const auto *facts : {&facts_.compared, &facts_.written})
        for (const auto &[column, name] : *facts)
            if (said(name) && !stage_.rows(column.relation).empty()) return column;
    for (const auto &[place, name] : facts_.handed)
        if (said(name))
            for (const Column &column : compared_with_argument(place.first, place.second))
                if (!stage_.rows(column.relation).empty()) return column;
    if (argument.name.empty()) return std::nullopt;
    std::string name = without_prefix(argument.name);
    char category = argument.category;
    // order_ids is an array of what order_id is one of.
    if (argument.element != InvalidOid && name.ends_with('s')) {
        name.pop_back();
        category = argument.element_category;
    }
    for (const TableShape *table : tables_)
        for (const ColumnShape &column : table->columns)
            if (column.name == name && column.category == category) return Column{table->id, column.number};
    if (const auto tenant = tenant_called(stage_, name, category)) return tenant;
    if (!name.ends_with("_id") && name != "id") return std::nullopt;
    const std::string word = name == "id" ? "" : name.substr(0, name.size() - 3);
    for (const TableShape *table : tables_) {
        const std::string last = table->name.substr(table->name.rfind('.') + 1);
        if (!table->keys.empty() && table->keys.front().size() == 1 && (word.empty() || is_plural_of(last, word)))
            return Column{table->id, table->keys.front().front()};
    }
    return std::nullopt;
}

Candidate Chooser::value_of(const Column &column, size_t turn, bool own) const {
    if (const std::optional<int> number = at_hand(column)) return at_hand_->values.at(*number);
    if (own && stage_.hints().identity.contains(column)) {
        const ColumnShape *shape = stage_.tables().of(column.relation)->column(column.number);
        return identity_as(shape->category == TYPCATEGORY_NUMERIC ? "int8" : "text", uid_);
    }
    // In turn from those that were there and from those that were made, which tell more by what they hold.
    const std::vector<Row> &rows = stage_.rows(column.relation);
    for (size_t step = 0; step < rows.size(); step++) {
        const size_t at = (turn / 2 + step) % rows.size();
        const Row &row = rows[turn % 2 == 0 ? at : rows.size() - 1 - at];
        if (const auto value = row.values.find(column.number); value != row.values.end() && value->second)
            return value->second;
    }
    return std::nullopt;
}

Candidate Chooser::value_for(const Argument &argument, const Column &column, size_t turn, bool own) const {
    const Candidate value = value_of(column, turn, own);
    const ColumnShape *shape = stage_.tables().of(column.relation)->column(column.number);
    const bool many = argument.element != InvalidOid && shape->category != TYPCATEGORY_ARRAY;
    return value && many ? Candidate(array_literal({*value})) : value;
}

std::optional<Column> Chooser::person_for(const Argument &argument) const {
    const Oid type = argument.type_id;
    const auto fits = [&](const Column &column) {
        const TableShape *table = stage_.tables().of(column.relation);
        return type == UUIDOID && table != nullptr && table->column(column.number)->type == type &&
               !stage_.rows(column.relation).empty();
    };
    const std::set<Column> &people = stage_.hints().identity;
    for (const TableShape *table : tables_)
        for (const Column &column : people)
            if (column.relation == table->id && fits(column)) return column;
    const auto anywhere = std::find_if(people.begin(), people.end(), fits);
    return anywhere == people.end() ? std::nullopt : std::optional<Column>(*anywhere);
}

// What may be written into the column, what policies and their helpers ask for first.
std::vector<std::string> Chooser::words_into(const Column &column) const {
    const TableShape *table = stage_.tables().of(column.relation);
    const ColumnShape *shape = table == nullptr ? nullptr : table->column(column.number);
    if (shape == nullptr || is_identity(column)) return {};
    std::vector<std::string> words = role_words(stage_, *table, *shape);
    for (std::string &word : words_of(stage_, *table, *shape)) words.push_back(std::move(word));
    return words;
}

// The same of an argument that is an object: with the rest of it as the row at hand has it.
std::vector<std::string> Chooser::objects_for(const std::vector<const Flow *> &flows) const {
    const auto object = [&](const Flow &one, const std::string &word) {
        std::map<std::string, std::string> members;
        for (const Flow *flow : flows) {
            const auto value = at_hand_->values.find(flow->into.number);
            if (flow->into.relation == at_hand_->table && value != at_hand_->values.end() && value->second)
                members[flow->key] = text::json(*value->second);
        }
        const ColumnShape &shape = *stage_.tables().of(one.into.relation)->column(one.into.number);
        members[one.key] = shape.category != TYPCATEGORY_BOOLEAN ? text::json(word) : word == "t" ? "true" : "false";
        std::string result;
        for (const auto &[key, value] : members)
            result += fmt::format("{}{}: {}", result.empty() ? "" : ", ", text::json(key), value);
        return "{" + result + "}";
    };
    std::vector<std::string> words;
    for (const Flow *flow : flows)
        for (const std::string &word : words_into(flow->into)) words.push_back(object(*flow, word));
    return words;
}

std::vector<std::string> Chooser::words_for(const Argument &argument, size_t position,
                                            const std::optional<Column> &column) const {
    std::vector<std::string> words;
    if (column && (is_identity(*column) || is_key(*column))) return words;
    const bool object = argument.type_id == JSONOID || argument.type_id == JSONBOID;
    std::vector<const Flow *> flows;
    for (const Flow &flow : facts_.flows)
        if (at_hand_ != nullptr && object != flow.key.empty() &&
            (flow.argument == argument.name || flow.argument == fmt::format("${}", position + 1)))
            flows.push_back(&flow);
    const auto take = [&](const std::string &name) {
        if (const auto asked = facts_.asked.find(name); asked != facts_.asked.end() && takes_words(argument))
            words.insert(words.end(), asked->second.begin(), asked->second.end());
    };
    if (!argument.name.empty()) take(argument.name);
    take(fmt::format("${}", position + 1));
    if (words.empty()) take("");
    if (argument.category == TYPCATEGORY_NUMERIC) words = within(words, argument.type_id);
    // Another label than the one that is named may be what opens it.
    if (!words.empty()) words.insert(words.end(), argument.labels.begin(), argument.labels.end());
    const bool is_set = !flows.empty() || (at_hand_ != nullptr && column && facts_.written.contains(*column));
    if (argument.category == TYPCATEGORY_BOOLEAN && (is_set || (!column && !argument.has_default))) words = {"t", "f"};
    if (column && facts_.written.contains(*column)) {
        if (const auto allowed = stage_.tables().allowed.find(*column); allowed != stage_.tables().allowed.end())
            for (const Candidate &value : allowed->second)
                if (value) words.push_back(*value);
        words.insert(words.end(), argument.labels.begin(), argument.labels.end());
    }
    if (at_hand_ != nullptr && column && facts_.written.contains(*column))
        for (std::string &word : words_into(*column)) words.push_back(std::move(word));
    for (const Flow *flow : flows)
        if (!object && argument.category != TYPCATEGORY_BOOLEAN)
            for (std::string &word : words_into(flow->into)) words.push_back(std::move(word));
    if (object)
        for (std::string &word : objects_for(flows)) words.push_back(std::move(word));
    std::vector<std::string> fitting;
    for (const std::string &word : words)
        if (fitting.size() < kMostWords && std::find(fitting.begin(), fitting.end(), word) == fitting.end() &&
            fits(word, argument.type))
            fitting.push_back(word);
    return fitting;
}

Candidate Chooser::mine_for(const Column &column) const {
    if (own_ == nullptr || is_identity(column) || !is_key(column)) return std::nullopt;
    Column place = column;
    for (const ForeignKey &key : stage_.tables().of(column.relation)->foreign_keys)
        if (key.columns == std::vector{column.number}) place = {key.parent, key.parent_columns.front()};
    for (const Row &row : *own_)
        if (const auto value = row.values.find(place.number); row.table == place.relation && value != row.values.end())
            return value->second;
    // Else what a row of its own says that it belongs to: the team that signing up has put it into.
    for (const Row &row : *own_)
        for (const ForeignKey &key : stage_.tables().of(row.table)->foreign_keys)
            if (const auto value = row.values.find(key.columns.front());
                key.parent == place.relation && key.parent_columns == std::vector{place.number} &&
                value != row.values.end() && value->second)
                return value->second;
    return std::nullopt;
}

std::optional<int> Chooser::at_hand(const Column &column) const {
    if (at_hand_ == nullptr) return std::nullopt;
    if (at_hand_->table == column.relation && at_hand_->values.contains(column.number)) return column.number;
    for (const ForeignKey &key : stage_.tables().of(at_hand_->table)->foreign_keys)
        if (key.parent == column.relation && key.parent_columns == std::vector{column.number})
            if (const auto value = at_hand_->values.find(key.columns.front());
                value != at_hand_->values.end() && value->second)
                return key.columns.front();
    return std::nullopt;
}

bool Chooser::is_one_of_few(const Column &column, const Candidate &value) const {
    const auto allowed = stage_.tables().allowed.find(column);
    return stage_.tables().of(column.relation)->column(column.number)->category == TYPCATEGORY_ENUM ||
           (allowed != stage_.tables().allowed.end() &&
            std::find(allowed->second.begin(), allowed->second.end(), value) != allowed->second.end());
}

bool Chooser::is_key(const Column &column) const {
    const TableShape &table = *stage_.tables().of(column.relation);
    const ColumnShape &shape = *table.column(column.number);
    if (shape.type != UUIDOID && shape.category != TYPCATEGORY_NUMERIC) return false;
    if (stage_.hints().tenant.contains(column)) return true;
    const auto holds = [&](const std::vector<int> &columns) {
        return std::find(columns.begin(), columns.end(), column.number) != columns.end();
    };
    return std::any_of(table.keys.begin(), table.keys.end(), holds) ||
           std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                       [&](const ForeignKey &key) { return holds(key.columns); });
}

Candidate Chooser::fresh_for(const Argument &argument, size_t position, const Column &column) const {
    const auto is_it = [&](const std::string &name) {
        return name == argument.name || name == fmt::format("${}", position + 1);
    };
    const auto written = facts_.written.find(column);
    const bool enters = (written != facts_.written.end() && is_it(written->second)) ||
                        std::any_of(facts_.flows.begin(), facts_.flows.end(), [&](const Flow &flow) {
                            return flow.into == column && flow.key.empty() && is_it(flow.argument);
                        });
    const TableShape &table = *stage_.tables().of(column.relation);
    const auto holds = [&](const std::vector<int> &columns) {
        return std::find(columns.begin(), columns.end(), column.number) != columns.end();
    };
    if (!enters || is_identity(column) || stage_.tables().allowed.contains(column) ||
        std::none_of(table.keys.begin(), table.keys.end(), holds) ||
        std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                    [&](const ForeignKey &key) { return holds(key.columns); }))
        return std::nullopt;
    std::vector<std::string> values;
    if (const auto pattern = stage_.tables().patterns.find(column); pattern != stage_.tables().patterns.end())
        values = text::samples_of_pattern(pattern->second, kFresh);
    std::reverse(values.begin(), values.end()); // the longest are the rarest
    const ColumnShape &shape = *table.column(column.number);
    for (const std::string &value :
         {std::string(kFreshId), fmt::format("fresh-{}@nowhere.invalid", kFresh), std::to_string(kFresh)})
        if (shape.width == 0 || value.size() <= (size_t)shape.width) values.push_back(value);
    const auto stored = [&](const std::string &value) {
        const std::vector<Row> &rows = stage_.rows(column.relation);
        return std::any_of(rows.begin(), rows.end(), [&](const Row &row) {
            const auto held = row.values.find(column.number);
            return held != row.values.end() && held->second == value;
        });
    };
    for (const std::string &value : values)
        if (!stored(value) && fits(value, argument.type)) return value;
    return std::nullopt;
}

bool Chooser::is_only_written(const Argument &argument, size_t position) const {
    const auto is_it = [&](const auto &fact) {
        return fact.second == argument.name || fact.second == fmt::format("${}", position + 1);
    };
    return std::any_of(facts_.written.begin(), facts_.written.end(), is_it) &&
           std::none_of(facts_.compared.begin(), facts_.compared.end(), is_it) &&
           std::none_of(facts_.handed.begin(), facts_.handed.end(), is_it);
}

bool Chooser::is_secret(const Column &column) const {
    const TableShape &table = *stage_.tables().of(column.relation);
    const ColumnShape &shape = *table.column(column.number);
    if (shape.category != TYPCATEGORY_STRING && shape.type != UUIDOID && shape.type != BYTEAOID) return false;
    if ((shape.width > 0 && shape.width < kLongWord) || is_identity(column)) return false;
    const auto pattern = stage_.tables().patterns.find(column);
    if (pattern != stage_.tables().patterns.end()) {
        const std::vector<std::string> samples = text::samples_of_pattern(pattern->second);
        if (samples.empty() || samples.front().size() < (size_t)kLongWord) return false;
    }
    if (stage_.tables().allowed.contains(column)) return false;
    const bool random = is_drawn(column, shape.default_expression);
    if (says_code(shape.name) && !says_secret(shape.name)) return random;
    if (!says_secret(shape.name)) return false;
    if (!shape.default_expression.empty()) return random;
    // Of a token nobody has to say that there is no other like it.
    if (is_secret_word(shape.name)) return true;
    return std::find(table.keys.begin(), table.keys.end(), std::vector{column.number}) != table.keys.end();
}

} // namespace rlsproof::server
