#include "server/world.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/bodies.hpp"
#include "server/facts.hpp"
#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/rewrite.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

#include "server/compat.hpp"

extern "C" {
#include "utils/lsyscache.h"
#include "utils/rls.h"
}

namespace rlsproof::server {

namespace {

// What belongs to the server, to the session or to us is nobody's application.
constexpr const char *kOurs = "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rlsproof')";

// A publication for replicas reaches roles that replicate; only one for a broadcasting service reaches everybody.
std::vector<Relation> read_relations() {
    const Rows rows = query(fmt::format(R"(
select c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind, pg_catalog.pg_get_userbyid(c.relowner),
       c.relrowsecurity, c.relforcerowsecurity,
       exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
               and d.objid = c.oid and d.deptype = 'e'),
       coalesce((select pg_catalog.format('%I.%I', pn.nspname, p.relname) from pg_catalog.pg_inherits i
                 join pg_catalog.pg_class p on p.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
                 where i.inhrelid = c.oid order by i.inhseqno limit 1), ''),
       (n.nspname, c.relname) in (select schemaname, tablename from pg_catalog.pg_publication_tables
                                  where pubname ~ 'realtime')
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and {}
order by n.nspname collate "C", c.relname collate "C")",
                                        kOurs));
    std::vector<Relation> relations;
    for (size_t i = 0; i < rows.size(); i++) {
        Relation relation;
        relation.id = rows.oid(i, 0);
        relation.name = rows.text(i, 1);
        switch (rows.text(i, 2)[0]) {
        case 'p': relation.kind = RelationKind::partitioned_table; break;
        case 'v': relation.kind = RelationKind::view; break;
        case 'm': relation.kind = RelationKind::materialized_view; break;
        case 'f': relation.kind = RelationKind::foreign_table; break;
        default: relation.kind = RelationKind::table;
        }
        relation.owner = rows.text(i, 3);
        relation.row_security = rows.boolean(i, 4);
        relation.forced = rows.boolean(i, 5);
        relation.extension_member = rows.boolean(i, 6);
        relation.parent = rows.text(i, 7);
        relation.published = rows.boolean(i, 8);
        relations.push_back(std::move(relation));
    }
    return relations;
}

void read_policies(std::vector<Relation> &relations, const Index &index) {
    const Rows rows = query(R"(
select p.polrelid, p.polname, p.polpermissive,
       case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'ALL' end,
       array(select case when r = 0 then 'public' else pg_catalog.pg_get_userbyid(r)::text end from unnest(p.polroles) r),
       coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '')
from pg_catalog.pg_policy p order by p.polrelid, p.polname collate "C")");
    for (size_t i = 0; i < rows.size(); i++) {
        const auto found = index.find(rows.oid(i, 0));
        if (found == index.end()) continue;
        relations[found->second].policies.push_back({rows.text(i, 1),
                                                     rows.boolean(i, 2),
                                                     rows.text(i, 3),
                                                     rows.list(i, 4),
                                                     rows.text(i, 5),
                                                     rows.text(i, 6),
                                                     {}});
    }
}

bool binds(Oid relation, Oid role) {
    return check_enable_rls(relation, role, true) == RLS_ENABLED;
}

// Privileges of every persona on every relation, in one question.
void read_reach(std::vector<Relation> &relations, const Index &index, const std::vector<Persona> &personas) {
    std::vector<std::string> roles;
    for (const Persona &persona : personas) roles.push_back(persona.role);
    const Rows rows =
        query(fmt::format(R"(
select c.oid, r.ordinality - 1, pg_catalog.concat_ws(',', {})
from pg_catalog.unnest($1::name[]) with ordinality r(role, ordinality)
cross join pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and {}
  and pg_catalog.has_schema_privilege(r.role, n.oid, 'USAGE')
order by c.oid, r.ordinality)",
                          [] {
                              std::string columns;
                              for (const char *command : {"SELECT", "INSERT", "UPDATE", "REFERENCES"})
                                  columns +=
                                      fmt::format("case when pg_catalog.has_any_column_privilege(r.role, c.oid, '{0}') "
                                                  "then '{0}' end, ",
                                                  command);
                              for (const char *command : {"DELETE", "TRUNCATE", "TRIGGER", "MAINTAIN"}) {
                                  if (std::string_view(command) == "MAINTAIN" && !compat::has_maintain) continue;
                                  columns +=
                                      fmt::format("case when pg_catalog.has_table_privilege(r.role, c.oid, '{0}') then "
                                                  "'{0}' end, ",
                                                  command);
                              }
                              return columns.substr(0, columns.size() - 2);
                          }(),
                          kOurs),
              {array_literal(roles)});
    std::vector<Oid> role_ids;
    for (const std::string &role : roles)
        role_ids.push_back(query("select oid from pg_catalog.pg_roles where rolname = $1", {role}).oid(0, 0));
    for (size_t i = 0; i < rows.size(); i++) {
        const auto found = index.find(rows.oid(i, 0));
        if (found == index.end() || rows.text(i, 2).empty()) continue;
        const size_t persona = (size_t)rows.number(i, 1);
        Reach reach;
        reach.persona = personas[persona].name;
        std::string words = rows.text(i, 2) + ",";
        for (size_t start = 0, end; (end = words.find(',', start)) != std::string::npos; start = end + 1)
            if (const auto command = command_from(std::string_view(words).substr(start, end - start)))
                reach.commands.insert(*command);
        reach.row_security = call(binds, found->first, role_ids[persona]);
        relations[found->second].reach.push_back(std::move(reach));
    }
}

// What a view reads in the end, asked of the rewriter for each persona that may read the view.
void read_views(World &world, const Index &index) {
    for (const Persona &persona : world.personas) {
        if (!why_not_assumed(persona).empty()) continue; // verify() says so
        const Outcome outcome = attempt(Finish::rollback, [&] {
            assume(identity_of(persona));
            for (const Relation &view : world.relations) {
                if (view.kind != RelationKind::view || view.extension_member) continue;
                const Reach *reach = view.reach_of(persona.name);
                if (reach == nullptr || !reach->commands.contains(Command::select)) continue;
                const Scratch scratch;
                std::vector<BaseRelation> bases;
                const Outcome read =
                    attempt(Finish::rollback, [&] { bases = rewrite(select_statement(view, persona)); });
                if (!read.ok) {
                    world.notes.push_back(fmt::format("what view {} reads as \"{}\" is unknown: {}", view.name,
                                                      persona.name, read.message));
                    continue;
                }
                for (const BaseRelation &base : bases) {
                    const auto found = index.find(base.relation);
                    if (found == index.end() || base.inside_policy) continue;
                    const Relation &relation = world.relations[found->second];
                    const char *role = call(GetUserNameFromId, base.checked_as, true);
                    world.view_reads.push_back({view.name, persona.name, relation.name, role != nullptr ? role : "?",
                                                base.via, base.row_security});
                }
            }
        });
        if (!outcome.ok)
            world.notes.push_back(
                fmt::format("persona \"{}\" could not be assumed, so no view was looked at for it: {}", persona.name,
                            outcome.message));
    }
}

void read_functions(World &world, const Index &index, Bodies &bodies) {
    std::vector<std::string> roles;
    for (const Persona &persona : world.personas) roles.push_back(persona.role);
    const std::vector<std::string> offered = offered_schemas();
    // Trigger and event trigger functions cannot be called by anybody; an extension's functions are its author's.
    const Rows rows = query(fmt::format(R"(
select p.oid, pg_catalog.format('rpc:%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)),
       pg_catalog.pg_get_userbyid(p.proowner), p.proowner, p.prosecdef,
       coalesce(p.proconfig::text like '%search_path=%', false),
       array(select r.ordinality - 1 from pg_catalog.unnest($1::name[]) with ordinality r(role, ordinality)
             where pg_catalog.has_schema_privilege(r.role, n.oid, 'USAGE')
               and pg_catalog.has_function_privilege(r.role, p.oid, 'EXECUTE') order by 1),
       p.prokind = 'p', pg_catalog.pg_get_userbyid(p.proowner) ~ '^supabase_.*admin$',
       p.proretset, n.nspname = any ($2::name[]) or exists (
         select from pg_catalog.pg_class c, pg_catalog.unnest($1::name[]) r(role)
         where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')
           and pg_catalog.has_table_privilege(r.role, c.oid, 'SELECT, INSERT, UPDATE, DELETE'))
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where {} and p.prokind in ('f', 'p')
  and p.prorettype not in ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype)
  and 'pg_catalog.internal'::pg_catalog.regtype <> all (p.proargtypes::oid[])
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                  and d.objid = p.oid and d.deptype = 'e')
order by n.nspname collate "C", p.proname collate "C", 2)",
                                        kOurs),
                            {array_literal(roles), array_literal(offered)});
    for (size_t i = 0; i < rows.size(); i++) {
        Function function;
        function.id = rows.oid(i, 0);
        function.name = rows.text(i, 1);
        function.owner = rows.text(i, 2);
        function.procedure = rows.boolean(i, 7);
        function.platform = rows.boolean(i, 8);
        function.rows = rows.boolean(i, 9);
        function.definer = rows.boolean(i, 4);
        function.pinned_search_path = rows.boolean(i, 5);
        // A schema that the API does not name, and that holds nothing but functions, is where helpers are put to be out
        // of reach. One with tables in it may be offered by a setting that is not in the database.
        function.offered = offered.empty() || rows.boolean(i, 10);
        for (const std::string &position : rows.list(i, 6)) {
            const Persona &persona = world.personas[std::stoul(position)];
            if (function.offered || persona.login.empty()) function.callers.push_back(persona.name);
        }
        if (function.definer && !function.callers.empty()) {
            const Body &body = bodies.of(rows.oid(i, 0));
            function.body_known = body.known;
            function.unknown_reason = body.unknown_reason;
            function.asks_who = body.asks_who;
            for (const auto &[relation, written] : body.relations) {
                const auto found = index.find(relation);
                if (found == index.end()) continue;
                const Relation &touched = world.relations[found->second];
                function.touches.push_back({touched.name, written, touched.row_security || !touched.policies.empty(),
                                            call(binds, (Oid)touched.id, rows.oid(i, 3))});
            }
        }
        world.functions.push_back(std::move(function));
    }
}

} // namespace

std::string select_statement(const Relation &relation, const Persona &persona) {
    const Rows columns = query(R"(
select pg_catalog.has_table_privilege($2, $1::oid, 'SELECT'), array(
  select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
  where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
    and pg_catalog.has_column_privilege($2, a.attrelid, a.attnum, 'SELECT') order by a.attnum))",
                               {std::to_string(relation.id), persona.role});
    if (columns.boolean(0, 0)) return "select * from " + relation.name;
    return fmt::format("select {} from {}", fmt::join(columns.list(0, 1), ", "), relation.name);
}

World read_world() {
    World world;
    Cast found = cast();
    world.personas = std::move(found.personas);
    world.notes = std::move(found.notes);
    world.remarks = std::move(found.remarks);
    Bodies bodies;
    introduce(world.personas, bodies);
    world.relations = read_relations();
    Index index;
    for (size_t i = 0; i < world.relations.size(); i++) index.emplace(world.relations[i].id, i);
    read_policies(world.relations, index);
    read_reach(world.relations, index, world.personas);
    read_views(world, index);
    read_functions(world, index, bodies);
    add_facts(world, index, bodies);
    return world;
}

} // namespace rlsproof::server
