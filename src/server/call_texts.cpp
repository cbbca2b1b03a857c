// Functions that make a text and run it as SQL. Whether an argument goes into that text as SQL is asked of the server:
// what no SQL can begin with raises a syntax error there, before anything is run, and is quoted anywhere else.
#include "server/calls.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/awake.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"
#include "server/witness.hpp"

extern "C" {
#include "parser/parser.h"
}

namespace rlsproof::server {

namespace {

constexpr const char *kWord = "rlsproof_probe";
// Three names in a row are no SQL, whatever stands around them, and one name where they are quoted. Some look at the
// first word; some write the quotes themselves.
constexpr const char *kNoSql[] = {
    "rlsproof_probe rlsproof_probe rlsproof_probe", "select rlsproof_probe rlsproof_probe rlsproof_probe",
    "' rlsproof_probe rlsproof_probe rlsproof_probe", "\" rlsproof_probe rlsproof_probe rlsproof_probe"};
// As a statement, and as what is read from.
constexpr const char *kWho[] = {"select current_user::text", "(select current_user::text) x"};
// What texts that are joined from pieces leave room for.
constexpr const char *kFillers[] = {"select 1", "true", "x", "1", ""};
constexpr size_t kMostCalls = 3;   // with other arguments
constexpr size_t kMostTables = 12; // that are named

// The parser names the one word it stumbled over, whatever the language it says so in.
bool stumbled(const std::string &said) {
    const size_t first = said.find(kWord);
    return first != std::string::npos && said.find(kWord, first + 1) == std::string::npos;
}

List *parse(const char *sql) {
    return raw_parser(sql, RAW_PARSE_DEFAULT);
}

bool parses(const std::string &sql) {
    return attempt(Finish::rollback, [&] { (void)call(parse, sql.c_str()); }).ok;
}

std::string listed(const std::set<std::string> &arguments) {
    return fmt::format("{} {}", arguments.size() == 1 ? "argument" : "arguments", fmt::join(arguments, ", "));
}

// Without its schema and quotes.
std::string plain_name(const TableShape &table) {
    return query("select relname from pg_catalog.pg_class where oid = $1::oid", {std::to_string(table.id)}).text(0, 0);
}

} // namespace

// Whether none of the texts can do harm when the arguments are this: one that does not parse is not run. What is
// written around the arguments is seen with something in their place that does parse: a condition may leave them out.
bool Calls::are_harmless(const RunTexts &texts, const std::string &given) {
    const auto filled = [&](const std::string &text) {
        Said said;
        for (const std::string &argument : texts.as_sql) said[argument] = text;
        std::vector<std::string> all;
        for (const MadeText &made : texts.all)
            if (const auto sql = composed(made, said)) all.push_back(*sql);
        return all;
    };
    const auto undone = [&](const std::string &sql) { return why_not_undone(world_, bodies_.of_text(sql)).empty(); };
    std::vector<bool> seen(texts.all.size(), false);
    for (const char *filler : kFillers) {
        const std::vector<std::string> all = filled(filler);
        if (all.size() < texts.all.size()) return false; // not known word by word
        for (size_t i = 0; i < all.size(); i++)
            if (parses(all[i])) {
                if (!undone(all[i])) return false;
                seen[i] = true;
            }
    }
    if (std::find(seen.begin(), seen.end(), false) != seen.end()) return false;
    const std::vector<std::string> all = filled(given);
    return std::all_of(all.begin(), all.end(), [&](const std::string &sql) { return !parses(sql) || undone(sql); });
}

// REQUIRES: nothing but texts could do harm.
bool Calls::runs_sql(const Function &function, const RunTexts &texts, Text &found) {
    const auto tried = [&](const std::string &text, const auto &tells) {
        Said said;
        for (const std::string &argument : texts.as_sql) said[argument] = text;
        if (!are_harmless(texts, text)) return false;
        const std::vector<Arguments> choices = arguments_for(function, *stage_, persona_.uid, own_, said);
        for (size_t i = 0; i < std::min(choices.size(), kMostCalls); i++) {
            Observation observation;
            observation.statement = call_of(function, choices[i].list);
            observation.identified = false;
            std::string answered;
            observation.outcome = attempt(Finish::rollback, [&] {
                if (function.procedure)
                    (void)in_time([&] { return execute(observation.statement); });
                else
                    answered = answer(observation.statement, nullptr);
            });
            const Outcome &outcome = observation.outcome;
            if (!outcome.ok && !stumbled(outcome.message))
                found.turned_away = fmt::format("{}: {}", outcome.sqlstate, outcome.message);
            if (TimeLimit::ended(outcome)) return false;
            if (!tells(outcome.ok ? answered : outcome.message)) continue;
            found.observation = std::move(observation);
            return true;
        }
        return false;
    };
    if (std::none_of(std::begin(kNoSql), std::end(kNoSql), [&](const char *text) { return tried(text, stumbled); }))
        return false;
    found.power = "run any SQL as " + function.owner;
    found.rows = true;
    found.reason = fmt::format("what it was given as {} the server took for SQL: {}", listed(texts.as_sql),
                               found.observation.outcome.ok ? "it answered with the parser's own error"
                                                            : found.observation.outcome.message);
    // As whom is seen where an answer comes back.
    const auto says_owner = [&](const std::string &said) { return said.find(function.owner) != std::string::npos; };
    for (const char *text : kWho)
        if (tried(text, says_owner)) {
            found.reason = fmt::format("it was given {} as {}, and answered {}", quote_literal(text),
                                       listed(texts.as_sql), function.owner);
            break;
        }
    return true;
}

bool Calls::runs_on_tables(const Function &function, const RunTexts &texts, Text &found) {
    size_t named = 0;
    for (const Relation &relation : world_.relations) {
        const TableShape *shape = stage_->tables().of(relation.id);
        if (shape == nullptr || !relation.is_table() || !relation.row_security || relation.platform) continue;
        if (stage_->rows(relation.id).empty() || sees_all(relation) || ++named > kMostTables) continue;
        (void)hidden(relation); // before anything is called
        for (const std::string &argument : texts.as_table) {
            const bool whole = std::any_of(texts.all.begin(), texts.all.end(), [&](const MadeText &made) {
                return std::any_of(made.begin(), made.end(), [&](const TextPiece &piece) {
                    return piece.kind == TextPiece::Kind::relation && piece.text == argument;
                });
            });
            Said said;
            for (const MadeText &made : texts.all)
                for (const TextPiece &piece : made)
                    if (piece.kind == TextPiece::Kind::name) said[piece.text] = shape->columns.front().name;
            said[argument] = whole ? relation.name : plain_name(*shape);
            bool known = true, reads = false, writes = false;
            for (const MadeText &made : texts.all) {
                const auto sql = composed(made, said);
                const Body body = sql ? bodies_.of_text(*sql) : Body{};
                known = known && sql && why_not_undone(world_, body).empty();
                for (const auto &[id, written] : body.relations) {
                    reads = reads || id == relation.id;
                    writes = writes || written;
                }
            }
            if (!known || !reads || (writes && !stage_->triggers_off())) continue;
            const std::vector<Arguments> choices = arguments_for(function, *stage_, persona_.uid, own_, said);
            for (size_t i = 0; i < std::min(choices.size(), kMostCalls); i++) {
                Observation observation;
                observation.statement = call_of(function, choices[i].list);
                observation.identified = false;
                std::string answered, did;
                bool shown = false;
                observation.outcome = attempt(Finish::rollback, [&] {
                    if (function.procedure)
                        (void)in_time([&] { return execute(observation.statement); });
                    else
                        answered = answer(observation.statement, nullptr);
                    for (const auto &[value, name] : hidden(relation))
                        shown =
                            shown || (!choices[i].given.contains(value) && answered.find(value) != std::string::npos);
                    did = done(function, {{&relation, writes}});
                });
                if (!observation.outcome.ok) {
                    found.turned_away =
                        fmt::format("{}: {}", observation.outcome.sqlstate, observation.outcome.message);
                    continue;
                }
                found.turned_away.clear();
                if (writes && did.empty()) continue;
                found.power = fmt::format("{} any table as {}", writes ? "write to" : "read of", function.owner);
                if (!writes && shown) found.power = "read any table as " + function.owner;
                found.rows = shown || writes;
                found.reason = fmt::format("the table it goes to is named by its argument {}: {}", argument,
                                           !did.empty() ? did
                                           : shown      ? "a call showed rows of other people in " + relation.name
                                                        : "a call answered of all rows of " + relation.name);
                found.observation = std::move(observation);
                if (found.rows) return true;
            }
        }
    }
    return !found.power.empty();
}

Calls::Text Calls::try_texts(const Function &function, const Body &body, const RunTexts &texts) {
    Text found;
    Body beside = body;
    beside.harm = body.beside;
    found.reason = why_not_called(beside);
    if (!found.reason.empty()) return found;
    if (!texts.as_sql.empty() && !texts.every_one) {
        found.reason = "it runs other texts beside";
        return found;
    }
    if (!texts.as_sql.empty() && !are_harmless(texts, kWord)) {
        found.reason = "what else is in the texts that it runs is not known to be harmless";
        return found;
    }
    if (!texts.as_sql.empty() && runs_sql(function, texts, found)) return found;
    if (!texts.as_table.empty()) (void)runs_on_tables(function, texts, found);
    return found;
}

bool Calls::decide_by_texts(Cell &cell, const Function &function, const Body &body) {
    const RunTexts texts = read_run_texts(function.id);
    if (!texts.any()) return false;
    Text found = try_texts(function, body, texts);
    if (found.power.empty()) {
        // What it was not called with may be let in all the same.
        const bool certain = !texts.as_sql.empty() && !function.asks_who && !function.compares_run;
        if (!certain || !found.turned_away.empty()) return false;
        cell.verdict = cell.declared ? Verdict::leak : Verdict::open;
        cell.evidence = Evidence::structural;
        cell.power = "run any SQL as " + function.owner;
        cell.reason = fmt::format("it runs as {}, puts its {} into the text of a statement, and nothing in it looks at "
                                  "who is calling{}",
                                  function.owner, listed(texts.as_sql),
                                  found.reason.empty() ? "" : "; it was not called, since " + found.reason);
        return true;
    }
    cell.verdict = cell.declared ? Verdict::leak : Verdict::open;
    cell.evidence = Evidence::execution;
    cell.power = found.power;
    cell.reason = fmt::format("it runs as {}: {}", function.owner, found.reason);
    cell.reached = found.rows ? 1 : 0;
    cell.witness = witness(persona_, found.observation, "");
    return true;
}

} // namespace rlsproof::server
