#include "prove/child.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

#include "prove/answer.hpp"

namespace rlsproof::prove {

namespace {

constexpr const char *kLast = "rlsproof-done";
constexpr int kGrace = 400;     // milliseconds a solver gets to stop by itself
constexpr int kMostAsked = 400; // of one process
constexpr int kEarly = 10;      // a part of the time for a question, within which giving up is early

bool is_cvc5(const std::string &solver) {
    const size_t slash = solver.rfind('/');
    return solver.compare(slash == std::string::npos ? 0 : slash + 1, 4, "cvc5") == 0;
}

bool is_error(const Sexp &part) {
    return part.is_list && !part.list.empty() && part.list[0].word == "error";
}

std::string last_line() {
    return fmt::format("(echo \"{}\")\n", kLast);
}

} // namespace

Child::Child(std::string name, const Limits &limits, const Poll &poll)
    : name_(std::move(name)), cvc5_(is_cvc5(name_)), limits_(limits), poll_(poll) {}

// What a solver is told when it has just been started.
std::string Child::options() const {
    std::string text = "(set-option :produce-unsat-cores true)\n(set-option :produce-models true)\n";
    if (!cvc5_) return text + fmt::format("(set-option :timeout {})\n", limits_.question_ms);
    return text + fmt::format("(set-option :finite-model-find true)\n(set-option :incremental true)\n"
                              "(set-option :tlimit-per {})\n(set-logic ALL)\n",
                              limits_.question_ms);
}

void Child::start() {
    if (running()) return;
    std::vector<std::string> command{name_};
    if (cvc5_)
        command.insert(command.end(), {"--lang", "smt2", "--quiet"});
    else
        command.emplace_back("-in");
    process_ = std::make_unique<Process>(command, limits_);
    depth_ = asked_ = 0;
    who_.clear();
    process_->send(options());
}

std::string Child::receive() {
    return process_->receive(kLast, limits_.question_ms + kGrace, poll_);
}

std::string Child::more(const std::string &text, int scopes) {
    start();
    process_->send(text + last_line());
    std::string answer = receive();
    depth_ += scopes;
    return answer;
}

std::string Child::who() {
    if (running() && !who_.empty()) return who_;
    try {
        const std::vector<Sexp> said = read_sexps(more("(get-info :name)\n(get-info :version)\n"));
        const auto says = [&](size_t i, const char *what) {
            return said[i].list.size() == 2 && said[i].list[0].word == what && !said[i].list[1].word.empty();
        };
        if (said.size() != 2 || !says(0, ":name") || !says(1, ":version")) return "";
        who_ = fmt::format("{} ({} {})", name_, said[0].list[1].word, said[1].list[1].word);
    } catch (const Error &error) {
        stop();
        if (error.code == Code::not_found) throw;
        return "";
    }
    return who_;
}

void Child::put(const std::string &rest, const std::string &bad, bool cores) {
    broken_ = {};
    put_ = false;
    rest_ = rest;
    bad_ = bad;
    since_ = std::chrono::steady_clock::now();
    // What a solver has learnt piles up; a new one costs little.
    if (asked_ >= kMostAsked) stop();
    cores_ = cores;
    try {
        start();
        asked_++;
        const std::string close = depth_ > 0 ? fmt::format("(pop {})\n", depth_) : "";
        // The core of what has none is an error, which ends a cvc5.
        process_->send(close + "(push 1)\n" + rest + "(push 1)\n" + bad + "(check-sat)\n" +
                       (cores && !cvc5_ ? "(get-unsat-core)\n" : "") + last_line());
        depth_ = 2;
        put_ = true;
    } catch (const Error &error) {
        stop();
        if (error.code == Code::not_found) throw;
        broken_.reason = error.what();
        broken_.failed = true;
    }
}

Child::Said Child::said() {
    if (!put_) return broken_;
    put_ = false;
    Said said;
    try {
        said = read(receive(), cores_ && !cvc5_);
        if (said.outcome == Outcome::impossible && cores_ && cvc5_)
            for (const Sexp &list : read_sexps(more("(get-unsat-core)\n")))
                for (const Sexp &name : list.list) said.core.push_back(name.word);
        const auto took = std::chrono::steady_clock::now() - since_;
        said.tired = said.outcome == Outcome::unknown && asked_ > 1 &&
                     took < std::chrono::milliseconds(limits_.question_ms / kEarly);
    } catch (const Error &error) {
        stop();
        if (error.code == Code::not_found) throw;
        // A core that did not come is no core; the answer before it stands.
        if (said.outcome == Outcome::unknown) {
            said.reason = error.what();
            said.failed = true;
        }
    }
    return said;
}

Child::Said Child::afresh() {
    stop();
    asked_ = 0;
    const std::string rest = rest_, bad = bad_;
    put(rest, bad, cores_);
    return said();
}

Child::Said Child::again() {
    if (!running() || depth_ != 2) {
        const std::string rest = rest_;
        put(rest, "", false);
        return said();
    }
    try {
        return read(more("(pop 1)\n(check-sat)\n", -1), false);
    } catch (const Error &error) {
        stop();
        Said said;
        said.reason = error.what();
        said.failed = true;
        return said;
    }
}

Child::Said Child::read(const std::string &answer, bool cores) {
    Said said;
    bool decided = false;
    for (const Sexp &part : read_sexps(answer)) {
        if (decided) {
            // A core is asked for before it is known whether there is one.
            if (cores && said.outcome == Outcome::impossible && !is_error(part))
                for (const Sexp &name : part.list) said.core.push_back(name.word);
            continue;
        }
        if (is_error(part)) {
            said.reason = "the solver objected: " + (part.list.size() > 1 ? part.list[1].word : "");
            stop();
            return said;
        }
        decided = part.word == "sat" || part.word == "unsat" || part.word == "unknown" || part.word == "timeout";
        if (part.word == "sat") said.outcome = Outcome::possible;
        if (part.word == "unsat") said.outcome = Outcome::impossible;
        if (part.word == "timeout") said.reason = "the solver ran out of time";
    }
    if (said.outcome == Outcome::unknown && said.reason.empty())
        said.reason = decided ? "the solver could not tell" : "the solver's answer makes no sense";
    return said;
}

} // namespace rlsproof::prove
