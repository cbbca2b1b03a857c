// One HTML file that needs nothing beside itself. Everything that comes from outside passes `esc`.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.hpp"
#include "report/html_assets.hpp"
#include "report/writers.hpp"

namespace rlsproof::report {

namespace {

// Of one rule in one category, so many cards are open; the others are folded below them.
constexpr size_t kOpenCards = 12;

std::string esc(std::string_view text) {
    return text::html(text);
}

// A name from outside, which may be written from right to left.
std::string name_of(std::string_view text) {
    return "<bdi>" + esc(text) + "</bdi>";
}

// The same in a narrow column: it may be broken where a reader would break it.
std::string narrow_name_of(std::string_view text) {
    std::string out;
    for (char c : esc(text)) {
        out += c;
        if (c == '.' || c == '_' || c == '(' || c == ',') out += "<wbr>";
    }
    return "<bdi>" + out + "</bdi>";
}

std::string capital(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

struct Evidence {
    std::string_view word, badge, words;
};
constexpr std::array kEvidence = {
    Evidence{"execution", "executed", "the statement was really run as the persona, and rolled back"},
    Evidence{"proof", "proved", "a solver showed it for all rows, claims and table contents"},
    Evidence{"privilege", "by privileges", "grants, ownership and policies alone show it"},
    Evidence{"structural", "structural", "the shape of the schema shows it; nothing was run"},
    Evidence{"none", "no evidence", "nothing was shown either way"},
};

std::string badge(const std::string &evidence) {
    if (evidence.empty()) return {};
    const auto *it =
        std::find_if(kEvidence.begin(), kEvidence.end(), [&](const Evidence &e) { return e.word == evidence; });
    if (it == kEvidence.end()) return fmt::format("<span class=\"badge\">{}</span>", name_of(evidence));
    return fmt::format("<span class=\"badge {}\" title=\"{}\">{}</span>", it->word, it->words, it->badge);
}

std::string levels(const std::array<size_t, 3> &n) {
    std::vector<std::string> parts;
    if (n[0] > 0) parts.push_back(text::plural(n[0], "error", "errors"));
    if (n[1] > 0) parts.push_back(text::plural(n[1], "warning", "warnings"));
    if (n[2] > 0) parts.push_back(text::plural(n[2], "note", "notes"));
    return text::join(parts, ", ");
}

std::string head(const Report &report) {
    return fmt::format("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n"
                       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                       "style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
                       "form-action 'none'\">\n"
                       "<title>{}: {}</title>\n<style>{}</style>\n</head>\n<body>\n",
                       esc(title(report)), esc(headline(report)), kStyle);
}

std::string banner(const Report &report) {
    constexpr std::string_view shield =
        "<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\" "
        "stroke-linecap=\"round\" stroke-linejoin=\"round\"><path d=\"M12 2.8 4.5 5.6v5.7c0 4.6 3.1 8 7.5 9.9 4.4-1.9 "
        "7.5-5.3 7.5-9.9V5.6z\"/><path d=\"M8 9.2h8M8 12.2h8M8 15.2h4.5\"/></svg>";
    const Outcome result = outcome(report);
    const auto [kind, words] = result == Outcome::findings ? std::pair("findings", "Findings")
                               : result == Outcome::clean  ? std::pair("clean", "Clean")
                                                           : std::pair("could_not_look", "No verdict");
    std::string about_line;
    const auto add = [&](const std::string &part) {
        if (!part.empty()) about_line += (about_line.empty() ? "" : " · ") + part;
    };
    if (!report.subject.empty()) add("looked at " + name_of(report.subject));
    if (!report.server.empty()) add(esc(report.server));
    add(esc(totals(report)));
    if (!report.generated.empty()) add(esc(report.generated));
    return fmt::format("<a class=\"skip\" href=\"#main\">Skip to the findings</a>\n"
                       "<header class=\"top\"><div class=\"wrap\">\n"
                       "<p class=\"brand\">{}rlsproof <span>{}</span></p>\n"
                       "<p class=\"verdict {}\">{}</p>\n<h1>{}</h1>\n<p class=\"about\">{}</p>\n"
                       "</div></header>\n<main class=\"wrap\" id=\"main\">\n",
                       shield, esc(report.version + (report.title.empty() ? "" : "  ·  " + report.title)), kind, words,
                       esc(capital(headline(report))), about_line);
}

std::string tiles(const Report &report) {
    const Counts counts = count(report);
    const std::string none = whole(report) ? "none" : "none seen";
    std::string out = "<ul class=\"tiles\" aria-label=\"Findings by category\">\n";
    for (Category category : kCategories) {
        const auto &n = counts.by[static_cast<size_t>(category)];
        const size_t total = n[0] + n[1] + n[2];
        const std::string inside = fmt::format("<b>{}</b><strong>{}</strong><small>{}</small>", text::number(total),
                                               heading(category), total == 0 ? none : levels(n));
        out += total == 0
                   ? fmt::format("<li><div class=\"tile empty\">{}</div></li>\n", inside)
                   : fmt::format("<li><a class=\"tile {0}\" href=\"#{0}\">{1}</a></li>\n", name(category), inside);
    }
    return out + "</ul>\n";
}

std::string notices(const Report &report) {
    std::string out;
    const bool unsure = !report.complete || std::any_of(report.notes.begin(), report.notes.end(),
                                                        [](const Note &n) { return n.level != Level::note; });
    if (outcome(report) == Outcome::clean) {
        out += "<section class=\"notice clean\"><h2>Nothing found that needs mending</h2>";
        out += fmt::format("<p>{}.{}</p></section>\n", esc(about(report)), looked_for(report));
    }
    if (report.complete && report.notes.empty()) return out;
    out += fmt::format("<section class=\"notice{}\"><h2>{}</h2>\n", unsure ? "" : " info",
                       !report.complete ? "Not everything could be looked at" : "What to know about this report");
    if (!report.complete) out += "<p>" + esc(incompleteness(report)) + "</p>\n";
    if (!report.notes.empty()) {
        out += "<ul>\n";
        for (const Note &note : report.notes)
            out += fmt::format("<li>{}{}</li>\n",
                               note.level == Level::note ? "" : fmt::format("<b>{}:</b> ", name(note.level)),
                               esc(note.text));
        out += "</ul>\n";
    }
    return out + "</section>\n";
}

std::string jumps(const Report &report) {
    std::string out;
    if (!report.matrix.rows.empty() && !report.matrix.personas.empty()) out += "<a href=\"#grid\">Role grid</a>";
    if (!report.rules.empty()) out += "<a href=\"#rules\">What was looked for</a>";
    return out.empty() ? out : "<nav class=\"jump\" aria-label=\"On this page\">" + out + "</nav>\n";
}

std::string filter(const Report &report) {
    if (report.findings.size() < 2) return {};
    std::string out = "<form class=\"filter\" id=\"filter\" hidden>"
                      "<input type=\"search\" name=\"q\" placeholder=\"Filter by object, rule or word\" "
                      "aria-label=\"Filter the findings\" autocomplete=\"off\">";
    const Counts counts = count(report);
    for (Level level : kLevels)
        if (counts.of(level) > 0)
            out += fmt::format("<label><input type=\"checkbox\" value=\"{0}\" checked> {0}</label>", name(level));
    return out + "<output aria-live=\"polite\"></output></form>\n";
}

// Lines that start with a blank are a listing: a statement and what it gave.
std::string detail(std::string_view text) {
    std::string out, run;
    bool listing = false;
    const auto flush = [&] {
        const std::string_view inside =
            listing ? std::string_view(run).substr(0, run.find_last_not_of("\n ") + 1) : text::trim(run);
        if (!inside.empty())
            out += listing ? "<pre class=\"listing\" tabindex=\"0\">" + esc(inside) + "</pre>\n"
                           : "<p class=\"detail\">" + esc(inside) + "</p>\n";
        run.clear();
    };
    for (std::string_view line : text::lines(text)) {
        const bool blank_line = text::trim(line).empty();
        const bool indented = blank_line ? listing : line.front() == ' ' || line.front() == '\t';
        if (indented != listing) flush();
        listing = indented;
        if (indented && line.starts_with("  ")) line.remove_prefix(2);
        run += line;
        run += '\n';
    }
    flush();
    return out;
}

std::string card(const Finding &f, size_t number) {
    std::string out = fmt::format("<article class=\"card\" id=\"f{0}\" data-level=\"{1}\">\n<div class=\"head\">"
                                  "<h3><code>{2}</code></h3><span class=\"level {1}\">{1}</span>{3}"
                                  "<a class=\"number\" href=\"#f{0}\" aria-label=\"Finding {0}\">#{0}</a></div>\n",
                                  number, name(f.level), name_of(f.object), badge(f.evidence));
    out += "<p class=\"message\">" + esc(f.message) + "</p>\n";
    out += detail(f.detail);
    if (!f.hint.empty()) out += "<p class=\"hint\"><b>Hint:</b> " + esc(text::trim(f.hint)) + "</p>\n";
    if (!f.fix.empty())
        out += fmt::format("<div class=\"fix\"><div class=\"bar\">Fix</div><pre tabindex=\"0\" aria-label=\"SQL that "
                           "mends it\"><code>{}</code></pre></div>\n",
                           esc(text::trim(f.fix)));
    return out + fmt::format("<p class=\"rule\">rule <code>{}</code></p>\n</article>\n", esc(f.rule));
}

// `number` counts on over the categories.
std::string group(const Report &report, Category category, size_t &number) {
    const auto findings = findings_of(report, category);
    if (findings.empty()) return {};
    std::string out =
        fmt::format("<section class=\"group {0}\" id=\"{0}\" aria-labelledby=\"h-{0}\">\n<h2 id=\"h-{0}\">{1} "
                    "<small>{2}</small></h2>\n",
                    name(category), heading(category), levels(count(report).by[static_cast<size_t>(category)]));
    for (size_t i = 0; i < findings.size();) {
        const auto same = [&](const Finding *f) {
            return f->rule == findings[i]->rule && f->level == findings[i]->level;
        };
        const size_t end = static_cast<size_t>(
            std::find_if_not(findings.begin() + static_cast<std::ptrdiff_t>(i), findings.end(), same) -
            findings.begin());
        const size_t open = end - i > kOpenCards + 3 ? i + kOpenCards : end;
        const std::string rule = esc(findings[i]->rule);
        for (; i < open; ++i) out += card(*findings[i], ++number);
        if (open == end) continue;
        out += fmt::format("<details class=\"more\"><summary>{} more of <code>{}</code></summary>\n",
                           text::number(end - open), rule);
        for (; i < end; ++i) out += card(*findings[i], ++number);
        out += "</details>\n";
    }
    return out + "</section>\n";
}

std::string cell(char code) {
    if (code == ' ') return {};
    const std::string letter = code == '?' ? "Q" : code == '-' ? "n" : std::string(1, code);
    const Tone t = tone(code);
    const std::string title =
        t == Tone::bad || t == Tone::unsure ? fmt::format(" title=\"{}\"", esc(meaning(code))) : std::string();
    return fmt::format("<i class=\"c c{}\"{}>{}</i>", letter, title, code == '-' ? "–" : std::string(1, code));
}

std::string grid(const Matrix &matrix) {
    if (matrix.rows.empty() || matrix.personas.empty()) return {};
    constexpr std::array<std::string_view, kCommands.size()> letters = {"S", "I", "U", "D", "+"};
    const auto edge = [](size_t c) {
        return c == 0 ? " class=\"first\"" : c + 1 == kCommands.size() ? " class=\"last\"" : "";
    };

    std::string out =
        "<section class=\"plain\" id=\"grid\">\n<h2>Role grid <small>" +
        text::plural(matrix.rows.size(), "object", "objects") + ", " +
        text::plural(matrix.personas.size(), "persona", "personas") +
        "</small></h2>\n<p>Who reaches what. Small letters and dashes are fine; capitals and question marks "
        "are not.</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Role grid\">\n"
        "<table class=\"grid\">\n<thead>\n<tr><th class=\"object\" scope=\"col\">object</th>";
    for (const std::string &p : matrix.personas)
        out += fmt::format("<th class=\"persona\" scope=\"colgroup\" colspan=\"{}\" title=\"{}\">{}</th>",
                           kCommands.size(), esc(p), name_of(p));
    out += "</tr>\n<tr><th class=\"object\"></th>";
    for (size_t p = 0; p < matrix.personas.size(); ++p)
        for (size_t c = 0; c < kCommands.size(); ++c)
            out += fmt::format("<th scope=\"col\"{}><abbr title=\"{}\" style=\"text-decoration:none\">{}</abbr></th>",
                               edge(c), kCommands[c], letters[c]);
    out += "</tr>\n</thead>\n<tbody>\n";
    for (const Matrix::Row &row : matrix.rows) {
        out += fmt::format("<tr><th class=\"object\" scope=\"row\"><code>{}</code> <small>{}</small></th>",
                           narrow_name_of(row.object), esc(row.kind));
        for (size_t p = 0; p < matrix.personas.size(); ++p)
            for (size_t c = 0; c < kCommands.size(); ++c)
                out += fmt::format("<td{}>{}</td>", edge(c), cell(code_at(row, p, c)));
        out += "</tr>\n";
    }
    out += "</tbody>\n</table>\n</div>\n<ul class=\"legend\" aria-label=\"Legend\">\n";
    for (char code : codes_of(matrix)) out += fmt::format("<li>{}{}</li>\n", cell(code), esc(meaning(code)));
    out += "<li>S SELECT · I INSERT · U UPDATE · D DELETE · + any other command</li>\n</ul>\n</section>\n";
    return out;
}

std::string rules(const Report &report) {
    if (report.rules.empty()) return {};
    std::map<std::string, size_t> found;
    for (const Finding &f : report.findings) ++found[f.rule];
    std::string out = "<section class=\"plain\" id=\"rules\">\n<h2>What was looked for</h2>\n<details><summary>" +
                      text::plural(report.rules.size(), "rule", "rules") +
                      "</summary>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">rule</th><th "
                      "scope=\"col\">what it says</th><th scope=\"col\">findings</th></tr></thead>\n<tbody>\n";
    for (const Rule &rule : report.rules) {
        const auto it = found.find(rule.id);
        const std::string n = it != found.end() ? text::number(it->second) : whole(report) ? "none" : "none seen";
        out += fmt::format("<tr><td><code>{}</code></td><td>{}</td><td class=\"count\">{}</td></tr>\n", esc(rule.id),
                           esc(rule.title), n);
    }
    return out + "</tbody></table></div>\n</details>\n</section>\n";
}

std::string words(const Report &report) {
    std::string out;
    for (const Evidence &e : kEvidence)
        if (std::any_of(report.findings.begin(), report.findings.end(),
                        [&](const Finding &f) { return f.evidence == e.word; }))
            out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", e.badge, e.words);
    if (out.empty()) return {};
    return "<section class=\"plain\" id=\"words\">\n<h2>How a finding was shown</h2>\n<dl class=\"words\">\n" + out +
           "</dl>\n</section>\n";
}

} // namespace

std::string write_html(const Report &report) {
    std::string out = head(report) + banner(report) + tiles(report) + notices(report) + jumps(report) + filter(report);
    size_t number = 0;
    for (Category category : kCategories) out += group(report, category, number);
    out += grid(report.matrix) + rules(report) + words(report);
    out += fmt::format("<footer class=\"end\">{}. Fixes are printed, never applied.{}</footer>\n</main>\n"
                       "<script>{}</script>\n</body>\n</html>\n",
                       esc(about(report)), whole(report) ? "" : " Not everything could be looked at.", kScript);
    return out;
}

} // namespace rlsproof::report
