// SQL expressions as a typed tree, and the sub-selects in them. What a server's node tree says once names are resolved,
// and nothing of how it was written. Trees are immutable and may share parts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::expr {

// How values of a type are told apart and ordered.
enum class Sort {
    boolean,
    number,  // whole numbers, times and enumerations: in the order of numbers
    decimal, // ordered like numbers, not always whole; equal ones may still look different (1.0 and 1.00)
    value,   // anything else: equality, and an order nothing is known about
};

struct Type {
    Sort sort = Sort::boolean;
    std::string name = "boolean"; // values of types with different names never meet
    bool coarse = false;          // its = calls equal what other functions tell apart

    bool operator==(const Type &) const = default;
    bool is_boolean() const { return sort == Sort::boolean; }
};

enum class Kind {
    constant,    // a literal, or NULL
    column,      // of a row
    parameter,   // the same all through a statement: the time, a claim
    conjunction, // AND
    disjunction, // OR
    negation,    // NOT
    comparison,
    distinct, // IS DISTINCT FROM
    is_null,
    is_true,  // IS TRUE: never NULL
    choice,   // CASE: condition, result, condition, result, ..., and a last result
    coalesce, // the first that is not NULL
    member,   // x = ANY (array)
    any,      // of the rows of a sub-select: EXISTS, IN, = ANY
    scalar,   // (SELECT x FROM ...), one row at most
    function, // anything that is the same for equal arguments
};

enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal };

struct Node;
using Expr = std::shared_ptr<const Node>;

// A row variable: a row of a table that a sub-select ranges over, or that a question is about.
struct Row {
    int id = 0;
    int table = 0; // in the question's list

    bool operator==(const Row &) const = default;
};

// Rows that together pass `where` yield `output`. A sub-select is a union of these.
struct Select {
    std::vector<Row> rows;
    Expr where;
    Expr output;
};

struct Node {
    Kind kind = Kind::constant;
    Type type;
    std::vector<Expr> arguments;
    std::string name;   // of a parameter or function; a literal as the server writes it
    bool null = false;  // the constant is NULL
    int64_t number = 0; // of a constant of sort number; of a boolean one 0 or 1
    Comparison comparison = Comparison::equal;
    Row row;                     // of a column
    int column = 0;              // its number
    std::vector<Select> selects; // of any and scalar
    bool single = false;         // scalar: no two rows can pass
    bool strict = true;          // function: NULL for a NULL argument
    bool total = false;          // function: never NULL for arguments that are not
    bool injective = false;      // function: different arguments give different results
    bool looks = false;          // function: may look at tables
    bool pure = false;           // function: of its arguments alone, whoever asks
    std::vector<Row> depends;    // function: also on which rows it is called for
    std::string reason;          // function: why it is not known what it means; empty where that is no matter
};

// ---- making them; what is constant is folded on the way ----

Expr boolean(bool value);
Expr null_of(const Type &type);
Expr number(const Type &type, int64_t value, std::string text = {});
Expr literal(const Type &type, std::string text);
Expr column(const Type &type, Row row, int number);
Expr parameter(const Type &type, std::string name);
Expr both(std::vector<Expr> parts);   // AND of any number
Expr either(std::vector<Expr> parts); // OR of any number
Expr negate(Expr inner);
Expr compare(Comparison comparison, Expr left, Expr right);
Expr equal(Expr left, Expr right);
Expr distinct(Expr left, Expr right);
Expr is_null(Expr inner);
Expr is_true(Expr inner);
Expr choose(std::vector<Expr> parts); // with a last result
Expr coalesce(std::vector<Expr> parts);
Expr member(Expr element, Expr array);
Expr any(std::vector<Select> selects);
Expr scalar(std::vector<Select> selects, bool single);
Expr call(Node function); // REQUIRES: a node of kind function

// ---- looking at them ----

bool is_constant(const Expr &e);
bool is_constant(const Expr &e, bool value);
bool has_select(const Expr &e);

// The tree with every use of a column of `row` replaced by what `by` makes of it.
template <typename By>
Expr replace_columns(const Expr &e, By by);

// Rebuilds a node around new parts, folding again. `of` is called for every direct part.
template <typename Of>
Expr rebuild(const Expr &e, Of of) {
    if (e->arguments.empty() && e->selects.empty()) return e;
    auto made = std::make_shared<Node>(*e);
    bool changed = false;
    for (Expr &argument : made->arguments) {
        Expr replaced = of(argument);
        changed = changed || replaced != argument;
        argument = std::move(replaced);
    }
    for (Select &select : made->selects)
        for (Expr *part : {&select.where, &select.output}) {
            Expr replaced = of(*part);
            changed = changed || replaced != *part;
            *part = std::move(replaced);
        }
    return changed ? Expr(made) : e;
}

template <typename By>
Expr replace_columns(const Expr &e, By by) {
    if (e->kind == Kind::column) return by(e);
    return rebuild(e, [&](const Expr &part) { return replace_columns(part, by); });
}

} // namespace rlsproof::expr
