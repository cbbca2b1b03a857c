#include "model/name_words.hpp"
#include "sqltext/sqltext.hpp"

#include "server/calls.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/access.hpp"
#include "server/facts.hpp"
#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/read_through.hpp"
#include "server/rewrite.hpp"
#include "server/sending.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"
#include "server/witness.hpp"
#include "server/world.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kTelling = 8;              // letters from which on a value is taken to be in one row only
constexpr size_t kMostFailed = 3;           // calls of one function
constexpr size_t kMostInCircumstances = 12; // calls in each
constexpr long kMostResults = 300;          // rows of a function's result that are looked at

// What is wrong with the body itself, rather than with what it was given, with who called it, or with the call: one
// that several functions answer to, or none with these types, fails before the function is at work, and its context
// begins with the call then.
bool is_broken(const Outcome &outcome, const std::string &statement) {
    const std::string &context = outcome.context;
    const size_t quoted = context.find('"');
    const bool is_call = outcome.of_our_text ||
                         (quoted < context.find('\n') && context.compare(quoted + 1, statement.size(), statement) == 0);
    return outcome.sqlstate.starts_with("42") && outcome.sqlstate != "42501" && !is_call;
}

// Whether the body has no other way to go than to where it failed: another branch may well do what it is for.
bool goes_straight(Oid function, const Outcome &outcome) {
    const Rows rows =
        query("select pg_catalog.pg_get_functiondef(p.oid), l.lanname = 'plpgsql' from pg_catalog.pg_proc p "
              "join pg_catalog.pg_language l on l.oid = p.prolang where p.oid = $1::oid",
              {std::to_string(function)});
    if (!rows.boolean(0, 1)) return true; // the first statement of SQL that fails, or all of them together
    // The outermost function is the last that is named.
    const size_t named = outcome.context.rfind("PL/pgSQL function ");
    const size_t line = named == std::string::npos ? named : outcome.context.find(" line ", named);
    if (line == std::string::npos) return false;
    try {
        return sqltext::goes_straight(rows.text(0, 0), std::atoi(outcome.context.c_str() + line + 6));
    } catch (const Error &) {
        return false;
    }
}

// A function's own way to say no. One that looks for the row first may say that there is none.
bool is_refusal(const Outcome &outcome, bool guessed) {
    const bool plain = outcome.sqlstate == "42501" || outcome.sqlstate == "28000";
    const bool raised =
        outcome.sqlstate == "P0001" || outcome.sqlstate == "P0002" || outcome.sqlstate.starts_with("PT");
    return plain || (raised && !guessed);
}

} // namespace

Calls::Calls(const World &world, Bodies &bodies, Triggers &triggers, const Hints &hints, Stage *stage,
             std::string why_no_stage, bool as_persona, const Persona &persona, const std::vector<Row> &own,
             Oid superuser, int security)
    : world_(world), bodies_(bodies), triggers_(triggers), hints_(hints), stage_(stage),
      why_no_stage_(std::move(why_no_stage)), as_persona_(as_persona), persona_(persona), own_(own),
      superuser_(superuser), security_(security) {}

bool Calls::helps_policies(const Function &function) const {
    return std::any_of(hints_.policies.begin(), hints_.policies.end(), [&](const PolicyHint &policy) {
        return std::find(policy.functions.begin(), policy.functions.end(), function.id) != policy.functions.end();
    });
}

// Whether the caller reads every row of it by a plain SELECT.
bool Calls::sees_all(const Relation &relation) {
    const auto known = sees_all_.find(relation.id);
    if (known != sees_all_.end()) return known->second;
    Truth rows = Truth::always;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        for (const BaseRelation &base : rewrite(select_statement(relation, persona_)))
            if (!base.inside_policy) rows = std::min(rows, base.truth);
    });
    return sees_all_[relation.id] = outcome.ok && rows == Truth::always;
}

// What the function's owner may touch and its caller may not.
std::vector<Calls::Gain> Calls::gains(const Function &function) {
    std::vector<Gain> result;
    for (const Touch &touch : function.touches) {
        const Relation *relation = world_.relation(touch.relation);
        if (relation == nullptr) continue;
        const Reach *reach = relation->reach_of(persona_.name);
        const auto may = [&](Command command) { return reach != nullptr && reach->commands.contains(command); };
        // Of a table whose columns are granted one by one, a function may hand out the others.
        const bool whole = !touch.written && query("select pg_catalog.has_table_privilege($1::oid, 'SELECT')",
                                                   {std::to_string(relation->id)})
                                                 .boolean(0, 0);
        const bool privileged = touch.written ? may(Command::insert) && may(Command::update) && may(Command::remove)
                                              : may(Command::select) && whole;
        const bool past_policies = reach != nullptr && reach->row_security && !touch.binds_owner;
        if (privileged && !past_policies) continue;
        if (privileged && !touch.written && sees_all(*relation)) continue;
        result.push_back({relation, touch.written});
    }
    return result;
}

// The tables whose rows a relation shows.
std::vector<const Relation *> Calls::bases_of(const Relation &relation) const {
    if (relation.is_table()) return {&relation};
    const Rows rows = query(std::string(kReads) + "select distinct id from reads", {std::to_string(relation.id)});
    std::vector<const Relation *> bases;
    for (const Relation &base : world_.relations)
        for (size_t i = 0; i < rows.size(); i++)
            if (base.is_table() && rows.oid(i, 0) == base.id) bases.push_back(&base);
    return bases;
}

// Keys, people and free texts: values that no row within reach holds as well.
const std::map<std::string, std::string> &Calls::hidden(const Relation &relation) {
    const auto known = hidden_.find(relation.id);
    if (known != hidden_.end()) return known->second;
    std::map<std::string, std::string> &result = hidden_[relation.id];
    const TableShape *shape = stage_->tables().of(relation.id);
    if (shape == nullptr) return result;
    Probe probe(*stage_, relation, own_, superuser_, security_);
    const Reach *reach = relation.reach_of(persona_.name);
    Observation seen;
    if (reach != nullptr && reach->commands.contains(Command::select)) seen = probe.select();
    std::set<std::string> &open = within_[relation.id];
    const std::vector<const Row *> &within = seen.foreign;
    for (const std::vector<const Row *> *rows : {&within, &probe.own()})
        for (const Row *row : *rows)
            for (const auto &[number, value] : row->values)
                if (value) open.insert(*value);
    // A text that several rows share tells of none of them: a default, say.
    std::map<std::string, int> holders;
    for (const Row *row : probe.foreign())
        for (const auto &[number, value] : row->values)
            if (value) ++holders[*value];
    for (const Row *row : probe.foreign()) {
        if (std::find(seen.foreign.begin(), seen.foreign.end(), row) != seen.foreign.end()) continue;
        for (const auto &[number, value] : row->values) {
            if (!value || open.contains(*value)) continue;
            // By name: clang++ lets no lambda capture a binding.
            const auto holds = [&, column = number](const std::vector<int> &key) {
                return std::find(key.begin(), key.end(), column) != key.end();
            };
            const Column place{relation.id, number};
            const bool names_somebody = hints_.identity.contains(place) || hints_.tenant.contains(place);
            const bool in_key = names_somebody || std::any_of(shape->keys.begin(), shape->keys.end(), holds) ||
                                std::any_of(shape->foreign_keys.begin(), shape->foreign_keys.end(),
                                            [&](const ForeignKey &key) { return holds(key.columns); });
            // When it was made says nothing: all is made at one time.
            const bool is_free_text = shape->column(number)->category != 'D' &&
                                      value->find_first_of(" @") != std::string::npos && holders[*value] == 1;
            if (((in_key || is_free_text) && value->size() >= kTelling) || value->starts_with("made "))
                result.emplace(*value, relation.name);
        }
    }
    return result;
}

bool Calls::explained(const std::string &answer, bool rows, const std::vector<Gain> &gains) {
    if (answer.empty()) return true;
    // A number or a yes says how many there are, and not which.
    if (!rows && answer.size() < kTelling && answer.find_first_not_of("0123456789.,(){}tf\" -[]") == std::string::npos)
        return true;
    if (answer == "null" || (!persona_.uid.empty() && answer.find(persona_.uid) != std::string::npos)) return true;
    const auto told = [&](const std::string &value) {
        return answer == value || (value.size() >= kTelling && answer.find(value) != std::string::npos);
    };
    for (const Row &row : own_)
        for (const auto &[number, value] : row.values)
            if (value && told(*value)) return true;
    for (const Gain &gain : gains)
        for (const Relation *base : bases_of(*gain.relation))
            for (const std::string &value : within_[base->id])
                if (told(value)) return true;
    return false;
}

// Nothing is called of which it is not known that a rollback undoes it.
std::string Calls::why_not_called(const Body &body) const {
    if (stage_ == nullptr) return why_no_stage_;
    const bool writes =
        std::any_of(body.relations.begin(), body.relations.end(), [](const auto &touched) { return touched.second; });
    if (body.harm.empty() && writes && !stage_->triggers_off())
        return "it writes, and triggers could not be switched off";
    return why_not_undone(world_, body);
}

std::string Calls::answer(const std::string &statement, std::vector<std::string> *results) {
    const std::string sql = fmt::format("{} limit {}", statement, kMostResults);
    const Rows rows = in_time([&] { return query(sql, {}, false); });
    std::string text;
    for (size_t i = 0; i < rows.size(); i++) {
        text += rows.text(i, 0) + '\n';
        if (results != nullptr) results->push_back(rows.text(i, 0));
    }
    return text;
}

// Of functions that look at who is calling that is no proof: what they answer may be the caller's to know.
bool Calls::tells(const Function &function, const Arguments &arguments, const std::string &text) const {
    if (function.yes_or_no || helps_policies(function) || arguments.of_nobody.empty()) return false;
    if (text.find_first_not_of('\n') == std::string::npos) return false;
    bool differs = false;
    (void)attempt(Finish::rollback, [&] {
        // An answer that is another one each time says nothing.
        if (answer(call_of(function, arguments.list), nullptr) != text) return;
        differs = answer(call_of(function, arguments.of_nobody), nullptr) != text;
    });
    return differs;
}

bool Calls::tells_of_another(const Function &function, const Arguments &arguments, const std::string &text) const {
    const Persona *like = somebody_signed_in(world_, persona_, superuser_, security_);
    if (arguments.person.empty() || arguments.person == persona_.uid || like == nullptr || function.yes_or_no)
        return false;
    const auto says = [&](const Persona *who, const std::string &list) {
        std::string said;
        const Outcome outcome = attempt(Finish::rollback, [&] {
            if (who == nullptr) return (void)(said = answer(call_of(function, list), nullptr));
            const AsUser past(superuser_, security_);
            assume(identity_of(*who));
            said = answer(call_of(function, list), nullptr);
        });
        return outcome.ok ? said : "";
    };
    const Persona another = as_person(*like, arguments.person);
    return text.find_first_not_of('\n') != std::string::npos && says(&another, arguments.of_caller) == text &&
           says(&another, arguments.list) == text && says(nullptr, arguments.of_caller) != text &&
           says(nullptr, arguments.of_nobody) != text;
}

// A list of prices: it names nobody, and has nothing that is kept from anybody.
bool Calls::is_nobodys(const Relation &relation) const {
    const TableShape *shape = stage_->tables().of(relation.id);
    return shape != nullptr && !stage_->personal(*shape) &&
           std::none_of(shape->columns.begin(), shape->columns.end(), [](const ColumnShape &column) {
               return says_private(column.name) || says_secret(column.name);
           });
}

std::string Calls::done(const Function &function, const std::vector<Gain> &gains) const {
    std::vector<const Relation *> changed, entered;
    for (const Gain &gain : gains)
        if (gain.written)
            for (const Relation *base : bases_of(*gain.relation)) {
                if (now_.left.contains(base->id)) {
                    if (has_changed(base->id)) changed.push_back(base);
                    continue;
                }
                const Probe probe(*stage_, *base, own_, superuser_, security_);
                if (!probe.foreign_changed().empty()) changed.push_back(base);
                // Who looks at the caller may have good reason to write to somebody, and says who wrote.
                if (function.asks_who ? probe.entered_for_others_alone(persona_.uid)
                                      : probe.entered_for_others(persona_.uid))
                    entered.push_back(base);
            }
    if (!changed.empty())
        return fmt::format("a call changed rows of other people in {}", fmt::join(names_of(changed), ", "));
    if (!entered.empty())
        return fmt::format("a call put a row of somebody else's into {}", fmt::join(names_of(entered), ", "));
    return "";
}

std::string Calls::objection(const Function &function, const std::string &statement, const std::vector<Gain> &gains) {
    std::vector<const Relation *> written;
    for (const Gain &gain : gains)
        if (gain.written)
            for (const Relation *base : bases_of(*gain.relation)) written.push_back(base);
    const Hearing hearing = triggers_.of_any(written);
    const auto may_turn_away = [](const Listener &listener) { return listener.guards && listener.may_object; };
    if (std::none_of(hearing.listeners.begin(), hearing.listeners.end(), may_turn_away)) return "";
    if (!hearing.why_not.empty()) return "triggers that may stop it could not be heard: " + hearing.why_not;
    Heard heard;
    std::string did;
    bool is_over = false;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        come_about();
        {
            const AsUser past(superuser_, security_);
            wake();
        }
        (void)in_time([&] { return execute(statement); });
        (void)execute("set constraints all immediate");
        is_over = true;
        did = done(function, gains);
    });
    if (outcome.ok && !did.empty()) return "";
    if (!outcome.ok && is_over) return "what it did past triggers that may stop it could not be looked at";
    heard.put_back = outcome.ok;
    if (!outcome.ok) heard.failures.push_back(outcome);
    const std::vector<Objection> said = objections(hearing, heard);
    return said.empty() ? "" : said.front().reason; // a key that a made row does not have is no guard
}

// Calls it once, undone. True where that is enough: it showed or changed rows of other people, or did not end.
bool Calls::make_call(const Function &function, const Arguments &arguments, const std::vector<Gain> &gains,
                      const std::set<std::string> &told, Tried &tried) {
    tried.calls++;
    const std::string statement = call_of(function, arguments.list);
    bool about_somebody = false, of_another = false;
    Observation observation;
    observation.statement = statement;
    observation.identified = false;
    // As somebody may read it: all rows, and not those that were made alone.
    for (const auto &[table, update] : now_.statements)
        observation.made += (observation.made.empty() ? "" : "; ") + update.substr(0, update.find(" where ctid"));
    std::vector<const Relation *> shown;
    std::string did;
    int unexplained = 0;
    bool is_over = false; // what fails after it is not the function
    observation.outcome = attempt(Finish::rollback, [&] {
        come_about();
        if (function.procedure) {
            (void)in_time([&] { return execute(statement); });
            is_over = true;
        } else {
            std::vector<std::string> results;
            const std::string text = answer(statement, &results);
            is_over = true;
            observation.total = (long)results.size();
            for (const std::string &result : results) unexplained += !explained(result, function.rows, gains);
            for (const Gain &gain : gains)
                for (const Relation *base : shown_in_text(text, bases_of(*gain.relation), told)) shown.push_back(base);
            about_somebody = shown.empty() && tells(function, arguments, text);
            of_another = shown.empty() && function.asks_who && tells_of_another(function, arguments, text);
        }
        did = done(function, gains);
    });
    const Outcome &outcome = observation.outcome;
    if (!outcome.ok && is_over) {
        tried.failure =
            fmt::format("what a call did could not be looked at: {}: {}", outcome.sqlstate, outcome.message);
        tried.broken = false;
        return false;
    }
    if (!outcome.ok) {
        tried.failure = fmt::format("{}: {}", outcome.sqlstate, outcome.message);
        tried.broken = is_broken(outcome, statement);
        if (tried.broken && goes_straight(function.id, outcome)) tried.straight++;
        if (is_refusal(outcome, arguments.guessed))
            tried.refused.push_back({statement, arguments.given, now_.all(), outcome, arguments.itself});
        else if (persona_.uid.empty() && !tried.broken && tried.failed.size() < kMostFailed)
            tried.failed.push_back({statement, arguments.given, now_.all(), outcome, arguments.itself});
        return TimeLimit::ended(outcome); // nor would the next call end
    }
    tried.answered++;
    tried.unexplained += unexplained;
    std::string seen = did;
    const std::string doubt = did.empty() ? "" : objection(function, statement, gains);
    if (!shown.empty() && (did.empty() || !doubt.empty())) {
        tried.personal =
            !std::all_of(shown.begin(), shown.end(), [&](const Relation *base) { return is_nobodys(*base); });
        seen = fmt::format("a call showed rows {}{}", tried.personal ? "of other people in " : "of ",
                           fmt::join(names_of(shown), ", "));
    } else if (!doubt.empty()) {
        tried.doubt = fmt::format("{}, and {}", did, doubt);
        return false; // another call may pass what stopped this one
    }
    tried.rows = !seen.empty();
    if (!tried.rows && of_another) {
        seen = "a call told of somebody else what it tells everybody of themselves";
        tried.rows = true; // as much as it gives to anybody
    } else if (!tried.rows && about_somebody && !function.asks_who)
        seen = "a call told something about a row of somebody else's";
    tried.tells = tried.tells || about_somebody;
    tried.seen = seen;
    tried.in_tables = !shown.empty() || !did.empty();
    tried.shown = names_of(shown);
    if (seen.empty()) return false;
    tried.observation = std::move(observation);
    return true;
}

Calls::Tried Calls::call_it(const Function &function, const Body &body, const std::vector<Gain> &gains,
                            const std::vector<Arguments> &choices) {
    Tried tried;
    // What is looked for has to be known before anything is called.
    for (const Gain &gain : gains)
        for (const Relation *base : bases_of(*gain.relation)) (void)hidden(*base);
    const auto call_each = [&](size_t most) {
        for (size_t i = 0; i < std::min(most, choices.size()); i++) {
            std::set<std::string> told = choices[i].given;
            for (const auto &[column, value] : body.compared)
                if (value) told.insert(*value);
            const Tried before = tried;
            if (make_told_call(function, choices[i], gains, told, tried)) return true;
            if (!choices[i].aside) continue;
            std::string doubt = std::move(tried.doubt);
            tried = before;
            tried.doubt = std::move(doubt);
        }
        return false;
    };
    if (call_each(choices.size()) || !function.asks_who || !stage_->triggers_off()) return tried;
    for (Circumstances &circumstances : other_circumstances(function, body)) {
        now_ = std::move(circumstances);
        const Tried before = tried;
        const bool enough = call_each(kMostInCircumstances);
        now_ = {};
        if (enough) break;
        // What came of nothing is no answer there: somebody else's row may well be of no use to anybody like that.
        tried.calls = before.calls + (int)(tried.refused.size() - before.refused.size());
        tried.answered = before.answered;
        tried.failure = before.failure;
        tried.broken = before.broken;
        tried.straight = before.straight;
    }
    return tried;
}

// A function that runs with its owner's rights and touches, or may touch, what its caller could not.
void Calls::decide(Cell &cell, const Function &function, const std::vector<Gain> &gains) {
    const auto say = [&](Verdict verdict, Evidence evidence, std::string reason) {
        cell.verdict = verdict;
        cell.evidence = evidence;
        cell.reason = std::move(reason);
    };
    const Verdict allowed = cell.declared ? Verdict::leak : Verdict::open;
    const Body &body = bodies_.of(function.id);
    const bool writes = std::any_of(gains.begin(), gains.end(), [](const Gain &gain) { return gain.written; });
    if (body.builds && decide_by_texts(cell, function, body)) return;
    const std::string unjudged = why_not_called(body);
    Tried tried;
    bool guessed = false;
    std::vector<Arguments> choices;
    if (unjudged.empty() && !gains.empty()) {
        choices = arguments_for(function, *stage_, persona_.uid, own_);
        guessed = std::any_of(choices.begin(), choices.end(), [](const Arguments &a) { return a.guessed || a.beside; });
        tried = call_it(function, body, gains, choices);
    }
    if (tried.seen.empty() && tried.doubt.empty() && !tried.told.empty()) {
        if (!body.known)
            return say(Verdict::unknown, Evidence::none,
                       fmt::format("it runs as {}: {}, for whoever names {}; {}", function.owner, tried.told,
                                   tried.word, body.unknown_reason));
        cell.told = tried.word;
        return say(Verdict::ok, Evidence::execution,
                   fmt::format("it runs as {}: {}, for whoever names {}; with another word in its place it did nothing "
                               "of the kind, and no policy shows that one",
                               function.owner, tried.told, tried.word));
    }
    if (tried.seen.empty() && !tried.doubt.empty())
        return say(
            Verdict::unknown, Evidence::none,
            fmt::format("it runs as {}: {}; whether that stops everything is not known", function.owner, tried.doubt));
    if (!tried.seen.empty()) {
        // Nothing of anybody's is reached by counting.
        if (const std::string what = tried.shown.empty() ? counted(function, gains, choices) : ""; !what.empty()) {
            say(allowed, Evidence::execution,
                fmt::format("it runs as {}: all that calls did was to count up {}{}", function.owner, what,
                            function.asks_who ? "" : "; nothing in it looks at who is calling"));
            cell.personal = false;
            cell.witness = witness(persona_, tried.observation, "");
            return;
        }
        say(allowed, Evidence::execution,
            fmt::format("it runs as {}: {}{}", function.owner, tried.seen,
                        function.asks_who ? "" : "; nothing in it looks at who is calling"));
        cell.reached = tried.rows ? 1 : 0;
        cell.personal = tried.personal;
        cell.witness = witness(persona_, tried.observation, "");
        return;
    }
    if (gains.empty()) return say(Verdict::unknown, Evidence::none, body.unknown_reason);
    std::vector<const Relation *> written, read;
    for (const Gain &gain : gains) (gain.written ? written : read).push_back(gain.relation);
    const std::string what = fmt::format("{}{}{}{}{}", read.empty() ? "" : "reads ", fmt::join(names_of(read), ", "),
                                         read.empty() || written.empty() ? "" : " and ", writes ? "writes " : "",
                                         fmt::join(names_of(written), ", "));
    if (!writes && body.known && function.yes_or_no)
        return say(Verdict::ok, Evidence::structural, "it answers yes or no, and changes nothing");
    const bool silent =
        body.known && !writes && tried.answered > 0 && !guessed && tried.unexplained == 0 && !tried.tells;
    const std::string calls = fmt::format("{} call{}", tried.answered, tried.answered == 1 ? "" : "s");
    if (tried.answered == 0 && tried.broken) {
        cell.fails = tried.straight == tried.calls;
        return say(Verdict::error, Evidence::execution, tried.failure);
    }
    if (!function.asks_who && body.known && tried.answered == 0 && !tried.gate.empty()) {
        cell.told = tried.word;
        return say(Verdict::unknown, Evidence::none,
                   fmt::format("it runs as {} and {}; it turns away whoever does not name {} ({}), and no policy shows "
                               "that one; whoever names it was stopped later, the last time by {}",
                               function.owner, what, tried.word, tried.gate, tried.failure));
    }
    if (!function.asks_who && !(helps_policies(function) && !writes)) {
        cell.personal = !(unjudged.empty() && only_drops(function, body, gains));
        return say(allowed, Evidence::structural,
                   fmt::format("it runs as {} and {} past what the caller may, and nothing in it looks at who is "
                               "calling{}",
                               function.owner, what,
                               !unjudged.empty()    ? "; it was not called, since " + unjudged
                               : tried.answered > 0 ? fmt::format("; {} showed no row of theirs", calls)
                               : tried.calls > 0    ? "; every call failed, the last with " + tried.failure
                                                    : ""));
    }
    const std::string why = function.asks_who ? "it looks at who is calling" : "policies call it";
    if (silent)
        return say(Verdict::ok, Evidence::execution, fmt::format("{}: {} showed nothing of other people", why, calls));
    if (!tried.failed.empty()) {
        const Refusals refusals(world_, body, *stage_, function, persona_, superuser_, security_);
        if (const std::string past = refusals.passed_unsigned(tried.failed); !past.empty()) {
            cell.passes = true;
            return say(Verdict::unknown, Evidence::none,
                       fmt::format("it runs as {} and {}; {}, and {}", function.owner, what, why, past));
        }
    }
    const Refusal *untold = nullptr;
    if (tried.calls > 0 && (int)tried.refused.size() == tried.calls && body.known) {
        const Refusals refusals(world_, body, *stage_, function, persona_, superuser_, security_);
        untold = refusals.not_for_the_caller(tried.refused);
        if (untold == nullptr)
            return say(Verdict::ok, Evidence::execution,
                       fmt::format("{}, and {}: {}", why, kTurnedAway, tried.failure));
    }
    say(Verdict::unknown, Evidence::none,
        fmt::format("it runs as {} and {}; {}, and whether that is enough is not known: {}{}", function.owner, what,
                    why, body.known || !unjudged.empty() ? "" : body.unknown_reason + "; ",
                    !unjudged.empty()       ? "it was not called, since " + unjudged
                    : untold != nullptr     ? fmt::format("it {}, and says to the people of those "
                                                              "rows what it says to strangers: {}: {}",
                                                          kTurnedAway, untold->outcome.sqlstate, untold->outcome.message)
                    : tried.answered == 0   ? "every call failed, the last with " + tried.failure
                    : writes                ? calls + " changed nothing of other people"
                    : tried.tells           ? calls + " told something about somebody"
                    : tried.unexplained > 0 ? calls + " showed what may be anybody's"
                                            : calls + " with guessed arguments showed nothing of other people"));
}

Cell Calls::examine(const Function &function, const Expectation *expectation) {
    Cell cell;
    cell.persona = persona_.name;
    cell.object = function.name;
    cell.command = Command::execute;
    cell.key = fmt::format("{}:{}:{}", cell.persona, cell.object, name(cell.command));
    if (expectation != nullptr) {
        cell.expected = expectation->access;
        cell.declared = true;
    }
    const auto decided = [&](Verdict verdict, Evidence evidence, std::string reason) -> const Cell & {
        cell.verdict = verdict;
        cell.evidence = evidence;
        cell.reason = std::move(reason);
        return cell;
    };
    if (std::find(function.callers.begin(), function.callers.end(), persona_.name) == function.callers.end())
        return decided(cell.expected == "none" ? Verdict::ok : Verdict::lockout, Evidence::privilege,
                       function.offered ? "no privilege" : "no privilege, or the API offers nothing of its schema");
    if (cell.expected == "all") return decided(Verdict::ok, Evidence::privilege, "EXECUTE is granted");
    // Who closes one function by its name means the function; who closes all of a schema means what they give.
    if (expectation != nullptr && expectation->object == function.name)
        return decided(Verdict::leak, Evidence::privilege, "EXECUTE is granted");
    if (!function.sets_identity.empty() && !function.asks_who)
        return decided(
            cell.declared ? Verdict::leak : Verdict::open, Evidence::structural,
            fmt::format("it sets {} to what the call brings along", fmt::join(function.sets_identity, ", ")));
    if (as_persona_ && tells_key(function, cell)) return cell;
    if (!function.definer)
        return decided(Verdict::ok, Evidence::structural,
                       "it runs with the rights of its caller, who may do without it what it does");
    if (!as_persona_) return decided(Verdict::unknown, Evidence::none, why_no_stage_);
    const std::vector<Gain> found = gains(function);
    const bool all_known =
        function.body_known || (!function.asks_who && !function.sending.by.empty() && function.sending.known);
    const bool nothing = found.empty() && all_known;
    // Where policies show it. What is open for want of them, or written, is not to be relied on.
    cell.idle = nothing && std::none_of(function.touches.begin(), function.touches.end(), [&](const Touch &touch) {
                    const Relation *relation = world_.relation(touch.relation);
                    return touch.written || (touch.has_row_security && relation != nullptr && !relation->row_security);
                });
    if (nothing)
        decided(Verdict::ok, Evidence::structural, "it touches nothing that its caller could not");
    else
        decide(cell, function, found);
    if (cell.verdict == Verdict::ok && cell.told.empty() && !function.sending.by.empty()) weigh_sending(function, cell);
    return cell;
}

} // namespace rlsproof::server
