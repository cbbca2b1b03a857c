#include "server/hint_notes.hpp"

#include <utility>

#include "server/asks_who.hpp"
#include "server/nodes.hpp"

#include "server/compat.hpp"

namespace rlsproof::server {

namespace {

// The column that a column of a join is, where it is one: USING (id) has a column of the join's own.
const Var *behind_joins(const Var *var, const Query *query) {
    while (var->varattno > 0) {
        const auto *entry = (const RangeTblEntry *)list_nth(query->rtable, var->varno - 1);
        if (entry->rtekind != RTE_JOIN) break;
        Node *behind = without_casts((Node *)list_nth(entry->joinaliasvars, var->varattno - 1));
        if (behind == nullptr || !IsA(behind, Var)) break;
        var = castNode(Var, behind);
    }
    return var;
}

// The columns of one row of a sub-select, wherever in it they are read.
struct Reading {
    HintWalk *walk;
    const Query *query; // that the row is read in
    const RangeTblEntry *entry;
    int number; // in the range table
    int depth;  // of sub-selects inside that one
};

bool note_personal(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *reading = (Reading *)context;
    if (IsA(node, Var)) {
        if ((int)castNode(Var, node)->varlevelsup != reading->depth) return false;
        const Var *var = behind_joins(castNode(Var, node), reading->query);
        if (var->varno == reading->number && var->varattno > 0)
            note(reading->walk, HintKind::personal, reading->entry->relid, var->varattno, false, nullptr);
        return false;
    }
    if (IsA(node, Query)) {
        reading->depth++;
        (void)query_tree_walker(castNode(Query, node), compat::walker(note_personal), context, QTW_IGNORE_JOINALIASES);
        reading->depth--;
        return false;
    }
    return compat::walk(node, note_personal, context);
}

} // namespace

void note(HintWalk *walk, HintKind kind, Oid relation, int number, bool own, const char *value, Oid other,
          int other_number) {
    auto *raw = (RawHint *)palloc(sizeof(RawHint));
    *raw = RawHint{kind, relation, number, own, value, other, other_number};
    walk->found = lappend(walk->found, raw);
}

void note_joined(HintWalk *walk, Oid relation, int number, Oid other, int other_number) {
    if (relation != other) note(walk, HintKind::joined, relation, number, false, nullptr, other, other_number);
}

bool place_of(Node *node, const HintWalk *walk, Place *place) {
    if (node == nullptr) return false;
    if (IsA(node, CoerceToDomainValue)) {
        *place = Place{walk->relation, 0, true};
        return true;
    }
    if (!IsA(node, Var)) return false;
    const auto *var = castNode(Var, node);
    const int level = list_length(walk->stack) - (int)var->varlevelsup;
    if (var->varattno <= 0) return false;
    if (level == 0) {
        *place = Place{walk->relation, var->varattno, true};
        return true;
    }
    if (level < 0) return false;
    const auto *query = (const Query *)list_nth(walk->stack, level - 1);
    var = behind_joins(var, query);
    const auto *entry = (const RangeTblEntry *)list_nth(query->rtable, var->varno - 1);
    if (entry->rtekind != RTE_RELATION) return false;
    *place = Place{entry->relid, var->varattno, false};
    return true;
}

bool is_identity(Node *node, const HintWalk *walk) {
    return is_identity(node, Asking{walk->asking, walk->asking_count});
}

void note_row(HintWalk *walk, Query *query, int number) {
    const auto *entry = (const RangeTblEntry *)list_nth(query->rtable, number - 1);
    if (entry->rtekind != RTE_RELATION) return;
    Reading reading{walk, query, entry, number, 0};
    (void)query_tree_walker(query, compat::walker(note_personal), (void *)&reading, QTW_IGNORE_JOINALIASES);
}

void note_own_rows(HintWalk *walk, Query *query, Node *condition) {
    condition = without_casts(condition);
    ListCell *cell;
    if (condition == nullptr) return;
    if (IsA(condition, FromExpr)) {
        foreach (cell, castNode(FromExpr, condition)->fromlist) note_own_rows(walk, query, (Node *)lfirst(cell));
        note_own_rows(walk, query, castNode(FromExpr, condition)->quals);
    } else if (IsA(condition, JoinExpr)) {
        note_own_rows(walk, query, castNode(JoinExpr, condition)->larg);
        note_own_rows(walk, query, castNode(JoinExpr, condition)->rarg);
        note_own_rows(walk, query, castNode(JoinExpr, condition)->quals);
    } else if (is_andclause(condition)) {
        foreach (cell, castNode(BoolExpr, condition)->args) note_own_rows(walk, query, (Node *)lfirst(cell));
    } else if (IsA(condition, OpExpr) && list_length(castNode(OpExpr, condition)->args) == 2) {
        Node *left = without_casts((Node *)linitial(castNode(OpExpr, condition)->args));
        Node *right = without_casts((Node *)lsecond(castNode(OpExpr, condition)->args));
        for (const auto &[column, value] : {std::pair(left, right), std::pair(right, left)})
            if (column != nullptr && IsA(column, Var) && castNode(Var, column)->varlevelsup == 0 &&
                is_identity(value, walk))
                note_row(walk, query, castNode(Var, column)->varno);
    }
}

} // namespace rlsproof::server
