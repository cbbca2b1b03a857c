// Formulas as SMT-LIB 2, fit to be read by any solver, and by a person where that is wanted.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "prove/encode.hpp"
#include "prove/formula.hpp"

#include "base/core_only.hpp"

namespace rlsproof::prove {

// One script about one graph of formulas. REQUIRES: everything that is written is declared before the script is made.
class Script {
public:
    enum class Names {
        readable, // as they were declared, with comments
        numbered, // by their place, without: questions that differ in names alone have the same text
    };
    Script(const Formulas &formulas, Names names);

    std::string declarations() const;

    // Each assertion by itself, named a0, a1 and so on, after what they share.
    struct Written {
        std::string definitions;
        std::vector<std::string> assertions;
    };
    Written write(const std::vector<Assertion> &list) const;

    std::string term(Id id) const;

    // How they are written.
    std::string_view sort(std::string_view declared) const;
    std::string_view symbol(std::string_view declared) const;

private:
    friend class Writer;
    const Formulas &f_;
    bool numbered_;
    std::unordered_map<std::string_view, std::string> sorts_, symbols_; // of those that are numbered
};

} // namespace rlsproof::prove
