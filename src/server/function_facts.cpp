#include "model/cell.hpp"
#include "model/name_words.hpp"

#include "server/facts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/run_texts.hpp"
#include "server/sending.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

bool sounds_like_authority(const std::string &column) {
    return column == "role" || column.find("_role") != std::string::npos || column.find("admin") != std::string::npos;
}

// Trigger functions on a table of accounts: one that holds what users write about themselves.
void add_account_copies(FactBook &book, const Hints &hints) {
    const Rows rows = query(R"(
select distinct t.tgfoid, pg_catalog.format('%I.%I', n.nspname, c.relname),
       pg_catalog.format('rpc:%I.%I()', fn.nspname, f.proname), t.tgrelid
from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'raw_user_meta_data'
join pg_catalog.pg_proc f on f.oid = t.tgfoid join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
where not t.tgisinternal and t.tgenabled <> 'D' order by 2, 3)");
    for (size_t i = 0; i < rows.size(); i++)
        for (const Column &column : book.body(rows.oid(i, 0)).copied) {
            const std::string name = book.column_name(column);
            const bool decides = hints.authority.contains(column) && !hints.identity.contains(column);
            if (!name.empty() && (decides || sounds_like_authority(name.substr(name.rfind('.') + 1))))
                book.world.account_copies.push_back({rows.text(i, 2), rows.text(i, 1), name, rows.oid(i, 0),
                                                     rows.oid(i, 3), column.relation, column.number});
        }
}

// A yes or a no; or one of a few words, by its type or by what it is called.
void add_answer(Function &function) {
    const Rows answer = query("select t.oid = 'pg_catalog.bool'::pg_catalog.regtype, t.typtype = 'e', "
                              "t.typcategory = 'S', p.proname from pg_catalog.pg_proc p "
                              "join pg_catalog.pg_type t on t.oid = p.prorettype "
                              "where p.oid = $1::oid and not p.proretset",
                              {std::to_string(function.id)});
    if (answer.empty()) return;
    function.yes_or_no = answer.boolean(0, 0);
    function.one_word = answer.boolean(0, 1) || (answer.boolean(0, 2) && says_standing(answer.text(0, 3)));
}

// Arguments that stand for somebody; what is written before what is compared.
void add_impersonations(FactBook &book, const Hints &hints, Function &function) {
    const BodyFacts &body = book.body(function.id);
    for (const bool written : {true, false})
        for (const auto &[column, argument] : written ? body.written : body.compared)
            if (const std::string name = book.column_name(column); !name.empty() && hints.identity.contains(column))
                function.impersonations.push_back({argument, name, written});
    add_answer(function);
}

// Where the call says which setting it is, it is each that callers are told apart by.
void add_set_by_name(FactBook &book, const BodyFacts &body, const std::set<std::string> &settings, Function &function) {
    for (const std::string &prefix : body.sets_by_name) {
        std::set<std::string> named;
        for (const std::string &setting : settings)
            if (setting.starts_with(prefix)) named.insert(setting);
        constexpr std::string_view kClaims = "request.jwt.claims";
        if (kClaims.starts_with(prefix) && claims_read(book.bodies)) named.emplace(kClaims);
        for (const std::string &setting : named) {
            auto &known = function.sets_identity;
            if (std::find(known.begin(), known.end(), setting) == known.end()) known.push_back(setting);
            function.sets_by_name = true;
        }
    }
}

// Who is asked by what users write themselves: the function itself, or one that it calls; empty where nobody is.
std::string decides_forgeably(FactBook &book, Oid function, std::set<Oid> &seen) {
    if (!seen.insert(function).second) return "";
    const BodyFacts &body = book.body(function);
    if (body.decides_forgeably) return book.function_name(function).substr(std::string_view("rpc:").size());
    for (const Oid callee : std::vector<Oid>(body.calls))
        if (std::string by = decides_forgeably(book, callee, seen); !by.empty()) return by;
    return "";
}

void add_run_texts(FactBook &book, Function &function) {
    if (!book.bodies.of(function.id).builds) return;
    const RunTexts texts = read_run_texts(function.id);
    function.run_as_sql.assign(texts.as_sql.begin(), texts.as_sql.end());
    function.run_as_table.assign(texts.as_table.begin(), texts.as_table.end());
    function.compares_run = !texts.as_sql.empty() && !texts.unaltered;
    for (const auto *arguments : {&texts.as_sql, &texts.as_table})
        for (const std::string &argument : *arguments)
            function.compares_run = function.compares_run || book.body(function.id).asked.contains(argument);
}

} // namespace

void add_function_facts(FactBook &book, const Hints &hints) {
    add_account_copies(book, hints);
    std::set<std::string> settings; // by which policies, and the helpers they call, tell callers apart
    for (const Setting &setting : settings_read(book.bodies)) settings.insert(setting.name);
    Sendings sendings(book);
    for (Function &function : book.world.functions) {
        if (function.callers.empty()) continue;
        const BodyFacts &body = book.body(function.id);
        for (const std::string &setting : body.sets)
            if (setting.starts_with("request.jwt.") || settings.contains(setting))
                function.sets_identity.push_back(setting);
        add_set_by_name(book, body, settings, function);
        if (!function.sets_identity.empty()) function.asks_who = book.bodies.of(function.id).asks_who;
        if (!function.definer) continue;
        std::set<Oid> seen;
        function.forgeable = decides_forgeably(book, function.id, seen);
        function.unqualified = body.unqualified;
        function.found_in = body.found_in;
        add_impersonations(book, hints, function);
        add_run_texts(book, function);
        if (!function.platform) function.sending = sendings.of(function.id);
        poll();
    }
}

} // namespace rlsproof::server
