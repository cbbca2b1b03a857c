// rlsproof.persona(), scope(), expect() and waive(): upserts into the tables behind them.
#include "base/finding.hpp"
#include "base/text.hpp"
#include "lint/rules.hpp"
#include "model/expectation.hpp"

#include "server/declare.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/declaring.hpp"
#include "server/identity.hpp"
#include "server/names.hpp"
#include "server/personas.hpp"
#include "server/result.hpp"
#include "server/rewrite.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/tenancy.hpp"
#include "server/guard/rules.hpp"

extern "C" {
#include "utils/date.h"
#include "utils/jsonb.h"
}

namespace rlsproof::server {

namespace {

// Rules that are not lints: what cells, waivers and declarations become.
constexpr const char *kOtherRules[] = {"broken",
                                       "leak",
                                       "lockout",
                                       "not_looked_at",
                                       "open",
                                       "role_without_tenant",
                                       "self_promotion",
                                       "service_reads_tenants",
                                       "stale_declaration",
                                       "self_granted",
                                       "trigger_reach",
                                       "unknown",
                                       "unreviewed",
                                       "vacuous",
                                       "waiver_expired",
                                       "waiver_unused",
                                       "writable_authority"};

// Of these, what is told of commands on rows.
constexpr std::array<std::string_view, 6> kOfCells = {"broken", "leak", "lockout", "open", "unknown", "vacuous"};

// ---- arguments

const char *jsonb_argument(FunctionCallInfo info, int number) {
    if (info->args[number].isnull) return nullptr;
    Jsonb *json = DatumGetJsonbP(info->args[number].value);
    return JsonbToCString(nullptr, &json->root, (int)VARSIZE(json));
}

// ---- persona

void check_settings(const Value &settings) {
    if (!settings) return;
    const Rows rows = query(R"(
select k.key, k.value #>> '{}', pg_catalog.jsonb_typeof(k.value) in ('string', 'number', 'boolean')
from pg_catalog.jsonb_each($1::jsonb) k order by k.key collate "C")",
                            {settings});
    for (size_t i = 0; i < rows.size(); i++) {
        const std::string &name = rows.text(i, 0);
        if (name == "role" || name == "session_authorization")
            throw Error(Code::invalid_input, fmt::format("the setting \"{}\" does not belong to a persona", name),
                        "The role that acts is the second argument; who logs in is found in the database.");
        if (name == "request.jwt.claims")
            throw Error(Code::invalid_input, "the setting \"request.jwt.claims\" comes from the claims",
                        "Give the claims as the third argument.");
        if (!rows.boolean(i, 2))
            throw Error(Code::invalid_input, fmt::format("the value of the setting \"{}\" is no text", name),
                        "Settings are texts, numbers or booleans: {\"app.tenant_id\": \"42\"}.");
        const std::string value = rows.text(i, 1);
        const Outcome outcome = attempt(Finish::rollback, [&] { set_locally(name, value); });
        if (!outcome.ok) complain(outcome, outcome.message, outcome.hint, "");
    }
}

void check_object(const Value &json, const char *what, const char *example) {
    if (!json) return;
    if (query("select 1 where pg_catalog.jsonb_typeof($1::jsonb) = 'object'", {json}).empty())
        throw Error(Code::invalid_input, fmt::format("{} must be a JSON object", what), example);
}

void declare_persona(const std::string &name, const std::string &role, const Value &claims, const Value &settings,
                     const Value &note) {
    if (query("select 1 from pg_catalog.pg_roles where rolname = $1", {role}).empty()) {
        const std::vector<std::string> roles =
            names(R"(select rolname from pg_catalog.pg_roles where rolname !~ '^pg_' order by rolname collate "C")");
        throw Error(Code::not_found, fmt::format("role \"{}\" does not exist", role), suggest(role, roles, "roles"));
    }
    check_object(claims, "claims", "As in {\"sub\": \"...\", \"role\": \"authenticated\"}.");
    check_object(settings, "settings", "As in {\"app.tenant_id\": \"42\"}.");
    check_settings(settings);
    execute(R"(
insert into rlsproof.personas (name, role, claims, settings, note) values ($1, $2, $3::jsonb, $4::jsonb, $5)
on conflict (name) do update set role = excluded.role, claims = excluded.claims, settings = excluded.settings,
                                 note = excluded.note)",
            {name, role, claims, settings, note});
}

// ---- scope

Object relation_named(const std::string &written) {
    const std::string name = written.starts_with("bucket:") ? "storage.objects" : written;
    Object object = find_object(name);
    if (object.kind == ObjectKind::relation) return object;
    if (object.kind != ObjectKind::missing)
        throw Error(Code::invalid_input, fmt::format("a scope is about the rows of one relation, not of \"{}\"", name));
    throw Error(Code::not_found, fmt::format("relation \"{}\" does not exist", object.name),
                suggest(object.name, object_names(), "objects"));
}

void declare_scope(const std::string &written, const std::string &scope, const std::string &predicate,
                   const Value &tenant_column, const Value &note) {
    if (scope == "none" || scope == "all")
        throw Error(Code::invalid_input, fmt::format("a scope cannot be named \"{}\"", scope),
                    "none and all are accesses of their own; name whose the rows are: own, member, published.");
    const Object relation = relation_named(written);
    const Outcome outcome = check_predicate(relation.name, predicate);
    if (!outcome.ok) {
        const std::string message = fmt::format("scope \"{}\" of {}: {}", scope, relation.name, outcome.message);
        std::string hint = outcome.hint;
        if (outcome.sqlstate == "42703")
            hint = fmt::format("The columns of {} are: {}.", relation.name, fmt::join(columns_of(relation.id), ", "));
        else if (outcome.sqlstate == "42804")
            hint = "A scope is true for the rows that belong to it: compare the column with something.";
        else if (hint.empty())
            hint = "A scope is one boolean expression over a row, as in owner_id = auth.uid().";
        complain(outcome, message, hint, predicate);
    }
    if (tenant_column) {
        const std::vector<std::string> columns = columns_of(relation.id);
        if (std::find(columns.begin(), columns.end(), *tenant_column) == columns.end())
            throw Error(Code::not_found,
                        fmt::format("column \"{}\" of {} does not exist", *tenant_column, relation.name),
                        fmt::format("The columns are: {}.", fmt::join(columns, ", ")));
    }
    execute(R"(
insert into rlsproof.scopes (relation, scope, predicate, tenant_column, note) values ($1, $2, $3, $4, $5)
on conflict (relation, scope) do update set predicate = excluded.predicate, tenant_column = excluded.tenant_column,
                                            note = excluded.note)",
            {relation.name, scope, predicate, tenant_column, note});
}

// ---- expect

std::vector<std::string> commands_in(const std::string &list) {
    std::vector<std::string> commands;
    std::string upper = list;
    std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return (char)toupper(c); });
    for (size_t start = 0; start <= upper.size();) {
        const size_t comma = std::min(upper.find(',', start), upper.size());
        const std::string word(text::trim(std::string_view(upper).substr(start, comma - start)));
        start = comma + 1;
        if (word != "ALL" && !command_from(word)) {
            std::vector<std::string> known;
            for (const Command command : kCommands) known.emplace_back(name(command));
            throw Error(Code::invalid_input, fmt::format("\"{}\" is not a command", word),
                        fmt::format("The commands are all, or a list of {}.", fmt::join(known, ", ")));
        }
        commands.push_back(word == "ALL" ? "all" : word);
    }
    return commands;
}

std::vector<std::string> persona_names() {
    std::vector<std::string> found = names(R"(select name from rlsproof.personas)");
    for (const Persona &persona : cast().personas) found.push_back(persona.name);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

// The objects an expectation is about, today.
std::vector<std::string> covered(const Object &object) {
    if (object.kind != ObjectKind::pattern) return {object.name};
    std::vector<std::string> found;
    for (const std::string &name : object_names())
        if (matches(object.name, name)) found.push_back(name);
    return found;
}

void check_commands(const Object &object, const std::vector<std::string> &commands) {
    const bool function = object.kind == ObjectKind::function || object.name.starts_with("rpc:");
    for (const std::string &command : commands) {
        if (command == "all" || object.kind == ObjectKind::pattern) continue;
        if (function != (command == "EXECUTE"))
            throw Error(Code::invalid_input, fmt::format("{} means nothing for {}", command, object.name),
                        function ? "A function is executed: EXECUTE."
                                 : "EXECUTE is for functions: rpc:public.pay(uuid).");
        if (object.name.starts_with("bucket:") && !row_wise(*command_from(command)))
            throw Error(Code::invalid_input, fmt::format("{} means nothing for {}", command, object.name),
                        "The files of a bucket know SELECT, INSERT, UPDATE and DELETE.");
    }
}

void check_access(const Object &object, const std::string &access) {
    if (access == "none" || access == "all") return;
    std::set<std::string> with;
    const Rows rows = query("select relation from rlsproof.scopes where scope = $1", {access});
    for (size_t i = 0; i < rows.size(); i++) with.insert(rows.text(i, 0));
    std::vector<std::string> lack, have;
    for (const std::string &name : covered(object)) {
        if (name.starts_with("rpc:"))
            lack.push_back(name);
        else
            (with.contains(name.starts_with("bucket:") ? "storage.objects" : name) ? have : lack).push_back(name);
    }
    if (lack.empty()) return;
    if (have.empty()) {
        if (lack.front().starts_with("rpc:"))
            throw Error(Code::invalid_input, fmt::format("\"{}\" is no access to a function", access),
                        "A function is declared none or all: it has no rows.");
        const std::string relation = lack.front().starts_with("bucket:") ? "storage.objects" : lack.front();
        const std::vector<std::string> known =
            names(fmt::format(R"(select scope from rlsproof.scopes where relation = {} order by scope collate "C")",
                              quote_literal(relation)));
        throw Error(Code::not_found, fmt::format("scope \"{}\" of {} is not declared", access, relation),
                    known.empty() ? fmt::format("The access is none, all or a scope; declare one with "
                                                "rlsproof.scope('{}', '{}', predicate).",
                                                relation, access)
                                  : fmt::format("The access is none, all or one of {}.", fmt::join(known, ", ")));
    }
    const size_t more = lack.size() > 3 ? lack.size() - 3 : 0;
    lack.resize(std::min<size_t>(lack.size(), 3));
    warn(fmt::format("scope \"{}\" is not declared for {}{}, which \"{}\" matches", access, fmt::join(lack, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "", object.name),
         "Their cells stay unknown until it is.");
}

void withdraw(const std::string &persona, const Object &object, const std::vector<std::string> &commands) {
    const bool everything = std::find(commands.begin(), commands.end(), "all") != commands.end();
    const long gone = execute("delete from rlsproof.expectations where persona = $1 and object = $2 and "
                              "($3::boolean or command = any($4::text[]))",
                              {persona, object.name, everything ? "t" : "f", array_literal(commands)});
    if (gone == 0)
        warn(fmt::format("nothing was declared for \"{}\" on {}", persona, object.name),
             "An access of null withdraws an expectation; none declares that there is no access.");
}

void declare_expectation(const std::string &persona, const std::string &written, const std::string &list,
                         const Value &access, const Value &note) {
    const Object object = find_object(written);
    const std::vector<std::string> commands = commands_in(list);
    if (!access) return withdraw(persona, object, commands);
    const std::vector<std::string> personas = persona_names();
    if (std::find(personas.begin(), personas.end(), persona) == personas.end())
        throw Error(Code::not_found, fmt::format("there is no persona \"{}\"", persona),
                    personas.empty() ? "Declare one with rlsproof.persona(name, role)."
                                     : suggest(persona, personas, "personas"));
    check_commands(object, commands);
    if (object.kind == ObjectKind::missing)
        warn(fmt::format("there is no object \"{}\"", object.name), suggest(object.name, object_names(), "objects"));
    else if (covered(object).empty())
        warn(fmt::format("the pattern \"{}\" matches nothing", object.name),
             "Patterns are compared with names in full: public.*, rpc:public.*, bucket:*.");
    else
        check_access(object, *access);
    for (const std::string &command : commands)
        execute(R"(
insert into rlsproof.expectations (persona, object, command, access, note) values ($1, $2, $3, $4, $5)
on conflict (persona, object, command) do update set access = excluded.access, note = excluded.note)",
                {persona, object.name, command, access, note});
}

// ---- waive

std::vector<std::string> waivable_rules() {
    std::vector<std::string> rules(std::begin(kOtherRules), std::end(kOtherRules));
    for (const lint::Rule &known : lint::rules()) rules.emplace_back(known.id);
    for (const guard::Rule rule : guard::kAllRules) rules.emplace_back(guard::info(rule).name);
    std::sort(rules.begin(), rules.end());
    return rules;
}

// What a waiver of the guard may name beside a table: a role, or one shape of query.
bool names_statements(const std::string &written) {
    static const std::string shape = "fingerprint:";
    if (written.starts_with("role:")) return written.size() > 5;
    return written.starts_with(shape) && written.size() == shape.size() + 16 &&
           written.find_first_not_of("0123456789abcdef", shape.size()) == std::string::npos;
}

// Of what cells become one command may be waived alone.
Waived of_one_command(const std::string &rule, const std::string &written) {
    const Waived waived = waived_of(written);
    const bool of_cells = std::find(kOfCells.begin(), kOfCells.end(), rule) != kOfCells.end();
    if (waived.command && !of_cells)
        throw Error(Code::invalid_input, fmt::format("the rule {} is not about one command", rule),
                    fmt::format("A command may be named of {}.", fmt::join(kOfCells, ", ")));
    return waived;
}

void declare_waiver(const std::string &rule, const std::string &written, const std::string &reason,
                    const std::string &until, bool ends) {
    const std::vector<std::string> rules = waivable_rules();
    if (std::find(rules.begin(), rules.end(), rule) == rules.end()) {
        const std::string near = suggest(rule, rules, "rules");
        throw Error(Code::not_found, fmt::format("there is no rule \"{}\"", rule),
                    near.empty() ? fmt::format("The rules are: {}.", fmt::join(rules, ", ")) : near);
    }
    if (!ends) throw Error(Code::invalid_input, "a waiver must end", "Give the day on which somebody looks again.");
    if (query("select 1 where $1::pg_catalog.date < pg_catalog.now()::pg_catalog.date", {until}).size() > 0)
        throw Error(Code::invalid_input, fmt::format("the waiver would have ended on {}", until),
                    "Give a day that is still to come, on which somebody looks again.");
    std::string object_name = written;
    if (guard::rule_named(rule.c_str()) == nullptr || !names_statements(written)) {
        const Waived waived = of_one_command(rule, written);
        const Object object = find_object(std::string(waived.object));
        if (object.kind == ObjectKind::missing)
            warn(fmt::format("there is no object \"{}\"", object.name),
                 suggest(object.name, object_names(), "objects"));
        else if (covered(object).empty())
            warn(fmt::format("the pattern \"{}\" matches nothing", object.name), "");
        object_name = waived.command ? fmt::format("{}:{}", object.name, name(*waived.command)) : object.name;
    }
    execute(R"(
insert into rlsproof.waivers (rule, object, reason, until) values ($1, $2, $3, $4::pg_catalog.date)
on conflict (rule, object) do update set reason = excluded.reason, until = excluded.until)",
            {rule, object_name, reason, until});
}

// ---- what became of declarations

void look_at_scopes(std::vector<Finding> &findings) {
    const Rows rows = query("select relation, scope, predicate from rlsproof.scopes order by relation collate \"C\", "
                            "scope collate \"C\"");
    for (size_t i = 0; i < rows.size(); i++) {
        const Outcome outcome = check_predicate(rows.text(i, 0), rows.text(i, 2));
        if (outcome.ok) continue;
        findings.push_back(stale(
            rows.text(i, 0), fmt::format("scope \"{}\" can no longer be asked: {}", rows.text(i, 1), outcome.message),
            "Declare it again as the relation is now, or take it away.",
            fmt::format("DELETE FROM rlsproof.scopes WHERE relation = {} AND scope = {};",
                        quote_literal(rows.text(i, 0)), quote_literal(rows.text(i, 1)))));
    }
}

void look_at_expectations(const World &world, std::vector<Finding> &findings) {
    const std::vector<std::string> objects = object_names();
    const Rows rows = query(R"(
select e.persona, e.object, pg_catalog.string_agg(e.command, ', ' order by e.command collate "C"),
       pg_catalog.bool_or(e.access not in ('none', 'all') and not exists (
         select from rlsproof.scopes s where s.scope = e.access and (e.object ~ '[*]' or s.relation =
           case when e.object like 'bucket:%' then 'storage.objects' else e.object end))),
       pg_catalog.min(e.access), pg_catalog.bool_or(coalesce(e.note, '') = 'unreviewed')
from rlsproof.expectations e group by e.persona, e.object order by e.object collate "C", e.persona collate "C")");
    std::set<std::string> unreviewed;
    for (size_t i = 0; i < rows.size(); i++) {
        const std::string &persona = rows.text(i, 0), &object = rows.text(i, 1);
        const std::string fix =
            fmt::format("SELECT rlsproof.expect({}, {}, 'all', NULL);", quote_literal(persona), quote_literal(object));
        const bool cast_has = std::any_of(world.personas.begin(), world.personas.end(),
                                          [&](const Persona &p) { return p.name == persona; });
        const bool there =
            std::any_of(objects.begin(), objects.end(), [&](const std::string &name) { return matches(object, name); });
        if (!cast_has)
            findings.push_back(stale(object, fmt::format("the expectation names \"{}\", who is no persona", persona),
                                     "Declare the persona, or withdraw what is expected of it.", fix));
        if (!there)
            findings.push_back(
                stale(object,
                      fmt::format("what \"{}\" may do is declared for {}", persona,
                                  object.find('*') == std::string::npos ? "an object that is not there"
                                                                        : "a pattern that matches nothing"),
                      "Withdraw it, or name what took its place.", fix));
        if (there && rows.boolean(i, 3))
            findings.push_back(stale(object,
                                     fmt::format("\"{}\" may {} in scope \"{}\", which is not declared", persona,
                                                 rows.text(i, 2), rows.text(i, 4)),
                                     "Declare the scope with rlsproof.scope().", fix));
        if (rows.boolean(i, 5)) unreviewed.insert(object);
    }
    for (const std::string &object : unreviewed) {
        Finding finding;
        finding.rule = "unreviewed";
        finding.level = Level::note;
        finding.category = Category::hygiene;
        finding.object = object;
        finding.message = "what is declared here was written down from what was seen, and nobody has reviewed it";
        finding.hint = "Read it, change what is wrong, and declare it again with a note of your own.";
        finding.evidence = "none";
        finding.key = "unreviewed:" + object;
        findings.push_back(std::move(finding));
    }
}

} // namespace

Outcome check_predicate(const std::string &relation, const std::string &predicate) {
    // Both with and without parentheses: a text that is not one whole expression passes one of the two at most.
    Outcome outcome = ask("select 1 from " + relation + " where ", predicate, "\n");
    if (outcome.ok) outcome = ask("select 1 from " + relation + " where (", predicate, "\n)");
    return outcome;
}

std::vector<Finding> look_at_declarations(const World &world) {
    std::vector<Finding> findings;
    look_at_scopes(findings);
    look_at_tenancies(findings);
    look_at_expectations(world, findings);
    return findings;
}

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_persona);
PG_FUNCTION_INFO_V1(rlsproof_scope);
PG_FUNCTION_INFO_V1(rlsproof_expect);
PG_FUNCTION_INFO_V1(rlsproof_waive);

Datum rlsproof_persona(PG_FUNCTION_ARGS) {
    const char *name = text_argument(fcinfo, 0), *role = text_argument(fcinfo, 1);
    const char *claims = jsonb_argument(fcinfo, 2), *settings = jsonb_argument(fcinfo, 3);
    const char *note = text_argument(fcinfo, 4);
    enter([&] {
        declare_persona(required(name, "the name of a persona"), required(role, "the role of a persona"),
                        optional_text(claims), optional_text(settings), optional_text(note));
    });
    PG_RETURN_VOID();
}

Datum rlsproof_scope(PG_FUNCTION_ARGS) {
    const char *relation = text_argument(fcinfo, 0), *scope = text_argument(fcinfo, 1);
    const char *predicate = text_argument(fcinfo, 2), *tenant = text_argument(fcinfo, 3);
    const char *note = text_argument(fcinfo, 4);
    enter([&] {
        const std::string kept = closed(required(predicate, "the predicate of a scope"));
        declare_scope(required(relation, "the relation of a scope"), required(scope, "the name of a scope"), kept,
                      optional_text(tenant), optional_text(note));
    });
    PG_RETURN_VOID();
}

Datum rlsproof_expect(PG_FUNCTION_ARGS) {
    const char *persona = text_argument(fcinfo, 0), *object = text_argument(fcinfo, 1);
    const char *commands = text_argument(fcinfo, 2), *access = text_argument(fcinfo, 3);
    const char *note = text_argument(fcinfo, 4);
    enter([&] {
        declare_expectation(required(persona, "the persona of an expectation"),
                            required(object, "the object of an expectation"),
                            required(commands, "the commands of an expectation"),
                            access != nullptr ? Value(required(access, "an access")) : Value(), optional_text(note));
    });
    PG_RETURN_VOID();
}

Datum rlsproof_waive(PG_FUNCTION_ARGS) {
    const char *rule = text_argument(fcinfo, 0), *object = text_argument(fcinfo, 1);
    const char *reason = text_argument(fcinfo, 2);
    const bool dated = !PG_ARGISNULL(3);
    const bool ends = dated && !DATE_NOT_FINITE(PG_GETARG_DATEADT(3));
    const char *until = dated ? DatumGetCString(DirectFunctionCall1(date_out, PG_GETARG_DATUM(3))) : nullptr;
    enter([&] {
        declare_waiver(required(rule, "the rule of a waiver"), required(object, "the object of a waiver"),
                       required(reason, "the reason of a waiver"), required(until, "the end of a waiver"), ends);
    });
    PG_RETURN_VOID();
}
}

} // namespace rlsproof::server
