#include "prove/process.hpp"

#include "server/settings.hpp"

#include <algorithm>
#include <climits>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

#include "server/scratch.hpp"
#include "server/spi.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace rlsproof::server {

namespace {

// The program that proofs are asked of: found in the path of the server, or named with its own. "both" asks z3 and cvc5
// and believes a proof only where they agree.
char *solver = nullptr;
// What it may use up: megabytes of address space, and milliseconds for one question.
int solver_memory = 512;
int solver_timeout = 5000;
// Milliseconds for all questions of one look, and solvers that work at the same time.
int solver_total_timeout = 600000;
int solver_jobs = 1;

constexpr const char *kTrees = R"(
select p.polqual::text from pg_catalog.pg_policy p where p.polqual is not null
union all select p.polwithcheck::text from pg_catalog.pg_policy p where p.polwithcheck is not null
union all select r.ev_action::text from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'v' and n.nspname <> 'information_schema' and n.nspname <> 'rlsproof' and n.nspname !~ '^pg_'
  and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e'))";

// The words applications use for the one who is asking.
bool sounds_like_a_person(const std::string &name) {
    for (const char *word : {"user", "uid", "person", "account", "customer", "member", "employee", "profile", "login"})
        if (name.find(word) != std::string::npos) return true;
    return name.ends_with(".sub") || name.ends_with(".id");
}

// A number without a meaning, the same for the same text on every machine (FNV-1a).
uint32_t number_of(const std::string &text) {
    uint32_t number = 2166136261U;
    for (const unsigned char c : text) number = (number ^ c) * 16777619U;
    return number;
}

// What somebody without a name would have of an enumeration, as of roles: what new rows get by themselves, else what
// policies and functions speak of least.
constexpr const char *kPlainest = R"(
select e.enumlabel
from pg_catalog.pg_type t join pg_catalog.pg_enum e on e.enumtypid = t.oid,
     lateral (select exists (select from pg_catalog.pg_attrdef d
                             join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
                             where a.atttypid = t.oid and pg_catalog.pg_get_expr(d.adbin, d.adrelid)
                                   like pg_catalog.quote_literal(e.enumlabel) || '::%') as given) by_itself,
     lateral (select (select count(*) from pg_catalog.pg_policies
                      where pg_catalog.strpos(coalesce(qual, '') || coalesce(with_check, ''),
                                              pg_catalog.quote_literal(e.enumlabel)) > 0)
                   + (select count(*) from pg_catalog.pg_proc where oid >= 16384
                      and pg_catalog.strpos(prosrc, pg_catalog.quote_literal(e.enumlabel)) > 0) as times) spoken_of
where t.typname = $1 and t.typtype = 'e'
order by by_itself.given desc, spoken_of.times, e.enumsortorder desc, t.oid limit 1)";

} // namespace

std::vector<Setting> settings_read(Bodies &bodies) {
    std::map<std::string, std::string> found;
    const Rows trees = query(kTrees);
    for (size_t i = 0; i < trees.size(); i++) {
        const Scratch scratch;
        for (const auto &[name, type] : bodies.of_tree(trees.text(i, 0)).settings) {
            const bool own =
                name.find('.') != std::string::npos && !name.starts_with("request.") && !name.starts_with("pgrst.");
            if (!own) continue;
            std::string &known = found[name];
            if (known.empty() || known == "text") known = type;
        }
    }
    std::vector<Setting> settings;
    for (const auto &[name, type] : found) settings.push_back({name, type, sounds_like_a_person(name)});
    const bool anybody = std::any_of(settings.begin(), settings.end(), [](const Setting &s) { return s.person; });
    // With nothing that sounds like a person, callers are told apart by what there is.
    for (Setting &setting : settings) setting.person = setting.person || (!anybody && settings.size() == 1);
    return settings;
}

bool claims_read(Bodies &bodies) {
    const Rows trees = query(kTrees);
    for (size_t i = 0; i < trees.size(); i++) {
        const Scratch scratch;
        for (const auto &[name, type] : bodies.of_tree(trees.text(i, 0)).settings)
            if (name.starts_with("request.jwt.")) return true;
    }
    return false;
}

std::vector<std::pair<std::string, std::string>> request_settings_read(Bodies &bodies) {
    const std::vector<std::pair<std::string, std::string>> all = {
        {"request.cookies", "{}"}, {"request.headers", "{}"}, {"request.method", "GET"}, {"request.path", "/rpc"}};
    std::set<std::string> read;
    const Rows trees = query(kTrees);
    for (size_t i = 0; i < trees.size(); i++) {
        const Scratch scratch;
        for (const auto &[name, type] : bodies.of_tree(trees.text(i, 0)).settings) read.insert(name);
    }
    // A trigger, or a function that is called: that it mentions one is enough for it to be there.
    const Rows functions = query(R"(
select distinct m[1] from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace,
  pg_catalog.regexp_matches(coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc),
                            '(request\.(?:headers|cookies|method|path))\M', 'g') m
where p.oid >= 16384 and n.nspname <> 'rlsproof')");
    for (size_t i = 0; i < functions.size(); i++) read.insert(functions.text(i, 0));
    std::vector<std::pair<std::string, std::string>> settings;
    for (const auto &setting : all)
        if (read.contains(setting.first)) settings.push_back(setting);
    return settings;
}

std::string identity_as(const std::string &type, const std::string &uid) {
    const bool number = type == "int2" || type == "int4" || type == "int8" || type == "numeric" || type == "float8";
    const bool is_number = !uid.empty() && uid.find_first_not_of("0123456789") == std::string::npos;
    if (!number || is_number) return uid;
    if (type == "int2") return fmt::format("{}", 32000 + number_of(uid) % 700);
    return fmt::format("{}", 2000000000U + number_of(uid) % 100000000U);
}

std::string value_for(const Setting &setting, const std::string &uid) {
    if (setting.type.starts_with("_"))
        return "{" + value_for({setting.name, setting.type.substr(1), setting.person}, uid) + "}";
    if (setting.person) return identity_as(setting.type, uid);
    if (setting.type == "bool") return "false";
    if (setting.type == "json" || setting.type == "jsonb") return "{}";
    for (const auto &[type, value] :
         {std::pair{"date", "2025-01-01"}, std::pair{"timestamp", "2025-01-01 00:00"},
          std::pair{"timestamptz", "2025-01-01 00:00Z"}, std::pair{"interval", "0"}, std::pair{"inet", "192.0.2.1"}})
        if (setting.type == type) return value;
    const Rows plainest = query(kPlainest, {setting.type});
    if (!plainest.empty()) return plainest.text(0, 0);
    // Another identity than the caller's, and another one for each setting and caller.
    std::string tenant = uid;
    const std::string mark = fmt::format("{:08x}", number_of(setting.name));
    if (tenant.size() > mark.size()) tenant.replace(0, mark.size(), mark);
    return identity_as(setting.type, tenant);
}

void define_solver_settings() {
    DefineCustomStringVariable("rlsproof.solver", "The SMT solver that proofs are asked of.",
                               "z3, cvc5, a path to either, or both to have every answer checked.", &solver, "z3",
                               PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("rlsproof.solver_memory", "How much memory the solver may use.", nullptr, &solver_memory,
                            512, 64, 65536, PGC_SUSET, GUC_UNIT_MB, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("rlsproof.solver_timeout", "How long the solver may think about one question.", nullptr,
                            &solver_timeout, 5000, 10, 3600000, PGC_SUSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("rlsproof.solver_total_timeout", "How long one look at everything may wait for the solver.",
                            nullptr, &solver_total_timeout, 600000, 10, INT_MAX, PGC_SUSET, GUC_UNIT_MS, nullptr,
                            nullptr, nullptr);
    DefineCustomIntVariable("rlsproof.solver_jobs", "How many solvers may work at the same time.", nullptr,
                            &solver_jobs, 1, 1, 64, PGC_SUSET, 0, nullptr, nullptr, nullptr);
}

std::string solver_setting() {
    return solver != nullptr && *solver != '\0' ? solver : "z3";
}

prove::Limits solver_limits() {
    return {solver_timeout, (size_t)solver_memory, 600, solver_total_timeout, solver_jobs};
}

} // namespace rlsproof::server
