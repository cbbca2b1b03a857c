// Whether a function that turned its caller away did so for who it was. The same call is made again as the people whose
// rows there are, and as whoever holds what its body asks of claims: a refusal that all of them hear as well was about
// the argument, or about the row, and says nothing.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "model/world.hpp"

#include "server/bodies.hpp"
#include "server/stage.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

// A call that a function turned away.
struct Refusal {
    std::string statement;
    std::set<std::string> given; // the values in it
    std::string circumstances;   // the statement that makes them, past all policies; empty where there is none
    Outcome outcome;
    bool itself = false; // the caller named itself
};

// Somebody who is signed in: the persona itself, or another one; nothing where nobody is. `superuser` may become them.
const Persona *somebody_signed_in(const World &world, const Persona &persona, Oid superuser, int security);

// The same, signed in as another person.
Persona as_person(const Persona &like, const std::string &who);

class Refusals {
public:
    // REQUIRES: a persona is assumed in the subtransaction around; `superuser` is who set the stage.
    Refusals(const World &world, const Body &body, const Stage &stage, const Function &function, const Persona &persona,
             Oid superuser, int security);

    // The refusal that is not known to depend on who calls; nothing where they all do that matter.
    const Refusal *not_for_the_caller(const std::vector<Refusal> &refusals) const;
    // Of calls without an account that failed: that one got by what turns away whoever has one, in words; or nothing.
    // What is asked of who is signed in, and not whether somebody is, stops those alone.
    std::string passed_unsigned(const std::vector<Refusal> &failed) const;

    // By where in the function they failed, or else by what was said.
    bool gets_further(const Outcome &other, const Outcome &refused) const;

private:
    bool somebody_gets_further(const Refusal &refusal) const;
    std::vector<Persona> people(const std::set<std::string> &given) const;
    std::vector<Persona> holders() const;
    // Somebody of whom the rows say all that the body asks for at once, and the statement that makes them say it.
    struct Appointed {
        std::string statement;
        Persona person;
    };
    std::vector<Appointed> appointed() const;

    Outcome called(const Refusal &refusal, const std::string &before, const Persona *as) const;

    const Stage &stage_;
    const Body &body_;
    const Persona *like_ = nullptr; // somebody signed in
    Oid superuser_;
    int security_;
    std::string source_;                // of the function
    std::vector<std::string> literals_; // short texts in it, and in those that it calls
};

} // namespace rlsproof::server
