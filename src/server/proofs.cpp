#include "base/error.hpp"
#include "base/text.hpp"
#include "model/cell.hpp"
#include "model/expectation.hpp"
#include "model/world.hpp"
#include "prove/memory.hpp"
#include "prove/prover.hpp"
#include "prove/question.hpp"

#include "server/awake.hpp"
#include "server/proofs.hpp"

#include <algorithm>
#include <chrono>
#include <deque>

#include <fmt/format.h>

#include "server/answers.hpp"
#include "server/any_value.hpp"
#include "server/environment.hpp"
#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/replay.hpp"
#include "server/rewrite.hpp"
#include "server/scratch.hpp"
#include "server/settled.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostNamed = 4; // constraints that a reason names
constexpr size_t kMostUnset = 4; // settings that nobody made, each of them tried as NULL and as empty

using Clock = std::chrono::steady_clock;

// Makes the question as the persona, whose identity is given back afterwards.
struct Made {
    Outcome outcome;
    std::optional<CellQuestion> question;
    std::string why;      // there is none
    bool refused = false; // the statement itself, and not a helper's body that is only met when it runs
};

Made make(const CellToProve &cell, const std::set<std::string> &unset_as_empty, const std::shared_ptr<Catalog> &catalog,
          Allowed &allowed) {
    Made made;
    // Rules rest while a stage is set, and what would be asked then is not what is run.
    if (rewritten_by_rules(cell.relation->id, cell.command, true)) {
        made.why = "a rule makes something else of the statement";
        return made;
    }
    // Everything that planning a statement may depend on, within one look at the database.
    std::string session = fmt::format("{} {}", cell.persona->role, identity_of(*cell.persona).login);
    for (const auto &[name, value] : cell.persona->settings)
        session += fmt::format("\n{}:{}={}:{}", name.size(), name, value.size(), value);
    const std::tuple who(catalog->number_of(session), cell.relation->id, cell.command);
    for (const std::string &name : unset_as_empty) session += fmt::format("\n{}:{} empty", name.size(), name);
    catalog->who = fmt::format("session {}\n", catalog->number_of(session));
    if (catalog->settled && catalog->settled->is_full()) catalog->settled.reset();
    Oid user = InvalidOid;
    int security = 0;
    GetUserIdAndSecContext(&user, &security);
    std::optional<Outcome> refused;
    made.outcome = attempt(Finish::rollback, [&] {
        assume(identity_of(*cell.persona));
        try {
            if (!allowed.contains(who)) {
                const std::string statement = proof_statement(cell, *catalog, false);
                const Outcome checked =
                    attempt(Finish::rollback, [&] { check_privileges(statement, catalog->rewritten(statement)); });
                // The planner computes what it can beforehand: a value that fails here need not fail everywhere.
                const bool fails_here = checked.sqlstate.starts_with("22") || checked.sqlstate == "42704";
                if (!checked.ok && !fails_here) {
                    refused = checked;
                    return;
                }
                if (checked.ok) allowed.insert(who);
            }
            made.question = make_question(cell, user, security, catalog, unset_as_empty);
        } catch (const Error &error) {
            if (error.code != Code::unsupported && error.code != Code::limit && error.code != Code::internal) throw;
            made.why = error.what();
        }
    });
    if (refused) made.outcome = *refused;
    made.refused = refused.has_value();
    if (made.outcome.ok || made.refused) return made;
    // The question meets helpers and values that the statement may never come to.
    const Outcome planned = attempt(Finish::rollback, [&] {
        assume(identity_of(*cell.persona));
        for (const std::string &name : unset_as_empty) set_locally(name, "");
        check_privileges(proof_statement(cell, *catalog, false));
    });
    if (!planned.ok) return made;
    made.why = fmt::format("{}: {}", made.outcome.sqlstate, made.outcome.message);
    made.outcome = Outcome{};
    return made;
}

std::string proved_text(const prove::Reply &reply, bool may_raise, Direction direction) {
    std::string text = "proved for every row of every state";
    if (!reply.rests_on.empty()) text += ": uses " + some_of(reply.rests_on);
    if (may_raise && direction == Direction::no_less) text += "; a value that cannot be cast makes the statement fail";
    return text;
}

// What the server refuses while it rewrites a statement, it refuses whatever the tables hold: policies that lead back
// to themselves, views that take no such command. A privilege that is missing for the weakest statement on a table is
// one that its policies need; of a view another statement may do without the column that needs it.
bool refused_unseen(const Relation &relation, const std::string &sqlstate) {
    if (sqlstate == "42P17") return true;
    if (relation.kind != RelationKind::view) return sqlstate == "42501";
    return sqlstate == "55000" || sqlstate == "0A000" || sqlstate == "42809";
}

} // namespace

std::string_view name(Proof::Verdict verdict) {
    switch (verdict) {
    case Proof::Verdict::proved: return "proved";
    case Proof::Verdict::refuted: return "refuted";
    case Proof::Verdict::unknown: return "unknown";
    case Proof::Verdict::error: return "error";
    }
    return "unknown";
}

std::unique_ptr<prove::Prover> new_prover() {
    answers().read();
    return std::make_unique<prove::Prover>(
        solver_setting(), solver_limits(), [] { poll(); }, &answers());
}

std::string no_solver() {
    return fmt::format("there is no solver \"{}\": install z3, or set rlsproof.solver to where one is",
                       solver_setting());
}

std::string some_of(const std::vector<std::string> &names) {
    std::vector<std::string> shown(names.begin(), names.begin() + (long)std::min(names.size(), kMostNamed));
    std::string list = text::join(shown, ", ");
    if (names.size() > kMostNamed) list += fmt::format(" and {} more", names.size() - kMostNamed);
    return list;
}

namespace {

// Why the solver did not tell.
std::string undecided_text(const prove::Reply &reply) {
    return reply.opaque.empty() ? reply.reason
                                : fmt::format("{}; not followed: {}", reply.reason, some_of(reply.opaque));
}

// Why its counterexample counts for nothing.
std::string statements_of(const std::vector<Written> &writes) {
    std::vector<std::string> statements;
    for (const Written &write : writes) statements.push_back(write.statement);
    return text::join(statements, "; ");
}

std::string not_confirmed_text(const prove::Reply &reply, const Replayed &replayed) {
    return reply.opaque.empty() ? "the solver's counterexample could not be replayed: " + replayed.why_not
                                : fmt::format("not followed: {}; tried: {}", some_of(reply.opaque), replayed.why_not);
}

} // namespace

std::optional<CellToProve> cell_to_prove(const World &world, const Persona &persona, const Relation &relation,
                                         Command command, const Declared &declared, std::string &why) {
    CellToProve cell;
    cell.world = &world;
    cell.persona = &persona;
    cell.relation = &relation;
    cell.command = command;
    if (const Expectation *expectation = declared.expectations.of(persona.name, relation.name, command)) {
        cell.expected = expectation->access;
        cell.declared = true;
    }
    const Reach *reach = relation.reach_of(persona.name);
    if (reach == nullptr || !reach->commands.contains(command)) {
        why = "no privilege";
        return std::nullopt;
    }
    if (!relation.is_table() && relation.kind != RelationKind::view) {
        why = fmt::format("a {} has no policies", name(relation.kind));
        return std::nullopt;
    }
    if (cell.expected != "none" && cell.expected != "all") {
        const auto scope = declared.scopes.find({relation.name, cell.expected});
        if (scope == declared.scopes.end()) {
            why = fmt::format("scope \"{}\" is not declared for {}", cell.expected, relation.name);
            return std::nullopt;
        }
        cell.scope = scope->second;
    }
    return cell;
}

Proofs::Proofs(const Tables &tables, bool tells_why)
    : tables_(tables), tells_why_(tells_why), catalog_(std::make_shared<Catalog>()) {}

Proofs::~Proofs() = default;

// A cell that is being proved.
struct Proofs::Begun {
    explicit Begun(const CellToProve &of) : cell(of) {}

    CellToProve cell;
    std::set<std::string> unset_as_empty;
    Proof proof;
    bool done = false;
    std::optional<CellQuestion> question;
    prove::Prover::Ticket ticket;
    double milliseconds = 0; // so far
};

std::unique_ptr<Proofs::Begun> Proofs::begin_asking(const CellToProve &cell,
                                                    const std::set<std::string> &unset_as_empty) {
    auto begun = std::make_unique<Begun>(cell);
    begun->unset_as_empty = unset_as_empty;
    Proof &proof = begun->proof;
    Made made = make(cell, unset_as_empty, catalog_, allowed_);
    begun->done = !made.outcome.ok || !made.question;
    if (!made.outcome.ok) {
        proof.verdict = Proof::Verdict::error;
        proof.reason = fmt::format("{}: {}", made.outcome.sqlstate, made.outcome.message);
        if (cell.direction != Direction::no_less && made.refused &&
            refused_unseen(*cell.relation, made.outcome.sqlstate)) {
            proof.verdict = Proof::Verdict::proved;
            if (cell.relation->is_table()) proof.failure = proof.reason;
            proof.reason = "proved: the statement always fails, whatever the tables hold: " + proof.reason;
            proof.nothing_reached = true;
        }
    } else if (!made.question) {
        proof.reason = "not followed: " + made.why;
        proof.doubtful = true;
    } else {
        begun->question = std::move(made.question);
        proof.statement = begun->question->statement;
        if (!prover_) prover_ = new_prover();
        begun->ticket = prover_->begin(begun->question->question);
    }
    return begun;
}

Proof Proofs::finish_asking(Begun &begun) {
    Proof proof = std::move(begun.proof);
    if (begun.done) return proof;
    const CellToProve &cell = begun.cell;
    const CellQuestion &question = *begun.question;
    const prove::Reply reply = prover_->finish(begun.ticket);
    proof.solver = reply.solver;
    if (cell.direction == Direction::no_growth) return growth(begun, reply, std::move(proof));
    if (reply.outcome == prove::Outcome::impossible) {
        proof.verdict = Proof::Verdict::proved;
        proof.reason = proved_text(reply, question.may_raise, cell.direction);
        proof.rests_on = reply.rests_on;
        proof.names_itself = question.names_itself;
        if (question.names_itself) proof.reason += "; every row it reaches names it";
        if (reply.vacuous) {
            proof.nothing_reached = true;
            // Of one who occurs in no row, what it may write in its own name was taken out of the question.
            const bool in_its_name = cell.command == Command::insert && !cell.declared && !cell.persona->declared &&
                                     !cell.persona->uid.empty() && !is_newcomer(*cell.persona);
            proof.in_its_name = in_its_name;
            proof.reason += cell.direction == Direction::no_less ? "; no row can be in scope"
                            : in_its_name                        ? "; every row that it can write names it"
                                                                 : "; nothing can be reached at all";
        }
        return proof;
    }
    if (reply.outcome == prove::Outcome::unknown) {
        proof.reason = undecided_text(reply);
        proof.doubtful = !reply.opaque.empty();
        return proof;
    }
    if (question.names_itself) return ask_unnamed(cell, begun.unset_as_empty);
    if (!question.not_shown.empty()) {
        proof.reason = "not followed: " + question.not_shown;
        proof.doubtful = true;
        return proof;
    }
    if (const std::string why = why_no_execution(); !why.empty()) {
        proof.reason = "the solver has a counterexample, and it could not be replayed: " + why;
        return proof;
    }
    const Replayed replayed = replay(cell, question, reply, tables_, begun.unset_as_empty, tells_why_);
    if (replayed.confirmed) {
        proof.verdict = Proof::Verdict::refuted;
        proof.statement = replayed.statement;
        proof.witness = replayed.witness;
        proof.row = replayed.row;
        proof.because = replayed.because;
        proof.reason = cell.direction == Direction::no_more
                           ? "a row that it should not reach is reached, in a state that was made and undone"
                           : "a row that it should reach is out of reach, in a state that was made and undone";
        return proof;
    }
    proof.reason = not_confirmed_text(reply, replayed);
    proof.doubtful = true;
    return proof;
}

// What writes of its own open. Where it is asked of any state, one write after the other is excluded as well: what is
// its own by declaration does not depend on what it writes.
Proof Proofs::growth(Begun &begun, const prove::Reply &reply, Proof proof) {
    const CellToProve &cell = begun.cell;
    const Writes &writes = begun.question->writes;
    if (reply.outcome == prove::Outcome::unknown) {
        proof.reason = undecided_text(reply);
        return proof;
    }
    if (reply.outcome == prove::Outcome::possible) {
        // Whom rows name as an administrator may well open things. Is it the same with somebody ordinary?
        const bool nobody_declared = begun.question->names_itself && !begun.question->occurs_nowhere &&
                                     !cell.unmarked && cell.just_signed_up == nullptr;
        if (nobody_declared) {
            CellToProve ordinary = cell;
            ordinary.unmarked = true;
            Proof of_ordinary = ask(ordinary, begun.unset_as_empty);
            if (of_ordinary.verdict == Proof::Verdict::refuted) return of_ordinary;
        }
        if (const std::string why = why_no_execution(); !why.empty()) {
            proof.reason = "the solver has a counterexample, and it could not be replayed: " + why;
            return proof;
        }
        if (!writes.triggers_run) {
            proof.reason = "not tried, as triggers may do what no rollback undoes: " + some_of(writes.not_followed);
            return proof;
        }
        const Replayed replayed = replay_growth(cell, *begun.question, reply, tables_, begun.unset_as_empty);
        if (!replayed.confirmed) {
            proof.reason = not_confirmed_text(reply, replayed);
            return proof;
        }
        if (nobody_declared) {
            proof.reason =
                fmt::format("whom rows name as something special reaches more once it has written, and nobody "
                            "has declared whether it may: {}",
                            statements_of(replayed.writes));
            return proof;
        }
        proof.verdict = Proof::Verdict::refuted;
        proof.statement = replayed.statement;
        proof.writes = replayed.writes;
        proof.witness = replayed.witness;
        proof.row = replayed.row;
        proof.reason = fmt::format("a row that was out of its reach is in reach once it has written: {}",
                                   statements_of(replayed.writes));
        return proof;
    }
    if (!writes.not_followed.empty()) {
        proof.reason = "its own writes to tables open nothing, but not followed is what is written through " +
                       some_of(writes.not_followed);
        return proof;
    }
    if (cell.just_signed_up != nullptr) {
        proof.verdict = Proof::Verdict::proved;
        proof.reason = "no statement of somebody who has just signed up opens it";
        return proof;
    }
    bool any_sequence = !writes.scope_changes || cell.of_scope;
    if (!any_sequence && !begun.question->occurs_nowhere) {
        // Where the scope does not grow either, what holds of one statement holds of the next.
        CellToProve scope = cell;
        scope.of_scope = true;
        any_sequence = ask(scope, begun.unset_as_empty).verdict == Proof::Verdict::proved;
    }
    if (any_sequence && begun.question->occurs_nowhere) {
        // After its first write it is somebody that rows may name.
        CellToProve any = cell;
        any.any_state = true;
        const Proof proof_of_any = ask(any, begun.unset_as_empty);
        if (proof_of_any.verdict == Proof::Verdict::proved) return proof_of_any;
        any_sequence = false;
    }
    if (writes.seen_meanwhile && !any_sequence) {
        proof.reason = "a volatile function looks at what the statement has written so far";
        return proof;
    }
    proof.verdict = Proof::Verdict::proved;
    proof.rests_on = reply.rests_on;
    proof.nothing_reached = reply.vacuous;
    proof.reason = writes.tables.empty() ? "proved: nothing that it depends on can be written by it"
                                         : fmt::format("proved for every {} of its own in every state",
                                                       any_sequence ? "sequence of statements" : "statement");
    if (!reply.rests_on.empty()) proof.reason += ": uses " + some_of(reply.rests_on);
    return proof;
}

// Rows that do not name the persona are reached. Where no row of any table names it they are nobody's that it has to do
// with; otherwise what opens them are rows that do, as memberships are.
Proof Proofs::ask_unnamed(const CellToProve &cell, const std::set<std::string> &unset_as_empty) {
    CellToProve unnamed = cell;
    unnamed.occurs_nowhere = true;
    const Proof proof = ask(unnamed, unset_as_empty);
    if (proof.verdict == Proof::Verdict::refuted) return proof;
    std::vector<std::string> opened_by;
    if (proof.verdict == Proof::Verdict::proved)
        for (const std::string &fact : proof.rests_on)
            if (const std::string start = occurs_in_no_row_of(*cell.persona); fact.starts_with(start))
                opened_by.push_back(fact.substr(start.size()));
    Proof result;
    result.statement = proof.statement;
    result.solver = proof.solver;
    result.doubtful = proof.doubtful;
    result.reason = opened_by.empty()
                        ? "rows that do not name it can be reached; nobody has declared whose they are"
                        : fmt::format("rows that do not name it are reached through rows of {} that do; nobody has "
                                      "declared whose they are",
                                      some_of(opened_by));
    if (proof.verdict == Proof::Verdict::unknown) result.reason += "; and where no row names it: " + proof.reason;
    return result;
}

Proof Proofs::ask(const CellToProve &cell, const std::set<std::string> &unset_as_empty) {
    return finish_asking(*begin_asking(cell, unset_as_empty));
}

std::unique_ptr<Proofs::Begun> Proofs::begin(const CellToProve &cell) {
    auto begun = std::make_unique<Begun>(cell);
    Proof &proof = begun->proof;
    begun->done = true;
    if (missing_) {
        proof.reason = no_solver();
    } else if (cell.direction == Direction::no_more && cell.expected == "all") {
        proof.verdict = Proof::Verdict::proved;
        proof.reason = "everything was declared";
    } else if (cell.direction == Direction::no_growth && cell.expected == "all") {
        proof.verdict = Proof::Verdict::proved;
        proof.reason = "everything was declared";
    } else if (cell.direction == Direction::no_less && cell.expected == "none") {
        proof.verdict = Proof::Verdict::proved;
        proof.reason = "nothing was declared";
    } else if (has_any_value(*cell.persona)) {
        proof.reason = "not followed: a claim or a setting that may have any value";
    } else {
        const Clock::time_point start = Clock::now();
        const Scratch scratch;
        try {
            begun = begin_asking(cell, {});
        } catch (const Error &error) {
            if (error.code != Code::not_found) throw;
            missing_ = true;
            proof.reason = no_solver();
        }
        begun->milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    }
    return begun;
}

Proof Proofs::finish(Begun &begun) {
    if (begun.done && begun.milliseconds == 0) return begun.proof; // nobody was asked
    const Clock::time_point start = Clock::now();
    const CellToProve &cell = begun.cell;
    const Scratch scratch;
    Proof proof;
    try {
        if (missing_) throw Error(Code::not_found, "");
        std::set<std::string> unset;
        if (begun.question) unset = begun.question->unset;
        proof = finish_asking(begun);
        // A setting nobody made is NULL, and empty once a transaction that made it was rolled back: both have to do, of
        // each of them.
        if (proof.verdict == Proof::Verdict::proved && unset.size() > kMostUnset) {
            proof.verdict = Proof::Verdict::unknown;
            proof.reason = fmt::format("not followed: {} settings that nobody made", unset.size());
        }
        const std::vector<std::string> names(unset.begin(), unset.end());
        for (size_t some = 1; proof.verdict == Proof::Verdict::proved && some < 1U << names.size(); some++) {
            std::set<std::string> empty;
            for (size_t i = 0; i < names.size(); i++)
                if ((some >> i & 1U) != 0) empty.insert(names[i]);
            Proof next = ask(cell, empty);
            if (next.verdict == Proof::Verdict::error && cell.direction == Direction::no_more) continue;
            if (next.verdict == Proof::Verdict::error) next.verdict = Proof::Verdict::unknown;
            if (next.verdict != Proof::Verdict::proved) proof = std::move(next);
        }
    } catch (const Error &error) {
        if (error.code != Code::not_found) throw;
        missing_ = true;
        proof = Proof{};
        proof.reason = no_solver();
    }
    proof.milliseconds = begun.milliseconds + std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    return proof;
}

std::vector<Proof> Proofs::prove(const std::vector<CellToProve> &cells) {
    const size_t ahead = (size_t)solver_limits().jobs + 1;
    std::vector<Proof> proofs;
    std::deque<std::unique_ptr<Begun>> open;
    for (size_t next = 0; proofs.size() < cells.size();) {
        while (next < cells.size() && open.size() < ahead) open.push_back(begin(cells[next++]));
        proofs.push_back(finish(*open.front()));
        open.pop_front();
    }
    return proofs;
}

std::string Proofs::obligation(const CellToProve &cell) {
    const Scratch scratch;
    Allowed allowed;
    const Made made = make(cell, {}, std::make_shared<Catalog>(), allowed);
    if (!made.outcome.ok)
        throw Error(Code::unsupported,
                    fmt::format("the statement fails as such: {}: {}", made.outcome.sqlstate, made.outcome.message));
    if (!made.question) throw Error(Code::unsupported, "not followed: " + made.why);
    return prove::script(made.question->question);
}

} // namespace rlsproof::server
