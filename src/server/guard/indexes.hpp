// The indexes of a table as its catalog rows.
#pragma once

#include "server/boundary.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_index.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
}

namespace rlsproof::server::guard {

// Whether `fits` says so of any valid index over the whole table. Plain. REQUIRES: the table is locked, or the caller
// can bear that it is not.
template <typename Fits>
bool any_index(Oid table, Fits fits) {
    Relation const relation = try_relation_open(table, NoLock);
    if (relation == nullptr) return false;
    bool found = false;
    ListCell *cell;
    foreach (cell, RelationGetIndexList(relation)) {
        HeapTuple const tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
        if (!HeapTupleIsValid(tuple)) continue;
        const auto *const index = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
        found = found || (index->indisvalid && heap_attisnull(tuple, Anum_pg_index_indpred, nullptr) && fits(index));
        ReleaseSysCache(tuple);
    }
    relation_close(relation, NoLock);
    return found;
}

} // namespace rlsproof::server::guard
