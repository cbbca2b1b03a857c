// What only the query knows and its plan has lost, or only the planner knows: found at planning, looked at whenever the
// plan is executed.
//
// A cached plan passes no planner hook, and the server's query id, by which facts could be kept aside, costs more than
// all of the guard. So facts travel in the plan: as items of PlannedStmt.invalItems, which the plan cache copies with
// the plan and looks at only for caches it knows. Their cache ids are none.
#pragma once

#include "server/guard/rules.hpp"

extern "C" {
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
}

namespace rlsproof::server::guard {

enum class Fact : int {
    whole_write = -7301, // a table that is changed without a condition on it
    part_of_product,     // two tables or more between which nothing joins; one item for each part
    out_of_reach,        // a table that no indexable condition reaches
};

// Each in its own file. They append to `items`.
void find_whole_writes(const Query *query, List **items);
void find_products(const Query *query, List **items);

// Called by the planner for each relation it has found paths for.
void find_out_of_reach(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *entry);

// All that the query itself tells, for the rules of `wanted`.
List *facts_of(const Query *query, RuleSet wanted);

void append(List **items, Fact fact, Oid relation);

// The facts of one plan, as the verdict asks for them.
class Facts {
public:
    explicit Facts(const PlannedStmt *plan) : items_(plan->invalItems) {}
    bool has(Fact fact) const;
    bool has(Fact fact, Oid relation) const;
    // The n-th relation with this fact; InvalidOid where there are not so many.
    Oid nth(Fact fact, int n) const;

private:
    const List *items_;
};

// Walks over a query's jointree: every condition of FROM and WHERE, taken apart at AND.
void each_condition(const Query *query, void (*visit)(Node *condition, void *context), void *context);

// The range table entries of this query that an expression mentions, also from within sub-selects; columns of joins
// are followed to the tables they come from.
Bitmapset *mentioned(const Query *query, Node *node);

} // namespace rlsproof::server::guard
