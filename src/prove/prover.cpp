#include "prove/prover.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

#include "prove/answer.hpp"
#include "prove/encode.hpp"
#include "prove/memory.hpp"
#include "prove/smtlib.hpp"

namespace rlsproof::prove {

namespace {

constexpr const char *kLast = "rlsproof-done";
constexpr int kMostRows = 3;    // of one table in a small state
constexpr int kGrace = 400;     // milliseconds a solver gets to stop by itself
constexpr int kMostAsked = 400; // of one process

bool is_cvc5(const std::string &solver) {
    const size_t slash = solver.rfind('/');
    return solver.compare(slash == std::string::npos ? 0 : slash + 1, 4, "cvc5") == 0;
}

// A number of sort Real, as SQL writes it: 1.5, (- 1.5), (/ 3 2).
std::string decimal_text(const Sexp &sexp) {
    if (!sexp.is_list) return sexp.word;
    if (sexp.list.size() == 2 && sexp.list[0].word == "-") return "-" + decimal_text(sexp.list[1]);
    if (sexp.list.size() == 3 && sexp.list[0].word == "/")
        return fmt::format("{:.12f}", std::strtod(decimal_text(sexp.list[1]).c_str(), nullptr) /
                                          std::strtod(decimal_text(sexp.list[2]).c_str(), nullptr));
    return "0";
}

// What a proof may rest on.
std::vector<Assertion> for_proof(const Encoder &encoder) {
    std::vector<Assertion> result = encoder.assertions();
    std::erase_if(result, [](const Assertion &a) { return a.alone; });
    return result;
}

} // namespace

struct Prover::Child {
    std::string name;
    bool cvc5 = false;
    std::unique_ptr<Process> process;
    std::string who; // what the process says it is
    int depth = 0;   // scopes that are open
    int asked = 0;
};

std::string script(const Question &question) {
    Formulas formulas;
    const Encoder encoder(question, formulas);
    const std::string body = assertions(formulas, for_proof(encoder));
    return fmt::format(
        "; {}\n"
        "; \"unsat\" says that it cannot be: proved for every content of the tables.\n"
        "; A condition is given twice where SQL has three values: for when it is true and when it is false.\n"
        "(set-option :produce-unsat-cores true)\n(set-logic ALL)\n{}{}(check-sat)\n",
        text::flat(question.title), declarations(formulas), body);
}

Prover::Prover(const std::string &solver, const Limits &limits, Poll poll, Memory *memory)
    : limits_(limits), poll_(std::move(poll)), memory_(memory) {
    std::vector<std::string> names{solver};
    if (solver == "both") names = {"z3", "cvc5"};
    for (const std::string &name : names) {
        children_.push_back(std::make_unique<Child>());
        children_.back()->name = name;
        children_.back()->cvc5 = is_cvc5(name);
    }
}

Prover::~Prover() = default;

// What a solver is told when it has just been started.
std::string Prover::options(const Child &child) const {
    std::string text = "(set-option :produce-unsat-cores true)\n(set-option :produce-models true)\n";
    if (!child.cvc5) return text + fmt::format("(set-option :timeout {})\n", limits_.question_ms);
    return text + fmt::format("(set-option :finite-model-find true)\n(set-option :incremental true)\n"
                              "(set-option :tlimit-per {})\n(set-logic ALL)\n",
                              limits_.question_ms);
}

std::string Prover::exchange(Child &child, const std::string &text) {
    std::string sent = text;
    if (!child.process || !child.process->alive()) {
        std::vector<std::string> command{child.name};
        if (child.cvc5)
            command.insert(command.end(), {"--lang", "smt2", "--quiet"});
        else
            command.emplace_back("-in");
        child.process = std::make_unique<Process>(command, limits_);
        child.depth = child.asked = 0;
        child.who.clear();
        sent = options(child) + sent;
    }
    return child.process->exchange(sent + fmt::format("(echo \"{}\")\n", kLast), kLast, limits_.question_ms + kGrace,
                                   poll_);
}

// Who answers: each program as it is named, with the name and the version that the running process gives. Empty where
// one does not say: what such a solver answers is not remembered.
std::string Prover::who() {
    std::string all;
    for (const auto &child : children_) {
        try {
            if (child->who.empty() || !child->process || !child->process->alive()) {
                const std::vector<Sexp> said = read_sexps(exchange(*child, "(get-info :name)\n(get-info :version)\n"));
                const auto says = [&](size_t i, const char *what) {
                    return said[i].list.size() == 2 && said[i].list[0].word == what && !said[i].list[1].word.empty();
                };
                if (said.size() != 2 || !says(0, ":name") || !says(1, ":version")) return "";
                child->who = fmt::format("{} ({} {})", child->name, said[0].list[1].word, said[1].list[1].word);
            }
        } catch (const Error &error) {
            if (error.code == Code::not_found) throw;
            child->process.reset();
            return "";
        }
        all += (all.empty() ? "" : ", ") + child->who;
    }
    return all;
}

// In a scope of its own, which stays open until the next question: there is more to be asked about its answer.
Prover::Said Prover::check(Child &child, const std::string &body, bool cores) {
    Said said;
    try {
        // What a solver has learnt piles up; a new one costs little.
        if (++child.asked > kMostAsked) child.process.reset();
        const bool running = child.process && child.process->alive();
        const std::string close = running && child.depth > 0 ? fmt::format("(pop {})\n", child.depth) : "";
        const std::string answer = exchange(child, close + "(push 1)\n" + body + "(check-sat)\n");
        child.depth = 1;
        bool decided = false;
        for (const Sexp &part : read_sexps(answer)) {
            if (part.is_list && !part.list.empty() && part.list[0].word == "error") {
                said.outcome = Outcome::unknown;
                said.reason = "the solver objected: " + (part.list.size() > 1 ? part.list[1].word : "");
                child.process.reset();
                return said;
            }
            if (decided) continue;
            decided = part.word == "sat" || part.word == "unsat" || part.word == "unknown" || part.word == "timeout";
            if (part.word == "sat") said.outcome = Outcome::possible;
            if (part.word == "unsat") said.outcome = Outcome::impossible;
            if (part.word == "timeout") said.reason = "the solver ran out of time";
        }
        if (said.outcome == Outcome::unknown && said.reason.empty())
            said.reason = decided ? "the solver could not tell" : "the solver's answer makes no sense";
        if (said.outcome == Outcome::impossible && cores) {
            for (const Sexp &list : read_sexps(exchange(child, "(get-unsat-core)\n")))
                for (const Sexp &name : list.list) said.core.push_back(name.word);
        }
    } catch (const Error &error) {
        if (error.code == Code::not_found) throw;
        child.process.reset();
        // A core that did not come is no core; the answer before it stands.
        if (said.outcome == Outcome::unknown) {
            said.reason = error.what();
            said.failed = true;
        }
    }
    return said;
}

bool Prover::small_state(Child &child, const Question &question, int rows, Reply &reply) {
    Formulas formulas;
    Encoder encoder(question, formulas);
    const auto elements = encoder.make_elements(rows);
    std::vector<Assertion> expanded;
    for (const Assertion &a : encoder.assertions())
        expanded.push_back({a.name, formulas.expand(a.formula, elements), a.axiom, a.alone});
    expanded.push_back({"rows are different rows", encoder.elements_distinct(), true});

    struct Place {
        int table;
        int subject;
        Id row, present;
        std::vector<ColumnTerms> columns;
    };
    std::vector<Place> places;
    for (size_t table = 0; table < question.tables.size(); table++) {
        if (!encoder.used((int)table)) continue;
        for (const Id row : elements.at(encoder.row_sort((int)table))) {
            Place place{(int)table, -1, row, encoder.present((int)table, row), encoder.columns_of((int)table, row)};
            for (size_t i = 0; i < question.subjects.size(); i++)
                if (encoder.subject(i) == row) place.subject = (int)i;
            places.push_back(std::move(place));
        }
    }
    const std::string asserted = assertions(formulas, expanded);
    const Said said = check(child, declarations(formulas) + asserted, false);
    if (said.outcome != Outcome::possible) return false;

    // Rows that it does without are left out, one after the other.
    for (const Place &place : places) {
        if (place.subject >= 0) continue;
        const std::string absent = fmt::format("(not {})", term(formulas, place.present));
        const std::string answer = exchange(child, fmt::format("(push 1)\n(assert {})\n(check-sat)\n", absent));
        if (text::trim(answer) == "sat")
            child.depth++;
        else
            (void)exchange(child, "(pop 1)\n");
    }
    std::string asked;
    size_t expected = 0;
    const auto ask_for = [&](Id id) {
        asked += " " + term(formulas, id);
        expected++;
    };
    for (const Place &place : places) {
        ask_for(place.present);
        for (const ColumnTerms &column : place.columns) {
            ask_for(column.null);
            ask_for(column.value);
            ask_for(column.canonical);
        }
    }
    for (const Encoder::Literal &literal : encoder.literals()) {
        ask_for(literal.term);
        ask_for(literal.canonical);
    }
    for (const auto &[name, id] : encoder.parameters()) ask_for(id);
    const std::vector<Sexp> answer = read_sexps(exchange(child, fmt::format("(check-sat)\n(get-value ({}))\n", asked)));
    if (answer.size() != 2 || answer[0].word != "sat" || answer[1].list.size() != expected) return false;
    size_t at = 0;
    const auto next = [&]() -> const Sexp & {
        const Sexp &pair = answer[1].list[at++];
        if (!pair.is_list || pair.list.size() != 2) throw Error(Code::syntax, "the solver's answer makes no sense");
        return pair.list[1];
    };
    std::vector<ModelRow> result;
    std::map<std::string, std::map<std::string, int64_t>> numbers; // of unnamed values
    std::map<std::string, std::map<std::string, std::string>> named;
    struct Raw {
        size_t row;
        int column;
        std::string type, text, canonical;
        bool decimal;
    };
    std::vector<Raw> raw;
    for (const Place &place : places) {
        ModelRow row{place.table, place.subject, next().word == "true", {}};
        for (const ColumnTerms &column : place.columns) {
            ModelValue value;
            value.null = next().word == "true";
            const Sexp &given = next(), &canonical = next();
            const expr::Type &type = question.tables[(size_t)place.table].column(column.column)->type;
            if (type.is_boolean())
                value.number = given.word == "true";
            else if (type.sort == expr::Sort::number)
                value.number = whole_number(given).value_or(0);
            else if (!value.null)
                raw.push_back({result.size(), column.column, type.name, written(given),
                               type.sort == expr::Sort::decimal ? decimal_text(canonical) : written(canonical),
                               type.sort == expr::Sort::decimal});
            row.values.emplace(column.column, value);
        }
        result.push_back(std::move(row));
    }
    std::map<std::string, std::map<std::string, std::string>> equal_to;
    for (const Encoder::Literal &literal : encoder.literals()) {
        named[literal.type.name].emplace(written(next()), literal.text);
        equal_to[literal.type.name].emplace(written(next()), literal.text);
    }
    for (const auto &[name, id] : encoder.parameters()) reply.parameters[name] = whole_number(next()).value_or(0);
    for (const Raw &value : raw) {
        ModelValue &target = result[value.row].values.at(value.column);
        const auto &literals = named[value.type];
        if (const auto found = literals.find(value.text); found != literals.end()) {
            target.literal = found->second;
            continue;
        }
        // A value that = takes for a literal may be the literal, as far as = goes.
        const auto &classes = equal_to[value.type];
        if (const auto found = classes.find(value.canonical); found != classes.end()) {
            target.literal = found->second;
            continue;
        }
        if (value.decimal) {
            target.literal = value.canonical;
            continue;
        }
        auto &known = numbers[value.type];
        target.number = known.emplace(value.text, (int64_t)known.size() + 1).first->second;
    }
    std::erase_if(result, [](const ModelRow &row) { return !row.present && row.subject < 0; });
    reply.rows = std::move(result);
    return true;
}

Reply Prover::ask(const Question &question) {
    Reply reply;
    Formulas formulas;
    std::vector<Assertion> stated;
    std::string asked;
    try {
        const Encoder encoder(question, formulas);
        stated = for_proof(encoder);
        reply.opaque = encoder.reasons();
        for (size_t i = 0; i < question.tables.size(); i++)
            if (encoder.used((int)i)) reply.tables_used.insert(question.tables[i].name);
        if (memory_ != nullptr) asked = identity(question, formulas, encoder);
    } catch (const Error &error) {
        reply.reason = error.what();
        return reply;
    }
    for (const auto &child : children_) reply.solver += (reply.solver.empty() ? "" : ", ") + child->name;
    const std::string answering = memory_ != nullptr ? who() : "";
    asked = fmt::format("solver {}\n{}", answering, asked);
    if (!answering.empty()) {
        const std::optional<std::string> known = memory_->find(asked);
        if (known && recall(*known, question, reply)) {
            recalled_++;
            return reply;
        }
    }
    const std::string written = assertions(formulas, stated);
    bool complete = decide(question, stated, declarations(formulas) + written, reply);
    if (reply.outcome == Outcome::impossible && question.bad >= 0) complete = tell_vacuity(question, reply) && complete;
    // Another one may have taken its place meanwhile.
    if (!answering.empty() && complete && reply.outcome != Outcome::unknown && who() == answering)
        memory_->keep(asked, answering, remembered(reply));
    return reply;
}

// Whether a proof is about nothing. False where that could not be told.
bool Prover::tell_vacuity(const Question &question, Reply &reply) {
    Question rest = question;
    rest.claims.erase(rest.claims.begin() + question.bad);
    Formulas formulas;
    const Encoder encoder(rest, formulas);
    const std::string written = assertions(formulas, for_proof(encoder));
    bool told = true;
    reply.vacuous = true;
    for (const auto &child : children_) {
        const Said said = check(*child, declarations(formulas) + written, false);
        reply.vacuous = reply.vacuous && said.outcome == Outcome::impossible;
        told = told && said.outcome != Outcome::unknown;
    }
    return told;
}

// False where the answer stands, and something that belongs to it did not come.
bool Prover::decide(const Question &question, const std::vector<Assertion> &stated, const std::string &body,
                    Reply &reply) {
    asked_++;
    std::vector<Said> answers;
    for (const auto &child : children_) answers.push_back(check(*child, body, true));
    const auto says = [&](Outcome outcome) {
        return std::any_of(answers.begin(), answers.end(), [&](const Said &s) { return s.outcome == outcome; });
    };
    if (says(Outcome::impossible) && says(Outcome::possible)) {
        reply.reason = "the solvers contradict each other";
        return true;
    }
    // With two solvers a proof takes both of them.
    if (std::all_of(answers.begin(), answers.end(), [](const Said &s) { return s.outcome == Outcome::impossible; })) {
        reply.outcome = Outcome::impossible;
        std::set<std::string> core(answers.front().core.begin(), answers.front().core.end());
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
    for (int rows = 1; rows <= kMostRows; rows++) {
        try {
            if (small_state(*children_.front(), question, rows, reply)) {
                reply.outcome = Outcome::possible;
                return true;
            }
        } catch (const Error &error) {
            if (error.code == Code::not_found) throw;
            children_.front()->process.reset();
        }
    }
    const bool possible = says(Outcome::possible);
    reply.reason = possible
                       ? fmt::format("a state may exist, but none with {} rows a table or fewer was found", kMostRows)
                       : answers.front().reason;
    return true;
}

} // namespace rlsproof::prove
