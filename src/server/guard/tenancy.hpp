// What is declared about the tenants of a table, with its names looked up: kept for the session until a declaration or
// a table changes.
#pragma once

#include <string>
#include <vector>

#include "server/boundary.hpp"

extern "C" {
#include "access/attnum.h"
#include "nodes/pg_list.h"
}

namespace rlsproof::server::guard {

// One row of another table that says more.
struct TenantLink {
    AttrNumber column; // in the table one comes from
    Oid table;         // where it leads
    AttrNumber key;    // the column there that is unique
};

// Plain, in memory of its own.
struct Tenancy {
    Oid table;
    bool declared;
    Oid shown;         // the table it was declared for: an ancestor, where this one is a partition
    AttrNumber column; // the tenant's column in this table; 0 where it is found by a path
    int links;         // of the path; the tenant is `column_at_end` of the last one's table
    TenantLink *link;
    AttrNumber column_at_end;
    Oid type; // of the tenant
    int32 typmod;
    Oid collation;
    bool null_shared;
    const char *shared_tree; // the predicate of shared rows over this table, as a node's text; nullptr without one
    int source;              // how a session knows its tenant: for session_tenants(); -1 where it does not
};

// nullptr where nothing is declared that covers the table. What is returned holds until the next question.
const Tenancy *tenancy_of(Oid table);

// What was committed elsewhere counts from the next statement on, also within a transaction, which takes no new lock
// and so would not hear of it. REQUIRES: a transaction.
void hear_of_changes();

// Whether the column is in no row, and computed where it is read.
bool is_computed(Oid table, AttrNumber column);

// Goes up when what is declared has changed: what was derived from it before is out of date.
uint64 tenancy_generation();

// Whether anything is declared at all.
bool any_tenancy();

// The settings that say a session's tenant, by any declaration.
const std::vector<std::string> &tenant_settings();

} // namespace rlsproof::server::guard
