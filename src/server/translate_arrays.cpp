// Arrays: what is looked for in them, element by element where the elements are there to be seen.
#include "server/translate.hpp"

#include <fmt/format.h>

#include "server/operators.hpp"

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

constexpr int kMostElements = 200; // of an array that is taken apart

List *elements_of(const Const *array) {
    ArrayType *value = DatumGetArrayTypeP(array->constvalue);
    if (ARR_NDIM(value) > 1 || ArrayGetNItems(ARR_NDIM(value), ARR_DIMS(value)) > kMostElements) return nullptr;
    const Oid type = ARR_ELEMTYPE(value);
    int16 length;
    bool by_value;
    char align;
    get_typlenbyvalalign(type, &length, &by_value, &align);
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(value, type, length, by_value, align, &values, &nulls, &count);
    List *result = NIL;
    for (int i = 0; i < count; i++)
        result = lappend(result, makeConst(type, -1, array->constcollid, length, values[i], nulls[i], by_value));
    // An empty list is no list at all.
    return result == NIL ? list_make1(nullptr) : result;
}

// Whether each element stays what it is, as in varchar[] to text[].
bool only_relabels(const ArrayCoerceExpr *cast) {
    Node *element = (Node *)cast->elemexpr;
    while (element != nullptr && IsA(element, RelabelType)) element = (Node *)((RelabelType *)element)->arg;
    return element != nullptr && IsA(element, CaseTestExpr);
}

// The array behind casts that leave it as it is.
Node *uncast(Node *array) {
    while (true) {
        if (IsA(array, RelabelType))
            array = (Node *)((RelabelType *)array)->arg;
        else if (IsA(array, ArrayCoerceExpr) && only_relabels((const ArrayCoerceExpr *)array))
            array = (Node *)((ArrayCoerceExpr *)array)->arg;
        else
            return array;
    }
}

bool is_null_constant(const Node *node) {
    return IsA(node, Const) && ((const Const *)node)->constisnull;
}

} // namespace

expr::Expr Translator::array_cast(const ArrayCoerceExpr *node) {
    if (!only_relabels(node)) throw Unsupported{"a cast of an array's elements"};
    return expression((Node *)node->arg);
}

// Of a constant or an ARRAY[]; nothing where they are not known.
std::optional<Translator::Elements> Translator::elements(Node *array) {
    Elements result;
    if (IsA(array, Const)) {
        List *list = call(elements_of, (const Const *)array);
        if (list == nullptr) return std::nullopt;
        for (int i = 0; i < list_length(list); i++)
            if (const auto *element = (const Const *)list_nth(list, i))
                result.emplace_back(constant(element), element->consttype);
        return result;
    }
    if (!IsA(array, ArrayExpr) || ((const ArrayExpr *)array)->multidims) return std::nullopt;
    const List *list = ((const ArrayExpr *)array)->elements;
    for (int i = 0; i < list_length(list); i++) {
        auto *element = (Node *)list_nth(list, i);
        result.emplace_back(expression(element), call(exprType, (const Node *)element));
    }
    return result;
}

// x = ANY (array) and x <> ALL (array).
expr::Expr Translator::array_operation(const ScalarArrayOpExpr *node) {
    auto *left_node = (Node *)linitial(node->args), *right_node = uncast((Node *)lsecond(node->args));
    const Oid left_type = call(exprType, (const Node *)left_node);
    const expr::Expr left = expression(left_node);
    const auto one = [&](const expr::Expr &right, Oid right_type) {
        return operation(node->opno, node->opfuncid, node->inputcollid, {left, right}, {left_type, right_type},
                         BOOLOID);
    };
    if (is_null_constant(right_node)) return expr::null_of(expr::Type{});
    if (const std::optional<Elements> seen = elements(right_node)) {
        std::vector<expr::Expr> parts;
        for (const auto &[element, type] : *seen) parts.push_back(one(element, type));
        return node->useOr ? expr::either(std::move(parts)) : expr::both(std::move(parts));
    }
    // = ANY (ARRAY(SELECT ...)) is IN.
    if (IsA(right_node, SubLink) && ((const SubLink *)right_node)->subLinkType == ARRAY_SUBLINK) {
        const auto *link = (const SubLink *)right_node;
        auto *query = (Query *)link->subselect;
        std::vector<expr::Select> parts;
        const Oid type = call(exprType, (const Node *)linitial_node(TargetEntry, query->targetList)->expr);
        for (const Branch &branch : rows_of(query, Use::values)) {
            const expr::Expr test = one(branch.outputs.front(), type);
            parts.push_back({branch.rows, branch.where, node->useOr ? test : expr::negate(test)});
        }
        const expr::Expr any = expr::any(std::move(parts));
        return node->useOr ? any : expr::negate(any);
    }
    const int strategy = call(strategy_of, node->opno, left_type);
    const expr::Expr array = expression(right_node);
    const Oid element_type = call(get_element_type, call(getBaseType, call(exprType, (const Node *)right_node)));
    const bool same = OidIsValid(element_type) && schema_.type(element_type).name == left->type.name;
    if (same && !left->type.is_boolean() && call(tells_apart, node->inputcollid)) {
        if (strategy == BTEqualStrategyNumber && node->useOr) return expr::member(left, array);
        if (strategy == 6 && !node->useOr) return expr::negate(expr::member(left, array));
    }
    return unknown(fmt::format("{} {} of operator {}", node->useOr ? "ANY" : "ALL", element_type, node->opno), BOOLOID,
                   {left, array}, "a comparison with an array");
}

// array @> ARRAY[x], ARRAY[x] <@ array and array && ARRAY[x] look for each element. Of NULL they find none, and are not
// NULL because of it. Nothing where it is another operator, or no side's elements are there to be seen.
expr::Expr Translator::array_contains(const OpExpr *node) {
    const bool overlap = node->opfuncid == F_ARRAYOVERLAP;
    if (!overlap && node->opfuncid != F_ARRAYCONTAINS && node->opfuncid != F_ARRAYCONTAINED) return nullptr;
    Node *array = uncast((Node *)linitial(node->args)), *wanted = uncast((Node *)lsecond(node->args));
    const auto seen = [](const Node *side) { return IsA(side, Const) || IsA(side, ArrayExpr); };
    if (node->opfuncid == F_ARRAYCONTAINED || (overlap && !seen(wanted))) std::swap(array, wanted);
    if (is_null_constant(array) || is_null_constant(wanted)) return expr::null_of(expr::Type{});
    const Oid type = call(get_element_type, call(getBaseType, call(exprType, (const Node *)array)));
    if (!seen(wanted) || !OidIsValid(type) || !call(tells_apart, node->inputcollid)) return nullptr;
    const std::optional<Elements> elements = this->elements(wanted);
    if (!elements) return nullptr;
    const expr::Expr in = expression(array);
    std::vector<expr::Expr> found;
    for (const auto &[element, element_type] : *elements) {
        if (element->type.is_boolean() || schema_.type(type).name != element->type.name) return nullptr;
        found.push_back(expr::is_true(expr::member(element, in)));
    }
    return expr::choose({expr::is_null(in), expr::null_of(expr::Type{}),
                         overlap ? expr::either(std::move(found)) : expr::both(std::move(found))});
}

} // namespace rlsproof::server
