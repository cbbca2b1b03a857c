// First-order formulas and terms as a graph without doubles: what an obligation consists of, before it is written as
// SMT-LIB or its quantifiers are expanded over a few rows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "prove/poll.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

using Id = int; // of a formula or term in its graph

enum class Op {
    yes,
    no,
    conjunction,
    disjunction,
    negation,
    equal,
    less,     // of numbers
    if_else,  // condition, then, else
    apply,    // a declared function of these arguments; a constant has none
    numeral,  // a whole number, or a decimal as text
    to_real,  // a whole number as a decimal
    variable, // bound by a quantifier
    exists,   // variable, body
    for_all,  // variable, body
};

struct Symbol {
    std::string name;              // as it is written, bars and all
    std::vector<std::string> from; // sorts
    std::string to;
    std::string comment; // what it stands for
};

class Formulas {
public:
    explicit Formulas(Poll poll = nullptr) : poll_(std::move(poll)) {}
    Formulas(const Formulas &) = delete;
    Formulas &operator=(const Formulas &) = delete;

    // What it points to lives as long as the graph.
    struct Item {
        Op op;
        std::span<const Id> parts;
        std::string_view text; // of a symbol, a numeral or a variable
        std::string_view sort;
        std::span<const Id> free; // variables that are not bound inside, ordered
    };

    Id yes() { return intern(Op::yes, {}, kTrue, kBool); }
    Id no() { return intern(Op::no, {}, kFalse, kBool); }
    Id truth(bool value) { return value ? yes() : no(); }
    Id conjunction(const std::vector<Id> &parts) { return junction(Op::conjunction, parts); }
    Id disjunction(const std::vector<Id> &parts) { return junction(Op::disjunction, parts); }
    Id negation(Id inner);
    Id implies(Id premise, Id conclusion) { return disjunction({negation(premise), conclusion}); }
    Id equal(Id left, Id right);
    Id less(Id left, Id right);
    Id if_else(Id condition, Id then, Id otherwise);
    // REQUIRES: the symbol is declared.
    Id apply(std::string_view symbol, const std::vector<Id> &arguments = {});
    Id numeral(int64_t value);
    Id decimal(const std::string &text); // digits with or without a point, or a sign before them
    Id to_real(Id whole);
    Id variable(std::string_view sort, const std::string &hint);
    Id exists(Id variable, Id body) { return quantified(Op::exists, variable, body); }
    Id for_all(Id variable, Id body) { return quantified(Op::for_all, variable, body); }

    void declare_sort(const std::string &sort, const std::string &comment);
    void declare(Symbol symbol);
    bool declared(std::string_view symbol) const { return symbols_.contains(symbol); }

    const Item &at(Id id) const { return items_.at((size_t)id); }
    const std::vector<const Symbol *> &order() const { return order_; } // of declaration
    const Symbol &symbol(std::string_view name) const { return *symbols_.at(name); }
    const std::vector<std::pair<std::string, std::string>> &sorts() const { return sorts_; }

    // How many formulas there are; each is less than that.
    size_t size() const { return items_.size(); }
    // Called for every bit of work on formulas: a cancel is felt in the middle of large ones.
    void tick() const {
        if (poll_ && (++ticks_ & 1023U) == 0) poll_();
    }

    // The formula with each quantifier replaced by what holds for the given elements of its sort.
    Id expand(Id formula, const std::map<std::string, std::vector<Id>> &elements);

private:
    static constexpr std::string_view kBool = "Bool", kTrue = "true", kFalse = "false";

    // REQUIRES: text and sort last as long as the graph, and equal texts are one.
    Id intern(Op op, std::span<const Id> parts, std::string_view text, std::string_view sort);
    Id intern(Op op, std::initializer_list<Id> parts, std::string_view text, std::string_view sort) {
        return intern(op, std::span(parts.begin(), parts.size()), text, sort);
    }
    std::string_view kept(std::string_view text);
    std::span<const Id> kept(std::span<const Id> ids);
    Id junction(Op op, std::span<const Id> parts);
    Id quantified(Op op, Id variable, Id body);
    Id replace(Id formula, Id variable, Id by, std::unordered_map<Id, Id> &done);

    // A question makes hundreds of formulas, and little else takes as long: what they consist of is never given back
    // before all of it is.
    std::pmr::monotonic_buffer_resource room_;
    std::unordered_set<std::string> texts_; // of numerals and variables
    std::vector<Item> items_;
    std::vector<Id> known_; // by a number made of operator, parts and text; or -1
    std::vector<Id> free_;  // of the one that is being made
    std::unordered_map<std::string_view, std::unique_ptr<const Symbol>> symbols_;
    std::vector<const Symbol *> order_;
    std::vector<std::pair<std::string, std::string>> sorts_;
    int variables_ = 0;
    Poll poll_;
    mutable unsigned ticks_ = 0;
};

// A name between bars. Different names give different symbols.
std::string quoted(const std::string &name);

} // namespace rlsproof::prove
