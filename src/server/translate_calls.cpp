// Operators and functions: what they mean to the prover, by OID.
#include "server/translate.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/compat.hpp"
#include "server/operators.hpp"

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

namespace rlsproof::server {

namespace {

struct Called {
    const char *name; // with its schema where that is not the server's
    char volatility;
    bool strict;
    bool ours; // not the server's own
};

Called describe(Oid function) {
    const char *schema = get_namespace_name(get_func_namespace(function));
    const char *name = get_func_name(function);
    if (name == nullptr) elog(ERROR, "cache lookup failed for function %u", function);
    const bool ours = schema != nullptr && strcmp(schema, "pg_catalog") != 0;
    return {ours ? psprintf("%s.%s", schema, name) : name, func_volatile(function), func_strict(function), ours};
}

Node *copy_without_count(const SubLink *link) {
    auto *copy = (SubLink *)copyObject(link);
    auto *query = (Query *)copy->subselect;
    query->hasAggs = false;
    query->targetList = list_make1(makeTargetEntry(
        (Expr *)makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(1), false, true), 1, nullptr, false));
    copy->subLinkType = EXISTS_SUBLINK;
    copy->testexpr = nullptr;
    return (Node *)copy;
}

char *text_of(Datum value) {
    return TextDatumGetCString(value);
}

// Whether it is (SELECT count(*) FROM ...), of nothing but rows.
bool counts_rows(Node *node) {
    if (node == nullptr || !IsA(node, SubLink) || ((SubLink *)node)->subLinkType != EXPR_SUBLINK) return false;
    const auto *query = (Query *)((SubLink *)node)->subselect;
    if (!query->hasAggs || query->groupClause != NIL || query->groupingSets != NIL || query->havingQual != nullptr ||
        query->limitCount != nullptr || query->limitOffset != nullptr || query->setOperations != nullptr ||
        query->hasWindowFuncs || query->hasTargetSRFs || list_length(query->targetList) != 1)
        return false;
    auto *target = (Node *)linitial_node(TargetEntry, query->targetList)->expr;
    if (!IsA(target, Aggref)) return false;
    const auto *aggregate = (Aggref *)target;
    return aggregate->aggstar && aggregate->aggfilter == nullptr && aggregate->agglevelsup == 0 &&
           (aggregate->aggfnoid == F_COUNT_ || aggregate->aggfnoid == F_COUNT_ANY);
}

} // namespace

// (x)::text = 'literal' asks for the one value that is written so, or for none. Nothing where it is no such question.
expr::Expr Translator::written_as(const expr::Expr &cast, const expr::Expr &text, bool differs) const {
    if (cast->kind != expr::Kind::function || !cast->injective || cast->arguments.size() != 1 ||
        text->kind != expr::Kind::constant || text->null || text->type.name != "text")
        return nullptr;
    const expr::Expr &inner = cast->arguments[0];
    const std::string &wanted = text->name;
    const auto only = [&](const char *characters) { return wanted.find_first_not_of(characters) == std::string::npos; };
    expr::Expr value;
    if (inner->type.name == "uuid") {
        bool canonical = wanted.size() == 36 && only("0123456789abcdef-");
        for (size_t i = 0; canonical && i < wanted.size(); i++)
            canonical = (wanted[i] == '-') == (i == 8 || i == 13 || i == 18 || i == 23);
        if (canonical) value = expr::literal(inner->type, wanted);
    } else if (inner->type.name == "integer") {
        const std::string digits = wanted.substr(wanted.starts_with('-') ? 1 : 0);
        if (!digits.empty() && digits.size() < 18 && digits.find_first_not_of("0123456789") == std::string::npos &&
            (digits[0] != '0' || wanted == "0"))
            value = expr::number(inner->type, std::stoll(wanted));
        else if (digits.size() >= 18)
            return nullptr;
    } else {
        const std::vector<std::string> labels = schema_.labels(inner->type.name);
        if (labels.empty()) return nullptr;
        const auto found = std::find(labels.begin(), labels.end(), wanted);
        if (found != labels.end()) value = expr::number(inner->type, found - labels.begin(), wanted);
    }
    if (value) return expr::compare(differs ? expr::Comparison::not_equal : expr::Comparison::equal, inner, value);
    return expr::choose({expr::is_null(inner), expr::null_of(expr::Type{}), expr::boolean(differs)});
}

expr::Expr Translator::operation(Oid op, Oid function_id, Oid collation, const std::vector<expr::Expr> &arguments,
                                 const std::vector<Oid> &types, Oid result) {
    if (arguments.size() == 2 && arguments[0]->type.name == arguments[1]->type.name) {
        const int strategy = call(strategy_of, op, types[0]);
        const expr::Type &type = arguments[0]->type;
        const bool equality = strategy == BTEqualStrategyNumber || strategy == 6;
        const bool has_order = type.sort != expr::Sort::value;
        if (strategy != 0 && call(tells_apart, collation) && (equality || has_order)) {
            using expr::Comparison;
            static constexpr Comparison kMeanings[] = {Comparison::less,    Comparison::less_equal,
                                                       Comparison::equal,   Comparison::greater_equal,
                                                       Comparison::greater, Comparison::not_equal};
            if (equality)
                for (const size_t side : {0U, 1U})
                    if (const expr::Expr found = written_as(arguments[side], arguments[1 - side], strategy == 6))
                        return found;
            return expr::compare(kMeanings[strategy - 1], arguments[0], arguments[1]);
        }
        // An order of which nothing is known: a > b is b < a, and a <= b is not b < a.
        if (strategy != 0 && !equality && type.sort == expr::Sort::value) {
            expr::Node made;
            made.name = fmt::format("before in {} by collation {}", type.name, collation);
            made.type = expr::Type{};
            const bool turned = strategy == BTGreaterStrategyNumber || strategy == BTLessEqualStrategyNumber;
            made.arguments = arguments;
            if (turned) std::swap(made.arguments[0], made.arguments[1]);
            made.total = true;
            made.reason = fmt::format("the order of {}", type.name);
            const expr::Expr before = expr::call(std::move(made));
            const bool negated = strategy == BTLessEqualStrategyNumber || strategy == BTGreaterEqualStrategyNumber;
            return negated ? expr::negate(before) : before;
        }
    }
    return function(OidIsValid(function_id) ? function_id : call(get_opcode, op), collation, arguments, types, result);
}

// (SELECT count(*) ...) > 0 is EXISTS.
expr::Expr Translator::count_compared(const OpExpr *node) {
    if (list_length(node->args) != 2) return nullptr;
    auto *left = (Node *)linitial(node->args), *right = (Node *)lsecond(node->args);
    if (!counts_rows(left) || !IsA(right, Const) || ((const Const *)right)->constisnull) return nullptr;
    const auto *bound = (const Const *)right;
    if (bound->consttype != INT4OID && bound->consttype != INT8OID) return nullptr;
    const int64 number =
        bound->consttype == INT4OID ? DatumGetInt32(bound->constvalue) : DatumGetInt64(bound->constvalue);
    const int strategy = call(strategy_of, node->opno, (Oid)INT8OID);
    const bool some = (strategy == BTGreaterStrategyNumber && number == 0) ||
                      (strategy == BTGreaterEqualStrategyNumber && number == 1) || (strategy == 6 && number == 0);
    const bool none = (strategy == BTEqualStrategyNumber && number == 0) ||
                      (strategy == BTLessStrategyNumber && number == 1) ||
                      (strategy == BTLessEqualStrategyNumber && number == 0);
    if (!some && !none) return nullptr;
    const expr::Expr exists = expression(call(copy_without_count, (const SubLink *)left));
    return some ? exists : expr::negate(exists);
}

// (a, b) = (c, d) comes as an AND; what is left is an order of rows.
expr::Expr Translator::row_comparison(const RowCompareExpr *node) {
    const std::vector<expr::Expr> left = all(node->largs), right = all(node->rargs);
    std::vector<expr::Expr> arguments = left;
    arguments.insert(arguments.end(), right.begin(), right.end());
    return unknown(fmt::format("row order {}", (int)linitial_oid(node->opnos)), BOOLOID, std::move(arguments),
                   "an order of rows");
}

expr::Expr Translator::function(Oid function_id, Oid collation, const std::vector<expr::Expr> &arguments,
                                const std::vector<Oid> &types, Oid result) {
    const Called called = call(describe, function_id);
    const std::string name = called.name;
    expr::Node made;
    made.type = schema_.type(result);
    made.arguments = arguments;
    made.strict = called.strict;
    // Whatever an argument's type does to the result: the types are part of the name.
    std::string signature;
    for (const Oid type : types) signature += (signature.empty() ? "" : ", ") + std::string(call(format_type_be, type));
    made.name = fmt::format("{}[{}]", name, signature);
    if (OidIsValid(collation) && collation != DEFAULT_COLLATION_OID)
        made.name += fmt::format(" by collation {}", collation);
    made.reason = fmt::format("function {}", name);
    if (const auto why = why_not_.find(function_id);
        why != why_not_.end() && why->second.find(function_name(function_id)) == std::string::npos)
        made.reason += fmt::format(" ({})", why->second);
    switch (called.volatility) {
    case PROVOLATILE_IMMUTABLE: made.pure = !called.ours; break; // what users declare so may ask all the same
    case PROVOLATILE_STABLE:
        // May look at who is asking, and at tables through their policies.
        made.name += fmt::format(" as {}{}", GetUserId(), standing_in_);
        made.looks = called.ours;
        break;
    default:
        made.name += fmt::format(" #{}", ++opaque_);
        made.depends = rows_in_scope();
        made.looks = called.ours;
        made.strict = false;
    }
    return expr::call(std::move(made));
}

// One that may have any value, or none; the same all through the statement.
expr::Expr Translator::setting(const FuncExpr *node) {
    auto *name = (Node *)linitial(node->args);
    if (!any_ || !IsA(name, Const) || ((const Const *)name)->constisnull)
        throw Unsupported{"a setting whose name is not constant"};
    const auto *constant_name = (const Const *)name;
    std::string written = call(text_of, constant_name->constvalue);
    for (char &c : written) c = (char)tolower((unsigned char)c);
    may_raise_ = true; // where it has to be there
    return unknown("setting " + written, TEXTOID, {}, "the setting " + written);
}

expr::Expr Translator::function_call(const FuncExpr *node) {
    if (node->funcretset) throw Unsupported{"a function that returns rows"};
    std::vector<Oid> types;
    for (int i = 0; i < list_length(node->args); i++)
        types.push_back(call(exprType, (const Node *)list_nth(node->args, i)));
    switch (node->funcid) {
    case F_NOW:
    case F_TRANSACTION_TIMESTAMP: return expr::parameter(schema_.type(TIMESTAMPTZOID), "now()");
    case F_CURRENT_SETTING_TEXT:
    case F_CURRENT_SETTING_TEXT_BOOL: return setting(node);
    default: break;
    }
    std::vector<expr::Expr> arguments = all(node->args);
    const expr::Type result = schema_.type(node->funcresulttype);
    // Whole numbers of another width are the same numbers; a narrower one may be refused.
    const auto is_cast = node->funcformat == COERCE_EXPLICIT_CAST || node->funcformat == COERCE_IMPLICIT_CAST;
    if (is_cast && arguments.size() == 1 && result == arguments[0]->type && result.name == "integer") {
        may_raise_ = true;
        return arguments[0];
    }
    if (node->funcid == F_TEXT_NAME) return arguments[0]; // a name is a text
    if (const expr::Expr inlined = body(node->funcid, arguments)) return inlined;
    return function(node->funcid, node->inputcollid, arguments, types, node->funcresulttype);
}

} // namespace rlsproof::server
