// What to call a function with: for every argument something that rows of other people hold, found by what the body
// compares the argument with, by its name, or by its type.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/world.hpp"

#include "server/stage.hpp"

namespace rlsproof::server {

struct Arguments {
    std::string list;            // as they stand between the parentheses of a call
    std::string of_nobody;       // the same with keys of no row; empty where there is none to put in the place of
    std::string of_caller;       // the same without whom an argument of a person's type names; empty where none does
    std::string person;          // whom it names
    std::set<std::string> given; // the values in them
    std::vector<Column> secrets; // words among them that are told to some: a token
    std::vector<std::string> untold; // the same as one calls who was told none of these: with another in its place
    // What rows are found by that is neither a key nor a person: a code that is told, a name that everybody knows.
    std::vector<std::pair<Column, std::string>> words;
    bool guessed = false; // of one argument nothing is known but its type
    bool beside = false;  // the same, beside what the body names
    bool aside = false;   // one of them is of the caller's own: where nothing comes of it, that is no answer
    bool by_key = false;  // all that is not guessed is the caller, or the key of some row: nothing to be kept secret
    bool itself = false;  // whoever is named is the caller
    bool handed = false;  // one of them is a value of the row that was handed over
};

// The statement that calls it.
std::string call_of(const Function &function, const std::string &arguments);

// Arguments that are to have a certain value, by their names; $1 where one has none.
using Said = std::map<std::string, std::string>;

// Ways to call the function, the most telling first; one without arguments has one. `uid` is who is calling, or empty.
// Rows of its own are named beside those of others.
std::vector<Arguments> arguments_for(const Function &function, Stage &stage, const std::string &uid,
                                     const std::vector<Row> &own, const Said &said = {});

// The same where the caller calls it for itself: whoever is named is the caller, and with a row at hand what can be
// told by it is.
std::vector<Arguments> arguments_for_itself(const Function &function, Stage &stage, const std::string &uid,
                                            const Row *at_hand);

// The same with all words that the body names and that what it writes may hold.
std::vector<Arguments> arguments_with_words(const Function &function, Stage &stage, const std::string &uid,
                                            const Row &at_hand);

} // namespace rlsproof::server
