#include "model/world.hpp"

#include "server/next_token.hpp"
#include "server/unheard.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "server/handed.hpp"
#include "server/hints.hpp"
#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "utils/acl.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostWords = 16;                          // for one column
constexpr const char *kAuthServer = "supabase_auth_admin"; // who calls the hook

// Which function is configured is not kept in the database: its name says it, or who may call it and what of.
constexpr const char *kHooks = R"(
select p.oid from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.prokind = 'f' and not p.proretset and p.pronargs = 1 and n.nspname !~ '^pg_' and n.nspname <> 'rlsproof'
  and p.proargtypes[0] = 'pg_catalog.jsonb'::pg_catalog.regtype
  and p.prorettype = 'pg_catalog.jsonb'::pg_catalog.regtype
  and (p.proname ~ 'access_token|token_hook|jwt_hook' or (p.prosrc ~ 'claims' and exists (
    select from pg_catalog.aclexplode(p.proacl) a join pg_catalog.pg_roles r on r.oid = a.grantee
    where r.rolname = $1 and a.privilege_type = 'EXECUTE')))
order by p.proname ~ 'access_token' desc, n.nspname collate "C", p.proname collate "C" limit 2)";

constexpr const char *kAccounts = R"(
select a.attrelid, a.attnum from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
where a.attname = 'raw_app_meta_data' and not a.attisdropped and c.relkind = 'r'
  and exists (select from pg_catalog.pg_attribute i where i.attrelid = c.oid and i.attname = 'id') order by 1)";

constexpr const char *kWriters = R"(
select p.oid from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
where p.prosrc || coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), '') ~ 'raw_app_meta_data'
  and l.lanname in ('sql', 'plpgsql') order by 1)";

// Triggers that write it, with the tables they are on.
constexpr const char *kTriggers = R"(
select t.tgfoid, t.tgrelid, t.tgname || ' on ' || t.tgrelid::regclass::text
from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
where not t.tgisinternal and t.tgenabled in ('O', 'A') and p.prosrc ~ 'raw_app_meta_data'
  and not exists (select from pg_catalog.pg_attribute a
                  where a.attrelid = t.tgrelid and a.attname = 'raw_app_meta_data' and not a.attisdropped)
order by t.tgname, t.tgrelid)";

// Tables that the text of a function names.
constexpr const char *kNamed = R"(
select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace, pg_catalog.pg_proc p
where p.oid = $1::oid and c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rlsproof')
  and p.prosrc ~ ('\m' || pg_catalog.regexp_replace(c.relname, '(\W)', '\\\1', 'g') || '\M') order by 1)";

// Texts that may read claims: policies by their place, and functions.
constexpr const char *kFunctions = R"(
select p.proname, p.prosrc || coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), '')
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where l.lanname in ('sql', 'plpgsql') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rlsproof')
order by 1)";

constexpr const char *kPolicies = R"(
select p.polrelid, p.polname, coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '') || ' ' ||
  coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '') from pg_catalog.pg_policy p)";

// The claims that a text names, within whatever it says.
constexpr const char *kKeys =
    R"(select array(select distinct m[1] from pg_catalog.regexp_matches($1, $a$(?:->>?|#>>?)\s*'\{?"?(\w+)$a$, 'g') m))";

// Constants that stand behind a comparison, or in a list.
constexpr const char *kWords =
    R"(select array(select distinct m[1] from pg_catalog.regexp_matches($1, $a$[=,([]\s*'([\w:. -]{1,40})'$a$, 'g') m
  where m[1] !~ '^request\.jwt'))";

// What a token says whoever somebody is: no row makes it something else.
bool is_plain(const std::string &key) {
    static const std::set<std::string> kPlain = {"sub", "email", "phone", "aud",  "exp",        "iat",
                                                 "iss", "aal",   "amr",   "role", "session_id", "is_anonymous"};
    return kPlain.contains(key);
}

// Which texts go by claims that a row may change. A function that hands all claims on is as good as they are.
class Readers {
public:
    explicit Readers(bool hooked) : hooked_(hooked) {
        const Rows rows = query(kFunctions);
        for (bool grown = true; grown;) {
            grown = false;
            for (size_t i = 0; i < rows.size(); i++) {
                const std::string &name = rows.text(i, 0);
                if (whole_.contains(name) || readers_.contains(name)) continue;
                const Reading reading = of(rows.text(i, 1));
                if (reading == Reading::none) continue;
                (reading == Reading::all ? whole_ : readers_).insert(name);
                if (reading == Reading::some) take_words(rows.text(i, 1));
                grown = true;
            }
        }
    }

    bool reads(const std::string &text) { return of(text) != Reading::none; }

    // What functions compare claims with, among whatever else they say.
    const std::set<std::string> &words() const { return words_; }

private:
    enum class Reading { none, some, all };

    static bool calls(const std::string &text, const std::set<std::string> &names) {
        return std::any_of(names.begin(), names.end(), [&](const std::string &name) {
            for (size_t at = text.find(name + "("); at != text.npos; at = text.find(name + "(", at + 1))
                if (at == 0 || (isalnum((unsigned char)text[at - 1]) == 0 && text[at - 1] != '_')) return true;
            return false;
        });
    }

    Reading of(const std::string &text) {
        if (calls(text, readers_)) return Reading::some;
        if (text.find("request.jwt.claims") == text.npos && !calls(text, whole_)) return Reading::none;
        const std::vector<std::string> keys = query(kKeys, {text}).list(0, 0);
        if (keys.empty()) return Reading::all;
        const bool some = std::any_of(keys.begin(), keys.end(), [&](const std::string &key) {
            return hooked_ ? !is_plain(key) : key == "app_metadata";
        });
        return some ? Reading::some : Reading::none;
    }

    void take_words(const std::string &text) {
        const Rows said = query(kWords, {text});
        for (const std::string &word : said.list(0, 0))
            if (words_.size() < kMostWords) words_.insert(word);
    }

    bool hooked_;
    std::set<std::string> whole_, readers_, words_;
};

} // namespace

NextToken read_next_token(const Hints &hints, Bodies &bodies) {
    NextToken token;
    const Rows hooks = query(kHooks, {kAuthServer});
    for (size_t i = 0; i < hooks.size(); i++)
        if (bodies.of(hooks.oid(i, 0)).harm.empty()) token.hooks.push_back(hooks.oid(i, 0));
    const Rows accounts = query(kAccounts);
    const Rows writers = accounts.empty() ? Rows{} : query(kWriters);
    for (size_t i = 0; i < writers.size(); i++)
        for (const auto &[table, written] : bodies.of(writers.oid(i, 0)).relations)
            for (size_t j = 0; j < accounts.size() && written; j++)
                if (table == accounts.oid(j, 0)) {
                    token.accounts = table;
                    token.column = (int)accounts.number(j, 1);
                }
    if (next_tokens(token) == 0) return token;

    Readers readers(!token.hooks.empty());
    std::map<std::pair<Oid, std::string>, bool> known;
    const Rows policies = query(kPolicies);
    for (size_t i = 0; i < policies.size(); i++)
        known[{policies.oid(i, 0), policies.text(i, 1)}] = readers.reads(policies.text(i, 2));
    for (size_t i = 0; i < hints.policies.size(); i++) {
        const PolicyHint &policy = hints.policies[i];
        if (!known[{policy.relation, policy.name}]) continue;
        token.policies.insert(i);
        token.shown.insert(policy.relation);
    }
    return token;
}

std::vector<Unheard> tokens_not_made(Bodies &bodies) {
    std::vector<Unheard> result;
    const auto name_of = [](Oid function) {
        return query("select $1::oid::regprocedure::text", {std::to_string(function)}).text(0, 0);
    };
    const Rows hooks = query(kHooks, {kAuthServer});
    for (size_t i = 0; i < hooks.size(); i++) {
        const Body &body = bodies.of(hooks.oid(i, 0));
        if (body.harm.empty()) continue;
        Unheard hook{"hook " + name_of(hooks.oid(i, 0)), body.harm, {}};
        for (const auto &[table, written] : body.relations) hook.tables.insert(table);
        // What cannot be read may go by any table that its text names.
        const Rows named = query(kNamed, {std::to_string(hooks.oid(i, 0))});
        for (size_t j = 0; !body.known && j < named.size(); j++) hook.tables.insert(named.oid(j, 0));
        result.push_back(std::move(hook));
    }
    const Rows triggers = query(kTriggers);
    for (size_t i = 0; i < triggers.size(); i++) {
        const Body &body = bodies.of(triggers.oid(i, 0));
        if (!body.harm.empty())
            result.push_back({fmt::format("trigger {}", triggers.text(i, 2)), body.harm, {triggers.oid(i, 1)}});
    }
    if (result.empty()) return result;
    Readers readers(!hooks.empty());
    const Rows policies = query(kPolicies);
    for (size_t i = 0; i < policies.size(); i++)
        if (readers.reads(policies.text(i, 2))) return result;
    return {};
}

void name_claims(Hints &hints, Bodies &bodies) {
    if (hints.next_token.policies.empty()) return;
    const Readers readers(!hints.next_token.hooks.empty());
    hints.asked.insert(readers.words().begin(), readers.words().end());
    for (const Oid hook : hints.next_token.hooks) {
        const Body &body = bodies.of(hook);
        for (const Column &column : columns_named(body, body.column_names)) {
            if (!hints.personal.contains(column) || hints.identity.contains(column)) continue;
            const Rows type = query(R"(
select t.typcategory in ('S', 'E'), array(select e.enumlabel::text from pg_catalog.pg_enum e
  where e.enumtypid = t.oid order by e.enumsortorder desc)
from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
where a.attrelid = $1::oid and a.attnum = $2::int2)",
                                    {std::to_string(column.relation), std::to_string(column.number)});
            if (type.empty() || !type.boolean(0, 0)) continue;
            std::vector<std::string> words(hints.asked.begin(), hints.asked.end());
            for (const std::string &label : type.list(0, 1)) words.push_back(label);
            std::vector<Candidate> &known = hints.candidates[column];
            for (const std::string &word : words)
                if (known.size() < kMostWords && std::find(known.begin(), known.end(), word) == known.end())
                    known.emplace_back(word);
        }
    }
}

size_t next_tokens(const NextToken &token) {
    return token.hooks.empty() && OidIsValid(token.accounts) ? 1 : token.hooks.size();
}

bool take_next_token(const NextToken &token, size_t at, Oid user, int security) {
    std::string claims;
    const AsUser past(user, security);
    {
        const Rows now = query("select claims::text, claims ->> 'sub' from (select nullif(pg_catalog.current_setting("
                               "'request.jwt.claims', true), '')::jsonb) said(claims)",
                               {}, false);
        if (!now.value(0, 0) || !now.value(0, 1)) return false;
        claims = now.text(0, 0);
        if (OidIsValid(token.accounts)) {
            const Rows account = query(
                fmt::format("select ($1::jsonb || pg_catalog.jsonb_build_object('app_metadata', "
                            "coalesce($1::jsonb -> 'app_metadata', '{{}}') || u.raw_app_meta_data::jsonb))::text "
                            "from {} u where u.id::text = $2 and pg_catalog.jsonb_typeof(u.raw_app_meta_data::jsonb) "
                            "= 'object'",
                            query("select $1::oid::regclass::text", {std::to_string(token.accounts)}).text(0, 0)),
                {claims, now.text(0, 1)}, false);
            if (account.empty() && token.hooks.empty()) return false;
            if (!account.empty()) claims = account.text(0, 0);
        }
    }
    if (at < token.hooks.size()) {
        std::string made;
        const auto make = [&] {
            set_locally("request.jwt.claims", ""); // nobody has signed in yet
            const Rows rows = query(
                fmt::format("select {}(pg_catalog.jsonb_build_object('user_id', $1::jsonb ->> 'sub', 'claims', "
                            "$1::jsonb, 'authentication_method', 'password')) -> 'claims'",
                            query("select pg_catalog.format('%I.%I', n.nspname, p.proname) from pg_catalog.pg_proc p "
                                  "join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid = $1::oid",
                                  {std::to_string(token.hooks[at])})
                                .text(0, 0)),
                {claims}, false);
            made = rows.value(0, 0) ? rows.text(0, 0) : "";
        };
        // As whoever calls it, bound by policies and rights as they are. What such a one may not run at all is granted
        // elsewhere, or nobody could sign in.
        const Oid caller = call(get_role_oid, kAuthServer, true);
        Outcome outcome;
        outcome.sqlstate = "42501";
        if (OidIsValid(caller))
            outcome = attempt(Finish::rollback, [&] {
                const AsUser by(caller, security);
                in_time(make);
            });
        if (outcome.sqlstate == "42501") outcome = attempt(Finish::rollback, [&] { in_time(make); });
        if (!outcome.ok || made.empty() || made == "null") return false;
        claims = made;
    }
    set_locally("request.jwt.claims", claims);
    return true;
}

} // namespace rlsproof::server
