// Answers of solvers, remembered by the question. What is remembered is about the text of a question alone, never about
// the database: whoever asks again has made the text anew. Only what was decided is remembered; an unknown may be told
// by a solver with more time.
#pragma once

#include <optional>
#include <string>

#include "prove/prover.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

class Encoder;
class Formulas;

// Where answers are kept. Neither may make anything of the texts but keep them.
class Memory {
public:
    Memory() = default;
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;
    virtual ~Memory() = default;

    virtual std::optional<std::string> find(const std::string &question) = 0;
    // `solver`: who answered, for a person to read; it is part of the question too.
    virtual void keep(const std::string &question, const std::string &solver, const std::string &answer) = 0;
};

// Everything an answer to the question depends on, but for who answers: what is asserted, which of it a proof must do
// without, and to which table, column and subject the numbers in a state belong.
std::string identity(const Question &question, const Formulas &formulas, const Encoder &encoder);

// The part of a reply that a solver decided, as text. REQUIRES: it is not unknown.
std::string remembered(const Reply &reply);
// Puts what is remembered into the reply; false where the text is no such answer to a question about tables that many.
bool recall(const std::string &answer, const Question &question, Reply &reply);

} // namespace rlsproof::prove
