// Reads XML just strictly enough to say whether it is well-formed, and counts its elements. For tests.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace rlsproof::report {

struct Element {
    std::string name;
    std::map<std::string, std::string> attributes; // still escaped
};

// Every element in the order of its start. Raises where the text is not well-formed.
inline std::vector<Element> read_xml(std::string_view text) {
    std::vector<Element> elements;
    std::vector<std::string> open;
    size_t at = 0;
    const auto fail = [&](const std::string &what) {
        throw std::runtime_error(what + " at byte " + std::to_string(at));
    };
    const auto words = [&](std::string_view run) {
        for (size_t i = 0; i < run.size();) {
            const text::CodePoint c = text::decode(run, i);
            if (!c.valid || (c.value < 0x20 && c.value != '\n' && c.value != '\t') || c.value == 0xFFFE ||
                c.value == 0xFFFF)
                fail("a character that XML does not know");
            if (c.value == '<' || c.value == '>') fail("a bracket that is not escaped");
            if (c.value == '&') {
                const size_t end = run.find(';', i);
                const std::set<std::string_view> known = {"amp", "lt", "gt", "quot", "#39"};
                if (end == std::string_view::npos || !known.contains(run.substr(i + 1, end - i - 1))) fail("an entity");
            }
            i += c.bytes;
        }
    };
    if (text.starts_with("<?xml ")) at = text.find("?>") + 2;
    while (at < text.size()) {
        const size_t start = std::min(text.find('<', at), text.size());
        words(text.substr(at, start - at));
        at = start;
        if (at == text.size()) break;
        if (text.substr(at, 2) == "</") {
            const size_t end = text.find('>', at);
            if (open.empty() || text.substr(at + 2, end - at - 2) != open.back()) fail("an end without its start");
            open.pop_back();
            at = end + 1;
            continue;
        }
        Element e;
        size_t i = text.find_first_of(" />", ++at);
        e.name = text.substr(at, i - at);
        while (text[i] == ' ') {
            const size_t equals = text.find("=\"", i), end = text.find('"', equals + 2);
            if (equals == std::string_view::npos || end == std::string_view::npos) fail("an attribute");
            const std::string value(text.substr(equals + 2, end - equals - 2));
            words(value);
            if (!e.attributes.emplace(text.substr(i + 1, equals - i - 1), value).second) fail("an attribute twice");
            i = end + 1;
        }
        const bool empty = text.substr(i, 2) == "/>";
        if (!empty && text[i] != '>') fail("a tag without an end");
        if (!empty) open.push_back(e.name);
        at = i + (empty ? 2 : 1);
        elements.push_back(std::move(e));
    }
    if (!open.empty()) fail("no end of " + open.back());
    return elements;
}

} // namespace rlsproof::report
