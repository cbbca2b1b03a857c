// What a team declared, and which declaration counts for a cell: the most specific one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/command.hpp"

#include "base/core_only.hpp"

namespace rlsproof {

struct Expectation {
    std::string persona;
    std::string object;   // or a pattern: public.*, *.*
    std::string commands; // one command, or "all"
    std::string access;   // none, all, or the name of a scope
};

// Whether a name matches a pattern in which * stands for anything.
constexpr bool matches(std::string_view pattern, std::string_view text) {
    // Names mostly begin alike, so their ends tell sooner.
    if (!pattern.empty() && pattern.back() != '*' && (text.empty() || pattern.back() != text.back())) return false;
    size_t star = std::string_view::npos, at = 0, taken = 0; // the latest *, and up to where it reaches
    for (size_t i = 0; i < text.size();) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            taken = i;
        } else if (at < pattern.size() && pattern[at] == text[i]) {
            at++;
            i++;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            i = ++taken;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

// What a waiver names: an object or a pattern, and after a colon one command on rows where it is of that alone, as in
// public.teams:INSERT.
struct Waived {
    std::string_view object;
    std::optional<Command> command = std::nullopt;
};

constexpr Waived waived_of(std::string_view written) {
    const size_t colon = written.rfind(':');
    if (colon == std::string_view::npos || written.substr(0, colon) == "bucket") return {written};
    const std::optional<Command> command = command_from(written.substr(colon + 1));
    if (!command || !row_wise(*command)) return {written};
    return {written.substr(0, colon), command};
}

// The expectation for a cell, or nullptr where nothing was declared. An object by name beats a pattern, a longer
// pattern a shorter one, a command by name beats "all".
inline const Expectation *expectation_for(const std::vector<Expectation> &all, std::string_view persona,
                                          std::string_view object, Command command) {
    const Expectation *best = nullptr;
    const auto weight = [&](const Expectation &e) {
        return std::pair(e.object == object ? e.object.size() + 1000 : e.object.size(), e.commands != "all");
    };
    for (const Expectation &candidate : all) {
        if (candidate.persona != persona || !matches(candidate.object, object)) continue;
        if (candidate.commands != "all" && candidate.commands != name(command)) continue;
        if (best == nullptr || weight(candidate) > weight(*best)) best = &candidate;
    }
    return best;
}

// The same of many, kept by the names of objects: of thousands of tables each has a few.
class Expectations {
public:
    void add(Expectation expectation) {
        const bool named = expectation.object.find('*') == std::string::npos;
        (named ? named_[expectation.object] : patterns_).push_back(std::move(expectation));
    }

    const Expectation *of(std::string_view persona, std::string_view object, Command command) const {
        const auto found = named_.find(object);
        const Expectation *named =
            found == named_.end() ? nullptr : expectation_for(found->second, persona, object, command);
        return named != nullptr ? named : expectation_for(patterns_, persona, object, command);
    }

private:
    std::map<std::string, std::vector<Expectation>, std::less<>> named_;
    std::vector<Expectation> patterns_;
};

} // namespace rlsproof
