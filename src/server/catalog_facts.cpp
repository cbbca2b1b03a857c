#include "server/facts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/spi.hpp"

extern "C" {
#include "access/relation.h"
#include "optimizer/plancat.h"
}

namespace rlsproof::server {

namespace {

// The planner's own estimate: it looks at the file where nothing was analyzed yet.
double planned_rows(Oid table) {
    ::Relation opened = try_relation_open(table, AccessShareLock);
    if (opened == nullptr) return 0;
    BlockNumber pages;
    double rows, all_visible;
    estimate_rel_size(opened, nullptr, &pages, &rows, &all_visible);
    relation_close(opened, AccessShareLock);
    return rows;
}

// Size and indexes of tables with policies, and what belongs to the platform.
void add_storage(FactBook &book) {
    const Rows rows = query(R"(
select c.oid, pg_catalog.pg_get_userbyid(c.relowner) ~ '^supabase_.*admin$',
  case c.relkind when 'r' then array[c.oid] else
    array(select t.relid::oid from pg_catalog.pg_partition_tree(c.oid) t where t.isleaf) end,
  array(select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_index i join pg_catalog.pg_attribute a
        on a.attrelid = i.indrelid and (a.attnum = i.indkey[0] or i.indkey[0] = 0 and exists
          (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
           and d.objid = i.indexrelid and d.refobjid = a.attrelid and d.refobjsubid = a.attnum))
        where i.indrelid = c.oid and i.indisvalid and i.indpred is null order by 1)
from pg_catalog.pg_class c where c.relkind in ('r', 'p'))");
    for (size_t i = 0; i < rows.size(); i++) {
        Relation *table = book.relation(rows.oid(i, 0));
        if (table == nullptr) continue;
        table->platform = rows.boolean(i, 1);
        table->index_leads = rows.list(i, 3);
        if (table->policies.empty() || !table->row_security) continue;
        double planned = 0;
        for (const std::string &leaf : rows.list(i, 2)) planned += call(planned_rows, (Oid)std::stoul(leaf));
        table->rows = (long)planned;
    }
}

// The protected relations that materialized views were filled from, through views and materialized views.
void add_filled_from(FactBook &book) {
    const Rows rows = query(R"(
with recursive reads(view, relation) as (
  select c.oid, d.refobjid from pg_catalog.pg_class c join pg_catalog.pg_rewrite r on r.ev_class = c.oid
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
       and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> c.oid
  where c.relkind = 'm'
  union
  select x.view, d.refobjid from reads x join pg_catalog.pg_rewrite r on r.ev_class = x.relation
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
       and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> x.relation)
select distinct x.view, c.oid from reads x join pg_catalog.pg_class c on c.oid = x.relation
where c.relkind in ('r', 'p') and c.relrowsecurity order by 1, 2)");
    for (size_t i = 0; i < rows.size(); i++) {
        Relation *view = book.relation(rows.oid(i, 0));
        const Relation *table = book.relation(rows.oid(i, 1));
        if (view != nullptr && table != nullptr) view->protected_reads.push_back(table->name);
    }
    for (Relation &relation : book.world.relations)
        std::sort(relation.protected_reads.begin(), relation.protected_reads.end());
}

// Only of creators who make things there: the platform's own defaults wait for objects that never come. These show what
// every project of it is born with: nobody but the platform can change what its administrator's things are handed to,
// and what the project's role hands out to the same roles in the same schema came with it.
void add_default_privileges(World &world) {
    std::vector<std::string> roles;
    for (const Persona &persona : world.personas) roles.push_back(persona.role);
    const Rows rows = query(R"(
select n.nspname, pg_catalog.pg_get_userbyid(d.defaclrole), case x.grantee when 0 then 'PUBLIC'
       else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end, d.defaclnamespace = 0,
  pg_catalog.string_agg(distinct x.privilege_type, ','),
  array(select r.ordinality - 1 from pg_catalog.unnest($1::name[]) with ordinality r(role, ordinality)
        where pg_catalog.has_schema_privilege(r.role, n.oid, 'USAGE')
          and (x.grantee = 0 or pg_catalog.pg_has_role(r.role, x.grantee, 'USAGE')) order by 1),
  pg_catalog.bool_and(n.nspname = 'public' and x.grantee <> 0
    and pg_catalog.pg_get_userbyid(d.defaclrole) in ('postgres', 'supabase_admin')
    and exists (select from pg_catalog.pg_default_acl p, pg_catalog.aclexplode(p.defaclacl) y
                where p.defaclobjtype = 'r' and p.defaclnamespace = d.defaclnamespace and p.defaclnamespace = n.oid
                  and pg_catalog.pg_get_userbyid(p.defaclrole) = 'supabase_admin' and y.grantee = x.grantee
                  and y.privilege_type = x.privilege_type and y.is_grantable = x.is_grantable))
from pg_catalog.pg_default_acl d join pg_catalog.pg_namespace n on d.defaclnamespace in (0, n.oid),
     pg_catalog.aclexplode(d.defaclacl) x
where d.defaclobjtype = 'r' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rlsproof')
  and (x.grantee = 0 or x.grantee <> d.defaclrole)
  and pg_catalog.has_schema_privilege(d.defaclrole, n.oid, 'CREATE')
  and exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relowner = d.defaclrole
              and c.relkind in ('r', 'p', 'v', 'm', 'f'))
group by n.oid, n.nspname, d.defaclrole, x.grantee, d.defaclnamespace
order by n.nspname collate "C", 2, 3)",
                            {array_literal(roles)});
    for (size_t i = 0; i < rows.size(); i++) {
        DefaultPrivilege found{rows.text(i, 0),    rows.text(i, 1),   rows.text(i, 2), {}, {},
                               rows.boolean(i, 3), rows.boolean(i, 6)};
        const std::string words = rows.text(i, 4) + ",";
        for (size_t start = 0, end; (end = words.find(',', start)) != std::string::npos; start = end + 1)
            if (const auto command = command_from(std::string_view(words).substr(start, end - start)))
                found.commands.insert(*command);
        for (const std::string &position : rows.list(i, 5))
            found.personas.push_back(world.personas[std::stoul(position)].name);
        if (!found.personas.empty()) world.default_privileges.push_back(std::move(found));
    }
}

// Of those who may connect somebody is bound by the policies, or nobody is.
void add_unbound_roles(World &world) {
    std::vector<std::string> roles;
    for (const Persona &persona : world.personas) roles.push_back(persona.role);
    const Rows rows = query(R"(
select r.rolname, r.rolbypassrls, array(
  select pg_catalog.format('%I.%I', n.nspname, c.relname)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relrowsecurity and exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid)
    and case when r.rolbypassrls then pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT')
             else c.relowner = r.oid and not c.relforcerowsecurity end
  order by n.nspname collate "C", c.relname collate "C")
from pg_catalog.pg_roles r
where r.rolcanlogin and not r.rolsuper and r.rolname !~ '^pg_'
  and not exists (select from pg_catalog.pg_roles p join pg_catalog.pg_roles l on pg_catalog.pg_has_role(l.oid, p.oid, 'MEMBER')
                  where p.rolname = any ($1::name[]) and l.rolcanlogin and not l.rolsuper)
order by r.rolname collate "C")",
                            {array_literal(roles)});
    for (size_t i = 0; i < rows.size(); i++)
        if (UnboundRole unbound{rows.text(i, 0), rows.boolean(i, 1), rows.list(i, 2)}; !unbound.relations.empty())
            world.unbound_roles.push_back(std::move(unbound));
}

} // namespace

void add_catalog_facts(FactBook &book) {
    add_storage(book);
    add_filled_from(book);
    add_default_privileges(book.world);
    add_unbound_roles(book.world);
}

} // namespace rlsproof::server
