// TAP 13, which is valid TAP 14 too: one line per finding with its particulars as YAML below, one per rule that found
// nothing, one for the look itself.
#include <map>

#include <fmt/format.h>

#include "base/text.hpp"
#include "report/writers.hpp"

namespace rlsproof::report {

namespace {

class Tap {
public:
    void ok(std::string_view what) { line("ok", what, {}); }
    void skip(std::string_view what, std::string_view why) { line("ok", what, fmt::format(" # SKIP {}", escape(why))); }
    void not_ok(std::string_view what) { line("not ok", what, {}); }
    // Reported, and no failure of the run.
    void todo(std::string_view what) { line("not ok", what, " # TODO note"); }

    void diagnostic(const std::vector<std::pair<std::string_view, std::string_view>> &members) {
        body_ += "  ---\n";
        // A JSON string is a YAML scalar too.
        for (const auto &[key, value] : members)
            if (!value.empty()) body_ += fmt::format("  {}: {}\n", key, text::json(value));
        body_ += "  ...\n";
    }

    std::string take() const { return fmt::format("TAP version 13\n1..{}\n{}", number_, body_); }

private:
    static std::string escape(std::string_view text) {
        std::string out;
        for (char c : text::flat(text)) {
            if (c == '#' || c == '\\') out += '\\';
            out += c;
        }
        return out;
    }
    void line(std::string_view result, std::string_view what, std::string_view directive) {
        body_ += fmt::format("{} {} - {}{}\n", result, ++number_, escape(what), directive);
    }

    std::string body_;
    size_t number_ = 0;
};

} // namespace

std::string write_tap(const Report &report) {
    Tap tap;
    if (report.complete) {
        tap.ok("looked everywhere");
    } else {
        tap.not_ok("looked everywhere");
        tap.diagnostic({{"message", incompleteness(report)}});
    }
    for (const Note &note : report.notes) {
        if (note.level == Level::error) {
            tap.not_ok(note.text);
        } else {
            tap.skip("note", note.text);
        }
    }

    std::map<std::string, size_t> found;
    for (const Finding &f : report.findings) {
        ++found[f.rule];
        const std::string what = fmt::format("{} {}: {}", f.rule, f.object, f.message);
        if (f.level == Level::note) {
            tap.todo(what);
        } else {
            tap.not_ok(what);
        }
        tap.diagnostic({{"level", name(f.level)},
                        {"category", name(f.category)},
                        {"rule", f.rule},
                        {"object", f.object},
                        {"message", f.message},
                        {"detail", f.detail},
                        {"hint", f.hint},
                        {"fix", f.fix},
                        {"evidence", f.evidence},
                        {"key", key_of(f)}});
    }
    for (const Rule &rule : report.rules) {
        if (found.contains(rule.id)) continue;
        const std::string what = rule.id + ": no finding";
        if (whole(report)) {
            tap.ok(what);
        } else {
            tap.skip(what, "not everything could be looked at");
        }
    }
    return tap.take();
}

} // namespace rlsproof::report
