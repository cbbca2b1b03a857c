#include "base/text.hpp"

#include "server/call_documents.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostVariants = 8; // of one argument
constexpr size_t kMostMembers = 48; // of one row

// The key of no row.
constexpr const char *kNobody = "00b0d1e5-0000-4000-8000-000000000000";

bool is_json(Oid type) {
    return type == JSONOID || type == JSONBOID;
}

void each_leaf(const Place &place, const std::function<void(const Place &)> &use) {
    for (const auto &[key, member] : place.members) each_leaf(member, use);
    if (place.element != nullptr) each_leaf(*place.element, use);
    if (!place.has_parts()) use(place);
}

bool is_number(const std::string &value) {
    return !value.empty() && value.find_first_not_of("0123456789.-") == std::string::npos;
}

} // namespace

struct Documents::Filling {
    const Variant *variant;
    size_t turn;
    bool own;
    const Candidate *instead;
    bool of_nobody;
    Made made = {};
};

Documents::Documents(std::map<size_t, Place> read, const std::vector<Argument> &arguments, const Chooser &chooser,
                     Stage &stage)
    : arguments_(arguments), chooser_(chooser), stage_(stage), places_(std::move(read)) {
    const auto holds_more = [](const Argument &argument) {
        return is_json(argument.type_id) || argument.category == TYPCATEGORY_STRING ||
               argument.category == TYPCATEGORY_COMPOSITE || argument.element != InvalidOid;
    };
    std::map<size_t, Place> places = places_;
    for (size_t i = 0; i < arguments.size(); i++) {
        const Argument &argument = arguments[i];
        if (!holds_more(argument)) continue;
        Place place = std::move(places[i]);
        if (argument.category == TYPCATEGORY_COMPOSITE) {
            add_row(place, argument.type_id);
        } else if (argument.element != InvalidOid) {
            if (place.element == nullptr) place.element = std::make_shared<Place>();
            place.members.clear();
            if (argument.element_category == TYPCATEGORY_COMPOSITE) add_row(*place.element, argument.element);
            const bool plain = !place.element->has_parts() && !place.element->compared;
            if (plain || (!place.element->has_parts() && chooser.column_of(argument, i))) continue;
        }
        if (!place.has_parts()) continue;
        Document &document = documents_[i];
        know_type(place, "");
        document.root = std::move(place);
        std::vector<std::string> at;
        if (names_words(document.root)) document.variants.push_back({Kind::words});
        if (asks_for_null(document.root)) document.variants.push_back({Kind::bare});
        add_variants(document, document.root, at);
    }
}

// All columns of a row, and what they hold where it is one of a table.
void Documents::add_row(Place &place, Oid type) {
    const Rows rows = query(R"(
select a.attname, t.typname, a.attrelid, a.attnum from pg_catalog.pg_type c
join pg_catalog.pg_attribute a on a.attrelid = c.typrelid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid where c.oid = $1::oid order by a.attnum limit $2::int)",
                            {std::to_string(type), std::to_string(kMostMembers)});
    for (size_t i = 0; i < rows.size(); i++) {
        Place &member = place.members[rows.text(i, 0)];
        member.type = rows.text(i, 1);
        const Column column{rows.oid(i, 2), (int)rows.number(i, 3)};
        if (!member.compared && stage_.tables().of(column.relation) != nullptr) member.compared = column;
    }
}

// Of what nothing else says which column it stands for its name says it, as that of an argument does.
void Documents::know_type(Place &place, const std::string &name) {
    for (auto &[key, member] : place.members) know_type(member, key);
    if (place.element != nullptr) know_type(*place.element, name);
    if (place.has_parts()) return;
    const auto is_known = [&](const std::optional<Column> &column) {
        return column && stage_.tables().of(column->relation) != nullptr && !stage_.rows(column->relation).empty();
    };
    if (!is_known(place.compared)) place.compared = is_known(place.written) ? place.written : std::nullopt;
    if (place.compared || name.empty()) return;
    const char category = category_of(place);
    std::string categories{category};
    if (category == TYPCATEGORY_STRING) categories += "UNDBE"; // everything may be taken out as text
    for (const char tried : categories) {
        const Argument argument{name, place.type, InvalidOid, tried, false, InvalidOid, {}, InvalidOid, '\0', false};
        place.compared = chooser_.column_of(argument, arguments_.size());
        if (place.compared) return;
    }
}

char Documents::category_of(const Place &place) const {
    if (place.compared)
        if (const TableShape *table = stage_.tables().of(place.compared->relation))
            if (const ColumnShape *column = table->column(place.compared->number)) return column->category;
    if (place.type.empty()) return TYPCATEGORY_STRING;
    const Rows rows = query("select typcategory from pg_catalog.pg_type where typname = $1 limit 1", {place.type});
    return rows.empty() ? TYPCATEGORY_STRING : rows.text(0, 0)[0];
}

void Documents::add_variants(Document &document, const Place &place, std::vector<std::string> &at) const {
    for (const auto &[key, member] : place.members) {
        at.push_back(key);
        add_variants(document, member, at);
        at.pop_back();
    }
    if (place.element != nullptr) {
        at.emplace_back();
        add_variants(document, *place.element, at);
        at.pop_back();
    }
    if (place.has_parts()) return;
    const auto add = [&](const std::string &value, bool mine) {
        if (document.variants.size() < kMostVariants)
            document.variants.push_back({mine ? Kind::mine : Kind::word, at, value});
    };
    if (place.compared && chooser_.is_identity(*place.compared)) return;
    if (place.compared && chooser_.is_key(*place.compared)) {
        if (const Candidate mine = chooser_.mine_for(*place.compared)) add(*mine, true);
        return;
    }
    for (const std::string &word : place.words) add(word, false);
}

bool Documents::names_words(const Place &place) {
    return (!place.has_parts() && !place.words.empty()) || (place.element != nullptr && names_words(*place.element)) ||
           std::any_of(place.members.begin(), place.members.end(),
                       [](const auto &member) { return names_words(member.second); });
}

bool Documents::asks_for_null(const Place &place) {
    return (place.element != nullptr && asks_for_null(*place.element)) ||
           std::any_of(place.members.begin(), place.members.end(),
                       [](const auto &member) { return member.second.null_asked || asks_for_null(member.second); });
}

// Something of the kind, of which nothing is known but that.
std::string Documents::default_of(const Place &place) {
    if (!place.words.empty()) return place.words.front();
    if (place.type == "uuid") return "5ca1ab1e-0000-4000-8000-000000000000";
    const Rows rows = query("select t.typcategory, (select e.enumlabel from pg_catalog.pg_enum e where e.enumtypid = "
                            "t.oid order by e.enumsortorder limit 1) from pg_catalog.pg_type t where t.typname = $1 "
                            "limit 1",
                            {place.type});
    switch (rows.empty() ? TYPCATEGORY_STRING : rows.text(0, 0)[0]) {
    case TYPCATEGORY_NUMERIC: return "1";
    case TYPCATEGORY_BOOLEAN: return "t";
    case TYPCATEGORY_DATETIME: return "2000-01-01";
    case TYPCATEGORY_TIMESPAN: return "1 hour";
    case TYPCATEGORY_ENUM: return rows.text(0, 1);
    case TYPCATEGORY_ARRAY: return "{}";
    default: return "made";
    }
}

std::string Documents::value_at(const Place &place, std::vector<std::string> &at, Filling &filling) const {
    Made &made = filling.made;
    const std::optional<Column> &column = place.compared;
    const Kind kind = filling.variant == nullptr ? Kind::word : filling.variant->kind;
    const bool first_word = kind == Kind::words || kind == Kind::bare;
    if (first_word && !place.words.empty() &&
        !(column && (chooser_.is_key(*column) || chooser_.is_identity(*column)))) {
        made.given.insert(place.words.front());
        return place.words.front();
    }
    if (filling.variant != nullptr && !first_word && filling.variant->at == at) {
        made.given.insert(filling.variant->value);
        return filling.variant->value;
    }
    Candidate value = column ? chooser_.value_of(*column, filling.turn, filling.own) : std::nullopt;
    if (column && value) {
        const bool by_key = chooser_.is_key(*column) && !chooser_.is_identity(*column);
        made.by_key = made.by_key || by_key;
        if (chooser_.at_hand(*column)) {
            made.handed = true;
        } else if (chooser_.is_secret(*column)) {
            made.secrets.push_back(*column);
            if (filling.instead != nullptr) value = *filling.instead;
        }
        if (filling.of_nobody && stage_.tables().of(column->relation)->column(column->number)->type == UUIDOID)
            value = kNobody;
    }
    const std::string text = value ? place.before + *value : default_of(place);
    made.given.insert(text);
    return text;
}

std::string Documents::json_of(const Place &place, std::vector<std::string> &at, Filling &filling) const {
    if (!place.members.empty()) {
        std::string members;
        for (const auto &[key, member] : place.members) {
            if (member.null_asked && filling.variant != nullptr && filling.variant->kind == Kind::bare) continue;
            at.push_back(key);
            members +=
                fmt::format("{}{}: {}", members.empty() ? "" : ", ", text::json(key), json_of(member, at, filling));
            at.pop_back();
        }
        return "{" + members + "}";
    }
    if (place.element != nullptr) {
        at.emplace_back();
        const std::string element =
            place.in_text ? text::json(value_at(*place.element, at, filling)) : json_of(*place.element, at, filling);
        at.pop_back();
        return place.in_text ? element : "[" + element + "]";
    }
    const std::string value = value_at(place, at, filling);
    const ColumnShape *column =
        place.compared ? stage_.tables().of(place.compared->relation)->column(place.compared->number) : nullptr;
    if (column != nullptr ? is_json(column->type) : place.type == "json" || place.type == "jsonb")
        return column != nullptr && value.find_first_of("{[") == 0 ? value : "{}";
    switch (category_of(place)) {
    case TYPCATEGORY_NUMERIC: return is_number(value) ? value : text::json(value);
    case TYPCATEGORY_BOOLEAN: return value == "t" || value == "true" ? "true" : "false";
    case TYPCATEGORY_ARRAY: return "[]";
    default: return text::json(value);
    }
}

std::vector<Column> Documents::columns(size_t argument) const {
    std::vector<Column> columns;
    if (const auto found = documents_.find(argument); found != documents_.end())
        each_leaf(found->second.root, [&](const Place &leaf) {
            if (leaf.compared) columns.push_back(*leaf.compared);
        });
    return columns;
}

size_t Documents::variants(size_t argument) const {
    const auto found = documents_.find(argument);
    return found == documents_.end() ? 0 : found->second.variants.size();
}

bool Documents::is_mine(size_t argument, size_t variant) const {
    return variant > 0 && documents_.at(argument).variants.at(variant - 1).kind == Kind::mine;
}

std::vector<Candidate> Documents::nothing(const Argument &argument) {
    if (!is_json(argument.type_id)) return {std::nullopt};
    return {"{}", "[]", std::nullopt};
}

Documents::Made Documents::fill(size_t number, size_t variant, Filling filling) const {
    const Document &document = documents_.at(number);
    const Argument &argument = arguments_[number];
    if (variant > 0) filling.variant = &document.variants.at(variant - 1);
    std::vector<std::string> at;
    const Place &root = document.root;
    const bool array = argument.element != InvalidOid;
    const Place &place = array ? *root.element : root;
    if (array) at.emplace_back();
    std::string text;
    if (place.in_text) {
        at.emplace_back();
        text = value_at(*place.element, at, filling);
    } else {
        text = place.has_parts() ? json_of(place, at, filling) : value_at(place, at, filling);
    }
    // A row is what the server makes of the document.
    const Oid row = array ? argument.element : argument.type_id;
    if ((array ? argument.element_category : argument.category) == TYPCATEGORY_COMPOSITE) {
        const Outcome outcome = attempt(Finish::rollback, [&] {
            const std::string type =
                query("select pg_catalog.format_type($1::oid, null)", {std::to_string(row)}).text(0, 0);
            text =
                query(fmt::format("select pg_catalog.jsonb_populate_record(null::{}, $1::jsonb)::text", type), {text})
                    .text(0, 0);
        });
        if (!outcome.ok) return {};
    }
    filling.made.text = array ? array_literal({text}) : text;
    return std::move(filling.made);
}

Documents::Made Documents::make(size_t argument, size_t variant, size_t turn, bool own,
                                const Candidate *instead) const {
    return fill(argument, variant, {nullptr, turn, own, instead, false});
}

Candidate Documents::of_nobody(size_t argument, size_t variant, size_t turn, bool own) const {
    return fill(argument, variant, {nullptr, turn, own, nullptr, true}).text;
}

} // namespace rlsproof::server
