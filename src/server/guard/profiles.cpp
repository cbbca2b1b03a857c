// rlsproof.apply_profile() and remove_profile(): settings of a role that belong together.
#include "base/finding.hpp"
#include "base/text.hpp"
#include "model/expectation.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/declaring.hpp"
#include "server/guard/tenancy.hpp"
#include "server/result.hpp"
#include "server/spi.hpp"

namespace rlsproof::server::guard {

namespace {

struct Applied {
    const char *setting;
    const char *value;
};

constexpr const char *kPreload = "session_preload_libraries";

// What nobody vouches for: it reads the rows of one tenant, some of them at a time, and does nothing else. All but the
// last are the superuser's to set, so whoever is held by them cannot loosen them.
constexpr Applied kAgent[] = {
    {"rlsproof.guard", "on"},
    {"rlsproof.rule_tenant_mismatch", "error"},
    {"rlsproof.rule_tenant_unpinned", "error"},
    {"rlsproof.rule_tenant_unset", "error"},
    {"rlsproof.rule_tenant_mixed", "error"},
    {"rlsproof.rule_tenant_write", "error"},
    {"rlsproof.rule_tenant_repointed", "error"},
    {"rlsproof.tenant_lock", "session"},
    {"rlsproof.rule_read_only", "error"},
    {"rlsproof.rule_unlisted_command", "error"},
    {"rlsproof.rule_unlisted_function", "error"},
    {"rlsproof.rule_catalog_read", "error"},
    {"rlsproof.rule_copy_out", "error"},
    {"rlsproof.rule_rls_bypass", "error"},
    {"rlsproof.rule_full_scan", "error"},
    {"rlsproof.rule_cartesian_join", "error"},
    {"rlsproof.rule_deep_offset", "error"},
    {"rlsproof.rule_rows_read", "error"},
    {"rlsproof.max_rows_read", "100000"},
    {"rlsproof.rule_result_rows", "error"},
    {"rlsproof.max_result_rows", "1000"},
    {"rlsproof.max_statement_time", "30s"},
    {"rlsproof.hide_error_values", "on"},
    {"default_transaction_read_only", "on"},
};

void check_profile(const std::string &profile) {
    if (profile == "agent") return;
    throw Error(Code::not_found, fmt::format("there is no profile \"{}\"", profile),
                "There is one: agent, for SQL that nobody vouches for.");
}

std::string role_id(const std::string &role) {
    const Rows rows = query("select oid from pg_catalog.pg_roles where rolname = $1", {role});
    if (rows.empty()) throw Error(Code::not_found, fmt::format("role \"{}\" does not exist", role));
    return rows.text(0, 0);
}

// What is set for the role in every database.
Value set_for(const std::string &id, const std::string &setting) {
    const Rows rows = query(R"(
select pg_catalog.substr(s, pg_catalog.length($2) + 2)
from pg_catalog.pg_db_role_setting d, pg_catalog.unnest(d.setconfig) s
where d.setrole = $1::oid and d.setdatabase = 0 and pg_catalog.starts_with(s, $2 || '='))",
                            {id, setting}, false);
    return rows.empty() ? Value() : rows.value(0, 0);
}

// A list of libraries is a list of names for ALTER ROLE, not one text.
std::string written(const std::string &setting, const std::string &value) {
    if (setting != kPreload) return quote_literal(value);
    std::string list;
    for (size_t start = 0; start <= value.size();) {
        const size_t end = std::min(value.find(',', start), value.size());
        const std::string one(text::trim(std::string_view(value).substr(start, end - start)));
        const bool quoted = one.size() > 1 && one.front() == '"' && one.back() == '"';
        if (!one.empty()) list += (list.empty() ? "" : ", ") + (quoted ? one : quote_literal(one));
        start = end + 1;
    }
    return list;
}

void set_for_role(const std::string &role, const std::string &setting, const Value &value) {
    const std::string alter = fmt::format("alter role {} ", quote_identifier(role));
    execute(value && !value->empty() ? fmt::format("{}set {} = {}", alter, setting, written(setting, *value))
                                     : fmt::format("{}reset {}", alter, setting));
}

bool preloaded() {
    return !query(R"(
select 1 from pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.current_setting('shared_preload_libraries'), ',')) l
where pg_catalog.btrim(l, ' "') in ('rlsproof', '$libdir/rlsproof'))")
                .empty();
}

// ---- what settings cannot mend

void warn_of_list(const char *message, const char *hint, const std::vector<std::string> &found) {
    if (found.empty()) return;
    constexpr size_t shown = 8;
    std::string list = fmt::format("{}", fmt::join(found.begin(), found.begin() + std::min(found.size(), shown), ", "));
    if (found.size() > shown) list += fmt::format(" and {} more", found.size() - shown);
    warn(fmt::format("{}: {}", message, list), hint);
}

// A warning for each kind, with those it is about.
void warn_of(const char *message, const char *hint, const char *sql, const std::string &id) {
    warn_of_list(message, hint, names(sql, {id}));
}

void warn_of_tables(const std::string &id) {
    const std::vector<std::string> nobodys = names("select relation from rlsproof.tenancies where tenant = 'none'");
    // What the role may read of, neither the server's nor ours.
    const Rows tables = query(R"(
select c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) collate "C", c.relrowsecurity
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'rlsproof')
  and n.nspname !~ '^pg_(toast|temp)' and pg_catalog.has_schema_privilege($1::oid, n.oid, 'USAGE')
  and pg_catalog.has_any_column_privilege($1::oid, c.oid, 'SELECT')
order by 2)",
                              {id});
    std::vector<std::string> unknown;
    std::vector<std::string> open;
    for (size_t i = 0; i < tables.size(); ++i) {
        const std::string &name = tables.text(i, 1);
        if (call(tenancy_of, tables.oid(i, 0)) != nullptr) {
            if (!tables.boolean(i, 2)) open.push_back(name);
        } else if (std::none_of(nobodys.begin(), nobodys.end(),
                                [&](const std::string &pattern) { return matches(pattern, name); })) {
            unknown.push_back(name);
        }
    }
    warn_of_list("nothing says whose the rows of these tables are, and the role may read them",
                 "Declare it with rlsproof.tenancy(), 'none' where they are nobody's; or REVOKE SELECT.", unknown);
    warn_of_list("no policy stands between the role and these tables",
                 "The guard refuses a statement that is not held to a tenant, but conditions of one that is may meet "
                 "rows of all. ALTER TABLE ... ENABLE ROW LEVEL SECURITY, with a policy that compares the tenant.",
                 open);
}

void warn_of_holes(const std::string &role, const std::string &id) {
    const Rows rights = query(R"(
select rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin from pg_catalog.pg_roles where oid = $1::oid)",
                              {id});
    if (rights.boolean(0, 0))
        warn(fmt::format("no policy binds {}: it has BYPASSRLS", role), "ALTER ROLE ... NOBYPASSRLS.");
    if (rights.boolean(0, 1) || rights.boolean(0, 2) || rights.boolean(0, 3))
        warn(fmt::format("{} has more than a role of untrusted SQL should", role),
             "ALTER ROLE ... NOCREATEROLE NOCREATEDB NOREPLICATION.");
    if (!rights.boolean(0, 4))
        warn(fmt::format("{} does not log in: settings of a role do not follow SET ROLE", role),
             "Let it log in itself, or apply the profile to the role that does.");
    warn_of("the role is a member of others, whose rights it has", "REVOKE the memberships.", R"(
select pg_catalog.quote_ident(r.rolname) from pg_catalog.pg_auth_members m join pg_catalog.pg_roles r on r.oid = m.roleid
where m.member = $1::oid order by r.rolname collate "C")",
            id);
    warn_of("the role owns what no policy keeps from it", "Let another role own them.", R"(
select pg_catalog.format('%I.%I', n.nspname, c.relname) collate "C"
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relowner = $1::oid and c.relkind in ('r', 'p', 'f', 'm', 'v') order by 1)",
            id);
    warn_of("the role may create objects",
            "REVOKE CREATE ON SCHEMA ..., and TEMPORARY ON DATABASE ..., also from PUBLIC.", R"(
select ('schema ' || pg_catalog.quote_ident(nspname)) collate "C" from pg_catalog.pg_namespace
where nspname !~ '^pg_' and pg_catalog.has_schema_privilege($1::oid, oid, 'CREATE')
union all select 'database ' || pg_catalog.quote_ident(datname) from pg_catalog.pg_database
where datname = pg_catalog.current_database() and pg_catalog.has_database_privilege($1::oid, oid, 'CREATE, TEMPORARY')
order by 1)",
            id);
    warn_of("the role may change settings that hold it", "REVOKE SET ON PARAMETER ... FROM it, and from PUBLIC.", R"(
select name from pg_catalog.pg_settings where name ~ '^rlsproof\.' and context = 'superuser'
and pg_catalog.has_parameter_privilege($1::oid, name, 'SET') order by name collate "C")",
            id);
    warn_of("settings of the role in one database come before its own", "ALTER ROLE ... IN DATABASE ... RESET ....", R"(
select (pg_catalog.quote_ident(b.datname) || ': ' || s) collate "C"
from pg_catalog.pg_db_role_setting d join pg_catalog.pg_database b on b.oid = d.setdatabase, pg_catalog.unnest(d.setconfig) s
where d.setrole = $1::oid and s ~ '^(rlsproof\.|session_preload_libraries=)' order by 1)",
            id);
    if (query("select 1 from rlsproof.tenancies where session is not null").empty()) {
        warn("no tenancy says how a session knows its tenant: the rules about tenants have nothing to go by",
             "Declare it with rlsproof.tenancy(); rlsproof.draft_tenancy() proposes how.");
        return;
    }
    warn_of_tables(id);
}

// ---- the functions

std::vector<std::vector<Value>> apply_profile(const std::string &profile, const std::string &role) {
    check_profile(profile);
    const std::string id = role_id(role);
    if (query("select 1 from pg_catalog.pg_roles where oid = $1::oid and rolsuper", {id}).size() > 0)
        throw Error(Code::invalid_input, fmt::format("{} is a superuser, whom no setting holds", role),
                    "Use a role of its own, with no more than SELECT on the tables it needs.");
    std::vector<std::vector<Value>> result;
    const auto put = [&](const std::string &setting, const std::string &value) {
        const Value now = set_for(id, setting);
        set_for_role(role, setting, value);
        // Applied again, what was there the first time is what was there before.
        execute(R"(
insert into rlsproof.profiles (role, setting, profile, value, before) values ($1, $2, $3, $4, $5)
on conflict (role, setting) do update set profile = excluded.profile, value = excluded.value,
    before = case when profiles.value is not distinct from $5 then profiles.before else excluded.before end)",
                {role, setting, profile, set_for(id, setting), now});
        result.push_back(
            {setting, value,
             query("select before from rlsproof.profiles where role = $1 and setting = $2", {role, setting}, false)
                 .value(0, 0)});
    };
    for (const Applied &one : kAgent) put(one.setting, one.value);
    if (!preloaded()) {
        const Value now = set_for(id, kPreload);
        const bool there = now && now->find("rlsproof") != std::string::npos;
        put(kPreload, there ? *now : now && !now->empty() ? *now + ", rlsproof" : "rlsproof");
        warn(
            "rlsproof is not loaded when the server starts: options of a connection come before what is set for a role",
            "Add rlsproof to shared_preload_libraries and restart; until then see that nobody untrusted opens "
            "connections of its own.");
    }
    warn_of_holes(role, id);
    return result;
}

std::vector<std::vector<Value>> remove_profile(const std::string &profile, const std::string &role) {
    check_profile(profile);
    const std::string id = role_id(role);
    const Rows rows = query(R"(
select setting, value, before from rlsproof.profiles where role = $1 and profile = $2 order by setting collate "C")",
                            {role, profile});
    if (rows.empty()) throw Error(Code::not_found, fmt::format("the profile {} is not applied to {}", profile, role));
    std::vector<std::vector<Value>> result;
    for (size_t i = 0; i < rows.size(); ++i) {
        const std::string &setting = rows.text(i, 0);
        const Value now = set_for(id, setting);
        if (now == rows.value(i, 1)) {
            set_for_role(role, setting, rows.value(i, 2));
            result.push_back({setting, rows.value(i, 2)});
        } else {
            warn(fmt::format("{} was changed meanwhile and stays as it is", setting),
                 "ALTER ROLE ... RESET ... takes it away.");
            result.push_back({setting, now});
        }
    }
    execute("delete from rlsproof.profiles where role = $1 and profile = $2", {role, profile});
    return result;
}

} // namespace

} // namespace rlsproof::server::guard

using namespace rlsproof::server;
using namespace rlsproof::server::guard;

extern "C" {

PG_FUNCTION_INFO_V1(rlsproof_apply_profile);
Datum rlsproof_apply_profile(PG_FUNCTION_ARGS) {
    const char *const profile = text_argument(fcinfo, 0), *const role = text_argument(fcinfo, 1);
    enter([&] { return_rows(fcinfo, apply_profile(required(profile, "the profile"), required(role, "the role"))); });
    return Datum{0};
}

PG_FUNCTION_INFO_V1(rlsproof_remove_profile);
Datum rlsproof_remove_profile(PG_FUNCTION_ARGS) {
    const char *const profile = text_argument(fcinfo, 0), *const role = text_argument(fcinfo, 1);
    enter([&] { return_rows(fcinfo, remove_profile(required(profile, "the profile"), required(role, "the role"))); });
    return Datum{0};
}

} // extern "C"
