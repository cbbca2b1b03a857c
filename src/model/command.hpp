// The commands a cell can be about.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/core_only.hpp"

namespace rlsproof {

enum class Command { select, insert, update, remove, truncate, references, trigger, maintain, execute };

inline constexpr std::array<Command, 9> kCommands = {Command::select,  Command::insert,   Command::update,
                                                     Command::remove,  Command::truncate, Command::references,
                                                     Command::trigger, Command::maintain, Command::execute};

constexpr std::string_view name(Command command) {
    switch (command) {
    case Command::select: return "SELECT";
    case Command::insert: return "INSERT";
    case Command::update: return "UPDATE";
    case Command::remove: return "DELETE";
    case Command::truncate: return "TRUNCATE";
    case Command::references: return "REFERENCES";
    case Command::trigger: return "TRIGGER";
    case Command::maintain: return "MAINTAIN";
    case Command::execute: return "EXECUTE";
    }
    return "";
}

// REQUIRES: upper case.
constexpr std::optional<Command> command_from(std::string_view text) {
    for (const Command command : kCommands)
        if (name(command) == text) return command;
    return std::nullopt;
}

// Whether row level security has a say in the command.
constexpr bool row_wise(Command command) {
    return command <= Command::remove;
}

} // namespace rlsproof
