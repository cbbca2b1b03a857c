#include "server/guard/facts.hpp"

#include "server/compat.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
}

namespace rlsproof::server::guard {

namespace {

bool is(const PlanInvalItem *item, Fact fact) {
    // Tenants travel in a node of their own.
    return nodeTag(item) == T_PlanInvalItem && item->cacheId == static_cast<int>(fact);
}

void visit_from(Node *node, void (*visit)(Node *, void *), void *context);

void visit_quals(Node *quals, void (*visit)(Node *, void *), void *context) {
    if (quals == nullptr) return;
    if (IsA(quals, List)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<List *>(quals)) visit_quals(static_cast<Node *>(lfirst(cell)), visit, context);
    } else if (is_andclause(quals)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<BoolExpr *>(quals)->args)
            visit_quals(static_cast<Node *>(lfirst(cell)), visit, context);
    } else {
        visit(quals, context);
    }
}

void visit_from(Node *node, void (*visit)(Node *, void *), void *context) {
    if (node == nullptr) return;
    if (IsA(node, FromExpr)) {
        const auto *const from = reinterpret_cast<FromExpr *>(node);
        ListCell *cell;
        foreach (cell, from->fromlist) visit_from(static_cast<Node *>(lfirst(cell)), visit, context);
        visit_quals(from->quals, visit, context);
    } else if (IsA(node, JoinExpr)) {
        const auto *const join = reinterpret_cast<JoinExpr *>(node);
        visit_from(join->larg, visit, context);
        visit_from(join->rarg, visit, context);
        visit_quals(join->quals, visit, context);
    }
}

struct Mentions {
    const Query *query;
    int depth; // of sub-selects below the query
    Bitmapset *found;
};

bool mention_walker(Node *node, void *pointer) {
    auto *const mentions = static_cast<Mentions *>(pointer);
    if (node == nullptr) return false;
    if (IsA(node, Var)) {
        const auto *const var = reinterpret_cast<Var *>(node);
        if (static_cast<int>(var->varlevelsup) != mentions->depth || var->varno <= 0 ||
            var->varno > list_length(mentions->query->rtable))
            return false;
        const RangeTblEntry *const entry = rt_fetch(var->varno, mentions->query->rtable);
        if (entry->rtekind != RTE_JOIN) {
            mentions->found = bms_add_member(mentions->found, var->varno);
            return false;
        }
        // A column of a join; its expressions count levels from the query itself.
        Mentions inner{mentions->query, 0, mentions->found};
        if (var->varattno > 0 && var->varattno <= list_length(entry->joinaliasvars))
            mention_walker(static_cast<Node *>(list_nth(entry->joinaliasvars, var->varattno - 1)), &inner);
        else
            mention_walker(reinterpret_cast<Node *>(entry->joinaliasvars), &inner);
        mentions->found = inner.found;
        return false;
    }
    if (IsA(node, CurrentOfExpr)) {
        if (mentions->depth == 0)
            mentions->found =
                bms_add_member(mentions->found, static_cast<int>(reinterpret_cast<CurrentOfExpr *>(node)->cvarno));
        return false;
    }
    if (IsA(node, Query)) {
        ++mentions->depth;
        compat::walk_query(reinterpret_cast<Query *>(node), mention_walker, mentions, 0);
        --mentions->depth;
        return false;
    }
    return compat::walk(node, mention_walker, mentions);
}

} // namespace

void append(List **items, Fact fact, Oid relation) {
    PlanInvalItem *const item = makeNode(PlanInvalItem);
    item->cacheId = static_cast<int>(fact);
    item->hashValue = relation;
    *items = lappend(*items, item);
}

bool Facts::has(Fact fact) const {
    ListCell *cell;
    foreach (cell, items_)
        if (is(static_cast<const PlanInvalItem *>(lfirst(cell)), fact)) return true;
    return false;
}

bool Facts::has(Fact fact, Oid relation) const {
    ListCell *cell;
    foreach (cell, items_) {
        const auto *const item = static_cast<const PlanInvalItem *>(lfirst(cell));
        if (is(item, fact) && item->hashValue == relation) return true;
    }
    return false;
}

Oid Facts::nth(Fact fact, int n) const {
    ListCell *cell;
    foreach (cell, items_) {
        const auto *const item = static_cast<const PlanInvalItem *>(lfirst(cell));
        if (is(item, fact) && n-- == 0) return item->hashValue;
    }
    return InvalidOid;
}

void each_condition(const Query *query, void (*visit)(Node *, void *), void *context) {
    visit_from(reinterpret_cast<Node *>(query->jointree), visit, context);
    visit_quals(compat::merge_condition(query), visit, context);
}

Bitmapset *mentioned(const Query *query, Node *node) {
    Mentions mentions{query, 0, nullptr};
    mention_walker(node, &mentions);
    return mentions.found;
}

List *facts_of(const Query *query, RuleSet wanted) {
    List *items = NIL;
    if ((wanted & only(Rule::write_without_where)) != 0 && (query->commandType != CMD_SELECT || query->hasModifyingCTE))
        find_whole_writes(query, &items);
    // Nothing to join in a query of one table.
    if ((wanted & only(Rule::cartesian_join)) != 0 &&
        (list_length(query->rtable) > 1 || query->hasSubLinks || query->cteList != NIL))
        find_products(query, &items);
    return items;
}

} // namespace rlsproof::server::guard
