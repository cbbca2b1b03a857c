#include "server/facts.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

// Permissive SELECT policies that ask about no column but the bucket, and call nothing that might write.
std::vector<std::string> blind_policies(const Relation &objects) {
    const Rows rows = query(R"(
select p.polname from pg_catalog.pg_policy p where p.polrelid = $1::oid and p.polpermissive and p.polcmd in ('r', '*')
  and p.polqual is not null
  and not exists (select from pg_catalog.pg_depend d join pg_catalog.pg_attribute a on a.attrelid = d.refobjid
        and a.attnum = d.refobjsubid where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = p.oid
        and d.refobjid = p.polrelid and a.attname <> 'bucket_id')
  and not exists (select from pg_catalog.pg_depend d join pg_catalog.pg_proc f on f.oid = d.refobjid
        where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = p.oid
        and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and f.provolatile = 'v')
order by p.polname collate "C")",
                            {std::to_string(objects.id)});
    std::vector<std::string> names;
    for (size_t i = 0; i < rows.size(); i++) names.push_back(rows.text(i, 0));
    return names;
}

bool applies(const Policy &policy, const Persona &persona) {
    const auto &who = policy.facts.personas;
    return std::find(who.begin(), who.end(), persona.name) != who.end();
}

// The buckets whose name alone passes the policy, evaluated as the persona. No file is read.
std::vector<std::string> let_through(const Policy &policy, const Persona &persona, const std::string &buckets) {
    std::vector<std::string> names;
    (void)attempt(Finish::rollback, [&] {
        assume(identity_of(persona));
        // Without parameters: what is planned for one persona must not be kept for the next.
        const Rows rows = query(fmt::format("select bucket_id from pg_catalog.unnest({}::text[]) as "
                                            "objects(bucket_id) where {} order by bucket_id collate \"C\"",
                                            quote_literal(buckets), policy.predicate));
        for (size_t i = 0; i < rows.size(); i++) names.push_back(rows.text(i, 0));
    });
    return names;
}

} // namespace

void add_bucket_facts(FactBook &book) {
    World &world = book.world;
    const Relation *objects = world.relation("storage.objects");
    if (objects == nullptr || !objects->row_security || world.relation("storage.buckets") == nullptr) return;
    Rows rows;
    const Outcome read = attempt(Finish::rollback, [&] {
        rows = query("select id::text, coalesce(public, false) from storage.buckets order by 1");
    });
    if (!read.ok) return; // an application's own table of that name
    std::map<std::string, bool> is_public;
    std::vector<std::string> buckets;
    for (size_t i = 0; i < rows.size(); i++) {
        is_public[rows.text(i, 0)] = rows.boolean(i, 1);
        buckets.push_back(rows.text(i, 0));
    }
    const std::vector<std::string> blind = blind_policies(*objects);
    for (const Persona &persona : world.personas) {
        const Reach *reach = objects->reach_of(persona.name);
        if (reach == nullptr || !reach->row_security || !reach->commands.contains(Command::select)) continue;
        if (std::any_of(objects->policies.begin(), objects->policies.end(),
                        [&](const Policy &policy) { return !policy.permissive && applies(policy, persona); }))
            continue;
        for (const Policy &policy : objects->policies) {
            if (!applies(policy, persona) || std::find(blind.begin(), blind.end(), policy.name) == blind.end())
                continue;
            for (const std::string &bucket : let_through(policy, persona, array_literal(buckets)))
                world.bucket_listings.push_back({bucket, is_public[bucket], persona.name, policy.name});
        }
    }
}

} // namespace rlsproof::server
