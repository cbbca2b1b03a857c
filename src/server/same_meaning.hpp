// Whether two conditions over the rows of a table let the same rows through: in every state, for every row, whatever
// the claims. What passes a policy is what is true; NULL and false mean the same.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/world.hpp"

#include "server/proofs.hpp"
#include "server/schema.hpp"
#include "server/tables.hpp"

namespace rlsproof::server {

// A policy of the table, or a condition as somebody wrote it, which stands for any.
struct Meaning {
    std::string called; // policy "own", or `owner = auth.uid()`
    std::string policy; // its name; empty for a text
    bool permissive = true;
    std::string command = "ALL";
    std::vector<std::string> roles; // quoted; PUBLIC
    std::string rows, checks;       // USING, and what is asked of new rows; empty where there is none
};

// Raises Error{invalid_input} for what is neither.
Meaning read_meaning(const Relation &relation, const std::string &written);

class SameMeaning {
public:
    SameMeaning(const Relation &relation, Meaning one, Meaning other, const Tables &tables)
        : relation_(relation), one_(std::move(one)), other_(std::move(other)), tables_(tables),
          catalog_(std::make_shared<Catalog>()) {}

    // What differs between two policies before any row is looked at.
    struct Difference {
        std::string part; // FOR, AS
        std::string reason;
    };
    std::vector<Difference> differences() const;

    struct Answer {
        std::string part; // TO, USING, WITH CHECK
        std::string verdict;
        std::string reason;
        std::string witness; // JSON
        std::string solver;
        double milliseconds = 0;
    };
    // REQUIRES: a transaction; nobody is assumed.
    std::vector<Answer> ask(const Persona &persona);

private:
    struct Made;
    struct Shown;
    void decide(const Persona &persona, bool written, Answer &answer);
    Made make(const Persona &persona, bool written, bool any) const;
    prove::Question question(const Made &made, bool turned) const;
    Shown show(const Persona &persona, const Made &made, const prove::Question &question, const prove::Reply &reply,
               bool turned) const;
    const std::string &condition(const Meaning &meaning, bool written) const {
        return written ? meaning.checks : meaning.rows;
    }

    const Relation &relation_;
    Meaning one_, other_;
    const Tables &tables_;
    std::shared_ptr<Catalog> catalog_;
    std::unique_ptr<prove::Prover> prover_;
};

} // namespace rlsproof::server
