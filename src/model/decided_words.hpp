// What somebody else decides about a thing of one's own: that an order is paid, a listing approved, a booking
// confirmed. Told by names alone, and by few of them: whoever ticks off his own tasks, pays his own bills or publishes
// what he wrote decides himself.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof {

// A table of things of which one may have many, as far as its names and its policies tell.
struct Thing {
    std::string table;                // without the schema
    std::vector<std::string> columns; // all of them
    std::string asker;                // the column of whoever has it
    bool others_look = false;         // policies ask for somebody else as well, or show it to everybody
    bool of_two = false;              // it names somebody else as well, who gives what is asked for
    bool of_others = false;           // it belongs to what is no person: a course, a flat
};

// A word that a row has while somebody is still to decide: pending, unpaid, draft, false.
bool says_waiting(std::string_view word);

// Of the columns that name people, the one whose thing it is: the buyer's and not the seller's, nor of who looks it
// over.
struct Askers {
    std::optional<std::string> asker; // nothing where that is not clear
    bool of_two;                      // somebody else is named besides
};
Askers who_asks(const std::vector<std::string> &people);

// Whether it is for somebody else to put that word there. "true" of columns that say yes or no.
bool decided_by_others(const Thing &thing, std::string_view column, std::string_view word);

// The same of an amount: the share that is kept of what a shop earns.
bool set_by_others(const Thing &thing, std::string_view column);

// Words to try where nothing says which there are.
std::vector<std::string> words_of_decisions();

// Of these, whether such a column will know it though nothing says so: that somebody has looked a thing over is what
// few columns say.
bool says_itself(const Thing &thing, std::string_view column, std::string_view word);

} // namespace rlsproof
