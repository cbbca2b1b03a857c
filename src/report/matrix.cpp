// The role grid: what its codes mean, and which of its rows are worth a look.
#include <algorithm>

#include "report/writers.hpp"

namespace rlsproof::report {

namespace {

struct Meaning {
    char code;
    Tone tone;
    std::string_view words;
};

// In the order of the legend: what is wrong comes first.
constexpr std::array kMeanings = {
    Meaning{'L', Tone::bad, "leak: more than declared"},
    Meaning{'O', Tone::bad, "open: reachable, and nobody declared it"},
    Meaning{'K', Tone::bad, "lockout: less than declared"},
    Meaning{'E', Tone::bad, "the statement fails"},
    Meaning{'V', Tone::unsure, "vacuous: nothing there that could have been seen"},
    Meaning{'?', Tone::unsure, "unknown"},
    Meaning{'d', Tone::fine, "as declared, by privileges"},
    Meaning{'p', Tone::fine, "as declared, proved"},
    Meaning{'x', Tone::fine, "as declared, executed"},
    Meaning{'-', Tone::none, "out of reach"},
};

const Meaning *find_meaning(char code) {
    const auto *it = std::find_if(kMeanings.begin(), kMeanings.end(), [=](const Meaning &m) { return m.code == code; });
    return it == kMeanings.end() ? nullptr : it;
}

} // namespace

std::string_view meaning(char code) {
    const Meaning *m = find_meaning(code);
    return m ? m->words : std::string_view{};
}

Tone tone(char code) {
    const Meaning *m = find_meaning(code);
    return m ? m->tone : code == ' ' ? Tone::none : Tone::unsure;
}

char code_at(const Matrix::Row &row, size_t persona, size_t command) {
    if (persona >= row.cells.size() || command >= row.cells[persona].size()) return ' ';
    const char code = row.cells[persona][command];
    return code == ' ' || find_meaning(code) ? code : '?';
}

bool fine(const Matrix::Row &row) {
    const auto good = [](char c) { return tone(c) == Tone::none || tone(c) == Tone::fine; };
    return std::all_of(row.cells.begin(), row.cells.end(),
                       [&](const std::string &cell) { return std::all_of(cell.begin(), cell.end(), good); });
}

std::string codes_of(const Matrix &matrix) {
    std::string out;
    for (const Meaning &m : kMeanings) {
        const bool used = std::any_of(matrix.rows.begin(), matrix.rows.end(), [&](const Matrix::Row &row) {
            return std::any_of(row.cells.begin(), row.cells.end(),
                               [&](const std::string &cell) { return cell.find(m.code) != std::string::npos; });
        });
        if (used) out += m.code;
    }
    return out;
}

} // namespace rlsproof::report
