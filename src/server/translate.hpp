// From the server's node trees to expressions the prover understands: by operator and function OID, in the tree the
// rewriter left, so with the policies of every table that is read in it. What has no meaning there becomes a function
// of which nothing is known but that equal arguments give equal results, and not even that where it may change by
// itself.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "expr/tree.hpp"

#include "server/schema.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
}

namespace rlsproof::server {

class Translator {
public:
    // `reads_only`: the statement changes nothing, so that a volatile function sees what its caller sees. `given` are
    // the settings that the session has, `empty` others that it finds empty; the rest is NULL. With `any` each of them
    // may have any value.
    Translator(Schema &schema, bool reads_only, std::vector<std::string> given, std::set<std::string> empty,
               bool any = false)
        : schema_(schema), follows_volatile_(reads_only), given_(std::move(given)), empty_(std::move(empty)),
          any_(any) {}

    // A row variable of its own.
    expr::Row fresh_row(Oid relation) { return {next_row_++, schema_.table(relation)}; }
    // One that the question is about: there is one such row, and it is the same throughout.
    expr::Row subject_row(Oid relation) { return subjects_.emplace_back(fresh_row(relation)); }
    int next_row() const { return next_row_; }

    // The rows a query yields, as a union of selects; `outputs` in the order of its columns.
    struct Branch {
        std::vector<expr::Row> rows;
        expr::Expr where;
        std::vector<expr::Expr> outputs;
    };
    // What the rows are for: whether there is one, which values there are, the value of the one, or of any one of them.
    enum class Use { existence, values, single, first };
    // Raises Unsupported.
    std::vector<Branch> rows_of(const Query *query, Use use);

    // A condition over the columns of relation `number` of `query`, which are those of `row`, or these outputs.
    expr::Expr condition(Node *node, const Query *query, int number, const expr::Row &row);
    expr::Expr condition(Node *node, const Query *query, int number, const std::vector<expr::Expr> &outputs);

    // Settings that were read, and that nobody has set: NULL, until a transaction that set them was rolled back.
    const std::set<std::string> &unset_settings() const { return unset_; }
    // Something was evaluated that may fail for some value: a cast.
    bool may_raise() const { return may_raise_; }
    // Tables that sub-selects and functions read in the state before the statement; and those that volatile functions
    // read, which see what it has done so far.
    const std::set<Oid> &read_before() const { return read_before_; }
    const std::set<Oid> &read_meanwhile() const { return read_meanwhile_; }
    void forget_reads() {
        read_before_.clear();
        read_meanwhile_.clear();
    }

    // What is known of values that are one of several: a row that comes first by chance.
    struct Given {
        std::string name;
        expr::Expr condition;
    };
    const std::vector<Given> &givens() const { return givens_; }

    // Literals of types whose = is coarser than identity, by type.
    const std::map<Oid, std::map<std::string, expr::Type>> &coarse_literals() const { return coarse_literals_; }

    // What a construct is that cannot be followed.
    struct Unsupported {
        std::string what;
    };

private:
    // What stands in a query's range table: the columns of a row, or expressions.
    struct Source {
        bool is_row = false;
        expr::Row row;
        std::vector<expr::Expr> columns;
    };
    // One way to combine the rows of a FROM.
    struct State {
        std::vector<expr::Row> rows;
        std::vector<expr::Expr> conditions;
        std::map<int, Source> sources;
    };
    struct Frame {
        const Query *query;
        const State *state;
    };
    class Inside;

    // ---- queries (translate_query.cpp)
    std::vector<State> from(Node *item, const Query *query, const std::vector<State> &before);
    std::vector<State> from_entry(int number, const Query *query, const std::vector<State> &before);
    std::vector<State> left_join(const JoinExpr *join, const Query *query, const std::vector<State> &before);
    std::vector<State> with_branches(int number, const State &state, const std::vector<Branch> &branches);
    std::vector<Branch> set_operation(Node *node, const Query *query, Use use);
    std::vector<Branch> common_table(const RangeTblEntry *entry, const Query *query);
    std::vector<Branch> values_lists(const RangeTblEntry *entry);
    void refuse(const Query *query, Use use) const;
    expr::Expr first_of(const std::vector<Branch> &branches, const std::string &whose, std::string name,
                        std::vector<expr::Expr> arguments);
    bool is_pinned(const Branch &branch) const;
    std::vector<expr::Select> selects(const std::vector<Branch> &branches) const;

    // ---- expressions (translate.cpp)
    expr::Expr expression(Node *node);
    expr::Expr plain(Node *node);
    expr::Expr variable(const Var *var);
    expr::Expr constant(const Const *constant);
    expr::Expr boolean(const BoolExpr *node);
    expr::Expr sub_link(const SubLink *link);
    expr::Expr choice(const CaseExpr *node);
    expr::Expr extreme(const MinMaxExpr *node);
    expr::Expr coerced(Node *argument, Oid to, Node *node);
    std::vector<expr::Expr> all(const List *nodes);

    // ---- operators and functions (translate_calls.cpp)
    expr::Expr operation(Oid op, Oid function, Oid collation, const std::vector<expr::Expr> &arguments,
                         const std::vector<Oid> &types, Oid result);
    expr::Expr written_as(const expr::Expr &cast, const expr::Expr &text, bool differs) const;
    expr::Expr count_compared(const OpExpr *node);
    expr::Expr row_comparison(const RowCompareExpr *node);
    expr::Expr function(Oid function, Oid collation, const std::vector<expr::Expr> &arguments,
                        const std::vector<Oid> &types, Oid result);
    expr::Expr function_call(const FuncExpr *node);
    expr::Expr unknown(std::string name, Oid result, std::vector<expr::Expr> arguments, std::string reason);
    expr::Expr opaque(Node *node, const std::string &reason);
    std::vector<expr::Row> rows_in_scope() const;
    expr::Expr settled(Node *node);
    expr::Expr setting(const FuncExpr *node);

    // ---- arrays (translate_arrays.cpp)
    using Elements = std::vector<std::pair<expr::Expr, Oid>>; // with their types
    std::optional<Elements> elements(Node *array);
    expr::Expr array_operation(const ScalarArrayOpExpr *node);
    expr::Expr array_contains(const OpExpr *node);
    expr::Expr array_cast(const ArrayCoerceExpr *node);

    // ---- bodies of functions (translate_bodies.cpp)
    expr::Expr body(Oid function, const std::vector<expr::Expr> &arguments);
    std::vector<Branch> body_rows(Oid function, const std::vector<expr::Expr> &arguments, bool set);
    std::vector<Branch> rows_of_call(const FuncExpr *call);
    std::string function_name(Oid function) const;

    Schema &schema_;
    std::vector<expr::Row> subjects_;
    std::vector<Given> givens_;
    std::map<Oid, std::string> why_not_; // functions whose bodies are not followed
    std::vector<Frame> frames_;
    std::vector<const std::vector<expr::Expr> *> link_outputs_; // of sub-selects whose test is being read
    std::vector<expr::Expr> case_tests_;
    const std::vector<expr::Expr> *parameters_ = nullptr; // of the function whose body is being read
    std::vector<Oid> reading_;                            // functions whose bodies are being read
    std::vector<expr::Row> outer_rows_;                   // that their arguments may depend on
    std::string standing_in_;                             // the functions among them that bring settings along
    bool follows_volatile_;
    std::vector<std::string> given_;
    std::set<std::string> empty_;
    bool any_;
    std::set<std::string> unset_;
    std::map<Oid, std::map<std::string, expr::Type>> coarse_literals_;
    bool may_raise_ = false;
    std::set<Oid> read_before_, read_meanwhile_;
    bool in_volatile_ = false;
    int next_row_ = 1;
    int opaque_ = 0;
    int depth_ = 0;
};

} // namespace rlsproof::server
