#include "expr/tree.hpp"

#include <algorithm>

namespace rlsproof::expr {

namespace {

const Type kBoolean{};

Node of_kind(Kind kind, std::vector<Expr> arguments = {}, Type type = kBoolean) {
    Node node;
    node.kind = kind;
    node.type = std::move(type);
    node.arguments = std::move(arguments);
    return node;
}

Expr share(Node node) {
    return std::make_shared<const Node>(std::move(node));
}

bool is_null_constant(const Expr &e) {
    return e->kind == Kind::constant && e->null;
}

// AND and OR, flat and without what changes nothing. `stops` is the value that decides alone.
Expr joined(Kind kind, std::vector<Expr> parts, bool stops) {
    std::vector<Expr> kept;
    for (Expr &part : parts) {
        if (is_constant(part, stops)) return boolean(stops);
        if (is_constant(part, !stops)) continue;
        if (part->kind == kind)
            kept.insert(kept.end(), part->arguments.begin(), part->arguments.end());
        else if (std::find(kept.begin(), kept.end(), part) == kept.end())
            kept.push_back(std::move(part));
    }
    if (kept.empty()) return boolean(!stops);
    if (kept.size() == 1) return kept.front();
    return share(of_kind(kind, std::move(kept)));
}

} // namespace

bool is_constant(const Expr &e) {
    return e->kind == Kind::constant;
}

bool is_constant(const Expr &e, bool value) {
    return e->kind == Kind::constant && e->type.is_boolean() && !e->null && (e->number != 0) == value;
}

bool has_select(const Expr &e) {
    return !e->selects.empty() || e->kind == Kind::any || e->kind == Kind::scalar ||
           std::any_of(e->arguments.begin(), e->arguments.end(), has_select);
}

Expr boolean(bool value) {
    Node node = of_kind(Kind::constant);
    node.number = value ? 1 : 0;
    return share(std::move(node));
}

Expr null_of(const Type &type) {
    Node node = of_kind(Kind::constant, {}, type);
    node.null = true;
    return share(std::move(node));
}

Expr number(const Type &type, int64_t value, std::string text) {
    Node node = of_kind(Kind::constant, {}, type);
    node.number = value;
    node.name = text.empty() ? std::to_string(value) : std::move(text);
    return share(std::move(node));
}

Expr literal(const Type &type, std::string text) {
    Node node = of_kind(Kind::constant, {}, type);
    node.name = std::move(text);
    return share(std::move(node));
}

Expr column(const Type &type, Row row, int number) {
    Node node = of_kind(Kind::column, {}, type);
    node.row = row;
    node.column = number;
    return share(std::move(node));
}

Expr parameter(const Type &type, std::string name) {
    Node node = of_kind(Kind::parameter, {}, type);
    node.name = std::move(name);
    return share(std::move(node));
}

Expr both(std::vector<Expr> parts) {
    return joined(Kind::conjunction, std::move(parts), false);
}

Expr either(std::vector<Expr> parts) {
    return joined(Kind::disjunction, std::move(parts), true);
}

Expr negate(Expr inner) {
    if (is_null_constant(inner)) return inner;
    if (is_constant(inner)) return boolean(inner->number == 0);
    if (inner->kind == Kind::negation) return inner->arguments.front();
    return share(of_kind(Kind::negation, {std::move(inner)}));
}

Expr compare(Comparison comparison, Expr left, Expr right) {
    if (is_null_constant(left) || is_null_constant(right)) return null_of(kBoolean);
    Node node = of_kind(Kind::comparison, {std::move(left), std::move(right)});
    node.comparison = comparison;
    return share(std::move(node));
}

Expr equal(Expr left, Expr right) {
    return compare(Comparison::equal, std::move(left), std::move(right));
}

Expr distinct(Expr left, Expr right) {
    if (is_null_constant(left)) return negate(is_null(std::move(right)));
    if (is_null_constant(right)) return negate(is_null(std::move(left)));
    return share(of_kind(Kind::distinct, {std::move(left), std::move(right)}));
}

Expr is_null(Expr inner) {
    if (is_constant(inner)) return boolean(inner->null);
    return share(of_kind(Kind::is_null, {std::move(inner)}));
}

Expr is_true(Expr inner) {
    if (is_constant(inner)) return boolean(is_constant(inner, true));
    return share(of_kind(Kind::is_true, {std::move(inner)}));
}

Expr choose(std::vector<Expr> parts) {
    std::vector<Expr> kept;
    const Type type = parts.back()->type;
    for (size_t i = 0; i + 1 < parts.size(); i += 2) {
        if (is_constant(parts[i], true)) {
            kept.push_back(parts[i + 1]);
            break;
        }
        if (is_constant(parts[i])) continue; // false or NULL
        kept.push_back(parts[i]);
        kept.push_back(parts[i + 1]);
    }
    if (kept.size() % 2 == 0) kept.push_back(parts.back());
    if (kept.size() == 1) return kept.front();
    return share(of_kind(Kind::choice, std::move(kept), type));
}

Expr coalesce(std::vector<Expr> parts) {
    std::vector<Expr> kept;
    const Type type = parts.front()->type;
    for (Expr &part : parts) {
        if (is_null_constant(part)) continue;
        const bool last = is_constant(part);
        kept.push_back(std::move(part));
        if (last) break;
    }
    if (kept.empty()) return null_of(type);
    if (kept.size() == 1) return kept.front();
    return share(of_kind(Kind::coalesce, std::move(kept), type));
}

Expr member(Expr element, Expr array) {
    return share(of_kind(Kind::member, {std::move(element), std::move(array)}));
}

Expr any(std::vector<Select> selects) {
    std::erase_if(selects, [](const Select &s) { return is_constant(s.where, false) || is_null_constant(s.where); });
    if (selects.empty()) return boolean(false);
    Node node = of_kind(Kind::any);
    node.selects = std::move(selects);
    return share(std::move(node));
}

Expr scalar(std::vector<Select> selects, bool single) {
    const Type type = selects.front().output->type;
    Node node = of_kind(Kind::scalar, {}, type);
    node.selects = std::move(selects);
    node.single = single;
    return share(std::move(node));
}

Expr call(Node function) {
    function.kind = Kind::function;
    return share(std::move(function));
}

} // namespace rlsproof::expr
