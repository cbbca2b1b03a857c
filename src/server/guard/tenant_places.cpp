// Where in a row the column lies that says, or leads to, whose the row is. The guard says what is declared of a table.
#include "server/facts.hpp"

#include "server/guard/settings.hpp"
#include "server/guard/tenancy.hpp"
#include "server/spi.hpp"

extern "C" {
#include "catalog/pg_am.h"
}

namespace rlsproof::server {

namespace {

// What nobody has analyzed may hold NULLs.
constexpr const char *kBefore = R"(
select pg_catalog.quote_ident(a.attname), a.attisdropped, a.attlen < 0,
       not a.attnotnull and coalesce((select max(s.null_frac) > 0 from pg_catalog.pg_stats s
                                      where s.schemaname = n.nspname and s.tablename = c.relname
                                        and s.attname = a.attname), true)
from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.attrelid = $1::oid and a.attnum between 1 and $2::int - 1 order by a.attnum)";

// Whether the table, with its partitions, is known to have few pages. One that nobody has looked at yet is new.
bool small(Oid table) {
    const Rows rows = query(R"(
select coalesce(pg_catalog.bool_and(c.reltuples >= 0), false)
       and coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(c.oid)), 0)
         < $2::bigint * pg_catalog.current_setting('block_size')::bigint
from pg_catalog.pg_class c where c.relkind = 'r'
  and (c.oid = $1::oid or c.oid in (select t.relid from pg_catalog.pg_partition_tree($1::oid) t where t.isleaf)))",
                            {std::to_string(table), std::to_string(guard::limits.small_table)});
    return rows.boolean(0, 0);
}

// Tables of other access methods are read another way.
bool in_heap(Oid table) {
    const Rows rows = query("select relkind = 'p' or relam = $2::oid from pg_catalog.pg_class where oid = $1::oid",
                            {std::to_string(table), std::to_string(HEAP_TABLE_AM_OID)});
    return !rows.empty() && rows.boolean(0, 0);
}

} // namespace

void add_tenant_places(FactBook &book) {
    if (!guard::any_tenancy()) return;
    for (Relation &relation : book.world.relations) {
        if (!relation.is_table()) continue;
        const guard::Tenancy *const tenancy = call(guard::tenancy_of, (Oid)relation.id);
        if (tenancy == nullptr) continue;
        const AttrNumber column = tenancy->links > 0 ? tenancy->link[0].column : tenancy->column;
        if (!in_heap(relation.id)) continue;
        TenantPlace &place = relation.tenant_place;
        place.leads = tenancy->links > 0;
        place.column = book.column({relation.id, column}).name;
        const Rows before = query(kBefore, {std::to_string(relation.id), std::to_string(column)});
        for (size_t i = 0; i < before.size(); i++)
            if (before.boolean(i, 1))
                place.dropped++;
            else if (before.boolean(i, 2))
                place.varying.push_back(before.text(i, 0));
            else if (before.boolean(i, 3))
                place.nullable.push_back(before.text(i, 0));
        if (place.late()) place.small = small(relation.id);
        poll();
    }
}

} // namespace rlsproof::server
