// From SQL's three values to two: a question becomes formulas that can hold together exactly where the answer is yes.
//
// A boolean expression becomes two formulas, "is true" and "is false"; NULL is neither. Any other becomes a term and
// the formula "is NULL". A sub-select quantifies over the rows that are there; a scalar one is drawn out of the
// comparison around it. Whatever has no meaning here is a function nothing is known about.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "prove/formula.hpp"
#include "prove/question.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

// An assertion with a name, so that a proof can say what it rests on.
struct Assertion {
    std::string name;
    Id formula = 0;
    bool axiom = true; // a constraint or a fact; otherwise what is asked
    // The claim that must not be.
    bool bad = false;
    // Holds where the statement does nothing but write that one row. A proof must do without: the row with the same key
    // may be moved, and the one that is referred to made, by the very statement.
    bool alone = false;
};

// What a symbol stands for.
enum class As {
    subject,
    truncated,
    element, // of a bounded search
    present,
    column,
    column_null,
    not_null,
    parameter,
    parameter_null,
    literal,
    none, // what stands where NULL does
    function,
    function_null,
    number, // of a decimal
    equal,  // what = looks at
    before,
    holds,
    empty,
    has_null,
};

// How to read a row of a model: the constant's terms.
struct ColumnTerms {
    int column = 0;
    Id null = 0, value = 0;
    Id canonical = 0; // what its = looks at
};

class Encoder {
public:
    // Raises Error{limit} where the question is too large, Error{internal} where types do not meet.
    Encoder(const Question &question, Formulas &formulas);

    const std::vector<Assertion> &assertions() const { return assertions_; }

    // Constants for so many rows of every table, beside the subjects; for a bounded search.
    std::map<std::string, std::vector<Id>> make_elements(int rows);
    // Facts about those constants.
    Id elements_distinct() const { return elements_distinct_; }

    std::string row_sort(int table) const;
    Id present(int table, Id row);
    Id subject(size_t number) const { return subjects_.at(number); }
    std::vector<ColumnTerms> columns_of(int table, Id row);
    bool used(int table) const { return used_tables_.contains(table); }
    // That the row of a table which the statement may change is there or not there afterwards as before, and the same.
    Id unchanged(const Step &step, Id row);
    // The columns that are spoken of, in the order of columns_of().
    std::vector<int> used_columns(int table) const;
    // How they, and parameters, are named among the symbols. REQUIRES: they are spoken of.
    const std::string &column_symbol(int table, int number) const;
    const std::string &parameter_symbol(const std::string &name) const { return symbols_.at({As::parameter, name}); }

    // Literals by the term that stands for them.
    struct Literal {
        expr::Type type;
        std::string text;
        Id term;
        Id canonical;
    };
    const std::vector<Literal> &literals() const { return literals_; }
    // How a model tells what is in arrays of a type, for those types of which that matters: by these symbols.
    struct Elements {
        expr::Type type;
        std::string holds, empty, has_null;
    };
    const std::map<std::string, Elements> &elements() const { return elements_; }
    // Parameters that are numbers.
    const std::map<std::string, Id> &parameters() const { return parameters_; }
    // Why functions in it are not known; each reason once.
    const std::vector<std::string> &reasons() const { return reasons_; }

private:
    struct Truth {
        Id yes, no;
    };
    struct Value {
        Id null, term;
    };

    // Both formulas, or only the first: of what must be true it does not matter when it is false, and saying so of
    // sub-selects within sub-selects doubles with each. What was not made is no formula, and cannot be put into one.
    enum class Half { both, yes };
    Truth truth(const expr::Expr &e, Half half = Half::both);
    Id yes(const expr::Expr &e) { return truth(e, Half::yes).yes; }
    Truth truth_plainly(const expr::Expr &e, Half half);
    Truth compared(const expr::Node &node);
    Truth compared_booleans(const expr::Node &node, expr::Comparison comparison);
    Truth any(const expr::Node &node, Half half);
    Truth lifted(const expr::Expr &atom, const expr::Expr &hard);
    Truth lifted_scalar(const expr::Expr &atom, const expr::Expr &hard);
    Truth of_value(const Value &value);
    Value value(const expr::Expr &e);
    Value value_plainly(const expr::Expr &e);
    Value function(const expr::Node &node);
    Value column(const expr::Type &type, int table, int number, Id row);
    Id meets(expr::Comparison comparison, const expr::Type &type, Id left, Id right);
    Id canonical(const expr::Type &type, Id term);
    Id before(const expr::Type &type, Id left, Id right);
    Id literal(const expr::Type &type, const std::string &text);

    template <typename Body>
    Id some(const std::vector<expr::Row> &rows, size_t at, const Body &body);
    expr::Select renamed(const expr::Select &select);
    void bind(const expr::Row &row, Id term) { rows_[row.id] = term; }

    std::string sort(const expr::Type &type);
    Id constant(As as, const std::string &name, const std::string &sort, const std::string &comment);
    Id function_of(As as, const std::string &name, const std::vector<Id> &arguments, const std::string &to,
                   const std::string &comment);
    void use(int table);

    // Something that a row refers to goes or changes, and may take the row along.
    struct Follow {
        Id may;
        const Tie *tie;
        std::vector<Id> moved; // column by column, that it is what it refers to has become
    };
    // A step as far as it is encoded: for the row variable, the ways in which it may change; and for subjects.
    struct Begun {
        const Step *step;
        Id row, insert, update, remove;
        std::vector<Follow> follows;
        std::vector<std::pair<size_t, std::vector<Follow>>> of_subjects;
    };
    void begin(const Step &step);
    std::vector<Follow> follows(const Step &step, Id row);
    Id truncated(const Step &step);
    Id taken_along(const Begun &begun, const std::vector<Follow> &follows, Id row, bool may_go);
    Id same(const Step &step, const std::vector<int> &columns, Id row);

    void state_subjects();
    void begin_steps();
    void spread_columns();
    void state_steps();
    void state_constraints();
    void state_literals();
    Id key_differs(const Table &table, int number, const Key &key, Id left, Id right);
    Id refers(int number, const Reference &reference, Id child);
    Id matches(int number, const Reference &reference, Id child, Id parent);
    Id check_holds(const Check &check, Id row);
    void state(const std::string &name, Id formula, bool axiom, bool alone = false);

    const Question &question_;
    Formulas &f_;
    std::vector<Assertion> assertions_;
    std::unordered_set<std::string> names_;      // of those
    std::unordered_map<std::string, int> turns_; // how often a name was wanted again
    std::map<const expr::Node *, Truth> truths_;
    std::map<const expr::Node *, Value> values_;
    std::vector<expr::Expr> kept_; // so that no address is used twice
    std::map<int, Id> rows_;       // what a row variable stands for
    std::vector<Id> subjects_;
    std::vector<Begun> begun_;
    std::map<int, bool> used_tables_;
    std::map<std::pair<int, int>, bool> used_columns_;
    // By what symbols a column is spoken of, so that its name is not put together for every row.
    struct Called {
        std::string_view null, value; // the graph's own
        Id not_null;                  // where it has the constraint
    };
    std::map<std::pair<int, int>, Called> called_;
    std::map<std::pair<As, std::string>, std::string> symbols_;
    std::map<std::tuple<int, int, Id>, Value> columns_;
    std::map<std::pair<int, Id>, Id> present_;
    std::vector<Literal> literals_;
    std::map<std::pair<std::string, std::string>, Id> literal_terms_;
    std::map<std::string, Elements> elements_;
    std::map<std::string, Id> parameters_;
    std::vector<std::string> reasons_;
    Id elements_distinct_ = 0;
    int next_row_;
    int depth_ = 0;
};

} // namespace rlsproof::prove
