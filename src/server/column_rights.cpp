#include "server/column_rights.hpp"

#include <fmt/format.h>

#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

// Of the columns of a view some may be computed, and those are refused whoever writes them: the others come first.
constexpr const char *kComputed = "c.kind = 'v' and not pg_catalog.pg_column_is_updatable(a.attrelid, a.attnum, true)";

} // namespace

const ColumnRights &column_rights(Catalog &catalog, Oid relation, const char *privilege) {
    if (!catalog.rights) catalog.rights = std::make_shared<RightsRead>();
    const std::pair<Oid, std::string> who{call(GetUserId), privilege};
    std::map<Oid, ColumnRights> &known = catalog.rights->tables[who];
    if (const auto found = known.find(relation); found != known.end()) return found->second;
    std::map<Oid, ColumnRights> made;
    std::vector<std::string> wanted;
    for (const Oid other : catalog.with_others(relation, catalog.rights->read_alone[who]))
        if (!known.contains(other)) {
            made[other];
            wanted.push_back(std::to_string(other));
        }
    // A column whose value a trigger may choose is not fixed, whoever may write it. What is granted on the whole is
    // granted on each column, and is asked once.
    const int events = who.second == "INSERT" ? 7 : 19;
    const Rows rows = query(
        fmt::format(
            "select a.attrelid, c.whole or pg_catalog.has_column_privilege(a.attrelid, a.attnum, '{0}'), "
            "pg_catalog.quote_ident(a.attname), a.attnum, "
            "a.atthasdef or a.attidentity <> '' or t.typdefault is not null, "
            "a.attgenerated = '' and not ({2}), c.whole, a.attgenerated = '' and not c.chosen "
            "from (select r.id, (select relkind from pg_catalog.pg_class where oid = r.id) as kind, "
            "pg_catalog.has_table_privilege(r.id, '{0}') as whole, exists (select "
            "from pg_catalog.pg_trigger g where g.tgrelid = r.id and g.tgtype & {1} = {1} and g.tgenabled <> 'D') "
            "as chosen from pg_catalog.unnest($1::oid[]) r(id) offset 0) c "
            "join pg_catalog.pg_attribute a on a.attrelid = c.id join pg_catalog.pg_type t on t.oid = a.atttypid "
            "where a.attnum > 0 and not a.attisdropped "
            "order by a.attrelid, {2}, a.attgenerated <> '', a.attidentity = 'a', a.attnum",
            privilege, events, kComputed),
        {array_literal(wanted)});
    for (size_t i = 0; i < rows.size(); i++) {
        ColumnRights &rights = made.at(rows.oid(i, 0));
        rights.whole = rows.boolean(i, 6);
        if (rows.boolean(i, 1)) {
            const int column = (int)rows.number(i, 3);
            rights.granted.emplace(column, rows.text(i, 2));
            if (rows.boolean(i, 5)) rights.given.insert(column);
            if (rights.first.empty()) rights.first = rows.text(i, 2);
        } else if (rows.boolean(i, 7)) {
            rights.fixed.emplace_back((int)rows.number(i, 3), rows.boolean(i, 4));
        }
    }
    known.merge(made);
    return known.at(relation);
}

std::string settable_column(const Relation &relation) {
    const Rows columns =
        query(fmt::format("select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a, "
                          "(select $2::pg_catalog.bpchar as kind) c where a.attrelid = $1::oid and a.attnum > 0 and "
                          "not a.attisdropped order by {}, a.attgenerated <> '', a.attidentity = 'a', a.attnum limit 1",
                          kComputed),
              {std::to_string(relation.id), relation.kind == RelationKind::view ? "v" : "r"});
    return columns.empty() ? "" : columns.text(0, 0);
}

} // namespace rlsproof::server
