// What the writers share, and the writers themselves. Private to this room: report.hpp is what others see. Every writer
// is handed a report whose texts are valid UTF-8, and all but JSON and SARIF one whose texts are `visible` too.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/report.hpp"

#include "base/core_only.hpp"

namespace rlsproof::report {

inline constexpr std::array kCategories = {Category::exposure, Category::permissions, Category::performance,
                                           Category::hygiene};
inline constexpr std::array kLevels = {Level::error, Level::warning, Level::note};

// "Data exposure"
std::string_view heading(Category category);
// "3 ways to reach other people's data"
std::string phrase(Category category, size_t count);
// "5 findings: 3 errors, 2 warnings"
std::string totals(const Report &report);
// "rlsproof 1.2 looked at database app, on PostgreSQL 17.5": what the outcome is about.
std::string about(const Report &report);
// " 12 rules were looked for.", or nothing.
std::string looked_for(const Report &report);
std::string title(const Report &report);
// Whether it could look everywhere: it says so, and no note of level error says otherwise.
bool whole(const Report &report);
// The reason why the audit is incomplete, also where nobody gave one; empty when it is complete.
std::string incompleteness(const Report &report);

// The findings of one category, in their order.
std::vector<const Finding *> findings_of(const Report &report, Category category);

enum class Tone { none, fine, unsure, bad };
Tone tone(char code);
// The code of a command in a cell: blank where the object does not know the command, the question mark for a code that
// is none.
char code_at(const Matrix::Row &row, size_t persona, size_t command);
// Whether all codes of a row are fine.
bool fine(const Matrix::Row &row);
// The codes that occur in a matrix, in the order of the legend.
std::string codes_of(const Matrix &matrix);

// A finding's object as a place in a file, where it is one: "migrations/02_items.sql:14" or "…:14:3".
struct Place {
    std::string file;
    size_t line = 0;
    size_t column = 0;

    explicit operator bool() const { return line > 0; }
};
Place place_of(const Finding &finding);

// The key of a finding, or what stands for it where a rule gave none.
std::string key_of(const Finding &finding);

std::string write_text(const Report &report, const Options &options);
std::string write_markdown(const Report &report);
std::string write_html(const Report &report);
std::string write_json(const Report &report);
std::string write_sarif(const Report &report);
std::string write_junit(const Report &report);
std::string write_tap(const Report &report);

} // namespace rlsproof::report
