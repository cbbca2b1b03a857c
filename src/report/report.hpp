// What was found, ready to be written: one value in, one text out, in the format asked for. Writers never look anything
// up and never read a clock: the same report always becomes the same bytes.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.hpp"

#include "base/core_only.hpp"

namespace rlsproof::report {

enum class Format { text, markdown, html, json, sarif, junit, tap };

// Raises Error{invalid_input} with the formats in its hint.
Format format_from(std::string_view text);
std::string_view name(Format format);

// Something the reader must know beside the findings: what could not be looked at, and why. A note of level error means
// the answer as a whole cannot be trusted to be complete.
struct Note {
    Level level = Level::warning;
    std::string text;
};

// A rule that was looked for, also where it found nothing. Optional: SARIF takes its help from here, JUnit and TAP
// their passing cases.
struct Rule {
    std::string id;
    std::string title; // one line
    std::string help;  // what it is, why it matters, how to mend it
    std::string uri;   // page with more, or empty
};

// The commands of a matrix cell, in the order of its codes. The last stands for whatever else the object knows:
// TRUNCATE, REFERENCES, TRIGGER and MAINTAIN of a table, EXECUTE of a function; the worst of them is shown.
inline constexpr std::array<std::string_view, 5> kCommands = {"SELECT", "INSERT", "UPDATE", "DELETE", "other"};

// The role grid people look at: rows are objects, columns are personas. A cell is a text of up to five codes, one per
// command of kCommands; a blank or a missing one means that the object does not know the command.
//
//   -  out of reach                     V  vacuous: nothing there that could have been seen
//   d  as declared, by privileges       ?  unknown
//   p  as declared, proved              O  open: reachable, and nobody declared it
//   x  as declared, executed            L  leak: more than declared
//                                       K  lockout: less than declared
//                                       E  the statement fails
//
// Small letters and the dash are fine; capitals and the question mark are not.
struct Matrix {
    struct Row {
        std::string object;
        std::string kind;               // table, view, function ...
        std::vector<std::string> cells; // INVARIANT: one per persona, in the same order
    };
    std::vector<std::string> personas;
    std::vector<Row> rows;
};

// What a code of the matrix means, in a few words; empty for a character that is no code.
std::string_view meaning(char code);

struct Report {
    std::string version;   // of rlsproof
    std::string title;     // heading; a sensible one is used when empty
    std::string subject;   // what was looked at: "demo/supabase/migrations", "database app"
    std::string server;    // "PostgreSQL 15.8", or empty
    std::string source;    // path of the migrations in the repository, where there is one: SARIF points there
    std::string generated; // a time to print, or empty: nothing here looks at a clock
    std::vector<Note> notes;
    std::vector<Finding> findings; // INVARIANT: ranked, see rlsproof::rank
    std::vector<Rule> rules;
    Matrix matrix;

    // Whether the audit could look everywhere it was asked to. Whoever did the looking says so: until then no writer
    // says that all is well, whatever the findings.
    bool complete = false;
    std::string incomplete_reason; // why not, as a sentence or two
};

// Findings by category and level.
struct Counts {
    std::array<std::array<size_t, 3>, 4> by{}; // [category][level]

    size_t of(Category category) const; // of level error or warning
    size_t of(Level level) const;
    size_t total() const;
};
Counts count(const Report &report);

// What a gate should do. Findings of level note pass the gate; findings win over an incomplete look, since both fail
// it.
enum class Outcome { clean, findings, could_not_look };
Outcome outcome(const Report &report);

// The outcome as one line: "3 ways to reach other people's data, 2 broken permissions". Never "nothing found" alone
// when the audit could not look everywhere.
std::string headline(const Report &report);

struct Options {
    int width = 100;     // text: columns, at least 40
    bool colour = false; // text: ANSI colours
};

// Text that is not valid UTF-8 is mended with U+FFFD, in every format.
std::string write(Format format, const Report &report, const Options &options = {});

} // namespace rlsproof::report
