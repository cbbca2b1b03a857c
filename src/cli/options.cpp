#include "cli/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/offences.hpp"

namespace rlsproof::cli {

namespace {

Error usage(const std::string &message) {
    return Error(Code::invalid_input, message);
}

int number(const std::string &option, const std::string &text, int least, int most) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
        throw usage(fmt::format("{} takes a number from {} to {}, not \"{}\"", option, least, most, text));
    return value;
}

std::vector<std::string> list(const std::string &option, const std::string &text) {
    std::vector<std::string> parts;
    for (size_t at = 0; at <= text.size();) {
        const size_t comma = std::min(text.find(',', at), text.size());
        const std::string_view part = text::trim(std::string_view(text).substr(at, comma - at));
        if (part.empty()) throw usage(fmt::format("{} takes names with commas between them", option));
        parts.emplace_back(part);
        at = comma + 1;
    }
    return parts;
}

template <typename Options>
struct Option {
    std::string_view name;
    bool takes_value;
    void (*apply)(Options &, const std::string &value);
};

void force(FolderOptions &options, Flavour flavour) {
    if (options.flavour && *options.flavour != flavour) throw usage("--plain and --supabase exclude each other");
    options.flavour = flavour;
}

// What every command understands that can load a folder.
template <typename Options>
constexpr std::array<Option<Options>, 7> kShared = {{
    {"--dsn", true, [](Options &o, const std::string &v) { o.dsn = v; }},
    {"--matrix", true, [](Options &o, const std::string &v) { o.matrix = v; }},
    {"--pgbin", true, [](Options &o, const std::string &v) { o.pgbin = v; }},
    {"--plain", false, [](Options &o, const std::string &) { force(o, Flavour::plain); }},
    {"--quiet", false, [](Options &o, const std::string &) { o.quiet = true; }},
    {"--statement-timeout", true,
     [](Options &o, const std::string &v) { o.statement_timeout = number("--statement-timeout", v, 0, 86400); }},
    {"--supabase", false, [](Options &o, const std::string &) { force(o, Flavour::supabase); }},
}};

constexpr std::array<Option<AuditOptions>, 4> kAudit = {{
    {"--format", true, [](AuditOptions &o, const std::string &v) { o.format = report::format_from(v); }},
    {"--jobs", true, [](AuditOptions &o, const std::string &v) { o.jobs = number("--jobs", v, 1, 64); }},
    {"--keep", false, [](AuditOptions &o, const std::string &) { o.keep = true; }},
    {"--output", true, [](AuditOptions &o, const std::string &v) { o.output = v; }},
}};

constexpr std::array<Option<CheckOptions>, 7> kCheck = {{
    {"--fail-on", true,
     [](CheckOptions &o, const std::string &v) {
         o.fail_on = v == "none" ? std::vector<std::string>() : list("--fail-on", v);
     }},
    {"--format", true,
     [](CheckOptions &o, const std::string &v) {
         if (v != "text" && v != "json") throw usage(fmt::format("--format is text or json, not \"{}\"", v));
         o.json = v == "json";
     }},
    {"--input", true, [](CheckOptions &o, const std::string &v) { o.input = input_named(v); }},
    {"--migrations", true, [](CheckOptions &o, const std::string &v) { o.directory = v; }},
    {"--persona", true, [](CheckOptions &o, const std::string &v) { o.persona = v; }},
    {"--rules", true, [](CheckOptions &o, const std::string &v) { o.rules = list("--rules", v); }},
    {"--small-table", true,
     [](CheckOptions &o, const std::string &v) {
         o.small_table = number("--small-table", v, 0, std::numeric_limits<int>::max());
     }},
}};

template <typename Options, size_t n>
const Option<Options> &option_named(const std::array<Option<Options>, n> &own, std::string_view name) {
    for (const Option<Options> &option : own) {
        if (option.name == name) return option;
    }
    for (const Option<Options> &option : kShared<Options>) {
        if (option.name == name) return option;
    }
    throw usage(fmt::format("unknown option \"{}\"", name));
}

// `subject` is the one word that is no option, and `what` it is.
template <typename Options, size_t n>
void read_words(const std::vector<std::string> &words, const std::array<Option<Options>, n> &own, Options &options,
                std::string &subject, std::string_view what) {
    bool only_names = false;
    for (size_t i = 0; i < words.size(); ++i) {
        const std::string &word = words[i];
        if (only_names || !word.starts_with("-") || word == "-") {
            if (!subject.empty()) throw usage(fmt::format("one {} at a time: \"{}\" and \"{}\"", what, subject, word));
            if (word.empty()) throw usage(fmt::format("the name of the {} is empty", what));
            subject = word;
            continue;
        }
        if (word == "--") {
            only_names = true;
            continue;
        }
        const size_t equals = word.find('=');
        const Option<Options> &option = option_named(own, word.substr(0, equals));
        if (!option.takes_value && equals != std::string::npos)
            throw usage(fmt::format("{} takes no value", option.name));
        if (option.takes_value && equals == std::string::npos && i + 1 == words.size())
            throw usage(fmt::format("{} needs a value", option.name));
        std::string value;
        if (option.takes_value) value = equals == std::string::npos ? words[++i] : word.substr(equals + 1);
        if (option.takes_value && value.empty()) throw usage(fmt::format("{} needs a value", option.name));
        option.apply(options, value);
    }
}

void check_places(const AuditOptions &options) {
    if (options.directory.empty() && options.dsn.empty()) throw usage("audit needs a folder of migrations or --dsn");
    if (options.dsn.empty()) return;
    if (!options.directory.empty()) throw usage("audit takes a folder or --dsn, not both");
    if (options.keep || !options.pgbin.empty() || options.flavour)
        throw usage(
            "--keep, --pgbin, --plain and --supabase are about the throw-away server: they do nothing with --dsn");
}

void check_places(const CheckOptions &options) {
    for (const std::string &rule : options.fail_on.value_or(std::vector<std::string>())) {
        if (!options.rules.empty() && rule != kInvalid &&
            std::find(options.rules.begin(), options.rules.end(), rule) == options.rules.end())
            throw usage(fmt::format("--fail-on names \"{}\", which --rules leaves out", rule));
    }
    if (options.file.empty()) throw usage("check needs a file of queries, or \"-\" for standard input");
    if (options.directory.empty() && options.dsn.empty())
        throw usage("check needs tables to plan the queries over: --migrations DIR or --dsn DSN");
    if (options.dsn.empty()) return;
    if (!options.directory.empty()) throw usage("check takes --migrations or --dsn, not both");
    if (!options.matrix.empty() || !options.pgbin.empty() || options.flavour)
        throw usage("--matrix, --pgbin, --plain and --supabase are about the throw-away server: they do nothing with "
                    "--dsn");
}

// Errors without a hint get the one that helps with the command.
template <typename Options, typename Read>
Options parsed(std::string_view command, const Read &read) {
    try {
        Options options;
        read(options);
        check_places(options);
        return options;
    } catch (Error &error) {
        if (error.hint.empty()) error.hint = fmt::format("Try \"rlsproof {} --help\".", command);
        throw;
    }
}

} // namespace

AuditOptions parse_audit(const std::vector<std::string> &words) {
    return parsed<AuditOptions>(
        "audit", [&](AuditOptions &options) { read_words(words, kAudit, options, options.directory, "folder"); });
}

CheckOptions parse_check(const std::vector<std::string> &words) {
    return parsed<CheckOptions>(
        "check", [&](CheckOptions &options) { read_words(words, kCheck, options, options.file, "file"); });
}

std::string help() {
    return R"(rlsproof proves which role can see and change which rows of a PostgreSQL database.

  rlsproof audit DIR           load migrations into a throw-away server and audit them
  rlsproof audit --dsn DSN     audit a database that has the extension
  rlsproof audit --help        all options
  rlsproof check FILE|-        what the guard's rules say of the queries in a file, a log or an export of
                               pg_stat_statements, none of which is run
  rlsproof check --help        all options
  rlsproof --version
  rlsproof --help
)";
}

std::string audit_help() {
    return R"(rlsproof audit DIR|--dsn DSN [options]

DIR is a folder of migrations, the project that holds one, or a single .sql file. The files are loaded in the order of the
tool that made them, into a server that lives only as long as the audit.

  --dsn DSN                connect to this database instead; nothing in it is changed (libpq's PG... variables count)
  --matrix FILE            SQL that declares personas, scopes and expectations
  --format F               text, markdown, html, json, sarif, junit or tap: on standard output, or in --output's file
  --output FILE            write the report there; without --format the name's ending decides; "-" is standard output
                           (without either: text on standard output, and report.html)
  --plain, --supabase      prepare the server for plain PostgreSQL or for Supabase, whatever the migrations look like
  --pgbin DIR              where postgres and initdb are (otherwise $RLSPROOF_PGBIN, then pg_config --bindir)
  --statement-timeout S    give up on a statement after S seconds (120; 0 waits for ever)
  --jobs N                 sessions to use at once, 1 to 64; so far every step uses one, whatever N says
  --keep                   leave the throw-away server running, and say how to reach and to stop it
  --quiet                  no progress on standard error

Exit status: 0 nothing found (notes alone count as nothing), 1 findings, 2 could not look.
)";
}

std::string check_help() {
    return R"(rlsproof check FILE|- --migrations DIR|--dsn DSN [options]

Asks every rule of the guard about the queries in a file, without running them. FILE is plain SQL, the CSV that
psql --csv -c 'select * from pg_stat_statements' writes, or a log of the server that has the statements in it; "-" is
standard input.

  --migrations DIR         plan the queries over these migrations, loaded into a throw-away server (as audit DIR does)
  --dsn DSN                or over this database, which has the extension; nothing in it is changed
  --input KIND             sql, csv or log, where the content does not tell
  --persona NAME           plan the queries as this persona, with its rights and its policies
  --rules A,B              look for these rules alone; what the server cannot plan ("invalid") is always told
  --fail-on A,B            let these rules alone decide the exit status; "none": none does
  --small-table PAGES      leave out tables of fewer pages; the default is 0, for migrations make empty tables
  --format F               text or json
  --matrix FILE            SQL that declares the persona, with --migrations
  --plain, --supabase      what to prepare the throw-away server as
  --pgbin DIR              where postgres and initdb are (otherwise $RLSPROOF_PGBIN, then pg_config --bindir)
  --statement-timeout S    give up on a statement of the migrations after S seconds (120; 0 waits for ever)
  --quiet                  no progress on standard error

Exit status: 0 nothing found, 1 something found, 2 could not look, or not at everything.
)";
}

} // namespace rlsproof::cli
