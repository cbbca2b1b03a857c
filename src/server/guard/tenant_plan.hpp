// What a plan says of tenants: for each scan of a tenant's table, what holds its rows to one of them. Found once for a
// plan and kept in it; only values are compared when it is executed.
#pragma once

#include "server/guard/tenancy.hpp"

extern "C" {
#include "nodes/extensible.h"
#include "nodes/plannodes.h"
}

namespace rlsproof::server::guard {

// From nothing to certain: what comes later says more.
enum class Pin : int {
    none,       // no condition is about the tenant
    weak,       // one is, and holds it to nothing: a cast, a range, an OR
    joined,     // held to what another table's rows say
    set,        // to one of several values
    expression, // to one value that is computed while the statement runs
    shared,     // to rows that are everybody's
    session,    // to what the session knows its tenant by
    parameter,
    literal,
    written, // not read at all: rows are put in
};

// A scan and the column that is looked at, in plain values.
struct TenantScan {
    Oid table;    // that is scanned
    Oid owner;    // whose tenancy it is about: the same, but for carriers
    bool carrier; // no tenant's table: its values hold one
    int node;     // of the plan; -1 where the table is only written
    AttrNumber column;
    Pin pin;
    bool with_null; // rows without a tenant pass as well
    bool tied;      // compared with what a join hands down: how far that holds it is told by the other side
    int bound_to;   // the scan whose values hold this one's; -1 where it is none that is known
    // The comparison, for literals, parameters and sets of them.
    Oid function;
    Oid collation;
    bool column_first;
    int parameter; // its number; 0 where the value is a constant
    Const *value;  // of a set: an array
};

// Travels in PlannedStmt.invalItems, as all facts do.
struct TenantPlan {
    ExtensibleNode node;
    uint64 generation; // of the declarations it was made by
    bool settled;      // nothing is written, and every scan is held to the same value, known when it starts
    int count;
    TenantScan *scan;
};

void define_tenant_plan();

// Whether the plan alone says whose rows a scan reads, once the value that it is held to has been compared.
bool settles(const TenantScan &scan);

// Whether all scans that settle by a value do so by the same one: two tables, each held to another tenant, are a
// mixture. A constant and a parameter are taken for two, though they may come to one.
bool held_alike(const TenantScan *scans, int count);

// Rows of a foreign table that comes to be watched are asked for in turn: those that arrive by themselves pass no node.
// REQUIRES: the plan is new.
void fetch_in_turn(PlannedStmt *plan);

// Looks at a plan. REQUIRES: its tables are locked.
TenantPlan *look_at_tenants(PlannedStmt *plan);

// The one that travels with the plan; nullptr where there is none, or one of other declarations.
const TenantPlan *tenant_plan_of(const PlannedStmt *plan);

// ---- between its two parts: conditions of one scan, and the joins between scans

// Where a column's values come from: a column of a scan, or (nullptr) something else.
struct Origin {
    Plan *scan;
    AttrNumber column;
    bool several = false; // one of them: partitions, branches of a union
};

// A scan whose column is compared with what comes from there.
struct Tie {
    Plan *scan;
    AttrNumber column;
    Origin other;
};

struct PlanLook {
    PlannedStmt *plan;
    List *nodes; // all of them
    List *scans; // of tenants' tables, in the order of `found`
    List *ties;  // of Tie
    TenantScan *found;
    int count;
    int room;
};

// The table a node scans; InvalidOid where it scans none.
Oid table_of(const PlanLook *look, const Plan *plan);

// A plain comparison of the tenant with a constant, a parameter or the session's own: the usual case, which needs no
// look at the rest.
bool held_plainly(const Plan *scan, const Tenancy *tenancy, TenantScan *found);

// What one scan's conditions say of a column. Ties to other scans are noted in the look.
void look_at_conditions(PlanLook *look, Plan *scan, const Tenancy *tenancy, TenantScan *found);

// The conditions of a scan, as lists of expressions; and the columns that stand for those of its table.
List *conditions_of(const Plan *scan); // those of bitmaps and indexes included
bool has_partial_index(const Plan *scan);
AttrNumber column_of(const Plan *scan, const Node *node);

// The function of an operator of which two operands can only be the same tenant where it holds; InvalidOid of any
// other. The answer is kept for the next time.
Oid equality(Oid operation, Oid type_of_column, Oid collation_of_column, Oid collation_of_operator);

// What stands behind an execution parameter.
struct Behind {
    Plan *subplan;    // an initplan
    Plan *nest;       // a nested loop that hands it to its inner side ...
    const Var *outer; // ... from here
};
bool behind(const PlanLook *look, int parameter, Behind *found);

// The first of them, and whether there are more: a row that comes from one of several is held by none of these alone.
Origin first_origin(const PlanLook *look, Plan *plan, const Node *node);

// What a tie is to, where that is a part of WITH that comes round: a scan that is compared with the rounds before, and
// hands the same column to the next, is held to what the first of them began with.
Origin before_rounds(const PlanLook *look, const Tie *tie);

void note_tie(PlanLook *look, Plan *scan, AttrNumber column, Origin other);

// Through which nodes: wherever a value comes from, or only as far as a condition on it holds the rows it comes from.
enum class Through { all, only_held };
void each_origin(const PlanLook *look, Plan *plan, const Node *node, Through through,
                 void (*visit)(Origin origin, void *context), void *context);

} // namespace rlsproof::server::guard
