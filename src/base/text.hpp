// Text helpers every room may need: UTF-8 kept valid, escapes, columns on a screen. Positions and widths count what a
// reader sees, not bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::text {

// One code point of a text and the bytes it took; a byte that is no UTF-8 comes out as U+FFFD, one byte long.
struct CodePoint {
    char32_t value = 0;
    size_t bytes = 0;
    bool valid = true;
};

// REQUIRES: at < text.size().
CodePoint decode(std::string_view text, size_t at);
void append(std::string &to, char32_t code_point);

// The text with everything that is no UTF-8 replaced by U+FFFD.
std::string mend(std::string_view text);

// Mended, and nothing in it can steer a terminal or a reader's eye: control characters other than newline and tab
// become their pictures, those that reorder a line (bidirectional overrides) their number.
std::string visible(std::string_view text);

// Escaped for the inside of an element and of a quoted attribute.
std::string html(std::string_view text);
// The same for XML 1.0, which has no place at all for most control characters: they become U+FFFD.
std::string xml(std::string_view text);
// A JSON string with its quotes, in ASCII and UTF-8 only.
std::string json(std::string_view text);

// Columns a text takes on a screen, as far as that can be known without asking it.
size_t width(std::string_view text);
// Blanks added on the right up to a width; a longer text stays as it is.
std::string pad(std::string_view text, size_t columns);
// A text that is too wide loses its end to an ellipsis.
std::string cut(std::string_view text, size_t columns);

std::vector<std::string_view> lines(std::string_view text);
// Lines of at most so many columns, broken at blanks where there are some. Newlines in the text stay, and a line that
// starts with a blank (a statement, a listing) stays as it is.
std::vector<std::string> wrap(std::string_view text, size_t columns);
// One line of it: runs of blanks and newlines become one blank.
std::string flat(std::string_view text);
// Without blanks and newlines at either end.
std::string_view trim(std::string_view text);

// 1234567 → "1,234,567"
std::string number(size_t value);
// "1 way", "3 ways"
std::string plural(size_t value, std::string_view one, std::string_view many);
std::string join(const std::vector<std::string> &parts, std::string_view between);

} // namespace rlsproof::text
