// How the question of a cell is made: what is shared between what a persona reaches as things are, and what it may come
// to reach by writing.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "server/cell_question.hpp"
#include "server/naming.hpp"
#include "server/translate.hpp"

namespace rlsproof::server {

class Questioner {
public:
    Questioner(const CellToProve &cell, Oid superuser, int security, std::shared_ptr<Catalog> catalog,
               const std::set<std::string> &empty);

    CellQuestion make();

private:
    struct Gate {
        expr::Expr rows, checks; // about the row that is there, and about the new one
    };
    Gate gate(const Relation &relation, const std::string &statement, const expr::Row &there, const expr::Row &written);
    Gate gate(const Query *query, int number, const expr::Row &there, const expr::Row &written);
    expr::Expr passed(const Gate &gate) const;
    void claim_no_more(const Gate &gate, const expr::Row &there, const expr::Row &written);
    expr::Expr scope(const expr::Row *row, const std::vector<expr::Expr> *outputs);
    void ask_rows();
    void refuse_meanwhile();
    void ask_view();
    void ask_view_write();
    void state_facts();
    void claim(std::string name, expr::Expr condition, bool holds, bool bad = false);

    // ---- what a write opens (growth_question.cpp)
    CellQuestion make_growth();
    bool left_out(Oid table, Command command) const;
    bool all_left_out(Oid table) const;
    void add_steps();
    void add_step(Oid table, const std::vector<prove::Tie> &follows);
    void note_other_ways();
    void note_triggers();
    void note_views();
    void note_parts();
    void note_functions();
    void add_states_afterwards();
    std::string list_of_tables() const;

    // ---- in which states (growth_states.cpp)
    void state_just_signed_up(const JustSignedUp &who);
    void state_unmarked(std::vector<expr::Expr> conditions, const std::vector<expr::Expr> &more);

    const CellToProve &cell_;
    Oid superuser_;
    int security_;
    std::shared_ptr<Catalog> catalog_;
    CellQuestion made_;
    Translator translator_;
    Naming naming_;
    std::set<Oid> depended_on_;     // tables whose rows decide, and what those rows go with
    std::vector<expr::Expr> gates_; // of the writes
};

} // namespace rlsproof::server
