#include "server/naming.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "server/nobody.hpp"

namespace rlsproof::server {

namespace {

bool is_number(const std::string &text) {
    return !text.empty() && text.size() < 18 && text.find_first_not_of("0123456789") == std::string::npos;
}

bool is_uuid(const std::string &text) {
    return text.size() == 36 && text[8] == '-' && text[13] == '-' &&
           text.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

bool is_email(const std::string &text) {
    return text.find('@') != std::string::npos;
}

// Whether a run of characters is in both that is too long to be there by chance.
bool share_a_run(const std::string &one, const std::string &other) {
    constexpr size_t run = 4;
    for (size_t at = 0; at + run <= one.size(); at++)
        if (other.find(one.substr(at, run)) != std::string::npos) return true;
    return false;
}

// What says who a persona is: its identity, as claims and settings carry it.
std::vector<std::string> identities(const Persona &persona) {
    std::vector<std::string> values;
    if (!persona.uid.empty()) values = {persona.uid, persona.uid + "@nowhere.invalid"};
    for (const auto &[name, value] : persona.settings)
        if (name != "request.jwt.claims" && (persona.declared ? !value.empty() : is_uuid(value) || is_number(value)) &&
            std::find(values.begin(), values.end(), value) == values.end())
            values.push_back(value);
    values.insert(values.end(), persona.tenants.begin(), persona.tenants.end());
    return values;
}

// By what the server's own functions are called in an expression: their names, then the types of their arguments.
bool is_one_of(const expr::Node &function, std::initializer_list<std::string_view> names) {
    if (function.kind != expr::Kind::function) return false;
    const std::string_view called = std::string_view(function.name).substr(0, function.name.find('['));
    return std::find(names.begin(), names.end(), called) != names.end();
}

// What is true only where the first argument has the second in it.
const expr::Node *search_in(const expr::Expr &condition) {
    if (is_one_of(*condition, {"textlike", "texticlike", "starts_with", "jsonb_contains", "jsonb_exists"}))
        return condition->pure && condition->arguments.size() == 2 ? condition.get() : nullptr;
    // position(b IN a) > 0
    if (condition->kind != expr::Kind::comparison) return nullptr;
    const expr::Node &place = *condition->arguments[0], &least = *condition->arguments[1];
    if (!is_one_of(place, {"position", "strpos"}) || !place.pure || place.arguments.size() != 2 ||
        least.kind != expr::Kind::constant || least.null)
        return nullptr;
    const bool found = (least.number == 0 && (condition->comparison == expr::Comparison::greater ||
                                              condition->comparison == expr::Comparison::not_equal)) ||
                       (least.number == 1 && condition->comparison == expr::Comparison::greater_equal);
    return found ? &place : nullptr;
}

} // namespace

Naming::Naming(const Persona &persona) : values_(identities(persona)) {}

bool Naming::is_identity(const expr::Expr &value) const {
    return value->kind == expr::Kind::constant && !value->null && (is_uuid(value->name) || is_email(value->name)) &&
           std::find(values_.begin(), values_.end(), value->name) != values_.end();
}

// The server folds what it can: a constant may be made of the identity, as a whole (a document around it), in part, or
// as something computed from it (a digest), and a row's value can then be made into the identity though it says nothing
// of it. Members, separators and positions are short, or words without a digit.
bool Naming::tells_nothing(const expr::Expr &constant) const {
    const std::string &text = constant->name;
    if (constant->null || constant->type.is_boolean() || text.size() <= 3) return true;
    return text.find_first_of("0123456789") == std::string::npos &&
           std::none_of(values_.begin(), values_.end(),
                        [&](const std::string &value) { return share_a_run(text, value); });
}

bool Naming::follows_from(const expr::Expr &value, const expr::Row *&row) const {
    switch (value->kind) {
    case expr::Kind::constant: return tells_nothing(value);
    case expr::Kind::column:
        if (row != nullptr && !(*row == value->row)) return false;
        row = &value->row;
        return true;
    case expr::Kind::function:
        return value->pure && std::all_of(value->arguments.begin(), value->arguments.end(),
                                          [&](const expr::Expr &part) { return follows_from(part, row); });
    default: return false;
    }
}

// Whether the identity is in it as a whole, whatever is around it: a pattern, a document.
bool Naming::holds_identity(const expr::Expr &value) const {
    if (is_one_of(*value, {"jsonb_build_object", "jsonb_build_array", "to_jsonb", "cast uuid to text"}))
        return std::any_of(value->arguments.begin(), value->arguments.end(),
                           [&](const expr::Expr &part) { return holds_identity(part); });
    return value->kind == expr::Kind::constant && !value->null &&
           std::any_of(values_.begin(), values_.end(), [&](const std::string &identity) {
               // Nothing in it means more than itself in a pattern.
               return (is_uuid(identity) || is_email(identity)) &&
                      identity.find_first_of("_%\\") == std::string::npos &&
                      value->name.find(identity) != std::string::npos;
           });
}

void Naming::learn(const expr::Expr &condition) {
    for (const expr::Select &select : condition->selects)
        for (const expr::Expr &part : {select.where, select.output})
            if (part) learn(part);
    for (const expr::Expr &part : condition->arguments) learn(part);
    if (const expr::Node *search = search_in(condition)) {
        const expr::Row *row = nullptr;
        if (holds_identity(search->arguments[1]) && follows_from(search->arguments[0], row) && row != nullptr)
            readings_.push_back({row->table, condition});
        return;
    }
    const bool equal = condition->kind == expr::Kind::comparison && condition->comparison == expr::Comparison::equal;
    if (!equal && condition->kind != expr::Kind::member) return;
    for (const size_t own : {size_t{0}, size_t{1}}) {
        const expr::Expr &read = condition->arguments[1 - own];
        const expr::Node &against = *condition->arguments[own];
        if (against.kind == expr::Kind::constant && against.name == kNil && read->kind == expr::Kind::column)
            against_nobody_.emplace(read->row.table, read->column);
        const expr::Row *row = nullptr;
        if (!is_identity(condition->arguments[own]) || read->kind != expr::Kind::function || !follows_from(read, row) ||
            row == nullptr)
            continue;
        readings_.push_back({row->table, condition});
    }
}

std::vector<expr::Expr> Naming::conditions(const prove::Table &table, const expr::Row &row) const {
    std::vector<expr::Expr> result;
    for (const prove::Column &column : table.columns) {
        const expr::Expr there = expr::column(column.type, row, column.number);
        for (const std::string &value : values_) {
            const expr::Type &type = column.type;
            if ((type.name == "uuid" && is_uuid(value)) || type.name == "text")
                result.push_back(expr::equal(there, expr::literal(type, value)));
            else if (type.name == "integer" && is_number(value))
                result.push_back(expr::equal(there, expr::number(type, std::stoll(value))));
            else if (type.name == "uuid[]" && is_uuid(value))
                result.push_back(expr::member(expr::literal({expr::Sort::value, "uuid", false}, value), there));
            else if (type.name == "text[]" || type.name == "character varying[]")
                result.push_back(expr::member(expr::literal({expr::Sort::value, "text", false}, value), there));
        }
    }
    for (const Reading &reading : readings_)
        if (reading.table == row.table)
            result.push_back(expr::replace_columns(reading.condition, [&](const expr::Expr &there) {
                return expr::column(there->type, row, there->column);
            }));
    return result;
}

} // namespace rlsproof::server
