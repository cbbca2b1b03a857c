// Markdown for a comment on a change. Hosts refuse comments over 65,536 characters, so what does not fit is counted and
// left to the other formats.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "report/writers.hpp"

namespace rlsproof::report {

namespace {

constexpr size_t kBudget = 50'000;       // bytes of findings
constexpr size_t kFindingBudget = 6'000; // bytes of one finding with all its particulars
constexpr size_t kGridBudget = 8'000;    // bytes of grid rows

// Words from outside in running text: nothing in them is markup, a mention or a link.
std::string inline_text(std::string_view text) {
    std::string out;
    for (char c : text::flat(text)) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '@': out += "@<!-- -->"; break;
        case '#': out += "#<!-- -->"; break;
        default:
            if (std::string_view("\\`*_{}[]()!|~$").find(c) != std::string_view::npos) out += '\\';
            out += c;
        }
    }
    return out;
}

size_t longest_run(std::string_view text, char of) {
    size_t longest = 0, run = 0;
    for (char c : text) {
        run = c == of ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

std::string code(std::string_view text) {
    const std::string flat = text::flat(text);
    if (flat.empty()) return {};
    const std::string fence(longest_run(flat, '`') + 1, '`');
    const std::string blank = flat.front() == '`' || flat.back() == '`' ? " " : "";
    return fence + blank + flat + blank + fence;
}

std::string code_block(std::string_view language, std::string_view text) {
    const std::string fence(std::max<size_t>(longest_run(text, '`') + 1, 3), '`');
    return fmt::format("{}{}\n{}\n{}\n", fence, language, text::trim(text), fence);
}

std::string paragraphs(std::string_view text) {
    std::string out;
    bool listing = false;
    for (std::string_view line : text::lines(text::trim(text))) {
        const bool was_listing = std::exchange(listing, !line.empty() && (line.front() == ' ' || line.front() == '\t'));
        // A listing starts and ends at a blank line, else it is part of the paragraph.
        if (listing != was_listing && !line.empty() && !out.ends_with("\n\n")) out += '\n';
        if (line.empty()) {
            out += '\n';
        } else if (listing) {
            out += "    " + std::string(text::trim(line)) + '\n';
        } else {
            // A mark at the start of a line would make it a list or a quotation.
            const bool mark = line.front() == '-' || line.front() == '+' || line.front() == '=';
            out += (mark ? "\\" : "") + inline_text(line) + '\n';
        }
    }
    return out;
}

std::string_view sign(Level level) {
    return level == Level::error ? "🔴" : level == Level::warning ? "🟠" : "🔵";
}

// The same inside a line that starts with a tag, which is HTML up to the next blank line.
std::string block_text(std::string_view text) {
    std::string out;
    for (char c : text::html(text::flat(text))) {
        out += c;
        if (c == '@') out += "<!-- -->";
    }
    return out;
}

std::string finding(const Finding &f) {
    const std::string head = fmt::format("<details><summary>{} <b>{}</b> <code>{}</code> {}</summary>\n\nrule {}",
                                         sign(f.level), name(f.level), block_text(text::cut(f.object, 500)),
                                         block_text(text::cut(f.message, 1000)), code(text::cut(f.rule, 100)));
    std::string out;
    if (!f.evidence.empty()) out += " · evidence: " + inline_text(f.evidence);
    out += "\n\n";
    if (!f.detail.empty()) out += paragraphs(f.detail) + '\n';
    if (!f.hint.empty()) out += "**Hint:** " + paragraphs(f.hint) + '\n';
    if (!f.fix.empty()) out += "**Fix:**\n\n" + code_block("sql", f.fix) + '\n';
    if (out.size() > kFindingBudget) out = "\n\nIts particulars are too long for a comment.\n\n";
    return head + out + "</details>\n";
}

std::string grid(const Matrix &matrix) {
    if (matrix.rows.empty() || matrix.personas.empty()) return {};
    std::string table = "| object |";
    for (const std::string &p : matrix.personas) table += ' ' + inline_text(p) + " |";
    table += "\n|---|";
    for (size_t p = 0; p < matrix.personas.size(); ++p) table += "---|";
    table += '\n';

    // Rows with something to see come first, so that a cut loses the dull ones.
    size_t left_out = 0;
    std::vector<const Matrix::Row *> rows;
    for (const Matrix::Row &row : matrix.rows) rows.push_back(&row);
    std::stable_partition(rows.begin(), rows.end(), [](const Matrix::Row *row) { return !fine(*row); });
    for (const Matrix::Row *row : rows) {
        std::string line = "| <code>" + inline_text(row->object) + "</code> |";
        for (size_t p = 0; p < matrix.personas.size(); ++p) {
            std::string codes;
            for (size_t c = 0; c < kCommands.size(); ++c) {
                const char at = code_at(*row, p, c);
                codes += at == ' ' ? '.' : at;
            }
            line += " `" + codes + "` |";
        }
        if (left_out > 0 || table.size() + line.size() > kGridBudget) {
            ++left_out;
        } else {
            table += line + '\n';
        }
    }
    std::string out = "<details><summary>Role grid</summary>\n\n" + table + '\n';
    if (left_out > 0) out += text::plural(left_out, "more object", "more objects") + " not shown.\n\n";
    out +=
        "Per persona: SELECT, INSERT, UPDATE, DELETE, any other command; a dot where the object knows no such command.";
    for (char c : codes_of(matrix)) out += fmt::format("<br>`{}` {}", c, inline_text(meaning(c)));
    return out + "\n\n</details>\n\n";
}

std::string summary_table(const Counts &counts) {
    std::string out = "| | errors | warnings | notes |\n|---|--:|--:|--:|\n";
    for (Category category : kCategories) {
        const auto &row = counts.by[static_cast<size_t>(category)];
        if (row[0] + row[1] + row[2] == 0) continue;
        out += fmt::format("| {} | {} | {} | {} |\n", heading(category), row[0], row[1], row[2]);
    }
    return out + '\n';
}

} // namespace

std::string write_markdown(const Report &report) {
    std::string out = "## rlsproof: " + inline_text(headline(report)) + "\n\n";
    if (!report.title.empty()) out += "**" + inline_text(report.title) + "**\n\n";
    out += inline_text(about(report)) + "." + looked_for(report) + "\n\n";

    if (!report.complete)
        out += "> [!WARNING]\n> **Not everything could be looked at.** " +
               inline_text(text::cut(text::flat(incompleteness(report)), 2000)) + "\n\n";
    constexpr size_t kNotes = 20;
    for (size_t i = 0; i < std::min(report.notes.size(), kNotes); ++i) {
        const Note &note = report.notes[i];
        out += fmt::format("- {} {}\n", sign(note.level), inline_text(text::cut(text::flat(note.text), 300)));
    }
    if (report.notes.size() > kNotes)
        out += "- " + text::plural(report.notes.size() - kNotes, "more note", "more notes") + " not shown\n";
    if (!report.notes.empty()) out += '\n';

    const Counts counts = count(report);
    if (counts.total() > 0) out += summary_table(counts);

    size_t used = 0, left_out = 0;
    for (Category category : kCategories) {
        std::string section;
        for (const Finding *f : findings_of(report, category)) {
            std::string one = finding(*f);
            if (left_out > 0 || used + one.size() > kBudget) {
                ++left_out;
            } else {
                used += one.size();
                section += one;
            }
        }
        if (!section.empty()) out += fmt::format("### {}\n\n{}\n", heading(category), section);
    }
    if (left_out > 0)
        out += text::plural(left_out, "more finding does", "more findings do") +
               " not fit in a comment: the HTML and JSON reports list all of them.\n\n";
    out += grid(report.matrix);
    return out + totals(report) + (whole(report) ? "" : "; not everything could be looked at") + "\n";
}

} // namespace rlsproof::report
