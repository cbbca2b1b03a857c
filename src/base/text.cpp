// Every byte from outside passes `decode`, which never reads past the end and never fails.
#include "base/text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rlsproof::text {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Range {
    char32_t first, last;
};

// Marks that sit on the character before them, joiners and variation selectors.
constexpr std::array kZero = {
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD},   Range{0x0610, 0x061A},
    Range{0x064B, 0x065F}, Range{0x0E31, 0x0E31}, Range{0x0E34, 0x0E3A},   Range{0x1AB0, 0x1AFF},
    Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200F}, Range{0x20D0, 0x20FF},   Range{0xFE00, 0xFE0F},
    Range{0xFE20, 0xFE2F}, Range{0xFEFF, 0xFEFF}, Range{0x1F3FB, 0x1F3FF}, Range{0xE0100, 0xE01EF}};

constexpr std::array kWide = {Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2614, 0x2615},
                              Range{0x26A1, 0x26A1},   Range{0x2705, 0x2705},   Range{0x274C, 0x274C},
                              Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},   Range{0xA960, 0xA97C},
                              Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},
                              Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F},
                              Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

template <size_t N>
bool in(const std::array<Range, N> &ranges, char32_t c) {
    return std::any_of(ranges.begin(), ranges.end(), [c](const Range &r) { return r.first <= c && c <= r.last; });
}

size_t width(char32_t c) {
    if (c < 0x300) return 1;
    return in(kZero, c) ? 0 : in(kWide, c) ? 2 : 1;
}

// The two line separators, and what turns the direction of writing around.
bool reorders(char32_t c) {
    return (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// What escaping does with one code point: true when it has written something else in its place.
template <typename Replace>
std::string replace(std::string_view text, Replace replace_one) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decode(text, at);
        if (!replace_one(out, c.value)) append(out, c.value);
        at += c.bytes;
    }
    return out;
}

bool markup(std::string &out, char32_t c) {
    switch (c) {
    case '&': out += "&amp;"; return true;
    case '<': out += "&lt;"; return true;
    case '>': out += "&gt;"; return true;
    case '"': out += "&quot;"; return true;
    case '\'': out += "&#39;"; return true;
    default: return false;
    }
}

} // namespace

CodePoint decode(std::string_view text, size_t at) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};

    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    constexpr std::array<char32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
    if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return {kReplacement, 1, false};

    char32_t value = lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return {kReplacement, 1, false};
        value = (value << 6) | (byte(i) & 0x3Fu);
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < smallest[length] || value > 0x10FFFF || surrogate) return {kReplacement, 1, false};
    return {value, length, true};
}

void append(std::string &to, char32_t c) {
    const auto put = [&](char32_t byte) { to += static_cast<char>(byte); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
    } else {
        put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
    }
}

std::string mend(std::string_view text) {
    return replace(text, [](std::string &, char32_t) { return false; });
}

std::string visible(std::string_view text) {
    return replace(text, [](std::string &out, char32_t c) {
        if (c < 0x20 && c != '\n' && c != '\t') {
            append(out, 0x2400 + c);
        } else if (c == 0x7F) {
            append(out, 0x2421);
        } else if ((c >= 0x80 && c < 0xA0) || c == 0xFFFE || c == 0xFFFF) {
            append(out, kReplacement);
        } else if (reorders(c)) {
            out += fmt::format("<U+{:04X}>", static_cast<unsigned>(c));
        } else {
            return false;
        }
        return true;
    });
}

std::string html(std::string_view text) {
    return replace(text, markup);
}

std::string xml(std::string_view text) {
    return replace(text, [](std::string &out, char32_t c) {
        const bool no_xml = (c < 0x20 && c != '\n' && c != '\t') || c == 0xFFFE || c == 0xFFFF;
        if (no_xml) append(out, kReplacement);
        return no_xml || markup(out, c);
    });
}

std::string json(std::string_view text) {
    return '"' +
           replace(text,
                   [](std::string &out, char32_t c) {
                       switch (c) {
                       case '"': out += "\\\""; return true;
                       case '\\': out += "\\\\"; return true;
                       case '\n': out += "\\n"; return true;
                       case '\r': out += "\\r"; return true;
                       case '\t': out += "\\t"; return true;
                       default: break;
                       }
                       // Legal in JSON all of these, and yet none of them survives every reader.
                       const bool escaped =
                           c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xFFFE || c == 0xFFFF || reorders(c);
                       if (escaped) out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
                       return escaped;
                   }) +
           '"';
}

size_t width(std::string_view text) {
    size_t columns = 0;
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decode(text, at);
        columns += width(c.value);
        at += c.bytes;
    }
    return columns;
}

std::string pad(std::string_view text, size_t columns) {
    const size_t taken = width(text);
    return std::string(text) + std::string(taken < columns ? columns - taken : 0, ' ');
}

std::string cut(std::string_view text, size_t columns) {
    if (width(text) <= columns) return std::string(text);
    std::string out;
    size_t taken = 0;
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decode(text, at);
        if (taken + width(c.value) + 1 > columns) break;
        append(out, c.value);
        taken += width(c.value);
        at += c.bytes;
    }
    if (columns > 0) append(out, 0x2026);
    return out;
}

std::vector<std::string_view> lines(std::string_view text) {
    std::vector<std::string_view> out;
    while (true) {
        const size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        out.push_back(line);
        if (end == std::string_view::npos) return out;
        text.remove_prefix(end + 1);
    }
}

std::vector<std::string> wrap(std::string_view text, size_t columns) {
    columns = std::max<size_t>(columns, 1);
    std::vector<std::string> out;
    for (std::string_view paragraph : lines(text)) {
        if (!paragraph.empty() && blank(paragraph.front())) {
            out.emplace_back(paragraph);
            continue;
        }
        const size_t before = out.size();
        std::string line;
        size_t taken = 0;
        for (size_t at = 0; at < paragraph.size();) {
            const size_t start = paragraph.find_first_not_of(" \t", at);
            if (start == std::string_view::npos) break;
            const size_t end = std::min(paragraph.find_first_of(" \t", start), paragraph.size());
            std::string_view word = paragraph.substr(start, end - start);
            size_t wide = width(word);
            at = end;

            if (taken > 0 && taken + 1 + wide > columns) {
                out.push_back(std::move(line));
                line.clear();
                taken = 0;
            }
            if (taken > 0) {
                line += ' ';
                ++taken;
            }
            // A word wider than the line is broken where the line ends.
            while (wide > columns) {
                std::string head;
                size_t used = 0, bytes = 0;
                while (bytes < word.size()) {
                    const CodePoint c = decode(word, bytes);
                    if (used > 0 && used + width(c.value) > columns) break;
                    append(head, c.value);
                    used += width(c.value);
                    bytes += c.bytes;
                }
                out.push_back(std::move(head));
                word.remove_prefix(bytes);
                wide = width(word);
            }
            line += word;
            taken += wide;
        }
        if (!line.empty() || out.size() == before) out.push_back(std::move(line));
    }
    return out;
}

std::string flat(std::string_view text) {
    std::string out;
    for (char c : trim(text)) {
        if (!blank(c)) {
            out += c;
        } else if (out.back() != ' ') {
            out += ' ';
        }
    }
    return out;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string number(size_t value) {
    std::string out = std::to_string(value);
    for (size_t at = out.size(); at > 3;) out.insert(at -= 3, 1, ',');
    return out;
}

std::string plural(size_t value, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", number(value), value == 1 ? one : many);
}

std::string join(const std::vector<std::string> &parts, std::string_view between) {
    return fmt::format("{}", fmt::join(parts, between));
}

} // namespace rlsproof::text
