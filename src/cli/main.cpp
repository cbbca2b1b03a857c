// The command line: which command, and what becomes of errors. Exit statuses: see audit.hpp.
#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/audit.hpp"
#include "cli/check.hpp"
#include "cli/options.hpp"

namespace {

using namespace rlsproof;
using namespace rlsproof::cli;

struct Command {
    std::string_view name;
    int (*run)(const std::vector<std::string> &words);
};

int print(const std::string &text) {
    return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0 ? kClean : kCouldNotLook;
}

constexpr std::array kCommands = {
    Command{"audit", audit},
    Command{"check", check},
    Command{"--version", [](const std::vector<std::string> &) { return print("rlsproof " RLSPROOF_VERSION "\n"); }},
    Command{"--help", [](const std::vector<std::string> &) { return print(help()); }},
};

int run(const std::vector<std::string> &words) {
    const std::string hint = "Try \"rlsproof --help\".";
    if (words.empty()) throw Error(Code::invalid_input, "what shall I do?", hint);
    for (const Command &command : kCommands) {
        if (command.name == words[0]) return command.run({words.begin() + 1, words.end()});
    }
    throw Error(Code::invalid_input, fmt::format("unknown command \"{}\"", words[0]), hint);
}

void complain(const std::string &line) {
    std::fputs(text::visible(line).c_str(), stderr);
}

} // namespace

int main(int count, char **arguments) {
    try {
        return run({arguments + 1, arguments + count});
    } catch (const Error &error) {
        complain(fmt::format("rlsproof: {}\n", error.what()));
        if (!error.detail.empty()) complain(fmt::format("  {}\n", error.detail));
        if (!error.hint.empty()) complain(fmt::format("hint: {}\n", error.hint));
    } catch (const std::exception &error) {
        complain(fmt::format("rlsproof: {}\n", error.what()));
    }
    return kCouldNotLook;
}
