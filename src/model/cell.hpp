// One cell of the matrix: persona, object, command; what was declared, what was found, and on what evidence.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "model/command.hpp"

#include "base/core_only.hpp"

namespace rlsproof {

enum class Verdict { ok, leak, lockout, open, vacuous, unknown, error };
enum class Evidence { privilege, proof, execution, structural, none };

struct Cell {
    std::string persona;
    std::string object;
    Command command = Command::select;
    std::string expected = "none"; // none, all, or the name of a scope
    bool declared = false;         // somebody wrote the expectation down
    Verdict verdict = Verdict::unknown;
    Evidence evidence = Evidence::none;
    std::string reason;
    size_t reached =
        0; // rows of other people that were reached, of those that were there; with a scope, rows inside it
    size_t there = 0;
    std::string what = "rows of other people"; // that were reached
    bool personal = true;                      // rows say whose they are; a table of categories does not
    std::string secret;                        // a column, or a key in one, that is secret by its name and was shown
    std::set<std::string> intimate;            // columns that are private by their names and were shown
    std::string said_by;                       // policies by whose name everybody is meant to read it
    bool founds = false;                       // a new row names nobody yet: members come to it
    bool may_rise = false;                     // whether the write opens something elsewhere is in doubt
    bool forged = false;                       // a row of its own that says that somebody else has written it
    bool planted = false;                      // a row of its own that hangs on what is somebody else's
    bool by_trigger = false;                   // what a trigger does decided it, past what policies let be written
    bool idle = false;                         // a call only reads what policies show its caller without it
    bool passes = false;                       // a visitor gets by what turns others away, and fails then
    bool without_account = false;              // only for whoever has no row in the accounts of the platform
    bool fails = false;                        // every call fails on the body itself, before it does anything else
    bool sends = false;                        // a call makes the server send a request, and gives nothing else
    std::string told;                          // the word that a call asks for, that opens it, and that nobody is shown
    std::string power;                         // what a call lets its caller do past everything: "run any SQL as x"
    std::string witness;                       // JSON; empty where there is nothing to show
    std::string key;                           // persona:object:command
};

constexpr std::string_view name(Verdict verdict) {
    switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::leak: return "leak";
    case Verdict::lockout: return "lockout";
    case Verdict::open: return "open";
    case Verdict::vacuous: return "vacuous";
    case Verdict::unknown: return "unknown";
    case Verdict::error: return "error";
    }
    return "unknown";
}

constexpr std::string_view name(Evidence evidence) {
    switch (evidence) {
    case Evidence::privilege: return "privilege";
    case Evidence::proof: return "proof";
    case Evidence::execution: return "execution";
    case Evidence::structural: return "structural";
    case Evidence::none: return "none";
    }
    return "none";
}

} // namespace rlsproof
