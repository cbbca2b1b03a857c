#include "base/error.hpp"
#include "base/text.hpp"
#include "model/cell.hpp"
#include "model/expectation.hpp"
#include "model/world.hpp"
#include "prove/difference.hpp"
#include "prove/prover.hpp"
#include "prove/question.hpp"

#include "server/same_meaning.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/any_value.hpp"
#include "server/environment.hpp"
#include "server/identity.hpp"
#include "server/made_state.hpp"
#include "server/one_row.hpp"
#include "server/personas.hpp"
#include "server/question_facts.hpp"
#include "server/rewrite.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"
#include "server/translate.hpp"

extern "C" {
#include "optimizer/optimizer.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kWidest = 60; // characters of a condition in a sentence

using Clock = std::chrono::steady_clock;
using Told = prove::Outcome;

// Names in what the catalog says are written in full; roles as a person would write them.
constexpr const char *kPolicy = R"(
select p.polpermissive,
       case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'ALL' end,
       array(select case r when 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r)) end
             from pg_catalog.unnest(p.polroles) r order by 1),
       pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
from pg_catalog.pg_policy p where p.polrelid = $1::oid and p.polname = $2)";

std::string select_where(const Relation &relation, const std::string &condition) {
    return fmt::format("select from {} where ({}\n)", relation.name, condition);
}

bool writes(const std::string &command) {
    return command == "ALL" || command == "INSERT" || command == "UPDATE";
}

bool is_same_plainly(Node *one, Node *other) {
    return equal(one, other) && !contain_volatile_functions(one);
}

// What stands behind WHERE.
Node *where_of(const Query *query) {
    return query->jointree->quals;
}

} // namespace

Meaning read_meaning(const Relation &relation, const std::string &written) {
    Meaning meaning;
    const Rows found = query(kPolicy, {std::to_string(relation.id), written});
    if (!found.empty()) {
        meaning.policy = written;
        meaning.called = fmt::format("policy \"{}\"", written);
        meaning.permissive = found.boolean(0, 0);
        meaning.command = found.text(0, 1);
        meaning.roles = found.list(0, 2);
        if (meaning.command != "INSERT") meaning.rows = found.text(0, 3);
        if (writes(meaning.command)) meaning.checks = found.text(0, found.value(0, 4) ? 4 : 3);
        return meaning;
    }
    meaning.called = fmt::format("`{}`", text::cut(text::flat(written), kWidest));
    meaning.rows = meaning.checks = written;
    const server::Outcome read = attempt(Finish::rollback, [&] {
        use_default_search_path();
        (void)call(analyzed, select_where(relation, written).c_str());
    });
    if (read.ok) return meaning;
    std::vector<std::string> names;
    for (const Policy &policy : relation.policies) names.push_back("\"" + policy.name + "\"");
    throw Error(
        Code::invalid_input,
        fmt::format("\"{}\" is neither a policy of {} nor a condition over its columns", written, relation.name),
        names.empty() ? "It has no policies." : fmt::format("Its policies are: {}.", text::join(names, ", ")),
        fmt::format("{}: {}.", read.sqlstate, read.message));
}

std::vector<SameMeaning::Difference> SameMeaning::differences() const {
    std::vector<Difference> result;
    if (one_.policy.empty() || other_.policy.empty()) return result;
    if (one_.command != other_.command)
        result.push_back(
            {"FOR", fmt::format("{} is for {}, {} for {}", one_.called, one_.command, other_.called, other_.command)});
    const auto kind = [](const Meaning &meaning) { return meaning.permissive ? "permissive" : "restrictive"; };
    if (one_.permissive != other_.permissive)
        result.push_back({"AS", fmt::format("{} is {}, {} {}", one_.called, kind(one_), other_.called, kind(other_))});
    return result;
}

// Both conditions as the persona meets them, over one row.
struct SameMeaning::Made {
    explicit Made(std::shared_ptr<Catalog> catalog) : schema(std::move(catalog)) {}

    server::Outcome outcome;
    std::string why;   // it could not be made
    bool same = false; // one expression, written twice
    Schema schema;
    expr::Row row;
    expr::Expr one, other;
    prove::Question base; // without the claims
    bool may_raise = false;
};

SameMeaning::Made SameMeaning::make(const Persona &persona, bool written, bool any) const {
    Made made(catalog_);
    std::vector<std::string> given;
    if (!any)
        for (const auto &[name, value] : persona.settings) given.push_back(name);
    const bool reads_only = one_.command == "SELECT" && other_.command == "SELECT";
    made.outcome = attempt(Finish::rollback, [&] {
        try {
            // Names are looked up as whoever asks, as they were for whoever made the policy; then it is the persona who
            // looks into other tables.
            const auto read = [&](const Meaning &meaning) {
                if (meaning.policy.empty()) use_default_search_path();
                return call(analyzed, select_where(relation_, condition(meaning, written)).c_str());
            };
            // A policy's names are in full: it is read before the path is another.
            Query *one = one_.policy.empty() ? nullptr : read(one_),
                  *other = other_.policy.empty() ? nullptr : read(other_);
            if (one == nullptr) one = read(one_);
            if (other == nullptr) other = read(other_);
            if (call(is_same_plainly, where_of(one), where_of(other))) {
                made.same = true;
                return;
            }
            assume(identity_of(persona));
            Translator translator(made.schema, reads_only, given, {}, any);
            made.row = translator.subject_row(relation_.id);
            const auto translated = [&](const Query *analyzed_query) {
                List *queries = call(with_policies, analyzed_query);
                if (list_length(queries) != 1)
                    throw Error(Code::unsupported, "a rule that makes several statements of one");
                const auto *query = static_cast<const Query *>(linitial(queries));
                if (where_of(query) == nullptr) return expr::boolean(true);
                const int number = linitial_node(RangeTblRef, query->jointree->fromlist)->rtindex;
                return translator.condition(where_of(query), query, number, made.row);
            };
            made.one = translated(one);
            made.other = translated(other);
            state_checks(made.schema, translator);
            complete(made.base, made.schema, translator);
            made.may_raise = translator.may_raise();
        } catch (const Translator::Unsupported &unsupported) {
            made.why = unsupported.what;
        } catch (const Error &error) {
            if (error.code != Code::unsupported && error.code != Code::limit && error.code != Code::internal) throw;
            made.why = error.what();
        }
    });
    made.base.subjects = {{made.row, written ? "the new row" : "the row", !written, -1}};
    return made;
}

// Is there a row that the one lets through and the other does not? `turned`: that the other does.
prove::Question SameMeaning::question(const Made &made, bool turned) const {
    const prove::Condition one{one_.called, made.one}, other{other_.called, made.other};
    return turned ? prove::difference(made.base, other, one) : prove::difference(made.base, one, other);
}

struct SameMeaning::Shown {
    bool confirmed = false;
    std::string why_not;
    std::string witness;
};

// The state is made, and both conditions are asked about the row as the persona.
SameMeaning::Shown SameMeaning::show(const Persona &persona, const Made &made, const prove::Question &question,
                                     const prove::Reply &reply, bool turned) const {
    Shown shown;
    if (const std::string why = why_no_execution(); !why.empty()) {
        shown.why_not = why;
        return shown;
    }
    const TableShape *shape = tables_.of(relation_.id);
    if (shape == nullptr) {
        shown.why_not = "rows of it cannot be made";
        return shown;
    }
    MadeState state(made.schema, question, reply, tables_);
    const bool written = !question.subjects.front().present;
    std::string row, statement;
    const server::Outcome outcome = attempt(Finish::rollback, [&] {
        use_default_search_path();
        if (!state.put_in()) {
            shown.why_not = state.why_not();
            return;
        }
        if (!written) {
            row = row_text(relation_, state.subject().tid, state.subject().stored_in);
        } else {
            const auto wanted = std::find_if(reply.rows.begin(), reply.rows.end(),
                                             [](const prove::ModelRow &r) { return r.subject == 0; });
            if (wanted == reply.rows.end()) return;
            const Values values = state.whole(*shape, *wanted);
            const server::Outcome tried = attempt(Finish::rollback, [&] {
                const Rows put =
                    query(Maker::insert_statement(*shape, values) + " returning ctid, tableoid", {}, false);
                if (!put.empty()) row = row_text(relation_, put.text(0, 0), put.oid(0, 1));
            });
            if (!tried.ok) shown.why_not = tried.message;
        }
        if (row.empty()) return;
        statement = fmt::format("select ({}\n) is true as one, ({}\n) is true as other\nfrom {}",
                                condition(one_, written), condition(other_, written), from_row(relation_, row));
        assume(identity_of(persona));
        const Rows asked = in_time([&] { return query(statement, {}, false); });
        const bool one = asked.boolean(0, 0), other = asked.boolean(0, 1);
        shown.confirmed = turned ? other && !one : one && !other;
    });
    if (!outcome.ok) shown = {false, outcome.sqlstate + ": " + outcome.message, ""};
    if (!shown.confirmed && shown.why_not.empty()) shown.why_not = "both say the same of the row";
    if (shown.confirmed) shown.witness = state.witness(persona, {}, statement);
    return shown;
}

void SameMeaning::decide(const Persona &persona, bool written, Answer &answer) {
    const auto unknown = [&](const std::string &why) {
        answer.verdict = "unknown";
        answer.reason = why;
    };
    // Whatever the claims are: a proof of that is one for everybody with the role.
    const Made any = make(persona, written, true);
    if (!any.outcome.ok) {
        answer.verdict = "error";
        answer.reason = fmt::format("{}: {}", any.outcome.sqlstate, any.outcome.message);
        return;
    }
    if (!any.why.empty()) return unknown("not followed: " + any.why);
    if (any.same) {
        answer.verdict = "proved";
        answer.reason = "they are the same expression";
        return;
    }
    if (!prover_) prover_ = new_prover();
    std::vector<std::string> rests_on, opaque;
    bool proved[2] = {false, false};
    std::string why;
    for (const bool turned : {false, true}) {
        const prove::Reply reply = prover_->ask(question(any, turned));
        answer.solver = reply.solver;
        proved[turned] = reply.outcome == Told::impossible;
        for (const std::string &name : reply.rests_on)
            if (std::find(rests_on.begin(), rests_on.end(), name) == rests_on.end()) rests_on.push_back(name);
        if (proved[turned]) continue;
        for (const std::string &name : reply.opaque)
            if (std::find(opaque.begin(), opaque.end(), name) == opaque.end()) opaque.push_back(name);
        if (reply.outcome == Told::unknown && why.empty()) why = reply.reason;
    }
    if (proved[0] && proved[1]) {
        answer.verdict = "proved";
        answer.reason = "proved for every row of every state, whatever the claims";
        if (!rests_on.empty()) answer.reason += ": uses " + some_of(rests_on);
        if (any.may_raise) answer.reason += "; where a value cannot be read, the one may fail and the other not";
        return;
    }
    // A difference has to be shown, by somebody: with the persona's claims, or with none.
    std::string tried;
    Persona bare = persona;
    // As a session has them that has had others: what was set once is never again as if it had not been.
    for (auto &[name, value] : bare.settings) value = name == "request.jwt.claims" ? "{}" : "";
    for (const Persona *who : {&persona, static_cast<const Persona *>(&bare)}) {
        if (has_any_value(*who) || (who == &bare && persona.settings.empty())) continue;
        const Made made = make(*who, written, false);
        if (!made.outcome.ok || !made.why.empty()) {
            if (tried.empty()) tried = made.outcome.ok ? "not followed: " + made.why : made.outcome.message;
            continue;
        }
        for (const bool turned : {false, true}) {
            if (proved[turned]) continue;
            const prove::Question asked = question(made, turned);
            const prove::Reply reply = prover_->ask(asked);
            if (reply.outcome == Told::unknown && tried.empty()) tried = reply.reason;
            if (reply.outcome != Told::possible) continue;
            const Shown shown = show(*who, made, asked, reply, turned);
            if (!shown.confirmed) {
                if (tried.empty()) tried = "a difference could not be shown: " + shown.why_not;
                continue;
            }
            const Meaning &yes = turned ? other_ : one_, &no = turned ? one_ : other_;
            answer.verdict = "refuted";
            answer.reason = fmt::format("{} lets a row through that {} does not, {}in a state that was made and undone",
                                        yes.called, no.called, who == &bare ? "without any claims, " : "");
            if (proved[!turned])
                answer.reason += fmt::format("; what {} lets through {} does too", no.called, yes.called);
            answer.witness = shown.witness;
            return;
        }
    }
    std::string reason = tried;
    if (reason.empty())
        reason = fmt::format("the same with the claims of {} and without any; with others it could not be told",
                             persona.name);
    if (!why.empty()) reason += "; " + why;
    if (!opaque.empty()) reason += "; not followed: " + some_of(opaque);
    unknown(reason);
}

std::vector<SameMeaning::Answer> SameMeaning::ask(const Persona &persona) {
    std::vector<Answer> answers;
    const auto say = [&](const char *part, const char *verdict, const std::string &reason) {
        answers.push_back({part, verdict, reason, "", "", 0});
    };
    if (persona.bypasses) {
        say("TO", "vacuous", fmt::format("no policy binds {}", persona.role));
        return answers;
    }
    const auto binds = [&](const Meaning &meaning) {
        if (meaning.policy.empty()) return true;
        return query("select exists (select from pg_catalog.pg_policy p, pg_catalog.unnest(p.polroles) r "
                     "where p.polrelid = $1::oid and p.polname = $2 and "
                     "(r = 0 or pg_catalog.pg_has_role($3::name, r, 'USAGE')))",
                     {std::to_string(relation_.id), meaning.policy, persona.role})
            .boolean(0, 0);
    };
    const bool one = binds(one_), other = binds(other_);
    if (!one && !other) {
        say("TO", "vacuous", fmt::format("neither is for {}", persona.role));
        return answers;
    }
    if (one != other) {
        say("TO", "refuted",
            fmt::format("{} is for {}, {} is not", one ? one_.called : other_.called, persona.role,
                        one ? other_.called : one_.called));
        return answers;
    }
    if (const std::string why = why_not_assumed(persona); !why.empty()) {
        say("USING", "unknown", why);
        return answers;
    }
    for (const bool written : {false, true}) {
        if (condition(one_, written).empty() || condition(other_, written).empty()) continue;
        const Scratch scratch;
        const Clock::time_point start = Clock::now();
        Answer answer;
        answer.part = written ? "WITH CHECK" : "USING";
        try {
            decide(persona, written, answer);
        } catch (const Error &error) {
            if (error.code != Code::not_found) throw;
            answer.verdict = "unknown";
            answer.reason = no_solver();
        }
        answer.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
        answers.push_back(std::move(answer));
    }
    if (answers.empty()) say("FOR", "vacuous", "there is nothing that both of them decide about");
    return answers;
}

} // namespace rlsproof::server
