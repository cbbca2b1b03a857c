// What to call a function with: for every argument something that rows of other people hold, found by what the body
// compares the argument with, by its name, or by its type.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/world.hpp"

#include "server/stage.hpp"

namespace rlsproof::server {

struct Arguments {
    std::string list;            // as they stand between the parentheses of a call
    std::string of_nobody;       // the same with keys of no row; empty where there is none to put in the place of
    std::set<std::string> given; // the values in them
    bool guessed = false;        // of one argument nothing is known but its type
};

// Ways to call the function, the most telling first; one without arguments has one. `uid` is who is calling, or empty.
std::vector<Arguments> arguments_for(const Function &function, Stage &stage, const std::string &uid);

} // namespace rlsproof::server
