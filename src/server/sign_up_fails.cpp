#include "base/text.hpp"
#include "model/cell.hpp"

#include "server/sign_up_fails.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/awake.hpp"
#include "server/bodies.hpp"
#include "server/identity.hpp"
#include "server/rows.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/tables.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr const char *kSomebody = "5167ed00-0000-4000-8000-00000000b0b1";
constexpr const char *kAddress = "somebody@nowhere.invalid";
constexpr size_t kMostTries = 300; // of what might be sent besides
constexpr size_t kMostNamed = 3;

// The tables of accounts with triggers for new ones, who puts rows in there and where names are looked up for that
// role.
constexpr const char *kAccounts = R"(
select c.oid, c.relowner, r.rolname, coalesce((select pg_catalog.substr(s, 13)
           from pg_catalog.pg_db_role_setting d, pg_catalog.unnest(d.setconfig) s
           where d.setrole = c.relowner and s like 'search_path=%'
             and d.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))
           order by d.setdatabase desc limit 1), ''),
       array(select distinct t.tgfoid::text from pg_catalog.pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal
             and t.tgenabled in ('O', 'A') and t.tgtype & 4 <> 0 order by 1)
from pg_catalog.pg_class c join pg_catalog.pg_roles r on r.oid = c.relowner
where c.relkind = 'r' and exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid
           and a.attname = 'raw_user_meta_data' and not a.attisdropped)
order by c.oid::pg_catalog.regclass::text collate "C")";

// What the functions read of what is sent, and the words that it may be compared with.
constexpr const char *kKeys = R"(
with body as (select pg_catalog.string_agg(prosrc, ' ') as text from pg_catalog.pg_proc where oid = any ($1::oid[]))
select array(select distinct m[1] from pg_catalog.regexp_matches(text, $a$->>?\s*'([^']+)'$a$, 'g') m order by 1),
       array(select distinct m[1] from pg_catalog.regexp_matches(text, $a$'([^']+)'$a$, 'g') m
             union select enumlabel::text from pg_catalog.pg_enum order by 1)
from body)";

struct Accounts {
    const TableShape &shape;
    Oid owner;
    std::string search_path; // of the owner's sessions; empty where it has none of its own
    std::vector<std::string> functions;
};

Outcome put_in(const Tables &tables, const Accounts &accounts, const std::string &sent, bool awake) {
    bool drawn = false;
    Outcome outcome = attempt(Finish::rollback, [&] {
        const Scratch scratch;
        Values wanted;
        for (const ColumnShape &column : accounts.shape.columns) {
            if (column.generated) continue;
            const bool is_key = std::find(accounts.shape.keys.begin(), accounts.shape.keys.end(),
                                          std::vector{column.number}) != accounts.shape.keys.end();
            if (is_key && column.type_name == "uuid") wanted[column.number] = kSomebody;
            if (column.name == "email") wanted[column.number] = kAddress;
            if (column.name == "raw_user_meta_data") wanted[column.number] = sent;
            if (column.name == "raw_app_meta_data")
                wanted[column.number] = R"({"provider": "email", "providers": ["email"]})";
        }
        Maker maker(tables);
        Values values = maker.values(accounts.shape, wanted);
        std::erase_if(values, [&](const auto &value) {
            const ColumnShape &column = *accounts.shape.column(value.first);
            return !wanted.contains(value.first) && (!column.not_null || !column.default_expression.empty());
        });
        if (draws_a_number(accounts.shape.id, values)) {
            drawn = true;
            return;
        }
        set_locally("session_replication_role", awake ? "origin" : "replica");
        if (accounts.search_path.empty())
            use_default_search_path();
        else
            set_locally("search_path", accounts.search_path);
        int security = 0;
        Oid user = InvalidOid;
        GetUserIdAndSecContext(&user, &security);
        const AsUser owner(accounts.owner, security);
        in_time([&] { return execute(Maker::insert_statement(accounts.shape, values)); });
        (void)execute("set constraints all immediate");
    });
    outcome.ok = outcome.ok && !drawn;
    return outcome;
}

std::string object_of(const std::vector<std::string> &keys, const std::string &one, const std::string &word) {
    std::string object;
    for (const std::string &key : keys)
        object += fmt::format("{}{}: {}", object.empty() ? "" : ", ", text::json(key),
                              text::json(key == one             ? word
                                         : key.ends_with("_id") ? kSomebody
                                                                : "made"));
    return "{" + object + "}";
}

// Something that may be sent with which it goes through.
std::optional<std::string> what_helps(const Tables &tables, const Accounts &accounts) {
    const Rows read = query(kKeys, {array_literal(accounts.functions)});
    const std::vector<std::string> keys = read.list(0, 0);
    std::vector<std::string> words = read.list(0, 1);
    words.insert(words.begin(), {"1", "true", "2000-01-01"});
    if (keys.empty()) return std::nullopt;
    size_t tries = 0;
    const auto works = [&](const std::string &sent) { return put_in(tables, accounts, sent, true).ok; };
    if (std::string all = object_of(keys, "", ""); works(all)) return all;
    for (const std::string &key : keys)
        for (const std::string &word : words) {
            poll();
            if (++tries > kMostTries) return std::nullopt;
            if (std::string sent = object_of(keys, key, word); works(sent)) return sent;
        }
    return std::nullopt;
}

// Tables without rows that the functions go by; with `parents` those that what they put in belongs to.
std::vector<std::string> empty_tables(const Tables &tables, Bodies &bodies, const Accounts &accounts, bool parents) {
    std::set<Oid> read;
    for (const std::string &function : accounts.functions) {
        const Body &body = bodies.of((Oid)std::stoul(function));
        for (const auto &[relation, written] : body.relations)
            if (!body.inserted.contains(relation)) read.insert(relation);
        for (const Oid table : body.inserted)
            if (const TableShape *shape = tables.of(table); parents && shape != nullptr)
                for (const ForeignKey &key : shape->foreign_keys)
                    if (!body.inserted.contains(key.parent)) read.insert(key.parent);
    }
    std::vector<std::string> names;
    for (const Oid table : read)
        if (const TableShape *shape = tables.of(table); shape != nullptr && table != accounts.shape.id)
            if (query(fmt::format("select from {} limit 1", shape->name), {}, false).empty())
                names.push_back(shape->name);
    std::sort(names.begin(), names.end());
    names.resize(std::min(names.size(), kMostNamed));
    return names;
}

// The one of the functions that the server names, as far as it does.
std::string where_it_failed(const Accounts &accounts, const Outcome &outcome) {
    const Rows names = query("select p.proname, p.oid::pg_catalog.regprocedure::text from pg_catalog.pg_proc p "
                             "where p.oid = any ($1::oid[]) order by 2",
                             {array_literal(accounts.functions)});
    for (size_t i = 0; i < names.size(); i++)
        if (names.size() == 1 || outcome.context.find(names.text(i, 0) + "(") != std::string::npos)
            return names.text(i, 1);
    return "";
}

std::optional<Finding> failing(const Tables &tables, Bodies &bodies, const Accounts &accounts, const Outcome &outcome,
                               const std::string &owner) {
    const std::string function = where_it_failed(accounts, outcome);
    Finding finding;
    finding.rule = "broken";
    finding.category = Category::permissions;
    finding.object = function.empty() ? accounts.shape.name : "rpc:" + function;
    finding.evidence = "execution";
    finding.key = fmt::format("broken:{}:sign_up", finding.object);
    const std::string error = fmt::format("{}: {}", outcome.sqlstate, outcome.message);
    const std::string fails = fmt::format("the INSERT into {} fails{}: {}", accounts.shape.name,
                                          function.empty() ? "" : " in " + function, error);
    finding.detail = fmt::format("An account was put in as {}, with an e-mail address and no metadata. The application "
                                 "hears no more than that a row could not be saved.",
                                 owner);
    const std::optional<std::string> helps = what_helps(tables, accounts);
    const bool of_the_schema = outcome.sqlstate.starts_with("42") || outcome.sqlstate.starts_with("3F");
    const bool is_missing = outcome.sqlstate == "42P01" || outcome.sqlstate == "42883" || outcome.sqlstate == "42704";
    const std::vector<std::string> empty = of_the_schema
                                               ? std::vector<std::string>{}
                                               : empty_tables(tables, bodies, accounts, outcome.sqlstate == "23503");
    if (helps) {
        finding.level = Level::note;
        finding.message = "whoever signs up without metadata is turned away by an error: " + fails;
        finding.detail += fmt::format(" With {} it went through.", *helps);
        finding.hint = "Accounts that are made in the dashboard, by an invitation or by another provider bring no such "
                       "metadata, or other: coalesce() what is read.";
    } else if (!empty.empty()) {
        finding.level = Level::note;
        finding.message = "nobody can sign up here: " + fails;
        finding.detail += fmt::format(" There are no rows in {} here; where there are some it may go through.",
                                      fmt::join(empty, ", "));
        finding.hint = "If a fresh database is to work, let a migration put in what the trigger goes by.";
    } else {
        // A function or a type may come with an extension that is not here.
        const bool may_be_elsewhere = outcome.sqlstate == "42883" || outcome.sqlstate == "42704";
        finding.level = of_the_schema && !may_be_elsewhere ? Level::error : Level::warning;
        finding.message = "nobody can sign up: " + fails;
        finding.hint =
            outcome.sqlstate == "42501"
                ? "The trigger runs as whoever puts accounts in, who may not do that: make its function SECURITY "
                  "DEFINER, and SET search_path = ''."
            : is_missing && !accounts.search_path.empty()
                ? fmt::format("Names are looked up in \"{}\" there: write schemas before names, and SET search_path = "
                              "''. What the report lists as not loaded is not there either.",
                              accounts.search_path)
            : of_the_schema ? "Mend the function, or drop the trigger."
                            : "Give what is missing a default, or coalesce() what is read.";
    }
    return finding;
}

} // namespace

void look_for_failing_sign_ups(const World &world, std::vector<Finding> &findings) {
    const Rows found = query(kAccounts);
    std::optional<Tables> tables;
    Bodies bodies;
    for (size_t i = 0; i < found.size(); i++) {
        const std::vector<std::string> functions = found.list(i, 4);
        if (functions.empty()) continue;
        if (!tables) tables = Tables::read();
        const TableShape *shape = tables->of(found.oid(i, 0));
        const auto relation = std::find_if(world.relations.begin(), world.relations.end(),
                                           [&, id = found.oid(i, 0)](const Relation &r) { return r.id == id; });
        if (shape == nullptr || !shape->made || relation == world.relations.end()) continue;
        Triggers triggers(world, bodies, nullptr);
        if (!triggers.of(*relation, Command::insert).why_not.empty()) continue;
        const Accounts accounts{*shape, found.oid(i, 1), found.text(i, 3), functions};
        // What the account itself lacks says nothing of the triggers, and a row that asks for a number is not put in.
        if (!put_in(*tables, accounts, "{}", false).ok) continue;
        const Outcome outcome = put_in(*tables, accounts, "{}", true);
        const bool refused = outcome.sqlstate == "P0001" || TimeLimit::ended(outcome);
        if (outcome.ok || refused) continue;
        if (auto finding = failing(*tables, bodies, accounts, outcome, found.text(i, 2)))
            findings.push_back(std::move(*finding));
    }
}

} // namespace rlsproof::server
