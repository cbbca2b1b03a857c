#include "server/facts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

std::string column_name(const World &world, const Index &index, const Column &column) {
    const auto at = index.find(column.relation);
    if (at == index.end()) return {};
    const Rows rows = query("select pg_catalog.quote_ident(attname) from pg_catalog.pg_attribute "
                            "where attrelid = $1::oid and attnum = $2::int2",
                            {std::to_string(column.relation), std::to_string(column.number)});
    return rows.empty() ? std::string() : world.relations[at->second].name + "." + rows.text(0, 0);
}

// Size and indexes of tables with policies, and what belongs to the platform.
void add_storage(World &world, const Index &index) {
    // Rows are counted by ANALYZE; before it, twenty to a page is a careful guess.
    const Rows rows = query(R"(
select c.oid, pg_catalog.pg_get_userbyid(c.relowner) ~ '^supabase_.*admin$',
  (select coalesce(sum(greatest(l.reltuples, pg_catalog.pg_relation_size(l.oid) / 8192 * 20)), 0)::bigint
   from pg_catalog.pg_partition_tree(c.oid) t join pg_catalog.pg_class l on l.oid = t.relid where t.isleaf),
  array(select a.attname from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = i.indrelid
        and a.attnum = i.indkey[0] where i.indrelid = c.oid and i.indisvalid and i.indpred is null order by 1)
from pg_catalog.pg_class c where c.relkind in ('r', 'p'))");
    for (size_t i = 0; i < rows.size(); i++) {
        const auto at = index.find(rows.oid(i, 0));
        if (at == index.end()) continue;
        Relation &table = world.relations[at->second];
        table.platform = rows.boolean(i, 1);
        table.rows = rows.number(i, 2);
        table.index_leads = rows.list(i, 3);
    }
}

// The protected relations that materialized views were filled from, through views and materialized views.
void add_filled_from(World &world, const Index &index) {
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
        const auto view = index.find(rows.oid(i, 0)), table = index.find(rows.oid(i, 1));
        if (view != index.end() && table != index.end())
            world.relations[view->second].protected_reads.push_back(world.relations[table->second].name);
    }
    for (Relation &relation : world.relations)
        std::sort(relation.protected_reads.begin(), relation.protected_reads.end());
}

// Only of creators who make things there: the platform's own defaults wait for objects that never come.
void add_default_privileges(World &world) {
    std::vector<std::string> roles;
    for (const Persona &persona : world.personas) roles.push_back(persona.role);
    const Rows rows = query(R"(
select n.nspname, pg_catalog.pg_get_userbyid(d.defaclrole), case x.grantee when 0 then 'PUBLIC'
       else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end, d.defaclnamespace = 0,
  pg_catalog.string_agg(distinct x.privilege_type, ','),
  array(select r.ordinality - 1 from pg_catalog.unnest($1::name[]) with ordinality r(role, ordinality)
        where pg_catalog.has_schema_privilege(r.role, n.oid, 'USAGE')
          and (x.grantee = 0 or pg_catalog.pg_has_role(r.role, x.grantee, 'USAGE')) order by 1)
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
        DefaultPrivilege found{rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), {}, {}, rows.boolean(i, 3)};
        const std::string words = rows.text(i, 4) + ",";
        for (size_t start = 0, end; (end = words.find(',', start)) != std::string::npos; start = end + 1)
            if (const auto command = command_from(std::string_view(words).substr(start, end - start)))
                found.commands.insert(*command);
        for (const std::string &position : rows.list(i, 5))
            found.personas.push_back(world.personas[std::stoul(position)].name);
        if (!found.personas.empty()) world.default_privileges.push_back(std::move(found));
    }
}

// Policies of storage.objects that ask about nothing but the bucket, tried as each persona on the name of each bucket.
// The predicate is evaluated as the persona would: no row of a file is read, and nothing that writes is called.
void add_buckets(World &world) {
    const Relation *objects = world.relation("storage.objects");
    if (objects == nullptr || !objects->row_security || world.relation("storage.buckets") == nullptr) return;
    const Rows buckets = query("select id, coalesce(public, false) from storage.buckets order by id collate \"C\"");
    const Rows blind = query(
        R"(
select p.polname from pg_catalog.pg_policy p where p.polrelid = $1::oid and p.polpermissive and p.polcmd in ('r', '*')
  and not exists (select from pg_catalog.pg_depend d join pg_catalog.pg_attribute a on a.attrelid = d.refobjid
        and a.attnum = d.refobjsubid where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = p.oid
        and d.refobjid = p.polrelid and a.attname <> 'bucket_id')
  and not exists (select from pg_catalog.pg_depend d join pg_catalog.pg_proc f on f.oid = d.refobjid
        where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = p.oid
        and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and f.provolatile = 'v'))",
        {std::to_string(objects->id)});
    for (const Persona &persona : world.personas) {
        const Reach *reach = objects->reach_of(persona.name);
        if (reach == nullptr || !reach->row_security || !reach->commands.contains(Command::select)) continue;
        const auto applies = [&](const Policy &policy) {
            const auto &who = policy.facts.personas;
            return std::find(who.begin(), who.end(), persona.name) != who.end();
        };
        const bool restricted = std::any_of(objects->policies.begin(), objects->policies.end(),
                                            [&](const Policy &p) { return !p.permissive && applies(p); });
        for (size_t i = 0; i < blind.size() && !restricted; i++)
            for (const Policy &policy : objects->policies) {
                if (policy.name != blind.text(i, 0) || policy.predicate.empty() || !applies(policy)) continue;
                for (size_t b = 0; b < buckets.size(); b++)
                    (void)attempt(Finish::rollback, [&] {
                        assume(identity_of(persona));
                        const Rows passes = query(
                            fmt::format("select {} from (select $1::text as bucket_id) objects", policy.predicate),
                            {buckets.text(b, 0)});
                        if (!passes.empty() && passes.boolean(0, 0))
                            world.bucket_listings.push_back(
                                {buckets.text(b, 0), buckets.boolean(b, 1), persona.name, policy.name});
                    });
            }
    }
}

// Trigger functions on a table of accounts: one that holds what users write about themselves.
void add_account_copies(World &world, const Index &index, const Hints &hints, std::map<Oid, BodyFacts> &read) {
    const Rows rows = query(R"(
select distinct t.tgfoid, pg_catalog.format('%I.%I', n.nspname, c.relname),
       pg_catalog.format('rpc:%I.%I()', fn.nspname, f.proname)
from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'raw_user_meta_data'
join pg_catalog.pg_proc f on f.oid = t.tgfoid join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
where not t.tgisinternal and t.tgenabled <> 'D' order by 2, 3)");
    for (size_t i = 0; i < rows.size(); i++) {
        const Oid function = rows.oid(i, 0);
        const auto known = read.find(function);
        const BodyFacts &facts =
            known != read.end() ? known->second : read.emplace(function, read_body_facts(function)).first->second;
        for (const Column &column : facts.copied) {
            const std::string name = column_name(world, index, column);
            const std::string bare = name.substr(name.rfind('.') + 1);
            const bool role_like =
                bare == "role" || bare.find("_role") != std::string::npos || bare.find("admin") != std::string::npos;
            if (!name.empty() && (role_like || (hints.authority.contains(column) && !hints.identity.contains(column))))
                world.account_copies.push_back({rows.text(i, 2), rows.text(i, 1), name});
        }
    }
}

void add_body_facts(World &world, const Index &index, const Hints &hints, std::map<Oid, BodyFacts> &read) {
    // By which settings policies and the helpers that look at the caller tell callers apart.
    std::set<std::string> settings;
    const Rows called = query("select distinct refobjid from pg_catalog.pg_depend where classid = "
                              "'pg_catalog.pg_policy'::pg_catalog.regclass and refclassid = "
                              "'pg_catalog.pg_proc'::pg_catalog.regclass");
    std::vector<Oid> next;
    std::set<Oid> seen;
    for (size_t i = 0; i < called.size(); i++) next.push_back(called.oid(i, 0));
    const auto facts_of = [&](Oid function) -> const BodyFacts & {
        const auto known = read.find(function);
        return known != read.end() ? known->second : read.emplace(function, read_body_facts(function)).first->second;
    };
    constexpr Oid kFirstOfUsers = 16384;
    while (!next.empty()) {
        const Oid function = next.back();
        next.pop_back();
        if (function < kFirstOfUsers || !seen.insert(function).second) continue;
        const BodyFacts &facts = facts_of(function);
        settings.insert(facts.settings.begin(), facts.settings.end());
        next.insert(next.end(), facts.calls.begin(), facts.calls.end());
    }
    for (Function &function : world.functions) {
        if (function.callers.empty()) continue;
        const BodyFacts &facts = facts_of(function.id);
        for (const std::string &setting : facts.sets)
            if (setting.starts_with("request.jwt.") || settings.contains(setting))
                function.sets_identity.push_back(setting);
        if (!function.definer) continue;
        function.unqualified = facts.unqualified;
        for (const bool written : {true, false})
            for (const auto &[column, argument] : written ? facts.written : facts.compared)
                if (hints.identity.contains(column))
                    function.impersonations.push_back({argument, column_name(world, index, column), written});
        std::erase_if(function.impersonations, [](const Impersonation &i) { return i.column.empty(); });
    }
}

} // namespace

void add_facts(World &world, const Index &index, Bodies &bodies) {
    std::map<Oid, BodyFacts> read;
    const Hints hints = read_hints(bodies, world.stranger());
    add_storage(world, index);
    add_filled_from(world, index);
    add_tree_facts(world, index, bodies, read);
    add_default_privileges(world);
    add_buckets(world);
    add_account_copies(world, index, hints, read);
    add_body_facts(world, index, hints, read);
}

} // namespace rlsproof::server
