#include "cli/folder.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/migrations.hpp"
#include "cli/prelude.hpp"
#include "cli/session.hpp"
#include "cli/sources.hpp"

namespace rlsproof::cli {

namespace fs = std::filesystem;

namespace {

// libpq reads the caller's PGOPTIONS, PGSSLMODE ... too: they are not meant for a server of our own.
void forget_libpq_variables() {
    std::vector<std::string> names;
    for (char **entry = environ; *entry != nullptr; ++entry) {
        if (std::string_view(*entry).starts_with("PG")) names.emplace_back(*entry, std::string_view(*entry).find('='));
    }
    for (const std::string &name : names) unsetenv(name.c_str());
}

// A database of Supabase's lets anon into every table that has no policies: not to be passed over by a guess.
Finding guessed(const std::string &otherwise) {
    Finding finding;
    finding.rule = "not_looked_at";
    finding.object = "audit";
    finding.message =
        fmt::format("it was guessed that this is no Supabase database, though its roles are named ({})", otherwise);
    finding.detail = "There, the API lets anon and authenticated use every table of the schema public that row level "
                     "security does not protect. That was not looked at.";
    finding.hint = "Say which it is: --supabase or --plain.";
    finding.evidence = "none";
    finding.key = "not_looked_at:supabase";
    return finding;
}

// As short as it can be said from where the user stands.
std::string shown(const fs::path &folder) {
    const fs::path from_here = fs::weakly_canonical(folder).lexically_relative(fs::current_path());
    return from_here.empty() || *from_here.begin() == ".." ? folder.string() : from_here.string();
}

} // namespace

LoadedFolder::LoadedFolder(const FolderOptions &options, Progress &progress) : progress_(progress) {
    Migrations migrations = find_migrations(options.directory);
    subject_ = shown(options.directory);
    const Sources sources = read_sources(migrations, migrations.notes);
    notes_ = migrations.notes;
    const std::string bin = find_server_programs(options.pgbin);
    forget_libpq_variables();
    start(bin);
    prepare(options, migrations, sources);
    load(options, sources);
}

void LoadedFolder::start(const std::string &bin) {
    std::string doing;
    server_ = std::make_unique<Server>(bin, [&](const std::string &step) {
        if (step != doing) progress_.phase(doing = step);
        progress_.step(0, 0);
    });
    Session session(server_->parameters());
    server_version_ = session.server_version();
    if (session.query("select from pg_catalog.pg_available_extensions where name = 'rlsproof'").empty())
        throw Error(Code::not_found, fmt::format("the server of \"{}\" does not have the extension rlsproof", bin),
                    "Install it (make install), or name another server with --pgbin.");
}

void LoadedFolder::prepare(const FolderOptions &options, const Migrations &migrations, const Sources &sources) {
    FlavourChoice choice = choose_flavour(migrations, sources);
    if (options.flavour) choice = {*options.flavour, "asked for", ""};
    otherwise_ = choice.otherwise;
    plain_ = choice.flavour == Flavour::plain;
    notes_.push_back(
        fmt::format("loaded into {}: {}", plain_ ? "plain PostgreSQL" : "a Supabase-shaped database", choice.why));
    progress_.say(notes_.back());
    if (plain_) return;
    Sources prelude;
    prelude.push_back(source_of(std::string(supabase_prelude()), "prelude/supabase.sql"));
    const LoadResult result = Loader(server_->parameters(), {}, progress_).load(prelude);
    if (result.failed > 0)
        throw Error(Code::internal, fmt::format("the Supabase prelude does not load: {}: {}", result.findings[0].object,
                                                result.findings[0].message));
}

void LoadedFolder::load(const FolderOptions &options, const Sources &sources) {
    progress_.phase("loading " + text::plural(sources.size(), "file", "files"));
    LoadResult result =
        Loader(server_->parameters(), std::chrono::seconds(options.statement_timeout), progress_).load(sources);
    if (result.statements == 0)
        throw Error(Code::not_found, fmt::format("no statements in the {} of \"{}\"",
                                                 text::plural(result.files, "file", "files"), options.directory));
    if (result.failed == result.statements)
        throw Error(Code::invalid_input, fmt::format("none of the {} statements loaded", result.statements),
                    "Is this the right folder? See --plain and --supabase.",
                    fmt::format("The first: {}: {}", result.findings[0].object, result.findings[0].message));
    notes_.insert(notes_.end(), result.notes.begin(), result.notes.end());
    failed_ = result.failed;
    if (result.failed > 0)
        progress_.say(fmt::format("{} of {} failed to load", result.failed,
                                  text::plural(result.statements, "statement", "statements")));
    if (result.hiding > 0)
        incomplete_reason_ = fmt::format(
            "The audit looked at what loaded: {} of {} did not, and {} that failed could change what is reachable.",
            result.failed, text::plural(result.statements, "statement", "statements"), result.hiding);
    findings_ = std::move(result.findings);
    if (!otherwise_.empty()) findings_.push_back(guessed(otherwise_));
    made_roles_ = std::move(result.made_roles);
}

} // namespace rlsproof::cli
