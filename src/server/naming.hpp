// When a row names a persona: its identity stands in one of the row's columns, or is what policies read out of them.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "expr/tree.hpp"
#include "model/world.hpp"
#include "prove/question.hpp"

namespace rlsproof::server {

class Naming {
public:
    explicit Naming(const Persona &persona);

    // Whether it has an identity at all.
    bool anybody() const { return !values_.empty(); }
    bool is_identity(const expr::Expr &value) const;

    // Finds in a policy what is read out of a row and held against the identity: a folder of a path, a member of a
    // document, a text as a uuid; and where the identity is looked for in it, as a pattern or a document does. Only
    // what follows from the row alone, whoever asks: an identity that is nowhere in the row cannot come out of it.
    void learn(const expr::Expr &condition);

    // The columns that policies were seen to hold against what nobody is called, by table and number.
    const std::set<std::pair<int, int>> &held_against_nobody() const { return against_nobody_; }

    // The conditions under which a row does, one of which has to hold.
    std::vector<expr::Expr> conditions(const prove::Table &table, const expr::Row &row) const;

private:
    struct Reading {
        int table = 0;
        expr::Expr condition; // about any row of the table
    };

    bool tells_nothing(const expr::Expr &constant) const;
    bool holds_identity(const expr::Expr &value) const;
    bool follows_from(const expr::Expr &value, const expr::Row *&row) const;

    std::vector<std::string> values_;
    std::vector<Reading> readings_;
    std::set<std::pair<int, int>> against_nobody_;
};

} // namespace rlsproof::server
