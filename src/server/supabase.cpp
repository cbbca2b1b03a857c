// rlsproof.use_supabase(): the personas of a PostgREST API, declared from what the database itself says about it.
#include "base/text.hpp"
#include "model/world.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/personas.hpp"
#include "server/result.hpp"
#include "server/spi.hpp"

#include "server/compat.hpp"

namespace rlsproof::server {

namespace {

// Somebody with an account and rows of its own; random once, for all time, so that results repeat.
constexpr const char *kMember = "3c9f2d18-6b7a-4e52-8f41-90d7a2c4e633";
constexpr const char *kNote = "declared by rlsproof.use_supabase()";

// A setting of the API, kept with its login role or with the database: the database's own word counts first.
Value configured(const std::string &setting) {
    const Rows rows = query(R"(
select pg_catalog.substr(entry, pg_catalog.strpos(entry, '=') + 1)
from pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) entry
where entry like $1 || '=%' and (s.setdatabase = 0 or s.setdatabase =
      (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))
order by s.setdatabase desc, s.setrole desc limit 1)",
                            {setting});
    return rows.empty() ? Value() : rows.value(0, 0);
}

void warn_plainly(const char *message, const char *hint) {
    ereport(WARNING, (errmsg_internal("%s", message), errhint("%s", hint)));
}

class Preset {
public:
    std::vector<std::vector<Value>> declare();

private:
    void found(const char *item, const std::string &name, const std::string &remark) {
        rows_.push_back({Value(item), Value(name), Value(remark)});
    }
    void missing(const char *item, const std::string &remark, const char *hint) {
        rows_.push_back({Value(item), Value(), Value(remark)});
        const std::string message = fmt::format("{}: {}", item, remark);
        call(warn_plainly, message.c_str(), hint);
    }
    void login();
    void anonymous();
    void roles();
    void schemas();
    void persona(const std::string &name, const std::string &role);

    Api api_;
    std::vector<std::vector<Value>> rows_;
};

void Preset::login() {
    if (api_.login.empty())
        return missing("login role", "no role was found that logs in and may become the API's roles",
                       "Who is logged in stands in for it; policies that ask session_user may answer otherwise.");
    const Rows becomes = query(fmt::format(R"(
select pg_catalog.string_agg(r.rolname, ', ' order by r.rolname collate "C")
from pg_catalog.pg_roles r where r.rolname <> $1 and pg_catalog.pg_has_role($1, r.oid, '{}'))",
                                           compat::may_become),
                               {api_.login});
    found("login role", api_.login, fmt::format("may become {}", becomes.text(0, 0)));
}

void Preset::anonymous() {
    const Value setting = configured("pgrst.db_anon_role");
    if (api_.anonymous.empty())
        return missing(
            "anonymous role", "none was found: what a visitor without an account reaches is not looked at",
            "Name it: ALTER ROLE authenticator SET pgrst.db_anon_role = 'anon', or declare a persona for it.");
    if (query("select 1 from pg_catalog.pg_roles where rolname = $1", {api_.anonymous}).empty())
        return missing("anonymous role", fmt::format("pgrst.db_anon_role names {}, which is not there", api_.anonymous),
                       "Create the role, or name another one.");
    if (setting) return found("anonymous role", api_.anonymous, "persona anon; named by pgrst.db_anon_role");
    found("anonymous role", api_.anonymous,
          "persona anon; taken by its name, since pgrst.db_anon_role is not set here");
}

void Preset::persona(const std::string &name, const std::string &role) {
    const Rows claims = query(R"(
select pg_catalog.jsonb_build_object('sub', $1, 'role', $2, 'aud', $2, 'aal', 'aal1', 'is_anonymous', false,
                                     'app_metadata', '{}'::jsonb, 'user_metadata', '{}'::jsonb)::text)",
                              {kMember, role});
    execute(R"(
insert into rlsproof.personas (name, role, claims, note) values ($1, $2, $3::jsonb, $4)
on conflict (name) do update set role = excluded.role, claims = excluded.claims
where personas.note = excluded.note)",
            {name, role, claims.text(0, 0), kNote});
}

void Preset::roles() {
    if (api_.signed_in.empty())
        missing("role", "none was found for users who have signed in",
                "Grant it to the API's login role, or declare a persona for it.");
    for (const std::string &role : api_.signed_in) {
        const std::string name = role == "authenticated" ? "member" : role;
        persona(name, role);
        found("role", role, fmt::format("persona {}: signed in, with rows of its own", name));
    }
    if (api_.login.empty()) return;
    const Rows trusted = query(fmt::format(R"(
select r.rolname, case when r.rolsuper then 'superuser' else 'BYPASSRLS' end from pg_catalog.pg_roles r
where (r.rolsuper or r.rolbypassrls) and pg_catalog.pg_has_role($1, r.oid, '{}') order by r.rolname collate "C")",
                                           compat::may_become),
                               {api_.login});
    for (size_t i = 0; i < trusted.size(); i++)
        found("role", trusted.text(i, 0),
              fmt::format("past every policy ({}): trusted, and no persona", trusted.text(i, 1)));
}

void Preset::schemas() {
    const Value setting = configured("pgrst.db_schemas");
    if (!setting)
        return missing("exposed schemas", "pgrst.db_schemas is not set in this database",
                       "The API may be configured outside of it. Every schema is looked at as if it were exposed.");
    const Rows gone = query(R"(
select pg_catalog.string_agg(s.name, ', ' order by s.place)
from pg_catalog.unnest(pg_catalog.string_to_array($1, ',')) with ordinality as u(part, place),
     lateral (select pg_catalog.btrim(u.part), u.place) as s(name, place)
where not exists (select from pg_catalog.pg_namespace n where n.nspname = s.name))",
                            {setting});
    found("exposed schemas", *setting,
          "named by pgrst.db_schemas; every schema is looked at all the same" +
              (gone.value(0, 0) ? fmt::format("; not there: {}", gone.text(0, 0)) : std::string()));
}

std::vector<std::vector<Value>> Preset::declare() {
    api_ = find_api();
    if (api_.login.empty() && api_.anonymous.empty() && api_.signed_in.empty())
        throw Error(Code::not_found, "this database has no roles of an API",
                    "Supabase and PostgREST log in as a role that may become others, such as anon and authenticated. "
                    "Declare who connects with rlsproof.persona(name, role).");
    login();
    anonymous();
    roles();
    schemas();
    return std::move(rows_);
}

} // namespace

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_use_supabase);

Datum rlsproof_use_supabase(PG_FUNCTION_ARGS) {
    return enter([&]() -> Datum {
        return_rows(fcinfo, Preset().declare());
        return 0;
    });
}
}

} // namespace rlsproof::server
