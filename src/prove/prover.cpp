#include "prove/prover.hpp"

#include <algorithm>
#include <chrono>
#include <set>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

#include "prove/child.hpp"
#include "prove/encode.hpp"
#include "prove/memory.hpp"
#include "prove/small_state.hpp"
#include "prove/smtlib.hpp"

namespace rlsproof::prove {

namespace {

constexpr int kMostRows = 3;     // of one table in a small state
constexpr int kMostFailures = 3; // of a solver, one after the other

} // namespace

struct Prover::Asking {
    Asking(const Question &asked, const Poll &poll) : question(asked), formulas(poll) {}

    Question question;
    Formulas formulas;
    std::optional<Encoder> encoder;
    std::string rest, bad; // the script, and the claim that must not be
    std::string identity;
    Lane *lane = nullptr; // that works on it
    bool answered = false;
    bool waited = false; // for a solver or for the same question
    Reply reply;
};

std::string script(const Question &question) {
    Formulas formulas;
    const Encoder encoder(question, formulas);
    const Script script(formulas, Script::Names::readable);
    std::vector<Assertion> stated = encoder.assertions();
    std::erase_if(stated, [](const Assertion &a) { return a.alone; });
    const Script::Written written = script.write(stated);
    std::string body = written.definitions;
    for (const std::string &text : written.assertions) body += text;
    return fmt::format(
        "; {}\n"
        "; \"unsat\" says that it cannot be: proved for every content of the tables.\n"
        "; A condition is given twice where SQL has three values: for when it is true and when it is false.\n"
        "(set-option :produce-unsat-cores true)\n(set-logic ALL)\n{}{}(check-sat)\n",
        text::flat(question.title), script.declarations(), body);
}

Prover::Prover(const std::string &solver, const Limits &limits, Poll poll, Memory *memory)
    : limits_(limits), poll_(std::move(poll)), memory_(memory), lanes_((size_t)std::max(1, limits.jobs)) {
    std::vector<std::string> names{solver};
    if (solver == "both") names = {"z3", "cvc5"};
    for (Lane &lane : lanes_)
        for (const std::string &name : names) lane.children.push_back(std::make_unique<Child>(name, limits_, poll_));
}

Prover::~Prover() = default;

// Who answers: each program as it is named, with the name and the version that the running process gives. Empty where
// one does not say: what such a solver answers is not remembered.
std::string Prover::who(Lane &lane) {
    std::string all;
    for (const auto &child : lane.children) {
        const std::string one = child->who();
        if (one.empty()) return "";
        all += (all.empty() ? "" : ", ") + one;
    }
    return all;
}

Prover::Ticket Prover::begin(const Question &question) {
    auto made = std::make_shared<Asking>(question, poll_);
    Asking &asking = *made;
    Reply &reply = asking.reply;
    try {
        asking.encoder.emplace(asking.question, asking.formulas);
        const Encoder &encoder = *asking.encoder;
        const Script script(asking.formulas, Script::Names::numbered);
        const Script::Written written = script.write(encoder.assertions());
        const std::string declarations = script.declarations();
        asking.rest = declarations + written.definitions;
        // What a proof may rest on: nothing that the statement itself may undo.
        for (size_t i = 0; i < written.assertions.size(); i++)
            if (!encoder.assertions()[i].alone)
                (encoder.assertions()[i].bad ? asking.bad : asking.rest) += written.assertions[i];
        if (memory_ != nullptr) asking.identity = identity(asking.question, encoder, script, declarations, written);
        reply.opaque = encoder.reasons();
        for (size_t i = 0; i < question.tables.size(); i++)
            if (encoder.used((int)i)) reply.tables_used.insert(question.tables[i].name);
    } catch (const Error &error) {
        reply.reason = error.what();
        asking.answered = true;
    }
    if (!asking.answered) {
        for (const auto &child : lanes_.front().children)
            reply.solver += (reply.solver.empty() ? "" : ", ") + child->name();
        if (memory_ != nullptr) {
            if (lanes_.front().busy_with == nullptr) answering_ = who(lanes_.front());
            asking.identity = fmt::format("solver {}\n{}", answering_, asking.identity);
            asking.answered = recalled(asking);
        }
    }
    open_.push_back(made);
    put_what_can_be();
    asking.waited = asking.lane == nullptr;
    return made;
}

bool Prover::recalled(Asking &asking) {
    if (memory_ == nullptr || answering_.empty()) return false;
    const std::optional<std::string> known = memory_->find(asking.identity);
    if (!known || !recall(*known, asking.question, *asking.encoder, asking.reply)) return false;
    recalled_++;
    return true;
}

// Hands the questions that wait to solvers that do not. One that is the same as one being solved waits for its answer.
void Prover::put_what_can_be() {
    for (const Ticket &ticket : open_) {
        Asking &asking = *ticket;
        if (asking.answered || asking.lane != nullptr) continue;
        if (failures_ >= kMostFailures || used_ms_ > limits_.all_ms) {
            asking.reply.reason =
                failures_ >= kMostFailures
                    ? fmt::format("the solver failed {} times in a row and is not asked again", failures_)
                    : "the time that all questions may take is used up";
            asking.answered = true;
            continue;
        }
        const bool twice = memory_ != nullptr && std::any_of(open_.begin(), open_.end(), [&](const Ticket &other) {
                               return other->lane != nullptr && !other->answered && other->identity == asking.identity;
                           });
        const auto idle =
            std::find_if(lanes_.begin(), lanes_.end(), [](const Lane &l) { return l.busy_with == nullptr; });
        if (twice || idle == lanes_.end()) continue;
        // It may have been answered since it was begun.
        if ((asking.answered = asking.waited && recalled(asking))) continue;
        asked_++;
        asking.lane = &*idle;
        idle->busy_with = &asking;
        for (const auto &child : idle->children) child->put(asking.rest, asking.bad, true);
    }
}

Reply Prover::finish(const Ticket &ticket) {
    Asking &asking = *ticket;
    put_what_can_be();
    // Where every solver works on something else, that has to be done first.
    while (!asking.answered && asking.lane == nullptr) {
        const auto busy = std::find_if(open_.begin(), open_.end(),
                                       [](const Ticket &other) { return other->lane != nullptr && !other->answered; });
        if (busy == open_.end()) throw Error(Code::internal, "a question was put to no solver");
        complete(**busy);
        put_what_can_be();
    }
    if (!asking.answered) complete(asking);
    std::erase(open_, ticket);
    put_what_can_be();
    return std::move(asking.reply);
}

// Waits for what a solver is at, and lets go of it.
void Prover::complete(Asking &asking) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    Lane &lane = *asking.lane;
    Reply &reply = asking.reply;
    bool told = decide(lane, asking);
    if (reply.outcome == Outcome::impossible && asking.question.bad >= 0) told = tell_vacuity(lane, reply) && told;
    // Another one may have taken its place meanwhile.
    if (memory_ != nullptr && !answering_.empty() && told && reply.outcome != Outcome::unknown &&
        who(lane) == answering_)
        memory_->keep(asking.identity, answering_, remembered(reply, asking.question, *asking.encoder));
    lane.busy_with = nullptr;
    asking.answered = true;
    used_ms_ += std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Whether a proof is about nothing. False where that could not be told.
bool Prover::tell_vacuity(Lane &lane, Reply &reply) {
    bool told = true;
    reply.vacuous = true;
    for (const auto &child : lane.children) {
        const Child::Said said = child->again();
        reply.vacuous = reply.vacuous && said.outcome == Outcome::impossible;
        told = told && said.outcome != Outcome::unknown;
    }
    return told;
}

// False where the answer stands, and something that belongs to it did not come.
bool Prover::decide(Lane &lane, Asking &asking) {
    Reply &reply = asking.reply;
    std::vector<Child::Said> answers;
    for (const auto &child : lane.children) {
        answers.push_back(child->said());
        if (answers.back().tired) answers.back() = child->afresh();
    }
    const auto says = [&](Outcome outcome) {
        return std::any_of(answers.begin(), answers.end(), [&](const auto &s) { return s.outcome == outcome; });
    };
    failures_ = std::any_of(answers.begin(), answers.end(), [](const auto &s) { return s.failed; }) ? failures_ + 1 : 0;
    if (says(Outcome::impossible) && says(Outcome::possible)) {
        reply.reason = "the solvers contradict each other";
        return true;
    }
    // With two solvers a proof takes both of them.
    if (std::all_of(answers.begin(), answers.end(), [](const auto &s) { return s.outcome == Outcome::impossible; })) {
        reply.outcome = Outcome::impossible;
        const std::set<std::string> core(answers.front().core.begin(), answers.front().core.end());
        const std::vector<Assertion> &stated = asking.encoder->assertions();
        for (size_t i = 0; i < stated.size(); i++)
            if (stated[i].axiom && core.contains(fmt::format("a{}", i))) reply.rests_on.push_back(stated[i].name);
        return !core.empty();
    }
    if (says(Outcome::impossible)) {
        reply.reason = "only one of the solvers could prove it";
        return true;
    }
    // One that died or hung over the question would do so again over parts of it.
    if (answers.front().failed && !says(Outcome::possible)) {
        reply.reason = answers.front().reason;
        return true;
    }
    Child &first = *lane.children.front();
    for (int rows = 1; rows <= kMostRows; rows++) {
        try {
            if (small_state(first, asking.question, rows, poll_, reply)) {
                reply.outcome = Outcome::possible;
                return true;
            }
        } catch (const Error &error) {
            if (error.code == Code::not_found) throw;
            first.stop();
        }
    }
    reply.reason = says(Outcome::possible)
                       ? fmt::format("a state may exist, but none with {} rows a table or fewer was found", kMostRows)
                       : answers.front().reason;
    return true;
}

} // namespace rlsproof::prove
