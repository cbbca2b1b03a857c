#include "server/translate.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.hpp"

#include "server/rewrite.hpp"
#include "server/settled.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
}

namespace rlsproof::server {

namespace {

constexpr int kDeepest = 300;

char *output_plainly(Oid type, Datum value) {
    Oid function = InvalidOid;
    bool variable = false;
    getTypeOutputInfo(type, &function, &variable);
    return OidOutputFunctionCall(function, value);
}

bool is_text(Oid type) {
    return type == TEXTOID || type == VARCHAROID || type == NAMEOID;
}

// A time that is before or after all others has no place among numbers.
bool is_finite(Oid type, Datum value) {
    switch (type) {
    case DATEOID: return !DATE_NOT_FINITE(DatumGetDateADT(value));
    case TIMESTAMPOID:
    case TIMESTAMPTZOID: return !TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value));
    default: return true;
    }
}

int64_t as_number(Oid type, Datum value) {
    switch (type) {
    case INT2OID: return DatumGetInt16(value);
    case INT4OID:
    case DATEOID: return DatumGetInt32(value);
    case OIDOID: return DatumGetObjectId(value);
    default: return DatumGetInt64(value);
    }
}

void add_once(std::vector<expr::Row> &rows, const expr::Row &row) {
    if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(row);
}

// The rows that an expression is about, without those that its sub-selects range over.
void add_mentioned(std::vector<expr::Row> &rows, const expr::Expr &e, std::vector<expr::Row> inside) {
    const auto add = [&](const expr::Row &row) {
        if (std::find(inside.begin(), inside.end(), row) == inside.end()) add_once(rows, row);
    };
    if (e->kind == expr::Kind::column) add(e->row);
    for (const expr::Row &row : e->depends) add(row);
    for (const expr::Expr &part : e->arguments) add_mentioned(rows, part, inside);
    for (const expr::Select &select : e->selects) {
        std::vector<expr::Row> deeper = inside;
        deeper.insert(deeper.end(), select.rows.begin(), select.rows.end());
        add_mentioned(rows, select.where, deeper);
        add_mentioned(rows, select.output, deeper);
    }
}

} // namespace

std::vector<expr::Expr> Translator::all(const List *nodes) {
    std::vector<expr::Expr> result;
    for (int i = 0; i < list_length(nodes); i++) result.push_back(expression((Node *)list_nth(nodes, i)));
    return result;
}

// Read after what is constant for this session was put in.
expr::Expr Translator::settled(Node *node) {
    SessionSettings settings{NIL, NIL, any_};
    for (const std::string &name : given_) settings.given = call(lappend, settings.given, (void *)name.c_str());
    for (const std::string &name : empty_) settings.empty = call(lappend, settings.empty, (void *)name.c_str());
    Catalog &catalog = schema_.catalog();
    if (!catalog.who.empty()) {
        if (!catalog.settled) catalog.settled = std::make_shared<SettledBefore>();
        const SettledBefore::Known &known = catalog.settled->of(node, catalog.who, &settings, frames_.size() > 1);
        unset_.insert(known.unset.begin(), known.unset.end());
        return expression(known.node);
    }
    const Settled result = call(settle, node, &settings);
    for (int i = 0; i < list_length(result.unset); i++) unset_.insert((const char *)list_nth(result.unset, i));
    return expression(result.node);
}

// What cannot be followed is opaque as a whole, and only as far as it goes.
expr::Expr Translator::expression(Node *node) {
    check_stack();
    if (++depth_ > kDeepest) throw Error(Code::limit, "the conditions are nested too deep to be proved");
    const std::vector<Frame> frames = frames_;
    const size_t links = link_outputs_.size(), tests = case_tests_.size();
    expr::Expr result;
    try {
        result = plain(node);
    } catch (const Unsupported &unsupported) {
        frames_ = frames;
        link_outputs_.resize(links);
        case_tests_.resize(tests);
        result = opaque(node, unsupported.what);
    }
    depth_--;
    return result;
}

expr::Expr Translator::plain(Node *node) {
    switch (nodeTag(node)) {
    case T_Var: return variable((const Var *)node);
    case T_Const: return constant((const Const *)node);
    case T_BoolExpr: return boolean((const BoolExpr *)node);
    case T_SubLink: return sub_link((const SubLink *)node);
    case T_CaseExpr: return choice((const CaseExpr *)node);
    case T_CaseTestExpr:
        if (case_tests_.empty()) throw Unsupported{"a CASE without its test"};
        return case_tests_.back();
    case T_CoalesceExpr: {
        std::vector<expr::Expr> parts = all(((const CoalesceExpr *)node)->args);
        return expr::coalesce(std::move(parts));
    }
    case T_MinMaxExpr: return extreme((const MinMaxExpr *)node);
    case T_NullTest: {
        const auto *test = (const NullTest *)node;
        if (test->argisrow) throw Unsupported{"IS NULL of a whole row"};
        const expr::Expr is_null = expr::is_null(expression((Node *)test->arg));
        return test->nulltesttype == IS_NULL ? is_null : expr::negate(is_null);
    }
    case T_BooleanTest: {
        const auto *test = (const BooleanTest *)node;
        const expr::Expr inner = expression((Node *)test->arg);
        switch (test->booltesttype) {
        case IS_TRUE: return expr::is_true(inner);
        case IS_NOT_TRUE: return expr::negate(expr::is_true(inner));
        case IS_FALSE: return expr::is_true(expr::negate(inner));
        case IS_NOT_FALSE: return expr::negate(expr::is_true(expr::negate(inner)));
        case IS_UNKNOWN: return expr::is_null(inner);
        case IS_NOT_UNKNOWN: return expr::negate(expr::is_null(inner));
        }
        throw Unsupported{"a test of a condition"};
    }
    case T_OpExpr:
    case T_DistinctExpr:
    case T_NullIfExpr: {
        const auto *op = (const OpExpr *)node;
        if (IsA(node, OpExpr))
            for (const auto &meaning : {&Translator::count_compared, &Translator::array_contains})
                if (const expr::Expr found = (this->*meaning)(op)) return found;
        const std::vector<expr::Expr> arguments = all(op->args);
        std::vector<Oid> types;
        for (int i = 0; i < list_length(op->args); i++)
            types.push_back(call(exprType, (const Node *)list_nth(op->args, i)));
        if (IsA(node, OpExpr))
            return operation(op->opno, op->opfuncid, op->inputcollid, arguments, types, op->opresulttype);
        const expr::Expr same = operation(op->opno, op->opfuncid, op->inputcollid, arguments, types, (Oid)BOOLOID);
        if (IsA(node, NullIfExpr)) return expr::choose({same, expr::null_of(arguments[0]->type), arguments[0]});
        // Not the same where one is NULL and the other is not, or neither is and they differ.
        const expr::Expr left_null = expr::is_null(arguments[0]), right_null = expr::is_null(arguments[1]);
        return expr::negate(
            expr::either({expr::both({left_null, right_null}),
                          expr::both({expr::negate(left_null), expr::negate(right_null), expr::is_true(same)})}));
    }
    case T_ScalarArrayOpExpr: return array_operation((const ScalarArrayOpExpr *)node);
    case T_RowCompareExpr: return row_comparison((const RowCompareExpr *)node);
    case T_FuncExpr: return function_call((const FuncExpr *)node);
    case T_RelabelType:
        return coerced((Node *)((const RelabelType *)node)->arg, ((const RelabelType *)node)->resulttype, node);
    case T_CoerceViaIO:
        return coerced((Node *)((const CoerceViaIO *)node)->arg, ((const CoerceViaIO *)node)->resulttype, node);
    case T_CoerceToDomain:
        may_raise_ = true;
        return coerced((Node *)((const CoerceToDomain *)node)->arg, ((const CoerceToDomain *)node)->resulttype, node);
    case T_ArrayCoerceExpr: return array_cast((const ArrayCoerceExpr *)node);
    case T_CollateExpr: return expression((Node *)((const CollateExpr *)node)->arg);
    case T_SQLValueFunction: {
        const auto *value = (const SQLValueFunction *)node;
        return expr::parameter(schema_.type(value->type), fmt::format("session value {} of type {}", (int)value->op,
                                                                      schema_.type(value->type).name));
    }
    case T_ArrayExpr:
        return unknown(fmt::format("ARRAY[{}]", list_length(((const ArrayExpr *)node)->elements)),
                       call(exprType, (const Node *)node), all(((const ArrayExpr *)node)->elements), "an ARRAY[]");
    case T_RowExpr:
        return unknown("ROW", call(exprType, (const Node *)node), all(((const RowExpr *)node)->args), "a ROW()");
    case T_SubscriptingRef: {
        const auto *subscript = (const SubscriptingRef *)node;
        if (subscript->refassgnexpr != nullptr) throw Unsupported{"an assignment to an element"};
        const bool slice = subscript->reflowerindexpr != NIL;
        std::string name = slice ? "slice" : "element";
        std::vector<expr::Expr> arguments{expression((Node *)subscript->refexpr)};
        for (const List *bounds : {subscript->reflowerindexpr, subscript->refupperindexpr})
            for (int i = 0; i < list_length(bounds); i++) {
                auto *bound = (Node *)list_nth(bounds, i);
                name += bound == nullptr ? " to the end" : " of";
                if (bound != nullptr) arguments.push_back(expression(bound));
            }
        return unknown(std::move(name), call(exprType, (const Node *)node), std::move(arguments),
                       slice ? "a slice of an array" : "an element of an array");
    }
    case T_Param: {
        const auto *parameter = (const Param *)node;
        if (parameter->paramkind == PARAM_SUBLINK && !link_outputs_.empty() &&
            parameter->paramid <= (int)link_outputs_.back()->size())
            return link_outputs_.back()->at((size_t)parameter->paramid - 1);
        if (parameter->paramkind == PARAM_EXTERN && parameters_ != nullptr &&
            parameter->paramid <= (int)parameters_->size())
            return parameters_->at((size_t)parameter->paramid - 1);
        throw Unsupported{"a parameter"};
    }
    case T_Aggref: throw Unsupported{"an aggregate"};
    case T_WindowFunc: throw Unsupported{"a window function"};
    case T_FieldSelect: throw Unsupported{"a field of a composite value"};
    default: throw Unsupported{fmt::format("an expression of kind {}", (int)nodeTag(node))};
    }
}

expr::Expr Translator::variable(const Var *var) {
    if (var->varlevelsup >= frames_.size()) throw Unsupported{"a column from outside"};
    const Frame &frame = frames_[frames_.size() - 1 - var->varlevelsup];
    const auto found = frame.state->sources.find(var->varno);
    if (found == frame.state->sources.end()) {
        const auto *entry = (const RangeTblEntry *)list_nth(frame.query->rtable, var->varno - 1);
        if (entry->rtekind != RTE_JOIN || var->varattno <= 0) throw Unsupported{"a column of a join"};
        auto *behind = (Node *)list_nth(entry->joinaliasvars, var->varattno - 1);
        if (behind == nullptr) throw Unsupported{"a column that was dropped"};
        // What the join calls a column is one of the level it stands at.
        const std::vector<Frame> before = frames_;
        frames_.resize(frames_.size() - var->varlevelsup);
        const expr::Expr result = expression(behind);
        frames_ = before;
        return result;
    }
    const Source &source = found->second;
    if (!source.is_row) {
        if (var->varattno <= 0) throw Unsupported{"a whole row"};
        return source.columns.at((size_t)var->varattno - 1);
    }
    if (var->varattno <= 0) throw Unsupported{var->varattno == 0 ? "a whole row" : "a system column"};
    return expr::column(schema_.type(var->vartype), source.row, var->varattno);
}

expr::Expr Translator::constant(const Const *constant) {
    const expr::Type type = schema_.type(constant->consttype);
    if (constant->constisnull) return expr::null_of(type);
    if (type.is_boolean()) return expr::boolean(DatumGetBool(constant->constvalue));
    const Oid base = call(getBaseType, constant->consttype);
    const char *text = call(output_plainly, constant->consttype, constant->constvalue);
    if (type.sort == expr::Sort::number) {
        if (!schema_.labels(type.name).empty()) {
            const int rank = schema_.rank(base, DatumGetObjectId(constant->constvalue));
            if (rank < 0) throw Unsupported{"a label of an enumeration"};
            return expr::number(type, rank, text);
        }
        if (!is_finite(base, constant->constvalue)) throw Unsupported{"a time without end"};
        return expr::number(type, as_number(base, constant->constvalue), text);
    }
    if (type.coarse && type.sort == expr::Sort::value) coarse_literals_[base].emplace(text, type);
    return expr::literal(type, text);
}

expr::Expr Translator::boolean(const BoolExpr *node) {
    std::vector<expr::Expr> parts = all(node->args);
    switch (node->boolop) {
    case AND_EXPR: return expr::both(std::move(parts));
    case OR_EXPR: return expr::either(std::move(parts));
    default: return expr::negate(parts.front());
    }
}

expr::Expr Translator::choice(const CaseExpr *node) {
    std::vector<expr::Expr> parts;
    if (node->arg != nullptr) case_tests_.push_back(expression((Node *)node->arg));
    for (int i = 0; i < list_length(node->args); i++) {
        const auto *when = (const CaseWhen *)list_nth(node->args, i);
        parts.push_back(expression((Node *)when->expr));
        // A result may hold a CASE of its own, and its test is no business of ours.
        parts.push_back(expression((Node *)when->result));
    }
    if (node->arg != nullptr) case_tests_.pop_back();
    parts.push_back(node->defresult != nullptr ? expression((Node *)node->defresult)
                                               : expr::null_of(schema_.type(node->casetype)));
    return expr::choose(std::move(parts));
}

// GREATEST and LEAST leave NULLs out.
expr::Expr Translator::extreme(const MinMaxExpr *node) {
    const std::vector<expr::Expr> parts = all(node->args);
    if (parts.front()->type.sort != expr::Sort::number) throw Unsupported{"GREATEST or LEAST of this type"};
    expr::Expr best = parts.front();
    for (size_t i = 1; i < parts.size(); i++) {
        const expr::Expr better =
            expr::compare(node->op == IS_GREATEST ? expr::Comparison::greater : expr::Comparison::less, parts[i], best);
        best = expr::choose({expr::is_null(parts[i]), best, expr::is_null(best), parts[i], better, parts[i], best});
    }
    return best;
}

// A cast without a function: by another name, by text, or into a domain.
expr::Expr Translator::coerced(Node *argument, Oid to, Node *node) {
    const Oid from = call(exprType, (const Node *)argument);
    const expr::Expr inner = expression(argument);
    const expr::Type source = schema_.type(from), target = schema_.type(to);
    if (source == target && (!IsA(node, CoerceViaIO) || from == to)) return inner;
    if (IsA(node, CoerceViaIO) && is_text(call(getBaseType, from)) && is_text(call(getBaseType, to)) &&
        call(getBaseType, to) != NAMEOID)
        return inner;
    expr::Node made;
    made.name =
        fmt::format("cast {} to {}", (std::string)call(format_type_be, from), (std::string)call(format_type_be, to));
    made.type = target;
    made.arguments = {inner};
    // What is written differently is different: the text of a value that = can tell from others.
    const bool to_text = is_text(call(getBaseType, to)) && call(getBaseType, to) != NAMEOID;
    made.injective = made.total = to_text && IsA(node, CoerceViaIO) && !source.coarse;
    if (!to_text) may_raise_ = true;
    made.pure = true;
    if (!made.injective) made.reason = "a " + made.name;
    return expr::call(std::move(made));
}

expr::Expr Translator::sub_link(const SubLink *link) {
    auto *query = (Query *)link->subselect;
    switch (link->subLinkType) {
    case EXISTS_SUBLINK: {
        std::vector<Branch> branches = rows_of(query, Use::existence);
        for (Branch &branch : branches) branch.outputs = {expr::boolean(true)};
        return expr::any(selects(branches));
    }
    case EXPR_SUBLINK: {
        const std::vector<Branch> branches = rows_of(query, query->limitCount != nullptr ? Use::first : Use::single);
        if (branches.empty()) return expr::null_of(schema_.type(call(exprType, (const Node *)link)));
        if (branches.size() == 1 && branches.front().rows.empty() && expr::is_constant(branches.front().where, true))
            return branches.front().outputs.front();
        // One of several rows is any of them, and only where there cannot be several it is known which.
        if (query->limitCount != nullptr && (branches.size() != 1 || !is_pinned(branches.front())))
            return first_of(branches, "a sub-select with LIMIT", fmt::format("the first row #{}", ++opaque_), {});
        may_raise_ = true;
        return expr::scalar(selects(branches), false);
    }
    case ANY_SUBLINK:
    case ALL_SUBLINK: {
        std::vector<Branch> branches = rows_of(query, Use::values);
        for (Branch &branch : branches) {
            link_outputs_.push_back(&branch.outputs);
            expr::Expr test = expression((Node *)link->testexpr);
            link_outputs_.pop_back();
            branch.outputs = {link->subLinkType == ANY_SUBLINK ? test : expr::negate(test)};
        }
        const expr::Expr any = expr::any(selects(branches));
        return link->subLinkType == ANY_SUBLINK ? any : expr::negate(any);
    }
    case ARRAY_SUBLINK: throw Unsupported{"an ARRAY of a sub-select"};
    default: throw Unsupported{"a sub-select of several columns"};
    }
}

std::vector<expr::Select> Translator::selects(const std::vector<Branch> &branches) const {
    std::vector<expr::Select> result;
    for (const Branch &branch : branches) result.push_back({branch.rows, branch.where, branch.outputs.front()});
    return result;
}

// ---- what is not known ----------------------------------------------------------------------------------------------

std::vector<expr::Row> Translator::rows_in_scope() const {
    std::vector<expr::Row> rows;
    for (const expr::Row &row : outer_rows_) add_once(rows, row);
    for (const Frame &frame : frames_) {
        for (const expr::Row &row : frame.state->rows) add_once(rows, row);
        for (const auto &[number, source] : frame.state->sources) {
            if (source.is_row) add_once(rows, source.row);
            for (const expr::Expr &column : source.columns) add_mentioned(rows, column, {});
        }
    }
    for (const std::vector<expr::Expr> *outputs : link_outputs_)
        for (const expr::Expr &output : *outputs) add_mentioned(rows, output, {});
    return rows;
}

expr::Expr Translator::unknown(std::string name, Oid result, std::vector<expr::Expr> arguments, std::string reason) {
    expr::Node made;
    made.name = std::move(name);
    made.type = schema_.type(result);
    made.arguments = std::move(arguments);
    made.strict = false;
    made.pure = true;
    made.reason = std::move(reason);
    return expr::call(std::move(made));
}

// Something that depends on the rows around it, on the state, and on nothing else that could be said.
expr::Expr Translator::opaque(Node *node, const std::string &reason) {
    expr::Node made;
    made.name = fmt::format("unknown #{}", ++opaque_);
    made.type = schema_.type(call(exprType, (const Node *)node));
    made.strict = false;
    made.depends = rows_in_scope();
    made.looks = true;
    made.reason = reason;
    return expr::call(std::move(made));
}

} // namespace rlsproof::server
