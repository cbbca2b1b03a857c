// A question answered by a solver: proved for every state, or a state in which it fails, or unknown and why.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "prove/process.hpp"
#include "prove/question.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

enum class Outcome {
    impossible, // no state and no row: what was to be excluded is
    possible,   // a state was found
    unknown,
};

// A value in a state. What is no literal is any value of the type that is none; equal numbers are equal values.
struct ModelValue {
    bool null = false;
    std::optional<std::string> literal; // as the question writes it
    int64_t number = 0;                 // of a number; of a boolean 0 or 1; otherwise which of the unnamed values
    // Of an array of which it matters what is in it: that, as values of another type.
    bool lists = false;
    std::vector<ModelValue> elements;
    expr::Type element_type;
};

struct ModelRow {
    int table = 0;
    int subject = -1; // which of the question's subjects it is
    int number = -1;  // which row of its table: the same one afterwards has the same
    bool present = true;
    std::map<int, ModelValue> values; // by column number; columns that do not matter are left out
};

struct Reply {
    Outcome outcome = Outcome::unknown;
    std::string reason;                        // for unknown
    std::vector<std::string> rests_on;         // for impossible: the constraints it takes
    bool vacuous = false;                      // for impossible: it is so without the question's core as well
    std::vector<ModelRow> rows;                // for possible, where a small state was found
    std::map<std::string, int64_t> parameters; // in that state, those that are numbers
    std::set<std::string> tables_used;         // that the question really speaks of, by name
    std::vector<std::string> opaque;           // constructs in it that have no meaning here
    std::string solver;                        // that answered
};

class Child;
class Memory;

// The whole script: what any SMT-LIB 2 solver answers "unsat" where the question is impossible.
std::string script(const Question &question);

class Prover {
public:
    // `solver` is z3 or cvc5, by name or path, or both to have every answer checked. Nothing is started before it is
    // needed.
    // `memory`, where given, is asked before a solver is, and told what one has decided; it outlives the prover.
    Prover(const std::string &solver, const Limits &limits, Poll poll, Memory *memory = nullptr);
    ~Prover();
    Prover(const Prover &) = delete;
    Prover &operator=(const Prover &) = delete;

    // Raises what `poll` raises, and Error{not_found} where there is no solver. Anything else is an answer.
    Reply ask(const Question &question) { return finish(begin(question)); }

    // The same in two steps, so that the next questions can be made, and solved by other solvers, meanwhile. What was
    // begun is to be finished, in any order.
    struct Asking;
    using Ticket = std::shared_ptr<Asking>;
    Ticket begin(const Question &question);
    Reply finish(const Ticket &ticket);

    // How many questions a solver was asked, and how many were remembered.
    size_t asked() const { return asked_; }
    size_t recalled() const { return recalled_; }
    int jobs() const { return limits_.jobs; }

private:
    // Solvers that answer the same question: one, or two that are compared.
    struct Lane {
        std::vector<std::unique_ptr<Child>> children;
        Asking *busy_with = nullptr;
    };
    bool recalled(Asking &asking);
    void put_what_can_be();
    void complete(Asking &asking);
    bool decide(Lane &lane, Asking &asking);
    bool tell_vacuity(Lane &lane, Reply &reply);
    std::string who(Lane &lane);

    Limits limits_;
    Poll poll_;
    Memory *memory_;
    size_t asked_ = 0, recalled_ = 0;
    std::vector<Lane> lanes_;
    std::deque<Ticket> open_; // begun and not finished
    std::string answering_;   // who does, as far as is known
    int failures_ = 0;        // one after the other
    double used_ms_ = 0;      // waiting for answers
};

} // namespace rlsproof::prove
