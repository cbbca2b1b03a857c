#include "cli/application.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/session.hpp"

namespace rlsproof::cli {

namespace {

constexpr const char *kNobodyConnects = R"(
select exists (select from pg_catalog.pg_policy where 0 = any (polroles))
   and not exists (select from pg_catalog.pg_policy where polroles <> '{{0}}')
   and not exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace,
                               pg_catalog.aclexplode(c.relacl) x
                   where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and x.grantee not in (0, c.relowner)
                         and pg_catalog.pg_get_userbyid(x.grantee) <> all ({0}))
   and not exists (select from pg_catalog.pg_roles where rolname in ('application', 'anon', 'authenticated')
                                                         and rolname <> all ({0})),
       (select count(*) from pg_catalog.pg_class where relkind in ('r', 'p') and relrowsecurity
                                                   and not relforcerowsecurity))";

// What has policies; what is told apart by a column of the same name and has none; what hangs on such a row by a
// foreign key, in turn. A partition is reached through its parent.
constexpr const char *kCollect = R"(
create temporary view rlsproof_decides as
select d.refobjid as asked, a.attname, p.polrelid = d.refobjid as own
from pg_catalog.pg_policy p
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
     and d.refclassid = 'pg_catalog.pg_class'::regclass
left join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid and a.attnum > 0;
create temporary table rlsproof_guarded as
with recursive guarded as (
    select c.oid
    from pg_catalog.pg_class c
    where c.relkind in ('r', 'p') and not c.relispartition
      and (c.relrowsecurity or exists (select from pg_catalog.pg_policy where polrelid = c.oid)
           or exists (select from pg_catalog.pg_attribute a join rlsproof_decides decides on decides.own
                      and decides.attname = a.attname and a.attname <> 'id' where a.attrelid = c.oid))
    union
    select k.conrelid
    from pg_catalog.pg_constraint k join guarded on guarded.oid = k.confrelid
    join pg_catalog.pg_class c on c.oid = k.conrelid and not c.relispartition
    where k.contype = 'f')
select c.oid, c.relrowsecurity or exists (select from pg_catalog.pg_policy where polrelid = c.oid) as protected
from guarded join pg_catalog.pg_class c using (oid))";

// Where policies are the exception, the tables that have none were not forgotten one by one.
constexpr const char *kAreFew = R"(
select count(*) filter (where protected), count(*), count(*) filter (where not protected) >= 10
       and count(*) filter (where not protected) > 2 * count(*) filter (where protected)
from rlsproof_guarded)";

// With the views over all of these. What policies read beside them is for reading.
constexpr const char *kGrant = R"(
do $$
declare
    schema name;
    relation regclass;
    rights text;
begin
    for schema in select nspname from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
    loop
        execute pg_catalog.format('grant usage on schema %I to {0}', schema);
    end loop;
    for relation, rights in
        with recursive
        over as (select oid from rlsproof_guarded
                 union
                 select w.ev_class
                 from pg_catalog.pg_depend d
                 join over on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = over.oid
                 join pg_catalog.pg_rewrite w on d.classid = 'pg_catalog.pg_rewrite'::regclass and w.oid = d.objid)
        select c.oid, case when c.oid in (select oid from rlsproof_guarded) then 'select, insert, update, delete'
                           else 'select' end
        from (select oid from over union select asked from rlsproof_decides) used
        join pg_catalog.pg_class c using (oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    loop
        execute pg_catalog.format('grant %s on %s to {0}', rights, relation);
    end loop;
end $$;
drop view rlsproof_decides;
drop table rlsproof_guarded;)";

// How many it may not use, and the first of them by name.
constexpr const char *kNotGranted = R"(
select count(*), pg_catalog.string_agg(name, ', ' order by name) filter (where number <= 12)
                 || case when count(*) > 12 then ', ...' else '' end
from (select c.oid::regclass::text as name, pg_catalog.row_number() over (order by c.oid::regclass::text) as number
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and not pg_catalog.has_any_column_privilege('{0}', c.oid, 'select')) left_out)";

Finding unprotected(const std::string &protected_ones, const std::string &all) {
    Finding finding;
    finding.rule = "rls_disabled";
    finding.level = Level::warning;
    finding.category = Category::exposure;
    finding.object = "audit";
    finding.message =
        fmt::format("row level security protects {} of {} tables that hold the rows of somebody", protected_ones, all);
    finding.detail =
        "The others have a column that policies go by elsewhere, or a foreign key to such a table. Whatever "
        "connects reads and changes all of their rows, and only the application tells them apart.";
    finding.hint = "Say by GRANT who may use them: then each is looked at.";
    finding.evidence = "structural";
    finding.key = "rls_disabled:audit";
    return finding;
}

} // namespace

Application make_application(Session &session, const std::vector<std::string> &made_roles) {
    const auto is_made = [&](std::string_view name) {
        return std::find(made_roles.begin(), made_roles.end(), name) != made_roles.end();
    };
    std::string borrowed;
    for (const char *name : {"anon", "authenticated", "service_role"})
        if (is_made(name)) borrowed += fmt::format("{}'{}'", borrowed.empty() ? "" : ", ", name);
    const auto answer =
        session.query(fmt::format(fmt::runtime(kNobodyConnects), fmt::format("array[{}]::name[]", borrowed)));
    if (answer.front()[0] != "t") return {};
    // Where it is named, the audit takes it for whoever is signed in.
    const std::string name = is_made("authenticated") ? "authenticated" : "application";
    if (name == "application") session.query("create role application nologin");
    session.query(kCollect);
    Application result;
    const auto guarded = session.query(kAreFew).front();
    const bool few = guarded[2] == "t";
    if (few) {
        session.query("delete from rlsproof_guarded where not protected");
        result.findings.push_back(unprotected(guarded[0].value_or(""), guarded[1].value_or("")));
    }
    session.query(fmt::format(fmt::runtime(kGrant), name));
    std::vector<std::string> &notes = result.notes;
    notes.push_back(
        fmt::format("nothing says who connects: a role \"{}\" stands in for whoever it is, and may read and "
                    "write the tables that have policies{}, and read the views over them",
                    name,
                    few ? ""
                        : ", a column that policies go by, or rows that hang on such a table's by a "
                          "foreign key"));
    const auto left_out = session.query(fmt::format(fmt::runtime(kNotGranted), name));
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
    return result;
}

} // namespace rlsproof::cli
