#include "base/text.hpp"
#include "model/cell.hpp"
#include "model/name_words.hpp"
#include "sqltext/sqltext.hpp"

#include "server/sign_up.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/awake.hpp"
#include "server/facts.hpp"
#include "server/identity.hpp"
#include "server/rows.hpp"
#include "server/scratch.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/tables.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr const char *kSomebody = "5167ed00-0000-4000-8000-00000000b0b0";
constexpr const char *kNobodysWord = "nobodys";
constexpr size_t kMostTries = 1500;
constexpr size_t kMostLoose = 400;     // where not all can be tried
constexpr size_t kMostTogether = 1000; // of words that only go together
constexpr size_t kMostKinds = 3;

// What can be told of a trigger function by its letters: which keys it reads of what was sent, and every constant.
struct Script {
    std::vector<std::string> steering; // keys that a condition may look at
    std::vector<std::string> plain;    // keys that are put in as they are
    std::vector<std::string> words;    // all other constants
};

size_t times(const std::string &text, const std::string &what) {
    size_t count = 0;
    for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) count++;
    return count;
}

// The body without comments, with its constants; keys and constants; whether it does what makes a trial tell too
// little: errors that are swallowed, keys that are made, documents that are taken apart otherwise than by a key.
constexpr const char *kLetters = R"(
with body as (select pg_catalog.regexp_replace(prosrc, $a$('(?:[^']|'')*')|--[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/$a$,
                                               '\1', 'g') as text from pg_catalog.pg_proc where oid = $1::oid),
     bare as (select pg_catalog.regexp_replace(text, $a$'(?:[^']|'')*'$a$, $a$''$a$, 'g') as text from body)
select body.text,
       array(select distinct pg_catalog.replace(m[1], '''''', '''')
             from pg_catalog.regexp_matches(body.text, $a$->>?\s*'((?:[^']|'')*)'$a$, 'g') m order by 1),
       array(select distinct pg_catalog.replace(m[1], '''''', '''')
             from pg_catalog.regexp_matches(body.text, $a$'((?:[^']|'')*)'$a$, 'g') m order by 1),
       bare.text ~* $a$\mexception\s+when\M|#>|\[|json\w*_\w+\s*\(|@>|<@|\?|\$|\me'|->>?\s*[^'\s>]$a$
from body, bare)";

// Of an INSERT that only lays down what it is given nothing decides; anything else may.
constexpr const char *kPiece = R"(
select $1 ~* '^\s*insert\M' and $1 !~* '\m(case|where|nullif)\M', $1 ~* '\m(select|returning)\M',
       $1 ~* $a$\mnew\M\s*(?!\s*\.\s*"?(id|raw_user_meta_data)\M)$a$ and $1 !~* '^[\s(]*new[\s)]*$')";

std::optional<Script> read_script(Oid function) {
    const std::vector<Value> which{std::to_string(function)};
    const Rows letters = query(kLetters, which);
    if (letters.empty() || letters.boolean(0, 3)) return std::nullopt;
    const std::string &text = letters.text(0, 0);
    std::vector<std::string> pieces;
    try {
        pieces = sqltext::plpgsql(query("select pg_catalog.pg_get_functiondef($1::oid)", which).text(0, 0)).queries;
    } catch (const Error &) {
        return std::nullopt;
    }
    std::string laid_down;
    for (const std::string &piece : pieces) {
        const Rows looks = query(kPiece, {piece});
        if (looks.boolean(0, 1)) return std::nullopt; // it goes by rows that are there
        if (looks.boolean(0, 0))
            laid_down += piece;
        else if (looks.boolean(0, 2))
            return std::nullopt; // it goes by the address, or by all that is known of the account
    }
    Script script;
    const std::vector<std::string> keys = letters.list(0, 1);
    for (const std::string &key : keys) {
        const std::string quoted = quote_literal(key);
        (times(text, quoted) == times(laid_down, quoted) ? script.plain : script.steering).push_back(key);
    }
    for (const std::string &word : letters.list(0, 2))
        if (std::find(keys.begin(), keys.end(), word) == keys.end()) script.words.push_back(word);
    return keys.empty() ? std::nullopt : std::optional(script);
}

// Everything that is done with the function is done for an INSERT of one row, unconditionally: a change of an account
// may take another way through it.
bool for_new_accounts_alone(Oid function) {
    return query("select bool_and(tgtype & 1 <> 0 and tgtype & 4 <> 0 and tgtype & 122 = 0 and tgqual is null "
                 "and tgenabled = 'O') from pg_catalog.pg_trigger where tgfoid = $1::oid",
                 {std::to_string(function)})
        .boolean(0, 0);
}

// Triggers on accounts that come with what was sent at sign-up.
constexpr const char *kSignUps = R"(
select distinct t.tgfoid, t.tgrelid, 'rpc:' || p.oid::pg_catalog.regprocedure
from pg_catalog.pg_trigger t join pg_catalog.pg_attribute a on a.attrelid = t.tgrelid
  and a.attname = 'raw_user_meta_data' and not a.attisdropped
join pg_catalog.pg_proc p on p.oid = t.tgfoid
where not t.tgisinternal and t.tgenabled in ('O', 'A') and t.tgtype & 4 <> 0 order by 1, 2)";

class SignUps {
public:
    explicit SignUps(const World &world)
        : world_(world), hints_(read_hints(bodies_, world)), tables_(Tables::read()),
          triggers_(world, bodies_, nullptr) {}
    SignUps(const World &world, const Hints &hints, const Tables &tables)
        : world_(world), hints_(hints), tables_(tables), triggers_(world, bodies_, nullptr) {}

    // What every word that is worth trying came to in each of the columns that the function copies into; nothing where
    // that does not tell all.
    struct Seen {
        std::map<Column, std::set<std::string>> held; // after some sign-up
        std::map<Column, Value> by_default;           // after one that sent nothing
        size_t tries = 0;
        // Of words that were seen only beside others: what was sent, and whether a code was among it.
        struct Beside {
            std::string sent;
            bool code;
        };
        std::map<std::pair<Column, std::string>, Beside> beside;
    };
    std::optional<Seen> of(Oid function, Oid account, const std::set<Column> &columns);
    // The same where a trial does not tell all: what was seen to come of a word comes of it all the same.
    Seen some(Oid function, Oid account, const std::set<Column> &columns);

    // Columns that policies decide by, of the tables that the function puts rows into, by name.
    std::map<Column, std::string> decided_by(Oid function);

    // Whether policies, helpers, or functions other than this one speak of the word.
    bool named(const std::string &word, Oid function) const;
    bool joined(const Column &column) const;

private:
    bool harmless(Oid function, Oid account);
    std::set<std::string> words(const std::vector<std::string> &constants, const std::set<Column> &columns) const;
    Outcome put_in(const TableShape &account, const std::string &sent, const std::function<void()> &look);
    Rows held_in(const Column &place) const;
    std::optional<std::map<Column, Value>> sign_up(const TableShape &account, const std::map<std::string, Value> &sent,
                                                   const std::set<Column> &columns);
    std::string whose(Oid table) const;

    const World &world_;
    Bodies bodies_;
    const Hints hints_;
    const Tables tables_;
    Triggers triggers_;
};

// It writes to tables and goes by nothing but the new account: reads none, calls nothing of the application's, does not
// ask who is calling. So what it does for one account it does for all.
bool SignUps::harmless(Oid function, Oid account) {
    const Body &body = bodies_.of(function);
    if (!body.known || body.asks_who || !body.harm.empty()) return false;
    if (std::any_of(body.relations.begin(), body.relations.end(), [](const auto &r) { return !r.second; }))
        return false;
    const BodyFacts facts = read_body_facts(function);
    if (std::any_of(facts.calls.begin(), facts.calls.end(), [](Oid f) { return f >= FirstNormalObjectId; }))
        return false;
    for (const Relation &relation : world_.relations)
        if (relation.id == account) return triggers_.of(relation, Command::insert).why_not.empty();
    return false;
}

// Where the column says of what kind a row is there is a word for each kind; and one that means nothing to anybody.
std::set<std::string> SignUps::words(const std::vector<std::string> &constants, const std::set<Column> &columns) const {
    std::set<std::string> words(constants.begin(), constants.end());
    const auto add = [&](const std::vector<Candidate> &more) {
        for (const Candidate &word : more)
            if (word) words.insert(*word);
    };
    for (const Column &place : columns) {
        const ColumnShape &column = *tables_.of(place.relation)->column(place.number);
        if (const auto asked = hints_.candidates.find(place); asked != hints_.candidates.end()) add(asked->second);
        if (const auto asked = hints_.asked_of_callers.find(place); asked != hints_.asked_of_callers.end())
            words.insert(asked->second.begin(), asked->second.end());
        if (const auto allowed = tables_.allowed.find(place); allowed != tables_.allowed.end()) add(allowed->second);
        if (const auto allowed = tables_.domain_allowed.find(column.domain); allowed != tables_.domain_allowed.end())
            add(allowed->second);
        words.insert(column.labels.begin(), column.labels.end());
        if (column.category == TYPCATEGORY_BOOLEAN)
            words.insert("true");
        else if (column.labels.empty())
            words.insert(kNobodysWord);
    }
    return words;
}

// The row of the one who signed up.
std::string SignUps::whose(Oid table) const {
    std::string people;
    for (const ColumnShape &column : tables_.of(table)->columns)
        if (hints_.identity.contains({table, column.number}))
            people += (people.empty() ? "" : ", ") + column.name + "::text";
    return people;
}

// Signs somebody up who sends this, a JSON object, and undoes it. 55000 where it would take a number from a sequence.
Outcome SignUps::put_in(const TableShape &account, const std::string &sent, const std::function<void()> &look) {
    bool drawn = false;
    Outcome outcome = attempt(Finish::rollback, [&] {
        const Scratch scratch;
        Values wanted;
        for (const ColumnShape &column : account.columns) {
            if (hints_.identity.contains({account.id, column.number}))
                wanted[column.number] =
                    column.category == TYPCATEGORY_NUMERIC ? identity_as("int4", kSomebody) : std::string(kSomebody);
            if (column.name == "raw_user_meta_data") wanted[column.number] = sent;
        }
        Maker maker(tables_);
        const Values values = maker.values(account, wanted);
        drawn = draws_a_number(account.id, values);
        if (drawn) return;
        in_time([&] { return execute(Maker::insert_statement(account, values)); });
        look();
    });
    if (drawn) {
        outcome.ok = false;
        outcome.sqlstate = "55000";
    }
    return outcome;
}

// What whoever signed up has in the column.
Rows SignUps::held_in(const Column &place) const {
    const TableShape &table = *tables_.of(place.relation);
    return query(fmt::format("select {}::text from {} where coalesce({} in ({}), false)",
                             table.column(place.number)->name, table.name, quote_literal(kSomebody), whose(table.id)),
                 {}, false);
}

// Nothing where that failed for a reason that is not the word: then it tells nothing. An empty map is a refusal.
std::optional<std::map<Column, Value>>
SignUps::sign_up(const TableShape &account, const std::map<std::string, Value> &sent, const std::set<Column> &columns) {
    std::map<Column, Value> held;
    std::string object;
    for (const auto &[key, word] : sent)
        if (word) object += fmt::format("{}{}: {}", object.empty() ? "" : ", ", text::json(key), text::json(*word));
    const Outcome outcome = put_in(account, "{" + object + "}", [&] {
        for (const Column &place : columns)
            if (const Rows rows = held_in(place); rows.size() == 1) held[place] = rows.value(0, 0);
    });
    const bool refused = outcome.sqlstate == "P0001" || outcome.sqlstate == "23514";
    if (!outcome.ok && !refused) return std::nullopt;
    if (outcome.ok && held.size() != columns.size()) return std::nullopt;
    return held;
}

std::optional<SignUps::Seen> SignUps::of(Oid function, Oid account, const std::set<Column> &columns) {
    const TableShape *shape = tables_.of(account);
    if (shape == nullptr || !shape->made || !for_new_accounts_alone(function) || !harmless(function, account))
        return std::nullopt;
    for (const Column &place : columns)
        if (tables_.of(place.relation) == nullptr || whose(place.relation).empty()) return std::nullopt;
    const std::optional<Script> script = read_script(function);
    if (!script) return std::nullopt;

    const std::set<std::string> choice = words(script->words, columns);
    std::vector<Value> values{std::nullopt};
    values.insert(values.end(), choice.begin(), choice.end());
    // Each key that may steer holds each word, and those that are only laid down hold each together.
    std::vector<std::vector<std::string>> places;
    for (const std::string &key : script->steering) places.push_back({key});
    if (!script->plain.empty()) places.push_back(script->plain);
    size_t all = 1;
    for (size_t i = 0; i < places.size(); i++)
        if (all *= values.size(); all > kMostTries) return std::nullopt;

    Seen seen;
    for (size_t turn = 0; turn < all; turn++) {
        poll();
        std::map<std::string, Value> sent;
        size_t left = turn;
        for (const auto &keys : places) {
            for (const std::string &key : keys) sent[key] = values[left % values.size()];
            left /= values.size();
        }
        const auto held = sign_up(*shape, sent, columns);
        if (!held || (turn == 0 && held->empty())) return std::nullopt;
        seen.tries++;
        for (const auto &[place, value] : *held) {
            if (turn == 0) seen.by_default[place] = value;
            if (value) seen.held[place].insert(*value);
        }
    }
    return seen;
}

SignUps::Seen SignUps::some(Oid function, Oid account, const std::set<Column> &columns) {
    Seen seen;
    const TableShape *shape = tables_.of(account);
    if (shape == nullptr || !shape->made || !bodies_.of(function).harm.empty()) return seen;
    for (const Relation &relation : world_.relations)
        if (relation.id == account && !triggers_.of(relation, Command::insert).why_not.empty()) return seen;
    for (const Column &place : columns)
        if (tables_.of(place.relation) == nullptr || whose(place.relation).empty()) return seen;
    // Of the trigger and of what it calls; where a document is taken as a row its keys are the columns.
    std::set<std::string> keys;
    std::vector<std::string> constants{"true"};
    for (const Column &place : columns) keys.insert(tables_.of(place.relation)->column(place.number)->name);
    std::vector<Oid> functions = read_body_facts(function).calls;
    functions.insert(functions.begin(), function);
    bool lists = false;
    for (const Oid one : functions) {
        const Rows letters = query(kLetters, {std::to_string(one)});
        if ((one != function && one < FirstNormalObjectId) || letters.empty()) continue;
        lists = lists || letters.text(0, 0).find("array") != std::string::npos;
        for (const std::string &key : letters.list(0, 1)) keys.insert(key);
        for (const std::string &constant : letters.list(0, 2)) constants.push_back(constant);
    }
    std::set<std::string> choice = words(constants, columns);
    for (const std::string &key : keys) choice.erase(key);

    const auto look = [&](const std::string &sent) {
        std::map<Column, std::set<std::string>> held;
        poll();
        seen.tries++;
        const Outcome outcome = put_in(*shape, "{" + sent + "}", [&] {
            for (const Column &place : columns) {
                const Rows rows = held_in(place);
                for (size_t i = 0; i < rows.size(); i++)
                    if (rows.value(i, 0)) held[place].insert(*rows.value(i, 0));
            }
        });
        return outcome.ok ? held : std::map<Column, std::set<std::string>>{};
    };
    const auto before = look("");
    const auto take = [&](const std::map<Column, std::set<std::string>> &after, const Seen::Beside *beside) {
        for (const auto &[place, values] : after)
            for (const std::string &held : values)
                if (const auto known = before.find(place); known == before.end() || !known->second.contains(held))
                    if (seen.held[place].insert(held).second && beside != nullptr)
                        seen.beside.emplace(std::pair(place, held), *beside);
    };
    for (const bool rest : {false, true}) { // a name has to be said, perhaps
        if (rest && !seen.held.empty()) break;
        for (const std::string &key : keys)
            for (const std::string &word : choice)
                for (const bool list : {false, true}) {
                    if (list && !lists) continue;
                    if (seen.tries >= kMostLoose) return seen;
                    const std::string value = word == "true" ? word : text::json(word);
                    std::string sent = fmt::format("{}: {}", text::json(key), list ? "[" + value + "]" : value);
                    for (const std::string &other : keys)
                        if (rest && other != key) sent += fmt::format(", {}: \"made\"", text::json(other));
                    take(look(sent), nullptr);
                }
    }
    // One may count only beside another: a role that is taken with a code, or from whoever says that he has a business.
    const auto present = [](const std::string &key) { return key.ends_with("id") ? kSomebody : "made"; };
    const auto as_json = [](const std::string &word) { return word == "true" ? word : text::json(word); };
    std::vector<std::string> taken(keys.begin(), keys.end());
    std::stable_partition(taken.begin(), taken.end(), [&](const std::string &key) {
        return std::any_of(columns.begin(), columns.end(), [&](const Column &place) {
            return tables_.of(place.relation)->column(place.number)->name == key;
        });
    });
    const size_t most = seen.tries + kMostTogether;
    for (const std::string &key : taken)
        for (const std::string &other : keys) {
            if (other == key) continue;
            std::set<std::string> withs{present(other)};
            for (const std::string &constant : constants)
                if (!keys.contains(constant)) withs.insert(constant);
            for (const std::string &with : withs)
                for (const std::string &word : choice)
                    for (const bool rest : {false, true}) {
                        if (rest && keys.size() < 3) continue;
                        if (seen.tries >= most) return seen;
                        std::string sent = fmt::format("{}: {}, {}: {}", text::json(key), as_json(word),
                                                       text::json(other), as_json(with));
                        for (const std::string &more : keys)
                            if (rest && more != key && more != other)
                                sent += fmt::format(", {}: {}", text::json(more), text::json(present(more)));
                        const Seen::Beside beside{"{" + sent + "}",
                                                  with != present(other) && (says_code(other) || says_secret(other))};
                        take(look(sent), &beside);
                    }
        }
    return seen;
}

std::map<Column, std::string> SignUps::decided_by(Oid function) {
    std::map<Column, std::string> columns;
    for (const Oid table : bodies_.of(function).inserted) {
        const TableShape *shape = tables_.of(table);
        if (shape == nullptr) continue;
        for (const ColumnShape &column : shape->columns) {
            const bool says = column.category == TYPCATEGORY_STRING || column.category == TYPCATEGORY_ENUM ||
                              column.category == TYPCATEGORY_BOOLEAN;
            if (says && hints_.authority.contains({table, column.number}) &&
                !hints_.identity.contains({table, column.number}))
                columns.emplace(Column{table, column.number}, shape->name + "." + column.name);
        }
    }
    return columns;
}

bool SignUps::named(const std::string &word, Oid function) const {
    if (hints_.mentions.contains(word) || word == kNobodysWord) return true;
    if (word.empty()) return false; // a quote within a text is written like it
    return !query("select from pg_catalog.pg_proc p where p.oid <> $1::oid and p.oid >= $2::oid and pg_catalog.strpos("
                  "p.prosrc || coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), ''), $3) > 0 limit 1",
                  {std::to_string(function), std::to_string(FirstNormalObjectId), quote_literal(word)})
                .empty() ||
           !query("select from pg_catalog.pg_views where schemaname not in ('pg_catalog', 'information_schema') "
                  "and pg_catalog.strpos(definition, $1) > 0 limit 1",
                  {quote_literal(word)})
                .empty();
}

bool SignUps::joined(const Column &column) const {
    return std::any_of(hints_.joined.begin(), hints_.joined.end(),
                       [&](const auto &pair) { return pair.first == column || pair.second == column; });
}

} // namespace

void try_sign_ups(const World &world, std::vector<Finding> &findings) {
    std::optional<SignUps> sign_ups; // most databases have nothing to try
    for (Finding &finding : findings) {
        if (finding.rule != "forgeable_claim") continue;
        std::map<Column, std::string> names;
        const AccountCopy *copy = nullptr;
        bool one_account = true;
        for (const AccountCopy &candidate : world.account_copies) {
            if (candidate.function != finding.object) continue;
            one_account = one_account && (copy == nullptr || copy->account == candidate.account);
            copy = &candidate;
            names[{candidate.table_id, candidate.number}] = candidate.column;
        }
        if (copy == nullptr || !one_account) continue;
        if (!sign_ups) sign_ups.emplace(world);
        std::set<Column> columns;
        for (const auto &[column, name] : names) columns.insert(column);
        const auto seen = sign_ups->of(copy->function_id, copy->account_id, columns);
        if (!seen) continue;

        std::vector<std::string> open, chosen;
        bool certain = true;
        for (const auto &[column, name] : names) {
            const auto held = seen->held.find(column);
            const Value &otherwise = seen->by_default.at(column);
            std::vector<std::string> more;
            if (held != seen->held.end())
                for (const std::string &word : held->second)
                    if (word != otherwise) more.push_back(word);
            const auto named = [&](const std::string &word) { return sign_ups->named(word, copy->function_id); };
            const auto bad = std::find_if(more.begin(), more.end(), named);
            if (bad != more.end()) open.push_back(fmt::format("\"{}\" in {}", *bad, name));
            // Where nothing that was sent got through, the way it takes was not found. Where what one has by default is
            // spoken of, that may be to say that one must be something else.
            certain = certain && !more.empty() && !sign_ups->joined(column) && !(otherwise && named(*otherwise));
            if (otherwise) more.insert(more.begin(), *otherwise);
            for (std::string &word : more) word = '"' + word + '"';
            chosen.push_back(fmt::format("{} among {}", name, fmt::join(more, ", ")));
        }
        if (!open.empty()) {
            finding.evidence = "execution";
            finding.detail += fmt::format(" Seen: whoever sends the word has {}.", fmt::join(open, ", "));
        } else if (certain) {
            finding.level = Level::note;
            finding.evidence = "execution";
            finding.message = fmt::format("whoever signs up chooses {}, and no policy names what is chosen",
                                          fmt::join(chosen, " and "));
            finding.detail +=
                fmt::format(" Seen: {} accounts were put in, with every word that policies, their helpers "
                            "and the trigger name, and were undone.",
                            seen->tries);
            finding.hint = "Nothing is to mend while nothing is decided by what may be chosen.";
        }
    }
}

std::vector<Kind> kinds_at_sign_up(const World &world, const Hints &hints, const Tables &tables) {
    std::vector<Kind> kinds;
    const Rows triggers = query(kSignUps);
    if (triggers.empty()) return kinds;
    SignUps sign_ups(world, hints, tables);
    for (size_t i = 0; i < triggers.size(); i++) {
        const std::map<Column, std::string> all = sign_ups.decided_by(triggers.oid(i, 0));
        std::set<Column> columns;
        for (const auto &decided : all) columns.insert(decided.first);
        std::optional<SignUps::Seen> loosely;
        for (const auto &decided : all) {
            const Column &column = decided.first; // a binding could not be captured below
            auto seen = sign_ups.of(triggers.oid(i, 0), triggers.oid(i, 1), {column});
            if (!seen && !loosely) loosely = sign_ups.some(triggers.oid(i, 0), triggers.oid(i, 1), columns);
            if (!seen) seen = loosely;
            if (!seen->held.contains(column)) continue;
            const Value otherwise = seen->by_default.contains(column) ? seen->by_default.at(column) : std::nullopt;
            const bool told =
                std::any_of(world.account_copies.begin(), world.account_copies.end(), [&](const AccountCopy &copy) {
                    return copy.function_id == triggers.oid(i, 0) && copy.table_id == column.relation &&
                           copy.number == column.number;
                });
            for (const std::string &word : seen->held.at(column))
                if (word != otherwise && word != kNobodysWord && kinds.size() < kMostKinds &&
                    (word == "true" || sign_ups.named(word, triggers.oid(i, 0)))) {
                    const auto beside = seen->beside.find(std::pair(column, word));
                    const bool alone = beside == seen->beside.end();
                    kinds.push_back({column, decided.second, word, triggers.text(i, 2), told,
                                     alone ? "" : beside->second.sent, !alone && beside->second.code});
                }
        }
    }
    return kinds;
}

} // namespace rlsproof::server
