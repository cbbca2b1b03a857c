// Text for a terminal and for psql. The first line is the outcome, the last the totals; what could not be looked at
// comes before anything that was found.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "report/writers.hpp"

namespace rlsproof::report {

namespace {

// A grid longer than this shows only the objects where something is not fine.
constexpr size_t kGridRows = 40;

// Of one rule in one category and level, so many findings are told in full; the others are named.
constexpr size_t kToldNotes = 3;
constexpr size_t kTold = 20;

enum class Style { plain, bold, dim, red, yellow, blue, green };

class Page {
public:
    explicit Page(const Options &options)
        : columns_(static_cast<size_t>(std::max(options.width, 40))), colour_(options.colour) {}

    size_t columns() const { return columns_; }

    std::string styled(Style style, std::string_view text) const {
        if (!colour_ || style == Style::plain || text.empty()) return std::string(text);
        constexpr std::array codes = {"0", "1", "2", "1;31", "1;33", "1;34", "1;32"};
        return fmt::format("\033[{}m{}\033[0m", codes[static_cast<size_t>(style)], text);
    }

    void line(std::string_view text = {}) {
        const size_t end = text.find_last_not_of(' ');
        out_ += text.substr(0, end == std::string_view::npos ? 0 : end + 1);
        out_ += '\n';
    }

    // Wrapped text; `first` stands before the first line, blanks of the same width before the others.
    void paragraph(std::string_view first, std::string_view text, Style style = Style::plain,
                   Style first_style = Style::plain) {
        const size_t margin = text::width(first);
        const size_t room = columns_ > margin + 20 ? columns_ - margin : 20;
        std::string before = styled(first_style, first);
        for (const std::string &l : text::wrap(text::trim(text), room)) {
            line(l.empty() ? std::string() : before + styled(style, l));
            before.assign(margin, ' ');
        }
    }

    // Text that must stay as it is: to be copied.
    void verbatim(size_t margin, std::string_view text) {
        for (std::string_view l : text::lines(text))
            line(l.empty() ? std::string() : std::string(margin, ' ') + std::string(l));
    }

    std::string take() { return std::move(out_); }

private:
    size_t columns_;
    bool colour_;
    std::string out_;
};

Style style_of(Level level) {
    return level == Level::error ? Style::red : level == Level::warning ? Style::yellow : Style::blue;
}

Style style_of(Outcome outcome) {
    return outcome == Outcome::clean ? Style::green : outcome == Outcome::findings ? Style::red : Style::yellow;
}

void write_notes(Page &page, const Report &report) {
    if (!report.complete) {
        page.line(page.styled(Style::yellow, "Not everything could be looked at:"));
        page.paragraph("  ", incompleteness(report));
    }
    for (const Note &note : report.notes)
        page.paragraph(fmt::format("{}: ", name(note.level)), note.text, Style::plain, style_of(note.level));
    if (!report.complete || !report.notes.empty()) page.line();
}

void write_finding(Page &page, size_t number, const Finding &f, const Finding *before) {
    const std::string head = fmt::format("{:>3}. ", number);
    const std::string margin(head.size(), ' ');
    page.paragraph(fmt::format("{}{}  ", head, name(f.level)), f.object, Style::bold, style_of(f.level));
    page.paragraph(margin, f.message);
    page.paragraph(margin, "rule " + f.rule + (f.evidence.empty() ? "" : ", evidence: " + f.evidence), Style::dim);

    // The same words are not said twice in a row.
    const bool same_rule = before && before->rule == f.rule;
    if (!f.detail.empty() && !(same_rule && before->detail == f.detail)) {
        page.line();
        page.paragraph(margin + "  ", f.detail);
    }
    if (!f.hint.empty() && !(same_rule && before->hint == f.hint)) {
        page.line();
        page.paragraph(margin + "  hint: ", f.hint);
    }
    if (!f.fix.empty()) {
        page.line();
        page.line(margin + "  fix:");
        page.verbatim(margin.size() + 4, text::trim(f.fix));
    }
    page.line();
}

// The end of the run of one rule and level that starts at a finding.
size_t end_of_run(const std::vector<const Finding *> &findings, size_t start) {
    size_t end = start;
    while (end < findings.size() && findings[end]->rule == findings[start]->rule &&
           findings[end]->level == findings[start]->level)
        ++end;
    return end;
}

void write_the_others(Page &page, size_t number, const std::vector<const Finding *> &findings) {
    const Finding &first = *findings.front();
    std::vector<std::string> objects;
    objects.reserve(findings.size());
    for (const Finding *f : findings) objects.push_back(f->object);
    page.paragraph(fmt::format("{:>3}. ", number + 1),
                   fmt::format("to {}: the same rule, {}, on {}", text::number(number + findings.size()), first.rule,
                               text::join(objects, ", ")));
    page.paragraph("     ", "Their particulars are in the other formats.", Style::dim);
    page.line();
}

void write_grid_block(Page &page, const Matrix &matrix, const std::vector<const Matrix::Row *> &rows, size_t from,
                      size_t to, size_t object_columns, size_t persona_columns) {
    std::string names = text::pad("", object_columns), letters = names;
    for (size_t p = from; p < to; ++p) {
        names += "  " + text::pad(text::cut(matrix.personas[p], persona_columns), persona_columns);
        letters += "  " + text::pad("SIUD+", persona_columns);
    }
    page.line(page.styled(Style::bold, names));
    page.line(page.styled(Style::dim, letters));
    for (const Matrix::Row *row : rows) {
        std::string line = text::pad(text::cut(row->object, object_columns), object_columns);
        for (size_t p = from; p < to; ++p) {
            line += "  ";
            for (size_t c = 0; c < kCommands.size(); ++c) {
                const char code = code_at(*row, p, c);
                const Tone t = tone(code);
                line += page.styled(t == Tone::bad      ? Style::red
                                    : t == Tone::unsure ? Style::yellow
                                    : t == Tone::fine   ? Style::green
                                                        : Style::plain,
                                    code == ' ' ? "." : std::string_view(&code, 1));
            }
            line.append(persona_columns - kCommands.size(), ' ');
        }
        page.line(line);
    }
    page.line();
}

void write_grid(Page &page, const Matrix &matrix) {
    if (matrix.rows.empty() || matrix.personas.empty()) return;
    std::vector<const Matrix::Row *> rows;
    const bool all = matrix.rows.size() <= kGridRows;
    for (const Matrix::Row &row : matrix.rows)
        if (all || !fine(row)) rows.push_back(&row);

    page.line(page.styled(Style::bold, "Role grid") + ": who reaches what");
    page.line();
    size_t object_columns = 6, persona_columns = kCommands.size();
    for (const Matrix::Row *row : rows) object_columns = std::max(object_columns, text::width(row->object));
    for (const std::string &p : matrix.personas) persona_columns = std::max(persona_columns, text::width(p));
    persona_columns = std::min<size_t>(persona_columns, 16);
    object_columns = std::min(object_columns, page.columns() * 6 / 10);

    const size_t per_block = std::max<size_t>((page.columns() - object_columns) / (persona_columns + 2), 1);
    for (size_t from = 0; !rows.empty() && from < matrix.personas.size(); from += per_block)
        write_grid_block(page, matrix, rows, from, std::min(from + per_block, matrix.personas.size()), object_columns,
                         persona_columns);

    if (const size_t left = matrix.rows.size() - rows.size())
        page.paragraph("", text::plural(left, "more object is", "more objects are") +
                               " as declared or out of reach and not shown.");
    page.paragraph(
        "",
        "S SELECT, I INSERT, U UPDATE, D DELETE, + any other command; a dot where the object knows no such command");
    for (char code : codes_of(matrix)) page.paragraph(std::string(1, code) + "  ", meaning(code));
    page.line();
}

} // namespace

std::string write_text(const Report &report, const Options &options) {
    Page page(options);
    const Outcome result = outcome(report);
    page.paragraph("", headline(report), style_of(result));
    page.line();
    if (!report.title.empty()) page.paragraph("", report.title);
    page.paragraph("", about(report) + "." + looked_for(report));
    page.line();
    write_notes(page, report);

    size_t number = 0;
    for (Category category : kCategories) {
        const auto findings = findings_of(report, category);
        if (findings.empty()) continue;
        const std::string head =
            fmt::format("{}: {}", heading(category), text::plural(findings.size(), "finding", "findings"));
        page.line(page.styled(Style::bold, head));
        page.line(std::string(text::width(head), '-'));
        page.line();
        for (size_t i = 0; i < findings.size();) {
            const size_t end = end_of_run(findings, i);
            const size_t told = findings[i]->level == Level::note ? kToldNotes : kTold;
            const size_t last = end - i > told + 2 ? i + told : end;
            const Finding *before = nullptr;
            for (; i < last; ++i) {
                write_finding(page, ++number, *findings[i], before);
                before = findings[i];
            }
            if (last < end) write_the_others(page, number, {findings.begin() + last, findings.begin() + end});
            number += end - last;
            i = end;
        }
    }
    write_grid(page, report.matrix);
    page.paragraph("", totals(report) + (whole(report) ? "" : "; not everything could be looked at"), style_of(result));
    return page.take();
}

} // namespace rlsproof::report
