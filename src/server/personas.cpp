#include "server/personas.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/claims.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"

#include "server/compat.hpp"

namespace rlsproof::server {

namespace {

// Identities that occur in no row: random once, for all time, so that results repeat.
constexpr const char *kOutsider = "0d5fb6a2-97e1-4c1e-9a55-6f1b7d0c0a11";
constexpr const char *kNewcomer = "7be81c34-52a9-4f0d-8d0e-3f7a9c5e2b22";

std::string api_roles() {
    return fmt::format(R"(
select a.rolname, m.rolname, c.configured
from pg_catalog.pg_roles a join pg_catalog.pg_roles m on m.oid <> a.oid and pg_catalog.pg_has_role(a.oid, m.oid, '{}'),
     lateral (select exists (select from pg_catalog.pg_db_role_setting s
                             where s.setrole = a.oid and s.setconfig::text like '%pgrst.%') as configured) c
where a.rolcanlogin and not a.rolsuper and not m.rolsuper and not m.rolbypassrls and m.rolname !~ '^pg_'
  and not m.rolcanlogin
  and (not a.rolinherit or c.configured)
order by a.rolname collate "C", m.rolname collate "C")",
                       compat::may_become);
}

constexpr const char *kConfiguredAnonymous = R"(
select split_part(setting, '=', 2)
from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) setting
where setting like 'pgrst.db_anon_role=%' and (s.setdatabase = 0 or s.setdatabase =
      (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))
order by s.setdatabase desc limit 1)";

// Where there is no API, the roles an application could connect as: they own nothing here, are not exempt from row
// security, and somebody granted them something or wrote a policy for them.
constexpr const char *kApplicationRoles = R"(
with granted as (
  select distinct x.grantee as role
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace, pg_catalog.aclexplode(c.relacl) x
  where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rlsproof') and c.relkind in ('r','p','v','m','f')
  union
  select unnest(polroles) from pg_catalog.pg_policy)
select r.rolname from granted g join pg_catalog.pg_roles r on r.oid = g.role
where not r.rolsuper and not r.rolbypassrls and r.rolname !~ '^pg_'
  and not exists (select from pg_catalog.pg_class c where c.relowner = r.oid and c.relkind in ('r','p','v','m','f'))
order by r.rolname collate "C")";

bool role_exists(const std::string &role) {
    return !query("select 1 from pg_catalog.pg_roles where rolname = $1", {role}).empty();
}

// Whoever the login role of the API may not become connects by itself.
bool may_become(const std::string &login, const std::string &role) {
    return !query(fmt::format("select 1 from pg_catalog.pg_roles l, pg_catalog.pg_roles r where l.rolname = $1 and "
                              "r.rolname = $2 and pg_catalog.pg_has_role(l.oid, r.oid, '{}')",
                              compat::may_become),
                  {login, role})
                .empty();
}

// What every token has, whoever it is of: a policy that asks for no more asks for nothing. Times stand for any that are
// past and to come.
std::string claims_of(const std::string &role, const std::string &uid) {
    if (uid.empty())
        return fmt::format(R"({{"role": "{}", "iss": "supabase", "iat": 1735689600, "exp": 4102444800}})", role);
    return fmt::format(R"({{"sub": "{0}", "role": "{1}", "aud": "{1}", "email": "{0}@nowhere.invalid", "phone": "", )"
                       R"("aal": "aal1", "amr": [{{"method": "password", "timestamp": 1735689600}}], )"
                       R"("session_id": "{0}", "is_anonymous": false, "iss": "http://localhost/auth/v1", )"
                       R"("iat": 1735689600, "exp": 4102444800, )"
                       R"("app_metadata": {{"provider": "email", "providers": ["email"]}}, )"
                       R"("user_metadata": {{"email_verified": true}}}})",
                       uid, role);
}

Persona built_in(const std::string &name, const std::string &role, const std::string &login, const std::string &uid) {
    Persona persona;
    persona.name = name;
    persona.role = role;
    persona.login = login;
    persona.uid = uid;
    persona.settings.emplace_back("request.jwt.claims", claims_of(role, uid));
    return persona;
}

int rank_of(const Persona &persona) {
    if (persona.name == "anon") return 0;
    if (persona.name == "outsider") return 1;
    return persona.name == "newcomer" ? 2 : 3;
}

void add_declared(Cast &cast) {
    const Rows rows = query(R"(
select p.name, p.role, coalesce(p.claims, '{}')::text, coalesce(p.claims ->> 'sub', ''), k.key, k.value
from rlsproof.personas p left join lateral pg_catalog.jsonb_each_text(coalesce(p.settings, '{}')) k on true
order by p.name collate "C", k.key collate "C")");
    for (size_t i = 0; i < rows.size(); i++) {
        const std::string &name = rows.text(i, 0);
        if (cast.personas.empty() || cast.personas.back().name != name) {
            Persona persona;
            persona.name = name;
            persona.role = rows.text(i, 1);
            persona.uid = rows.text(i, 3);
            persona.declared = true;
            persona.settings.emplace_back("request.jwt.claims", rows.text(i, 2));
            cast.personas.push_back(std::move(persona));
        }
        if (rows.value(i, 4)) cast.personas.back().settings.emplace_back(rows.text(i, 4), rows.text(i, 5));
    }
}

void add_missing(Cast &cast, Persona persona) {
    for (const Persona &other : cast.personas)
        if (other.name == persona.name) return;
    cast.personas.push_back(std::move(persona));
}

} // namespace

std::vector<std::string> offered_schemas() {
    const Rows rows = query(R"(
select array(select pg_catalog.btrim(part) from pg_catalog.unnest(pg_catalog.string_to_array((
  select pg_catalog.substr(setting, pg_catalog.strpos(setting, '=') + 1)
  from pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) setting
  where setting like 'pgrst.db_schemas=%' and (s.setdatabase = 0 or s.setdatabase =
        (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))
  order by s.setdatabase desc, s.setrole desc limit 1), ',')) part))");
    return rows.list(0, 0);
}

Api find_api() {
    Api api;
    const Rows configured = query(kConfiguredAnonymous);
    if (!configured.empty()) api.anonymous = configured.text(0, 0);
    const Rows roles = query(api_roles());
    // The login role that may become the anonymous one, else the one with the API's settings.
    for (size_t i = 0; i < roles.size(); i++)
        if (roles.text(i, 1) == (api.anonymous.empty() ? "anon" : api.anonymous)) {
            api.login = roles.text(i, 0);
            if (api.anonymous.empty()) api.anonymous = roles.text(i, 1);
            break;
        }
    for (size_t i = 0; i < roles.size() && api.login.empty(); i++)
        if (roles.boolean(i, 2)) api.login = roles.text(i, 0);
    for (size_t i = 0; i < roles.size(); i++)
        if (roles.text(i, 0) == api.login && roles.text(i, 1) != api.anonymous)
            api.signed_in.push_back(roles.text(i, 1));
    if (api.anonymous.empty() && role_exists("anon")) api.anonymous = "anon";
    if (api.signed_in.empty() && role_exists("authenticated")) api.signed_in.push_back("authenticated");
    std::stable_partition(api.signed_in.begin(), api.signed_in.end(),
                          [](const std::string &role) { return role == "authenticated"; });
    return api;
}

Cast cast() {
    Cast cast;
    add_declared(cast);
    const Api api = find_api();
    for (Persona &persona : cast.personas) {
        persona.connects = !may_become(api.login, persona.role);
        persona.login = persona.connects ? persona.role : api.login;
    }

    if (!api.anonymous.empty()) add_missing(cast, built_in("anon", api.anonymous, api.login, ""));
    std::vector<std::string> roles = api.signed_in;
    const bool connect = api.anonymous.empty() && roles.empty();
    if (connect) {
        const Rows found = query(kApplicationRoles);
        for (size_t i = 0; i < found.size(); i++) roles.push_back(found.text(i, 0));
        if (roles.empty() && cast.personas.empty())
            cast.notes.push_back("no API role and no application role was found: nobody's access was looked at; "
                                 "declare who connects with rlsproof.persona(name, role)");
        if (!roles.empty())
            cast.remarks.push_back(
                "no API was found: the roles that were granted something stand in for it. An application that connects "
                "as the owner of its tables, or as a superuser, is bound by no policy. Declare who connects with "
                "rlsproof.persona(name, role)");
    }
    for (size_t i = 0; i < roles.size(); i++) {
        const std::string suffix = i == 0 ? "" : ":" + roles[i];
        for (Persona persona : {built_in("outsider" + suffix, roles[i], api.login, kOutsider),
                                built_in("newcomer" + suffix, roles[i], api.login, kNewcomer)}) {
            persona.connects = connect;
            add_missing(cast, std::move(persona));
        }
    }
    if (api.anonymous.empty() && !api.signed_in.empty())
        cast.notes.push_back(
            "no anonymous role was found: what a visitor without an account reaches was not looked at");

    for (Persona &persona : cast.personas) {
        const Rows role =
            query("select rolsuper or rolbypassrls from pg_catalog.pg_roles where rolname = $1", {persona.role});
        persona.bypasses = !role.empty() && role.boolean(0, 0);
        if (role.empty())
            cast.notes.push_back(fmt::format("persona \"{}\": role \"{}\" does not exist", persona.name, persona.role));
    }
    std::erase_if(cast.personas, [](const Persona &p) {
        return query("select 1 from pg_catalog.pg_roles where rolname = $1", {p.role}).empty();
    });
    std::stable_sort(cast.personas.begin(), cast.personas.end(), [](const Persona &a, const Persona &b) {
        return std::make_pair(rank_of(a), a.name) < std::make_pair(rank_of(b), b.name);
    });
    return cast;
}

void introduce(std::vector<Persona> &personas, Bodies &bodies) {
    const std::vector<Setting> settings = settings_read(bodies);
    const std::vector<Claim> claims = claims_read();
    const bool second_factor = second_factor_asked();
    for (Persona &persona : personas) {
        if (persona.declared || persona.uid.empty()) continue;
        // Whoever says nothing of a tenant may fall back to one: that is the outsider's part.
        if (persona.uid == kNewcomer) belong(persona, claims, second_factor);
        for (const Setting &setting : settings)
            persona.settings.emplace_back(setting.name, value_for(setting, persona.uid));
    }
    const auto requests = request_settings_read(bodies);
    if (requests.empty()) return;
    const Api api = find_api();
    for (Persona &persona : personas) {
        const bool through_api = persona.role == api.anonymous || std::find(api.signed_in.begin(), api.signed_in.end(),
                                                                            persona.role) != api.signed_in.end();
        for (const auto &request : requests)
            if (through_api && std::none_of(persona.settings.begin(), persona.settings.end(),
                                            [&](const auto &known) { return known.first == request.first; }))
                persona.settings.push_back(request);
    }
}

std::string why_not_assumed(const Persona &persona) {
    const std::string why = why_not_become(persona.role);
    return why.empty() ? "" : fmt::format("persona \"{}\" has its privileges looked at alone: {}", persona.name, why);
}

Identity identity_of(const Persona &persona) {
    return Identity{persona.login, persona.role, persona.settings};
}

} // namespace rlsproof::server
