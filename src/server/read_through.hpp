// Views that read with their caller's rights: what they show is made of rows that the caller reaches without them.
#pragma once

#include <vector>

#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/bodies.hpp"

namespace rlsproof::server {

// What a relation reads through the rules of views, itself included; its OID is $1.
constexpr const char *kReads = R"(
with recursive reads(id) as (
  select $1::oid
  union
  select d.refobjid from reads join pg_catalog.pg_rewrite r on r.ev_class = reads.id
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
)";

// Cells of such views that are unknown are ok where those of all that the view reads are. REQUIRES: the persona is
// assumed in the subtransaction around; the cells of its tables are decided.
void settle_views(const World &world, const Persona &persona, Bodies &bodies, std::vector<Cell> &cells);

} // namespace rlsproof::server
