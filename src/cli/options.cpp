#include "cli/options.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/error.hpp"

namespace rlsproof::cli {

namespace {

Error usage(const std::string &message) {
    return Error(Code::invalid_input, message, "Try \"rlsproof audit --help\".");
}

int number(const std::string &option, const std::string &text, int least, int most) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
        throw usage(fmt::format("{} takes a number from {} to {}, not \"{}\"", option, least, most, text));
    return value;
}

void force(AuditOptions &options, Flavour flavour) {
    if (options.flavour && *options.flavour != flavour) throw usage("--plain and --supabase exclude each other");
    options.flavour = flavour;
}

struct Option {
    std::string_view name;
    bool takes_value;
    void (*apply)(AuditOptions &, const std::string &value);
};

constexpr std::array kOptions = {
    Option{"--dsn", true, [](AuditOptions &o, const std::string &v) { o.dsn = v; }},
    Option{"--format", true, [](AuditOptions &o, const std::string &v) { o.format = report::format_from(v); }},
    Option{"--jobs", true, [](AuditOptions &o, const std::string &v) { o.jobs = number("--jobs", v, 1, 64); }},
    Option{"--keep", false, [](AuditOptions &o, const std::string &) { o.keep = true; }},
    Option{"--matrix", true, [](AuditOptions &o, const std::string &v) { o.matrix = v; }},
    Option{"--output", true, [](AuditOptions &o, const std::string &v) { o.output = v; }},
    Option{"--pgbin", true, [](AuditOptions &o, const std::string &v) { o.pgbin = v; }},
    Option{"--plain", false, [](AuditOptions &o, const std::string &) { force(o, Flavour::plain); }},
    Option{"--quiet", false, [](AuditOptions &o, const std::string &) { o.quiet = true; }},
    Option{"--statement-timeout", true,
           [](AuditOptions &o, const std::string &v) {
               o.statement_timeout = number("--statement-timeout", v, 0, 86400);
           }},
    Option{"--supabase", false, [](AuditOptions &o, const std::string &) { force(o, Flavour::supabase); }},
};

const Option &option_named(std::string_view name) {
    for (const Option &option : kOptions) {
        if (option.name == name) return option;
    }
    throw usage(fmt::format("unknown option \"{}\"", name));
}

void check(const AuditOptions &options) {
    if (options.directory.empty() && options.dsn.empty()) throw usage("audit needs a folder of migrations or --dsn");
    if (options.dsn.empty()) return;
    if (!options.directory.empty()) throw usage("audit takes a folder or --dsn, not both");
    if (options.keep || !options.pgbin.empty() || options.flavour)
        throw usage(
            "--keep, --pgbin, --plain and --supabase are about the throw-away server: they do nothing with --dsn");
}

} // namespace

AuditOptions parse_audit(const std::vector<std::string> &words) {
    AuditOptions options;
    bool only_names = false;
    for (size_t i = 0; i < words.size(); ++i) {
        const std::string &word = words[i];
        if (only_names || !word.starts_with("-") || word == "-") {
            if (!options.directory.empty())
                throw usage(fmt::format("one folder at a time: \"{}\" and \"{}\"", options.directory, word));
            if (word.empty()) throw usage("the name of the folder is empty");
            options.directory = word;
            continue;
        }
        if (word == "--") {
            only_names = true;
            continue;
        }
        const size_t equals = word.find('=');
        const Option &option = option_named(word.substr(0, equals));
        if (!option.takes_value && equals != std::string::npos)
            throw usage(fmt::format("{} takes no value", option.name));
        if (option.takes_value && equals == std::string::npos && i + 1 == words.size())
            throw usage(fmt::format("{} needs a value", option.name));
        std::string value;
        if (option.takes_value) value = equals == std::string::npos ? words[++i] : word.substr(equals + 1);
        if (option.takes_value && value.empty()) throw usage(fmt::format("{} needs a value", option.name));
        option.apply(options, value);
    }
    check(options);
    return options;
}

std::string help() {
    return R"(rlsproof proves which role can see and change which rows of a PostgreSQL database.

  rlsproof audit DIR           load migrations into a throw-away server and audit them
  rlsproof audit --dsn DSN     audit a database that has the extension
  rlsproof audit --help        all options
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

} // namespace rlsproof::cli
