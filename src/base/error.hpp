// The one exception type of the core: "cannot do what you asked". Expected outcomes (findings, verdicts) are values.
// Only server/ knows which SQLSTATE a code becomes, and only cli/ knows exit codes.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "base/core_only.hpp"

namespace rlsproof {

enum class Code {
    invalid_input, // an argument has no meaning here
    syntax,        // a text that does not parse; `position` says where
    not_found,     // a name that does not exist
    unsupported,   // understood, and not possible here
    permission,    // the caller may not
    limit,         // a bound was reached: depth, size, time
    internal,      // our own mistake
};

// REQUIRES: messages follow the server's style: lower case, no period; detail and hint are sentences.
class Error : public std::runtime_error {
public:
    Error(Code code, const std::string &message, std::string hint = {}, std::string detail = {})
        : std::runtime_error(message), code(code), hint(std::move(hint)), detail(std::move(detail)) {}

    // Where in the text the mistake is: characters, counted from 1; 0 where nothing is known.
    Error &at(int character) {
        position = character;
        return *this;
    }

    Code code;
    std::string hint;
    std::string detail;
    int position = 0;
};

} // namespace rlsproof
