// The report itself: names, counts, the one line that says how it went, and the way to the writer of a format.
#include "report/report.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "report/writers.hpp"

namespace rlsproof::report {

namespace {

constexpr std::array<std::pair<Format, std::string_view>, 7> kFormats = {{{Format::text, "text"},
                                                                          {Format::markdown, "markdown"},
                                                                          {Format::html, "html"},
                                                                          {Format::json, "json"},
                                                                          {Format::sarif, "sarif"},
                                                                          {Format::junit, "junit"},
                                                                          {Format::tap, "tap"}}};

using Clean = std::string (*)(std::string_view);

Report cleaned(Report report, Clean clean) {
    const auto each = [clean](auto &...texts) { ((texts = clean(texts)), ...); };
    each(report.version, report.title, report.subject, report.server, report.source, report.generated,
         report.incomplete_reason);
    for (Note &n : report.notes) each(n.text);
    for (Finding &f : report.findings) each(f.rule, f.object, f.message, f.detail, f.hint, f.fix, f.evidence, f.key);
    for (Rule &r : report.rules) each(r.id, r.title, r.help, r.uri);
    for (std::string &p : report.matrix.personas) each(p);
    for (Matrix::Row &r : report.matrix.rows) {
        each(r.object, r.kind);
        for (std::string &c : r.cells) each(c);
    }
    return report;
}

} // namespace

Format format_from(std::string_view text) {
    for (const auto &[format, word] : kFormats)
        if (word == text) return format;
    std::vector<std::string> words;
    words.reserve(kFormats.size());
    for (const auto &[format, word] : kFormats) words.push_back(fmt::format("\"{}\"", word));
    throw Error(Code::invalid_input, fmt::format("unknown report format \"{}\"", text::visible(text)),
                fmt::format("The formats are {}.", text::join(words, ", ")));
}

std::string_view name(Format format) {
    return kFormats[static_cast<size_t>(format)].second;
}

size_t Counts::of(Category category) const {
    const auto &row = by[static_cast<size_t>(category)];
    return row[static_cast<size_t>(Level::error)] + row[static_cast<size_t>(Level::warning)];
}

size_t Counts::of(Level level) const {
    size_t n = 0;
    for (const auto &row : by) n += row[static_cast<size_t>(level)];
    return n;
}

size_t Counts::total() const {
    size_t n = 0;
    for (Level level : kLevels) n += of(level);
    return n;
}

Counts count(const Report &report) {
    Counts counts;
    for (const Finding &f : report.findings) ++counts.by[static_cast<size_t>(f.category)][static_cast<size_t>(f.level)];
    return counts;
}

Outcome outcome(const Report &report) {
    const Counts counts = count(report);
    if (counts.of(Level::error) + counts.of(Level::warning) > 0) return Outcome::findings;
    return whole(report) ? Outcome::clean : Outcome::could_not_look;
}

std::string headline(const Report &report) {
    const Counts counts = count(report);
    std::vector<std::string> parts;
    for (Category category : kCategories)
        if (const size_t n = counts.of(category)) parts.push_back(phrase(category, n));

    if (!parts.empty()) return text::join(parts, ", ") + (whole(report) ? "" : "; not everything could be looked at");
    if (!whole(report)) return "no verdict: not everything could be looked at";
    const size_t notes = counts.of(Level::note);
    return notes == 0 ? "nothing found" : fmt::format("nothing to mend, {}", text::plural(notes, "note", "notes"));
}

std::string write(Format format, const Report &report, const Options &options) {
    switch (format) {
    case Format::json: return write_json(cleaned(report, text::mend));
    case Format::sarif: return write_sarif(cleaned(report, text::mend));
    case Format::text: return write_text(cleaned(report, text::visible), options);
    case Format::markdown: return write_markdown(cleaned(report, text::visible));
    case Format::html: return write_html(cleaned(report, text::visible));
    case Format::junit: return write_junit(cleaned(report, text::visible));
    case Format::tap: return write_tap(cleaned(report, text::visible));
    }
    throw Error(Code::internal, "a report format without a writer");
}

std::string_view heading(Category category) {
    switch (category) {
    case Category::exposure: return "Data exposure";
    case Category::permissions: return "Broken permissions";
    case Category::performance: return "Slow queries";
    case Category::hygiene: return "The rest";
    }
    return "The rest";
}

std::string phrase(Category category, size_t n) {
    switch (category) {
    case Category::exposure:
        return text::plural(n, "way to reach other people's data", "ways to reach other people's data");
    case Category::permissions: return text::plural(n, "broken permission", "broken permissions");
    case Category::performance: return text::plural(n, "slow query", "slow queries");
    case Category::hygiene: break;
    }
    return text::plural(n, "thing to tidy up", "things to tidy up");
}

std::string totals(const Report &report) {
    const Counts counts = count(report);
    std::string out = text::plural(counts.total(), "finding", "findings");
    std::vector<std::string> parts;
    const auto add = [&](Level level, std::string_view one, std::string_view many) {
        if (const size_t n = counts.of(level)) parts.push_back(text::plural(n, one, many));
    };
    add(Level::error, "error", "errors");
    add(Level::warning, "warning", "warnings");
    add(Level::note, "note", "notes");
    if (!parts.empty()) out += ": " + text::join(parts, ", ");
    return out;
}

std::string about(const Report &report) {
    std::string out = report.version.empty() ? "rlsproof" : "rlsproof " + report.version;
    out += report.subject.empty() ? " audit" : " looked at " + report.subject;
    if (!report.server.empty()) out += ", on " + report.server;
    if (!report.generated.empty()) out += ", " + report.generated;
    return out;
}

std::string looked_for(const Report &report) {
    const size_t n = report.rules.size();
    return n == 0 ? "" : fmt::format(" {} looked for.", text::plural(n, "rule was", "rules were"));
}

std::string title(const Report &report) {
    if (!report.title.empty()) return report.title;
    return report.subject.empty() ? "Who reaches which rows" : "Who reaches which rows: " + report.subject;
}

bool whole(const Report &report) {
    return report.complete && std::none_of(report.notes.begin(), report.notes.end(),
                                           [](const Note &n) { return n.level == Level::error; });
}

std::string incompleteness(const Report &report) {
    if (report.complete) return {};
    return report.incomplete_reason.empty() ? "The audit did not say that it looked everywhere."
                                            : report.incomplete_reason;
}

std::vector<const Finding *> findings_of(const Report &report, Category category) {
    std::vector<const Finding *> out;
    for (const Finding &f : report.findings)
        if (f.category == category) out.push_back(&f);
    return out;
}

Place place_of(const Finding &finding) {
    const std::string &object = finding.object;
    // The number behind the last colon of object[0, end), or 0.
    const auto number_before = [&](size_t end, size_t &colon) -> size_t {
        colon = object.rfind(':', end == 0 ? 0 : end - 1);
        if (colon == std::string::npos || colon == 0 || colon + 1 >= end || end - colon > 9) return 0;
        size_t value = 0;
        for (size_t i = colon + 1; i < end; ++i) {
            if (object[i] < '0' || object[i] > '9') return 0;
            value = value * 10 + static_cast<size_t>(object[i] - '0');
        }
        return value;
    };
    size_t last = 0, before = 0;
    const size_t second = number_before(object.size(), last);
    if (second == 0) return {};
    const size_t first = number_before(last, before);
    return first > 0 ? Place{object.substr(0, before), first, second} : Place{object.substr(0, last), second, 0};
}

std::string key_of(const Finding &finding) {
    return finding.key.empty() ? fmt::format("{}:{}", finding.rule, finding.object) : finding.key;
}

} // namespace rlsproof::report
