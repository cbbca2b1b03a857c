// Answers of solvers, remembered by the question. What is remembered is about the text of a question alone, never about
// the database: whoever asks again has made the text anew. It has numbers where the question has names. Only what was
// decided is remembered; an unknown may be told by a solver with more time.
#pragma once

#include <optional>
#include <string>

#include "prove/prover.hpp"
#include "prove/smtlib.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

class Encoder;

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
// without, and which of the symbols are tables, columns, rows in question, literals and parameters. Names have no part
// in it, so that questions of the same form are one question. REQUIRES: a numbered script.
std::string identity(const Question &question, const Encoder &encoder, const Script &script,
                     const std::string &declarations, const Script::Written &written);

// The part of a reply that a solver decided, as text: by the places that tables, columns and so on have in the
// question's identity. REQUIRES: it is not unknown.
std::string remembered(const Reply &reply, const Question &question, const Encoder &encoder);
// Puts what is remembered into the reply, by the names that things have here; false where the text is no such answer to
// a question about that many.
bool recall(const std::string &answer, const Question &question, const Encoder &encoder, Reply &reply);

} // namespace rlsproof::prove
