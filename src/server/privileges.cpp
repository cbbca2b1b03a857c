#include "server/privileges.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/spi.hpp"

#include "server/compat.hpp"

namespace rlsproof::server {

namespace {

// Everything that can be granted something, with its list of grants.
constexpr const char *kObjects = R"(
with object as (
  select c.oid, 'r' as class, pg_catalog.format('%I.%I', n.nspname, c.relname) as name, c.relowner as owner,
         n.oid as schema, n.nspname, coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner)) as acl,
         c.relacl is null as by_default
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'rlsproof')
  union all
  select p.oid, 'f', pg_catalog.format('rpc:%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)),
         p.proowner, n.oid, n.nspname, coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)), p.proacl is null
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where p.prokind in ('f', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rlsproof')),
role as (
  select r.oid, r.rolname, r.rolsuper from pg_catalog.pg_roles r where r.rolname = any($1::name[])),
)";

// The truth, by object and role: what is held of the whole, what of some columns, and whether the schema is open.
std::string truth() {
    std::string held, of_columns;
    for (const char *command :
         {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"})
        if (std::string_view(command) != "MAINTAIN" || compat::has_maintain)
            held += fmt::format(
                "case when o.class = 'r' and pg_catalog.has_table_privilege(r.oid, o.oid, '{0}') then '{0}' end, ",
                command);
    for (const char *command : {"SELECT", "INSERT", "UPDATE", "REFERENCES"})
        of_columns += fmt::format("case when o.class = 'r' and pg_catalog.has_any_column_privilege(r.oid, o.oid, "
                                  "'{0}') then '{0}' end, ",
                                  command);
    return std::string(kObjects) + fmt::format(R"(nothing as (select)
select o.name, r.rolname, r.rolsuper, o.nspname, pg_catalog.has_schema_privilege(r.oid, o.schema, 'USAGE'),
       pg_catalog.concat_ws(',', {} case when o.class = 'f' and pg_catalog.has_function_privilege(r.oid, o.oid, 'EXECUTE')
                                         then 'EXECUTE' end),
       pg_catalog.concat_ws(',', {} null::text)
from object o cross join role r)",
                                               held, of_columns);
}

// The grants, by object, role and privilege: those the role has, and those a role it can become has.
std::string grants() {
    return std::string(kObjects) + fmt::format(R"(
granted as (
  select o.name, o.owner, o.by_default, x.grantor, x.grantee, x.privilege_type, null::text as columns
  from object o, pg_catalog.aclexplode(o.acl) x
  union all
  select o.name, o.owner, false, x.grantor, x.grantee, x.privilege_type,
         pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum)
  from object o join pg_catalog.pg_attribute a on a.attrelid = o.oid and o.class = 'r', pg_catalog.aclexplode(a.attacl) x
  where a.attnum > 0 and not a.attisdropped group by 1, 2, 4, 5, 6)
select g.name, r.rolname, g.privilege_type, g.by_default, g.grantee = g.owner, pg_catalog.pg_get_userbyid(g.grantor),
       case when g.grantee <> 0 then pg_catalog.pg_get_userbyid(g.grantee) end, g.columns,
       g.grantee = 0 or pg_catalog.pg_has_role(r.oid, g.grantee, 'USAGE')
from granted g join role r on g.grantee = 0 or g.grantee = r.oid or (not r.rolsuper and pg_catalog.pg_has_role(r.oid, g.grantee, 'MEMBER')
     and (pg_catalog.pg_has_role(r.oid, g.grantee, 'USAGE') or pg_catalog.pg_has_role(r.oid, g.grantee, '{}')))
order by 1, 2, 3, g.grantee = 0, g.columns is not null, pg_catalog.pg_get_userbyid(g.grantee) collate "C",
         pg_catalog.pg_get_userbyid(g.grantor) collate "C")",
                                               compat::may_become);
}

// Who is a member of whom and inherits; from 16 on the membership says so, before that the member does.
constexpr const char *kMemberships = R"(
select a.rolname, m.rolname
from pg_catalog.pg_auth_members am
join pg_catalog.pg_roles a on a.oid = am.member join pg_catalog.pg_roles m on m.oid = am.roleid
where coalesce((pg_catalog.to_jsonb(am) ->> 'inherit_option')::boolean, a.rolinherit)
order by a.rolname collate "C", m.rolname collate "C")";

std::vector<Command> commands_in(const std::string &list) {
    std::vector<Command> commands;
    for (size_t start = 0; start < list.size();) {
        const size_t end = std::min(list.find(',', start), list.size());
        if (const auto command = command_from(std::string_view(list).substr(start, end - start)))
            commands.push_back(*command);
        start = end + 1;
    }
    return commands;
}

// The predefined role that gives the privilege on everything.
const char *everywhere(Command command) {
    switch (command) {
    case Command::select: return "pg_read_all_data";
    case Command::insert:
    case Command::update:
    case Command::remove: return "pg_write_all_data";
    case Command::maintain: return "pg_maintain";
    default: return nullptr;
    }
}

// "granted to staff by postgres, through alice → editors → staff"
std::string way_of(const Rows &grants, size_t row, const std::string &role, const Memberships &memberships) {
    const Value &grantee = grants.value(row, 6), &columns = grants.value(row, 7);
    const bool owner = grants.boolean(row, 4);
    std::string way = !grantee ? "granted to PUBLIC" : owner ? "owner" : fmt::format("granted to {}", *grantee);
    if (!grantee && grants.boolean(row, 3))
        way += " by default";
    else if (grantee && !owner)
        way += " by " + grants.text(row, 5);
    if (columns) way += fmt::format(" (columns {})", *columns);
    if (grantee && *grantee != role) way += ", through " + memberships.path(role, *grantee);
    return way;
}

bool has_role(const std::string &role, const char *group) {
    const Rows rows = query(
        "select pg_catalog.pg_has_role($1, oid, 'USAGE') from pg_catalog.pg_roles where rolname = $2", {role, group});
    return !rows.empty() && rows.boolean(0, 0);
}

} // namespace

Memberships::Memberships() {
    const Rows rows = query(kMemberships);
    for (size_t i = 0; i < rows.size(); i++) groups_[rows.text(i, 0)].push_back(rows.text(i, 1));
}

std::string Memberships::path(const std::string &role, const std::string &group) const {
    std::map<std::string, std::string> reached_from{{role, ""}};
    std::vector<std::string> wave{role};
    for (size_t i = 0; i < wave.size() && !reached_from.contains(group); i++)
        if (const auto groups = groups_.find(wave[i]); groups != groups_.end())
            for (const std::string &next : groups->second)
                if (reached_from.emplace(next, wave[i]).second) wave.push_back(next);
    // The server has memberships that are written down nowhere, such as that of the database's owner.
    if (!reached_from.contains(group)) return role + " → " + group;
    std::string path = group;
    for (std::string at = reached_from[group]; !at.empty(); at = reached_from[at]) path = at + " → " + path;
    return path;
}

Privileges::Privileges(const std::vector<Persona> &personas) {
    read(personas);
}

void Privileges::read(const std::vector<Persona> &personas) {
    std::map<std::string, std::vector<std::string>> personas_of;
    std::vector<std::string> roles;
    for (const Persona &persona : personas) personas_of[persona.role].push_back(persona.name);
    for (const auto &[role, names] : personas_of) roles.push_back(role);

    struct Ways {
        std::vector<std::string> held, after_set_role;
    };
    std::map<std::tuple<std::string, std::string, Command>, Ways> found;
    const Memberships memberships;
    const Rows granted = query(grants(), {array_literal(roles)});
    for (size_t i = 0; i < granted.size(); i++) {
        const auto command = command_from(granted.text(i, 2));
        if (!command) continue;
        const std::string &role = granted.text(i, 1);
        const bool held = granted.boolean(i, 8);
        Ways &known = found[{role, granted.text(i, 0), *command}];
        std::vector<std::string> &list = held ? known.held : known.after_set_role;
        const std::string way = held ? way_of(granted, i, role, memberships) : granted.text(i, 6);
        if (std::find(list.begin(), list.end(), way) == list.end()) list.push_back(way);
    }
    std::map<std::pair<std::string, Command>, bool> everything;
    for (const std::string &role : roles)
        for (const Command command : kCommands)
            if (const char *group = everywhere(command)) everything[{role, command}] = has_role(role, group);

    const Rows rows = query(truth(), {array_literal(roles)});
    for (size_t i = 0; i < rows.size(); i++) {
        const std::string &object = rows.text(i, 0), &role = rows.text(i, 1);
        const bool usable = rows.boolean(i, 4);
        const std::vector<Command> whole = commands_in(rows.text(i, 5)), some = commands_in(rows.text(i, 6));
        for (const Command command : kCommands) {
            const bool held = std::find(whole.begin(), whole.end(), command) != whole.end() ||
                              std::find(some.begin(), some.end(), command) != some.end();
            Ways &known = found[{role, object, command}];
            Privilege privilege;
            privilege.held = held && usable;
            if (held && rows.boolean(i, 2)) {
                privilege.way = "superuser";
            } else if (held) {
                if (everything[{role, command}])
                    known.held.push_back("everywhere, through " + memberships.path(role, everywhere(command)));
                privilege.way = known.held.empty() ? "held" : fmt::format("{}", fmt::join(known.held, "; "));
                if (!usable) privilege.way = fmt::format("- (no USAGE on schema {})", rows.text(i, 3));
            } else {
                privilege.way = known.after_set_role.empty()
                                    ? "-"
                                    : fmt::format("- (SET ROLE {} has it)", fmt::join(known.after_set_role, ", "));
            }
            for (const std::string &persona : personas_of[role]) privileges_[{persona, object, command}] = privilege;
        }
    }
}

const Privilege &Privileges::of(const std::string &persona, const std::string &object, Command command) const {
    static const Privilege nothing{false, "-"};
    const auto found = privileges_.find({persona, object, command});
    return found == privileges_.end() ? nothing : found->second;
}

} // namespace rlsproof::server
