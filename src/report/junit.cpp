// JUnit XML, for the test tab of a CI system: one case per rule and object. Findings of level error and warning fail,
// notes are skipped, and an audit that could not look everywhere is an error of its own, so that it never shows green.
#include <map>

#include <fmt/format.h>

#include "base/text.hpp"
#include "report/writers.hpp"

namespace rlsproof::report {

namespace {

struct Suite {
    std::string name;
    std::string cases;
    size_t tests = 0, failures = 0, errors = 0, skipped = 0;

    // `result` is the element inside the case, already escaped; empty for a case that passed.
    void add(std::string_view group, std::string_view case_name, const std::string &result) {
        ++tests;
        const std::string head =
            fmt::format("    <testcase classname=\"{}\" name=\"{}\"", text::xml(group), text::xml(case_name));
        cases += result.empty() ? head + "/>\n" : head + ">\n" + result + "    </testcase>\n";
    }
};

std::string body_of(const Finding &f) {
    std::string out = f.message + '\n';
    if (!f.evidence.empty()) out += "evidence: " + f.evidence + '\n';
    if (!f.detail.empty()) out += '\n' + f.detail + '\n';
    if (!f.hint.empty()) out += "\nhint: " + f.hint + '\n';
    if (!f.fix.empty()) out += "\nfix:\n" + f.fix + '\n';
    return out;
}

std::string failure(const std::vector<const Finding *> &findings) {
    std::string message = findings.front()->message, body;
    if (findings.size() > 1) message += fmt::format(" (and {} more)", findings.size() - 1);
    for (const Finding *f : findings) body += (body.empty() ? "" : "\n") + body_of(*f);
    return fmt::format("      <failure message=\"{}\" type=\"{}\">{}</failure>\n", text::xml(message),
                       name(findings.front()->level), text::xml(body));
}

std::string plain(std::string_view element, std::string_view message) {
    return fmt::format("      <{} message=\"{}\"/>\n", element, text::xml(message));
}

Suite suite_of(const Report &report, Category category) {
    Suite suite{std::string(heading(category)), {}};
    // Cases in the order of their first finding.
    std::vector<std::vector<const Finding *>> cases;
    std::map<std::pair<std::string, std::string>, size_t> index;
    for (const Finding *f : findings_of(report, category)) {
        const auto [it, added] = index.emplace(std::pair(f->rule, f->object), cases.size());
        if (added) cases.emplace_back();
        cases[it->second].push_back(f);
    }
    for (const auto &findings : cases) {
        const Finding &first = *findings.front();
        const bool fails = first.level != Level::note;
        suite.add(first.rule, first.object, fails ? failure(findings) : plain("skipped", first.message));
        ++(fails ? suite.failures : suite.skipped);
    }
    return suite;
}

// What was looked for and not found, and what could not be looked at.
Suite suite_of_the_look(const Report &report) {
    Suite suite{"Audit", {}};
    suite.add("audit", "looked everywhere", report.complete ? "" : plain("error", incompleteness(report)));
    if (!report.complete) ++suite.errors;
    for (const Note &note : report.notes) {
        const bool grave = note.level == Level::error;
        suite.add("note", text::flat(note.text), plain(grave ? "error" : "skipped", note.text));
        ++(grave ? suite.errors : suite.skipped);
    }

    std::map<std::string, size_t> found;
    for (const Finding &f : report.findings) ++found[f.rule];
    for (const Rule &rule : report.rules) {
        if (found.contains(rule.id)) continue;
        suite.add(rule.id, "no finding",
                  whole(report) ? "" : plain("skipped", "nothing found where it was possible to look"));
        if (!whole(report)) ++suite.skipped;
    }
    return suite;
}

std::string numbers(const Suite &s) {
    return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"", s.tests, s.failures, s.errors,
                       s.skipped);
}

} // namespace

std::string write_junit(const Report &report) {
    std::vector<Suite> suites;
    for (Category category : kCategories)
        if (Suite suite = suite_of(report, category); suite.tests > 0) suites.push_back(std::move(suite));
    suites.push_back(suite_of_the_look(report));

    Suite all;
    for (const Suite &s : suites) {
        all.tests += s.tests;
        all.failures += s.failures;
        all.errors += s.errors;
        all.skipped += s.skipped;
    }
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    out += fmt::format("<testsuites name=\"{}\" {}>\n", text::xml(title(report)), numbers(all));
    for (const Suite &s : suites)
        out += fmt::format("  <testsuite name=\"{}\" {}>\n{}  </testsuite>\n", text::xml(s.name), numbers(s), s.cases);
    return out + "</testsuites>\n";
}

} // namespace rlsproof::report
