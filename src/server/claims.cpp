#include "server/claims.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "server/settings.hpp"
#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

// What is said of a claim besides its name is where it stands: within app_metadata, or at the top. Bodies are read as
// they were written, comments and all: a claim too many does no harm.
constexpr const char *kRead = R"(
with said(what) as (
  select pg_catalog.pg_get_expr(p.polqual, p.polrelid) from pg_catalog.pg_policy p
  union all select pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) from pg_catalog.pg_policy p
  union all select p.prosrc from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where l.lanname in ('sql', 'plpgsql') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rlsproof')
      and p.prosrc ~ 'metadata|jwt'
)
select distinct true, m[1], m[2] from said,
  pg_catalog.regexp_matches(what, $a$'app_metadata'[^>]{0,10}->>\s*'(\w+)'(?:::text)?\)*(?:::(\w+))?$a$, 'g') m
union
select distinct false, m[1], m[2] from said,
  pg_catalog.regexp_matches(what,
    $a$(?:jwt\(\)[^>]{0,20}|'request\.jwt\.claims'[^>]{0,40})->>\s*'(\w+)'(?:::text)?\)*(?:::(\w+))?$a$, 'g') m
order by 1, 2, 3)";

// A claim that is a word, as a role is, is left alone: nobody has one that he was not given.
bool says_which(const std::string &name) {
    static const std::set<std::string> kOthers = {"aud", "client_id", "id", "jti", "kid", "session_id", "sid", "uid"};
    static const std::set<std::string> kTenants = {"account", "company", "org",    "organisation", "organization",
                                                   "school",  "team",    "tenant", "workspace"};
    return kTenants.contains(name) || ((name.ends_with("id") || name.ends_with("Id")) && !kOthers.contains(name));
}

// The type that an identity is made for; nothing where it is none that says which.
std::string plain_type(const std::string &type) {
    static const std::map<std::string, std::string> kTypes = {
        {"", "text"},        {"text", "text"},    {"varchar", "text"},  {"uuid", "uuid"},
        {"integer", "int4"}, {"int", "int4"},     {"int4", "int4"},     {"bigint", "int8"},
        {"int8", "int8"},    {"numeric", "int8"}, {"smallint", "int2"}, {"int2", "int2"}};
    const auto found = kTypes.find(type);
    return found == kTypes.end() ? "" : found->second;
}

} // namespace

bool second_factor_asked() {
    return !query("select from pg_catalog.pg_policy p, "
                  "lateral (values (p.polqual), (p.polwithcheck)) said(what) "
                  "where pg_catalog.pg_get_expr(said.what, p.polrelid) ~ 'aal2' limit 1")
                .empty();
}

std::vector<Claim> claims_read() {
    std::map<std::pair<bool, std::string>, std::string> found;
    std::set<std::pair<bool, std::string>> others;
    const Rows rows = query(kRead);
    for (size_t i = 0; i < rows.size(); i++) {
        const std::pair<bool, std::string> place{rows.boolean(i, 0), rows.text(i, 1)};
        const std::string type = plain_type(rows.value(i, 2) ? rows.text(i, 2) : "");
        if (!says_which(place.second)) continue;
        if (type.empty()) others.insert(place);
        std::string &known = found[place];
        if (known.empty() || known == "text") known = type;
    }
    std::vector<Claim> claims;
    for (const auto &[place, type] : found)
        if (!others.contains(place)) claims.push_back({place.first, place.second, type});
    return claims;
}

std::vector<Claim> ranks_claimed() {
    std::vector<Claim> ranks;
    const Rows rows = query(kRead);
    for (size_t i = 0; i < rows.size(); i++) {
        const Claim claim{rows.boolean(i, 0), rows.text(i, 1), "text"};
        // At the top `role` is the role of the database.
        const bool known = std::any_of(ranks.begin(), ranks.end(), [&](const Claim &other) {
            return other.name == claim.name && other.of_application == claim.of_application;
        });
        if (claim.name.find("role") != std::string::npos && (claim.of_application || claim.name != "role") && !known)
            ranks.push_back(claim);
    }
    return ranks;
}

std::string with_claim(const std::string &claims, const Claim &claim, const std::string &value) {
    return query(claim.of_application
                     ? "select ($1::jsonb || pg_catalog.jsonb_build_object('app_metadata', coalesce($1::jsonb -> "
                       "'app_metadata', '{}') || pg_catalog.jsonb_build_object($2::text, $3::text)))::text"
                     : "select ($1::jsonb || pg_catalog.jsonb_build_object($2::text, $3::text))::text",
                 {claims, claim.name, value})
        .text(0, 0);
}

void belong(Persona &persona, const std::vector<Claim> &read, bool second_factor) {
    for (auto &[name, claims] : persona.settings) {
        if (name != "request.jwt.claims") continue;
        if (second_factor) claims = query("select ($1::jsonb || '{\"aal\": \"aal2\"}')::text", {claims}).text(0, 0);
        for (const Claim &claim : read) {
            const std::string tenant = value_for(Setting{"claim." + claim.name, claim.type, false}, persona.uid);
            const Rows with =
                query(claim.of_application
                          ? "select pg_catalog.jsonb_set($1::jsonb, array['app_metadata', $2], "
                            "coalesce($1::jsonb -> 'app_metadata' -> $2, pg_catalog.to_jsonb($3::text)))::text"
                          : "select (pg_catalog.jsonb_build_object($2::text, $3::text) || $1::jsonb)::text",
                      {claims, claim.name, tenant});
            claims = with.text(0, 0);
            persona.tenants.push_back(tenant);
        }
    }
}

} // namespace rlsproof::server
