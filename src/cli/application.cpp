#include "cli/application.hpp"

#include <fmt/format.h>

#include "cli/session.hpp"

namespace rlsproof::cli {

namespace {

constexpr const char *kNobodyConnects = R"(
select exists (select from pg_catalog.pg_policy where 0 = any (polroles))
   and not exists (select from pg_catalog.pg_policy where polroles <> '{0}')
   and not exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace,
                               pg_catalog.aclexplode(c.relacl) x
                   where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and x.grantee not in (0, c.relowner))
   and not exists (select from pg_catalog.pg_roles where rolname in ('application', 'anon', 'authenticated')),
       (select count(*) from pg_catalog.pg_class where relkind in ('r', 'p') and relrowsecurity
                                                   and not relforcerowsecurity))";

// What has policies, and what is told apart by a column of the same name and has none; what hangs on such a row by a
// foreign key, in turn; the views over all of these. What policies read beside them is for reading. A partition is
// reached through its parent.
constexpr const char *kGrant = R"(
create role application nologin;
do $$
declare
    schema name;
    relation regclass;
    rights text;
begin
    for schema in select nspname from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
    loop
        execute pg_catalog.format('grant usage on schema %I to application', schema);
    end loop;
    for relation, rights in
        with recursive
        decides as (select d.refobjid as asked, a.attname, p.polrelid = d.refobjid as own
                    from pg_catalog.pg_policy p
                    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
                         and d.refclassid = 'pg_catalog.pg_class'::regclass
                    left join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                         and a.attnum > 0),
        guarded as (select c.oid
                    from pg_catalog.pg_class c
                    where c.relkind in ('r', 'p') and not c.relispartition
                      and (c.relrowsecurity or exists (select from pg_catalog.pg_policy where polrelid = c.oid)
                           or exists (select from pg_catalog.pg_attribute a join decides on decides.own
                                      and decides.attname = a.attname and a.attname <> 'id' where a.attrelid = c.oid))
                    union
                    select k.conrelid
                    from pg_catalog.pg_constraint k join guarded on guarded.oid = k.confrelid
                    join pg_catalog.pg_class c on c.oid = k.conrelid and not c.relispartition
                    where k.contype = 'f'),
        over as (select oid from guarded
                 union
                 select w.ev_class
                 from pg_catalog.pg_depend d
                 join over on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = over.oid
                 join pg_catalog.pg_rewrite w on d.classid = 'pg_catalog.pg_rewrite'::regclass and w.oid = d.objid)
        select c.oid, case when c.oid in (select oid from guarded) then 'select, insert, update, delete' else 'select' end
        from (select oid from over union select asked from decides) used
        join pg_catalog.pg_class c using (oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    loop
        execute pg_catalog.format('grant %s on %s to application', rights, relation);
    end loop;
end $$;)";

// How many it may not use, and the first of them by name.
constexpr const char *kNotGranted = R"(
select count(*), pg_catalog.string_agg(name, ', ' order by name) filter (where number <= 12)
                 || case when count(*) > 12 then ', ...' else '' end
from (select c.oid::regclass::text as name, pg_catalog.row_number() over (order by c.oid::regclass::text) as number
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and not pg_catalog.has_any_column_privilege('application', c.oid, 'select')) left_out)";

} // namespace

std::vector<std::string> make_application(Session &session) {
    const auto answer = session.query(kNobodyConnects);
    if (answer.front()[0] != "t") return {};
    session.query(kGrant);
    std::vector<std::string> notes{"nothing says who connects: a role \"application\" stands in for whoever it is, and "
                                   "may read and write the tables "
                                   "that have policies, a column that policies go by, or rows that hang on such a "
                                   "table's by a foreign key, and read "
                                   "the views over them"};
    const auto left_out = session.query(kNotGranted);
    const std::string count = left_out.front()[0].value_or("0");
    if (count != "0")
        notes.push_back(
            fmt::format("nothing is said of {} that nobody is known to use: {}. Only a GRANT in the migrations "
                        "would tell who may",
                        count == "1" ? "1 relation" : count + " relations", left_out.front()[1].value_or("")));
    if (answer.front()[1] != "0")
        notes.push_back(fmt::format("{} with row level security not forced: a connection of their owner would be bound "
                                    "by none of their policies",
                                    answer.front()[1] == "1" ? "1 table is" : *answer.front()[1] + " tables are"));
    return notes;
}

} // namespace rlsproof::cli
