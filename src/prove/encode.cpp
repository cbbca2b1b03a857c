#include "prove/encode.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.hpp"

namespace rlsproof::prove {

using expr::Comparison;
using expr::Expr;
using expr::Kind;
using expr::Sort;

namespace {

constexpr int kDeepest = 2000;
constexpr Id kNotMade = -1;

class Deeper {
public:
    explicit Deeper(int &depth) : depth_(depth) {
        if (++depth_ > kDeepest) throw Error(Code::limit, "the conditions are nested too deep to be proved");
    }
    ~Deeper() { depth_--; }
    Deeper(const Deeper &) = delete;
    Deeper &operator=(const Deeper &) = delete;

private:
    int &depth_;
};

Expr replaced(const Expr &e, const Expr &target, const Expr &by) {
    if (e == target) return by;
    return expr::rebuild(e, [&](const Expr &part) { return replaced(part, target, by); });
}

// What a symbol is called in a script.
std::string shown_name(As as, const std::string &name) {
    switch (as) {
    case As::subject:
    case As::element:
    case As::parameter:
    case As::function:
    case As::literal:
    case As::column: return name;
    case As::parameter_null:
    case As::function_null:
    case As::column_null: return name + " is NULL";
    case As::not_null: return "NOT NULL " + name;
    case As::truncated: return name + " is emptied";
    case As::present: return "in " + name;
    case As::none: return "no " + name;
    case As::number: return "number: " + name;
    case As::equal: return "equal: " + name;
    case As::before: return "before: " + name;
    case As::holds: return "holds an element: " + name;
    case As::empty: return "is empty: " + name;
    case As::has_null: return "has a NULL: " + name;
    }
    return name;
}

// A part of an atom that has no term: a sub-select as a value, or a condition on one inside a value.
Expr hard_part(const Expr &e, bool in_atom) {
    if (!in_atom) {
        if (e->kind == Kind::scalar) return e;
        if (e->type.is_boolean() && expr::has_select(e)) return e;
        if (e->kind == Kind::choice)
            for (size_t i = 0; i + 1 < e->arguments.size(); i += 2)
                if (expr::has_select(e->arguments[i])) return e;
    }
    for (const Expr &argument : e->arguments)
        if (Expr found = hard_part(argument, false)) return found;
    return nullptr;
}

} // namespace

Encoder::Truth Encoder::truth(const Expr &e, Half half) {
    if (const auto found = truths_.find(e.get());
        found != truths_.end() && (half == Half::yes || found->second.no != kNotMade))
        return found->second;
    const Deeper deeper(depth_);
    const Truth result = truth_plainly(e, half);
    kept_.push_back(e);
    truths_[e.get()] = result;
    return result;
}

Encoder::Truth Encoder::of_value(const Value &value) {
    const Id there = f_.negation(value.null);
    return {f_.conjunction({there, value.term}), f_.conjunction({there, f_.negation(value.term)})};
}

Encoder::Truth Encoder::truth_plainly(const Expr &e, Half half) {
    const auto part = [&](size_t i) { return truth(e->arguments[i]); };
    switch (e->kind) {
    case Kind::constant: return {f_.truth(!e->null && e->number != 0), f_.truth(!e->null && e->number == 0)};
    case Kind::column:
    case Kind::parameter: return of_value(value(e));
    case Kind::conjunction:
    case Kind::disjunction: {
        std::vector<Id> yes, no;
        for (const Expr &argument : e->arguments) {
            const Truth inner = truth(argument, half);
            yes.push_back(inner.yes);
            no.push_back(inner.no);
        }
        if (half == Half::yes)
            return {e->kind == Kind::conjunction ? f_.conjunction(yes) : f_.disjunction(yes), kNotMade};
        if (e->kind == Kind::conjunction) return {f_.conjunction(yes), f_.disjunction(no)};
        return {f_.disjunction(yes), f_.conjunction(no)};
    }
    case Kind::negation: {
        const Truth inner = part(0);
        return {inner.no, inner.yes};
    }
    case Kind::is_true: {
        const Id yes = this->yes(e->arguments[0]);
        return {yes, f_.negation(yes)};
    }
    case Kind::choice: {
        Truth result = part(e->arguments.size() - 1);
        for (size_t i = e->arguments.size() - 1; i >= 2; i -= 2) {
            const Id taken = part(i - 2).yes;
            const Truth inner = part(i - 1);
            result = {f_.if_else(taken, inner.yes, result.yes), f_.if_else(taken, inner.no, result.no)};
        }
        return result;
    }
    case Kind::coalesce: {
        Truth result = part(e->arguments.size() - 1);
        for (size_t i = e->arguments.size() - 1; i-- > 0;) {
            const Truth first = part(i);
            const Id null = f_.conjunction({f_.negation(first.yes), f_.negation(first.no)});
            result = {f_.disjunction({first.yes, f_.conjunction({null, result.yes})}),
                      f_.disjunction({first.no, f_.conjunction({null, result.no})})};
        }
        return result;
    }
    case Kind::any: return any(*e, half);
    case Kind::scalar: return lifted_scalar(e, e);
    case Kind::is_null:
        if (e->arguments[0]->type.is_boolean()) {
            const Truth inner = part(0);
            const Id known = f_.disjunction({inner.yes, inner.no});
            return {f_.negation(known), known};
        }
        break;
    case Kind::comparison:
        if (e->arguments[0]->type.is_boolean()) return compared_booleans(*e, e->comparison);
        break;
    case Kind::distinct:
        if (e->arguments[0]->type.is_boolean()) {
            const Truth left = part(0), right = part(1);
            const Id same = f_.conjunction({f_.equal(left.yes, right.yes), f_.equal(left.no, right.no)});
            return {f_.negation(same), same};
        }
        break;
    default: break;
    }
    if (const Expr hard = hard_part(e, true)) return lifted(e, hard);
    switch (e->kind) {
    case Kind::is_null: {
        const Id null = value(e->arguments[0]).null;
        return {null, f_.negation(null)};
    }
    case Kind::comparison:
    case Kind::distinct: return compared(*e);
    case Kind::member: {
        const Value element = value(e->arguments[0]), array = value(e->arguments[1]);
        const Id there = f_.negation(array.null);
        const std::string of = e->arguments[1]->type.name;
        const Id holds = function_of(As::holds, of, {array.term, canonical(e->arguments[0]->type, element.term)},
                                     "Bool", "the array has the element");
        const Id empty = function_of(As::empty, of, {array.term}, "Bool", "the array has no element");
        const Id has_null = function_of(As::has_null, of, {array.term}, "Bool", "the array has a NULL in it");
        elements_.try_emplace(of, Elements{e->arguments[0]->type, symbols_.at({As::holds, of}),
                                           symbols_.at({As::empty, of}), symbols_.at({As::has_null, of})});
        const Id known = f_.negation(element.null);
        return {
            f_.conjunction({known, there, f_.negation(empty), holds}),
            f_.conjunction(
                {there, f_.disjunction({empty, f_.conjunction({known, f_.negation(holds), f_.negation(has_null)})})})};
    }
    case Kind::function: return of_value(value(e));
    default: throw Error(Code::internal, "an expression that is no condition stands where one is needed");
    }
}

Encoder::Truth Encoder::compared(const expr::Node &node) {
    const Expr &left_side = node.arguments[0], &right_side = node.arguments[1];
    if (left_side->type.name != right_side->type.name)
        throw Error(Code::internal,
                    "values of types " + left_side->type.name + " and " + right_side->type.name + " are compared");
    const bool equality =
        node.kind == Kind::distinct || node.comparison == Comparison::equal || node.comparison == Comparison::not_equal;
    // What is different stays different: (a)::text = (b)::text asks for a = b.
    if (equality && left_side->kind == Kind::function && right_side->kind == Kind::function && left_side->injective &&
        right_side->injective && left_side->name == right_side->name && left_side->strict && left_side->total &&
        left_side->arguments.size() == 1 && right_side->arguments.size() == 1 &&
        left_side->arguments[0]->type == right_side->arguments[0]->type) {
        auto inner = std::make_shared<expr::Node>(node);
        inner->arguments = {left_side->arguments[0], right_side->arguments[0]};
        return truth(inner);
    }
    const Value left = value(left_side), right = value(right_side);
    const Id both = f_.conjunction({f_.negation(left.null), f_.negation(right.null)});
    const expr::Type &type = left_side->type;
    if (node.kind == Kind::distinct) {
        const Id same = f_.disjunction({f_.conjunction({left.null, right.null}),
                                        f_.conjunction({both, meets(Comparison::equal, type, left.term, right.term)})});
        return {f_.negation(same), same};
    }
    const Id holds = meets(node.comparison, type, left.term, right.term);
    return {f_.conjunction({both, holds}), f_.conjunction({both, f_.negation(holds)})};
}

// false is less than true.
Encoder::Truth Encoder::compared_booleans(const expr::Node &node, Comparison comparison) {
    const Truth a = truth(node.arguments[0]), b = truth(node.arguments[1]);
    const Id both_yes = f_.conjunction({a.yes, b.yes}), both_no = f_.conjunction({a.no, b.no});
    const Id up = f_.conjunction({a.no, b.yes}), down = f_.conjunction({a.yes, b.no});
    switch (comparison) {
    case Comparison::equal: return {f_.disjunction({both_yes, both_no}), f_.disjunction({up, down})};
    case Comparison::not_equal: return {f_.disjunction({up, down}), f_.disjunction({both_yes, both_no})};
    case Comparison::less: return {up, f_.disjunction({both_yes, both_no, down})};
    case Comparison::greater: return {down, f_.disjunction({both_yes, both_no, up})};
    case Comparison::less_equal: return {f_.disjunction({both_yes, both_no, up}), down};
    case Comparison::greater_equal: return {f_.disjunction({both_yes, both_no, down}), up};
    }
    return {f_.no(), f_.no()};
}

template <typename Body>
Id Encoder::some(const std::vector<expr::Row> &rows, size_t at, const Body &body) {
    if (at == rows.size()) return body();
    const int table = rows[at].table;
    use(table);
    const Id row = f_.variable(row_sort(table), question_.tables[(size_t)table].name);
    bind(rows[at], row);
    const Id inner = some(rows, at + 1, body);
    return f_.exists(row, f_.conjunction({present(table, row), inner}));
}

// NULL unless one row says yes or all say no.
Encoder::Truth Encoder::any(const expr::Node &node, Half half) {
    std::vector<Id> yes, not_no;
    for (const expr::Select &select : node.selects) {
        // Renamed even for the first use: what was rebuilt around a part shares it with where it came from.
        const expr::Select first = renamed(select);
        yes.push_back(some(first.rows, 0, [&] {
            return f_.conjunction({this->yes(first.where), this->yes(first.output)});
        }));
        if (half == Half::yes) continue;
        if (expr::is_constant(select.output, true)) {
            not_no.push_back(yes.back());
            continue;
        }
        const expr::Select again = renamed(select);
        not_no.push_back(some(again.rows, 0, [&] {
            return f_.conjunction({this->yes(again.where), f_.negation(truth(again.output).no)});
        }));
    }
    return {f_.disjunction(yes), half == Half::yes ? kNotMade : f_.negation(f_.disjunction(not_no))};
}

// The select over row variables of its own, so that it can be stated twice.
expr::Select Encoder::renamed(const expr::Select &select) {
    std::map<int, expr::Row> fresh;
    expr::Select result = select;
    for (expr::Row &row : result.rows) {
        const int before = row.id;
        row.id = next_row_++;
        fresh.emplace(before, row);
    }
    const auto rename = [&](const auto &self, const Expr &e) -> Expr {
        const auto mine = [&](const expr::Row &row) { return fresh.contains(row.id); };
        if (e->kind == Kind::column) {
            const auto found = fresh.find(e->row.id);
            return found == fresh.end() ? e : expr::column(e->type, found->second, e->column);
        }
        Expr made = expr::rebuild(e, [&](const Expr &part) { return self(self, part); });
        if (std::any_of(made->depends.begin(), made->depends.end(), mine)) {
            auto changed = std::make_shared<expr::Node>(*made);
            for (expr::Row &row : changed->depends)
                if (mine(row)) row = fresh.at(row.id);
            made = changed;
        }
        return made;
    };
    result.where = rename(rename, select.where);
    result.output = rename(rename, select.output);
    return result;
}

Encoder::Truth Encoder::lifted(const Expr &atom, const Expr &hard) {
    const Deeper deeper(depth_);
    if (hard->kind == Kind::scalar) return lifted_scalar(atom, hard);
    const auto with = [&](const Expr &by) { return truth(replaced(atom, hard, by)); };
    if (hard->kind == Kind::choice && !hard->type.is_boolean()) {
        Truth result = with(hard->arguments.back());
        for (size_t i = hard->arguments.size() - 1; i >= 2; i -= 2) {
            const Id taken = truth(hard->arguments[i - 2]).yes;
            const Truth inner = with(hard->arguments[i - 1]);
            result = {f_.if_else(taken, inner.yes, result.yes), f_.if_else(taken, inner.no, result.no)};
        }
        return result;
    }
    const Truth condition = truth(hard);
    const Id unknown = f_.conjunction({f_.negation(condition.yes), f_.negation(condition.no)});
    const Truth yes = with(expr::boolean(true)), no = with(expr::boolean(false)),
                null = with(expr::null_of(hard->type));
    return {f_.disjunction({f_.conjunction({condition.yes, yes.yes}), f_.conjunction({condition.no, no.yes}),
                            f_.conjunction({unknown, null.yes})}),
            f_.disjunction({f_.conjunction({condition.yes, yes.no}), f_.conjunction({condition.no, no.no}),
                            f_.conjunction({unknown, null.no})})};
}

// There is one such row and the atom holds with what it yields; or there is none, and it holds with NULL. With more
// than one the statement fails, and neither is said.
Encoder::Truth Encoder::lifted_scalar(const Expr &atom, const Expr &hard) {
    const auto alone = [&](size_t number, const expr::Select &chosen) {
        if (hard->single) return f_.yes();
        std::vector<Id> others;
        for (size_t i = 0; i < hard->selects.size(); i++) {
            const expr::Select other = renamed(hard->selects[i]);
            others.push_back(some(other.rows, 0, [&] {
                std::vector<Id> same;
                if (i == number)
                    for (size_t k = 0; k < other.rows.size(); k++)
                        same.push_back(f_.equal(rows_.at(other.rows[k].id), rows_.at(chosen.rows[k].id)));
                const Id differs = i == number ? f_.negation(f_.conjunction(same)) : f_.yes();
                return f_.conjunction({this->yes(other.where), differs});
            }));
        }
        return f_.negation(f_.disjunction(others));
    };
    std::vector<Id> yes, no, there;
    for (size_t i = 0; i < hard->selects.size(); i++) {
        for (std::vector<Id> *side : {&yes, &no}) {
            const expr::Select chosen = renamed(hard->selects[i]);
            side->push_back(some(chosen.rows, 0, [&] {
                const Truth inner = truth(replaced(atom, hard, chosen.output));
                return f_.conjunction({this->yes(chosen.where), alone(i, chosen), side == &yes ? inner.yes : inner.no});
            }));
        }
        const expr::Select again = renamed(hard->selects[i]);
        there.push_back(some(again.rows, 0, [&] { return this->yes(again.where); }));
    }
    const Id none = f_.negation(f_.disjunction(there));
    const Truth with_null = truth(replaced(atom, hard, expr::null_of(hard->type)));
    yes.push_back(f_.conjunction({none, with_null.yes}));
    no.push_back(f_.conjunction({none, with_null.no}));
    return {f_.disjunction(yes), f_.disjunction(no)};
}

Encoder::Value Encoder::value(const Expr &e) {
    if (const auto found = values_.find(e.get()); found != values_.end()) return found->second;
    const Deeper deeper(depth_);
    const Value result = value_plainly(e);
    kept_.push_back(e);
    values_.emplace(e.get(), result);
    return result;
}

Encoder::Value Encoder::value_plainly(const Expr &e) {
    const expr::Type &type = e->type;
    switch (e->kind) {
    case Kind::constant:
        if (e->null) {
            const Id none =
                type.is_boolean() ? f_.no() : constant(As::none, type.name, sort(type), "stands where NULL does");
            return {f_.yes(), none};
        }
        if (type.is_boolean()) return {f_.no(), f_.truth(e->number != 0)};
        if (type.sort == Sort::number) return {f_.no(), f_.numeral(e->number)};
        return {f_.no(), literal(type, e->name)};
    case Kind::column: return column(type, e->row.table, e->column, rows_.at(e->row.id));
    case Kind::parameter:
        if (type.sort == Sort::number)
            parameters_[e->name] = constant(As::parameter, e->name, sort(type), "the same for every row");
        return {constant(As::parameter_null, e->name, "Bool", ""),
                constant(As::parameter, e->name, sort(type), "the same for every row")};
    case Kind::choice: {
        if (type.is_boolean()) break;
        Value result = value(e->arguments.back());
        for (size_t i = e->arguments.size() - 1; i >= 2; i -= 2) {
            const Id taken = truth(e->arguments[i - 2]).yes;
            const Value inner = value(e->arguments[i - 1]);
            result = {f_.if_else(taken, inner.null, result.null), f_.if_else(taken, inner.term, result.term)};
        }
        return result;
    }
    case Kind::coalesce: {
        if (type.is_boolean()) break;
        Value result = value(e->arguments.back());
        for (size_t i = e->arguments.size() - 1; i-- > 0;) {
            const Value first = value(e->arguments[i]);
            result = {f_.conjunction({first.null, result.null}), f_.if_else(first.null, result.term, first.term)};
        }
        return result;
    }
    case Kind::function: return function(*e);
    default: break;
    }
    if (!type.is_boolean()) throw Error(Code::internal, "a sub-select stands where a term is needed");
    const Truth t = truth(e);
    return {f_.conjunction({f_.negation(t.yes), f_.negation(t.no)}), t.yes};
}

Encoder::Value Encoder::function(const expr::Node &node) {
    if (!node.reason.empty() && std::find(reasons_.begin(), reasons_.end(), node.reason) == reasons_.end())
        reasons_.push_back(node.reason);
    std::vector<Id> arguments, nulls;
    std::string signature;
    for (const Expr &argument : node.arguments) {
        const Value v = value(argument);
        signature += (signature.empty() ? "" : ", ") + argument->type.name;
        nulls.push_back(v.null);
        if (node.strict) {
            arguments.push_back(v.term);
            continue;
        }
        // For a NULL any value may stand behind the flag, and must not be seen.
        const Id none = argument->type.is_boolean()
                            ? f_.no()
                            : constant(As::none, argument->type.name, sort(argument->type), "stands where NULL does");
        arguments.push_back(v.null);
        arguments.push_back(f_.if_else(v.null, none, v.term));
    }
    for (const expr::Row &row : node.depends) {
        signature += (signature.empty() ? "row of " : ", row of ") + question_.tables[(size_t)row.table].name;
        arguments.push_back(rows_.at(row.id));
        use(row.table);
    }
    const std::string name = node.name + "(" + signature + ") " + node.type.name;
    const Id term = function_of(As::function, name, arguments, sort(node.type), node.reason);
    std::vector<Id> null;
    if (node.strict) null = nulls;
    if (!node.total) null.push_back(function_of(As::function_null, name, arguments, "Bool", ""));
    return {f_.disjunction(null), term};
}

Encoder::Value Encoder::column(const expr::Type &type, int table, int number, Id row) {
    const Table &of = question_.tables.at((size_t)table);
    const Column *known = of.column(number);
    if (known == nullptr) throw Error(Code::internal, "a column that is not in " + of.name);
    const auto place = std::make_tuple(table, number, row);
    if (known->type == type)
        if (const auto found = columns_.find(place); found != columns_.end()) return found->second;
    use(table);
    used_columns_[{table, number}] = true;
    const auto with_constraint = [&](Id null, Id not_null) {
        return known->nullable ? null : f_.conjunction({f_.negation(not_null), null});
    };
    if (known->type == type)
        if (const auto called = called_.find({table, number}); called != called_.end()) {
            const Id null = with_constraint(f_.apply(called->second.null, {row}), called->second.not_null);
            return columns_.emplace(place, Value{null, f_.apply(called->second.value, {row})}).first->second;
        }
    const std::string name = of.name + "." + known->name;
    const Id null = function_of(As::column_null, name, {row}, "Bool", "");
    // The constraint stands in the formula as a switch, so that a proof can say that it needs it.
    const Id not_null = known->nullable ? kNotMade : constant(As::not_null, name, "Bool", "");
    const Value made{with_constraint(null, not_null), function_of(As::column, name, {row}, sort(type), "")};
    if (known->type == type) {
        columns_.emplace(place, made);
        called_.emplace(std::pair(table, number), Called{f_.at(null).text, f_.at(made.term).text, not_null});
    }
    return made;
}

// ---- values ---------------------------------------------------------------------------------------------------------

std::string Encoder::sort(const expr::Type &type) {
    switch (type.sort) {
    case Sort::boolean: return "Bool";
    case Sort::number: return "Int";
    default: break;
    }
    std::string name = quoted(type.name);
    f_.declare_sort(name, "values of type " + type.name);
    return name;
}

// What stands for a value where only what it equals matters.
Id Encoder::canonical(const expr::Type &type, Id term) {
    if (type.sort == Sort::decimal)
        return function_of(As::number, type.name, {term}, "Real", "the number that a value is");
    if (!type.coarse) return term;
    const std::string to = quoted("equal values of " + type.name);
    f_.declare_sort(to, "values of type " + type.name + " that = calls equal count as one");
    return function_of(As::equal, type.name, {term}, to, "what = looks at");
}

Id Encoder::before(const expr::Type &type, Id left, Id right) {
    const Id a = canonical(type, left), b = canonical(type, right);
    if (type.sort == Sort::number || type.sort == Sort::decimal) return f_.less(a, b);
    if (a == b) return f_.no();
    return function_of(As::before, type.name, {a, b}, "Bool", "the order of the type, of which nothing is known");
}

Id Encoder::meets(Comparison comparison, const expr::Type &type, Id left, Id right) {
    switch (comparison) {
    case Comparison::equal: return f_.equal(canonical(type, left), canonical(type, right));
    case Comparison::not_equal: return f_.negation(f_.equal(canonical(type, left), canonical(type, right)));
    case Comparison::less: return before(type, left, right);
    case Comparison::greater: return before(type, right, left);
    case Comparison::less_equal: return f_.negation(before(type, right, left));
    case Comparison::greater_equal: return f_.negation(before(type, left, right));
    }
    return f_.no();
}

Id Encoder::literal(const expr::Type &type, const std::string &text) {
    const auto key = std::make_pair(type.name, text);
    if (const auto found = literal_terms_.find(key); found != literal_terms_.end()) return found->second;
    const Id term = constant(As::literal, "'" + text + "' of " + type.name, sort(type), "");
    literal_terms_.emplace(key, term);
    literals_.push_back({type, text, term, canonical(type, term)});
    return term;
}

Id Encoder::constant(As as, const std::string &name, const std::string &sort, const std::string &comment) {
    return function_of(as, name, {}, sort, comment);
}

// Names come from everywhere: two symbols are one where they stand for the same and are called the same, whatever the
// texts look like that a reader is shown.
Id Encoder::function_of(As as, const std::string &name, const std::vector<Id> &arguments, const std::string &to,
                        const std::string &comment) {
    std::string &symbol = symbols_[{as, name}];
    if (symbol.empty()) {
        const std::string shown = shown_name(as, name);
        symbol = quoted(shown);
        for (int turn = 2; f_.declared(symbol); turn++) symbol = quoted(fmt::format("{} ({})", shown, turn));
        Symbol made{symbol, {}, to, comment};
        for (const Id argument : arguments) made.from.emplace_back(f_.at(argument).sort);
        f_.declare(made);
    }
    const Symbol &known = f_.symbol(symbol);
    bool fits = known.to == to && known.from.size() == arguments.size();
    for (size_t i = 0; fits && i < arguments.size(); i++) fits = known.from[i] == f_.at(arguments[i]).sort;
    if (!fits) throw Error(Code::internal, "the symbol " + symbol + " has two meanings");
    return f_.apply(symbol, arguments);
}

void Encoder::use(int table) {
    if (used_tables_.contains(table)) return;
    used_tables_[table] = true;
    if (const int of = question_.tables.at((size_t)table).of; of >= 0) return use(of);
    f_.declare_sort(row_sort(table), "rows of " + question_.tables.at((size_t)table).name);
}

std::string Encoder::row_sort(int table) const {
    const int of = question_.tables.at((size_t)table).of;
    return quoted("row of " + question_.tables.at((size_t)(of >= 0 ? of : table)).name);
}

Id Encoder::present(int table, Id row) {
    use(table);
    const auto [found, fresh] = present_.try_emplace({table, row});
    if (fresh)
        found->second =
            function_of(As::present, question_.tables[(size_t)table].name, {row}, "Bool", "the row is there");
    return found->second;
}

} // namespace rlsproof::prove
