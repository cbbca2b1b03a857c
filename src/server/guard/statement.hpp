// One execution of one statement: from what is seen of it to what is said of it.
#pragma once

#include "server/guard/settings.hpp"
#include "server/guard/source.hpp"

extern "C" {
#include "executor/execdesc.h"
#include "nodes/execnodes.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
}

namespace rlsproof::server::guard {

// One rule that is broken, in plain values. What is not told stays zero.
struct Violation {
    Rule rule;
    Oid relation;
    double measured; // rows expected, counted or skipped, or statements
    double allowed;
    bool counted;          // measured is a count, not an expectation
    bool unseen;           // what would have to be looked at cannot be
    const PlanState *scan; // where the plan reads the table
    const char *note;      // a sentence for DETAIL; plain text without values
    const char *tenants;   // that were seen, named as the settings say
    const char *after;     // the text of a query that this one seems to follow; constants and all
};

// One violation of each rule is told of a statement: the first. One whose table is waived tells nothing and must not
// hide another table's, so the next is kept beside it.
struct Violations {
    static constexpr int kMost = kRules + 8;
    int count = 0;
    Violation list[kMost];

    // The latest of the rule.
    Violation *find(Rule rule);
    void remove(const Violation *gone);
    // Nothing where one of the rule is there that counts. REQUIRES: the ones before name their tables.
    Violation *add(Rule rule);
};

// What the start of the plan tells, and what it says of tenants, if anything: tenants_of() the query. REQUIRES:
// ExecutorStart has run.
struct TenantPlan;
void judge_start(const QueryDesc *query, const TenantPlan *tenants, Violations *found);

// What can be said of a plan whose rows are all fetched at once as the answer to what a client sent; the first is a
// quick look that spares most plans the second.
inline bool may_be_without_limit(const PlannedStmt *plan) {
    return wants(Rule::no_limit) && plan->planTree->plan_rows > limits.no_limit_rows;
}
void judge_answer(const PlannedStmt *plan, ParamListInfo parameters, Violations *found);

bool reads_user_table(const PlannedStmt *plan);

// What the rights by which the current user comes to one table tell.
void judge_rights(Oid table, bool is_protected, AclMode used, Violations *found);

// Says what was found: logs, warns, records, and raises where a rule asks for it and `may_refuse`. Nothing happens
// where nothing was found.
void tell(const Violations &found, const Source &source, bool may_refuse);

// Whether the statement may break a rule that is not about one table. Costs little where nothing is waived.
bool pardoned(Rule rule, const Source &source);

// Whether a waiver lets the current user break the rule on the table, or on all of them.
bool waived(Rule rule, Oid relation);

} // namespace rlsproof::server::guard
