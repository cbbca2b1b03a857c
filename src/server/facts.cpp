#include "server/facts.hpp"

#include "server/spi.hpp"

extern "C" {
#include "access/transam.h"
}

namespace rlsproof::server {

const BodyFacts &FactBook::body(Oid function) {
    static const BodyFacts nothing;
    if (function < FirstNormalObjectId) return nothing;
    const auto known = read_.find(function);
    return known != read_.end() ? known->second : read_.emplace(function, read_body_facts(function)).first->second;
}

Relation *FactBook::relation(Oid oid) {
    const auto at = index_.find(oid);
    return at != index_.end() ? &world.relations[at->second] : nullptr;
}

ColumnFacts FactBook::column(const Column &column) const {
    const Rows rows = query("select pg_catalog.quote_ident(attname), not attnotnull from pg_catalog.pg_attribute "
                            "where attrelid = $1::oid and attnum = $2::int2",
                            {std::to_string(column.relation), std::to_string(column.number)});
    return rows.empty() ? ColumnFacts{} : ColumnFacts{rows.text(0, 0), rows.boolean(0, 1)};
}

std::string FactBook::column_name(const Column &place) {
    const Relation *table = relation(place.relation);
    const std::string name = column(place).name;
    return table == nullptr || name.empty() ? std::string() : table->name + "." + name;
}

const std::string &FactBook::function_name(Oid function) {
    const auto known = names_.find(function);
    if (known != names_.end()) return known->second;
    const Rows rows = query(R"(
select pg_catalog.format('rpc:%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes))
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid = $1::oid)",
                            {std::to_string(function)});
    return names_.emplace(function, rows.empty() ? std::string() : rows.text(0, 0)).first->second;
}

void add_facts(World &world, const Index &index, Bodies &bodies) {
    FactBook book(world, index, bodies);
    add_catalog_facts(book);
    add_tenant_places(book);
    add_tree_facts(book);
    add_view_parts(book);
    add_bucket_facts(book);
    add_function_facts(book, read_hints(bodies, world));
}

} // namespace rlsproof::server
