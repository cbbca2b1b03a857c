#include "cli/audit.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>

#include <unistd.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/application.hpp"
#include "cli/folder.hpp"
#include "cli/look.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/signals.hpp"
#include "report/report.hpp"

namespace rlsproof::cli {

namespace fs = std::filesystem;

namespace {

using report::Format;

// Where the report goes. Standard output always gets something: the text, unless a format was asked for without a file.
struct Destination {
    Format out = Format::text;
    std::string file; // empty: none
    Format in_file = Format::html;
};

Format format_of(const fs::path &file) {
    const std::pair<std::string_view, Format> endings[] = {
        {".txt", Format::text},  {".md", Format::markdown}, {".json", Format::json}, {".sarif", Format::sarif},
        {".xml", Format::junit}, {".tap", Format::tap},     {".html", Format::html}, {".htm", Format::html}};
    for (const auto &[ending, format] : endings) {
        if (file.extension() == ending) return format;
    }
    throw Error(Code::invalid_input, fmt::format("cannot tell a format from the name \"{}\"", file.string()),
                "Add --format, or end the name in .txt, .md, .json, .sarif, .xml, .tap or .html.");
}

Destination destination(const AuditOptions &options) {
    if (options.output == "-") return {options.format.value_or(Format::text), "", {}};
    if (!options.output.empty())
        return {Format::text, options.output, options.format ? *options.format : format_of(options.output)};
    if (options.format) return {*options.format, "", {}};
    return {Format::text, "report.html", Format::html};
}

// Before the work, not after it.
void check_writable(const std::string &file) {
    if (file.empty()) return;
    const fs::path folder = fs::absolute(file).parent_path();
    if (fs::is_directory(file))
        throw Error(Code::invalid_input, fmt::format("cannot write \"{}\": it is a folder", file));
    if (access(fs::exists(file) ? file.c_str() : folder.c_str(), W_OK) != 0)
        throw Error(Code::permission, fmt::format("cannot write \"{}\"", file), "Choose a place with --output.");
}

void write_file(const std::string &file, const std::string &text) {
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream << text;
    stream.close();
    if (!stream)
        throw Error(Code::permission, fmt::format("cannot write \"{}\"", file), "Choose a place with --output.");
}

std::string now() {
    return fmt::format("{:%Y-%m-%d %H:%M} UTC",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

int deliver(report::Report &report, const Destination &to, const AuditOptions &options, Progress &progress) {
    rank(report.findings);
    report.version = RLSPROOF_VERSION;
    progress.clear();
    const bool colour = to.out == Format::text && wants_colour(STDOUT_FILENO);
    write_out(report::write(to.out, report, {std::max(width_of(STDOUT_FILENO), 40), colour}));
    if (!to.file.empty()) {
        report.generated = now();
        write_file(to.file, report::write(to.in_file, report));
        if (!options.quiet) progress.say(fmt::format("wrote {}", to.file));
    }
    switch (report::outcome(report)) {
    case report::Outcome::clean: return kClean;
    case report::Outcome::findings: return kFindings;
    case report::Outcome::could_not_look: return kCouldNotLook;
    }
    return kCouldNotLook;
}

// What the tool does with a folder.
class FolderAudit {
public:
    FolderAudit(const AuditOptions &options, Progress &progress)
        : options_(options), progress_(progress), folder_(options, progress) {}

    report::Report run() {
        report_.subject = report_.source = folder_.subject();
        report_.server = folder_.server_version();
        for (const std::string &text : folder_.notes()) note(text);
        report_.complete = folder_.incomplete_reason().empty();
        report_.incomplete_reason = folder_.incomplete_reason();
        report_.findings = folder_.take_findings();
        audit();
        if (options_.keep) keep();
        return std::move(report_);
    }

private:
    void note(const std::string &text) { report_.notes.push_back({Level::note, text}); }

    void audit() {
        Session session(folder_.server().own_parameters());
        if (folder_.plain()) {
            Application application = make_application(session, folder_.made_roles());
            for (const std::string &text : application.notes) note(text);
            std::move(application.findings.begin(), application.findings.end(), std::back_inserter(report_.findings));
        }
        session.query("create extension rlsproof");
        for (const char *where : {"alter database postgres", ""})
            session.query(fmt::format("{} set rlsproof.environment = 'throwaway'", where));
        progress_.phase("counting rows"); // plans are judged by the planner's estimates
        session.on_wait([&] { progress_.step(0, 0); });
        session.query("analyze");
        std::vector<Finding> found = look(session, options_.matrix, true, progress_);
        std::move(found.begin(), found.end(), std::back_inserter(report_.findings));
    }

    void keep() {
        const std::string directory = folder_.server().directory();
        const pid_t keeper = folder_.server().keep();
        progress_.clear();
        fmt::print(stderr,
                   "rlsproof: kept the server\n"
                   "  connect: psql -h {} -U postgres postgres\n"
                   "  stop and remove: kill {}\n",
                   directory, keeper);
    }

    const AuditOptions &options_;
    Progress &progress_;
    LoadedFolder folder_;
    report::Report report_;
};

report::Report audit_database(const AuditOptions &options, Progress &progress) {
    progress.phase("connecting");
    std::vector<std::string> notes;
    Session session = open_database(options.dsn, notes);
    report::Report report;
    report.subject = session.description();
    report.server = session.server_version();
    for (const std::string &text : notes) report.notes.push_back({Level::note, text});
    report.findings = look(session, options.matrix, false, progress);
    report.complete = true;
    return report;
}

} // namespace

int audit(const std::vector<std::string> &words) {
    if (std::find(words.begin(), words.end(), "--help") != words.end()) {
        write_out(audit_help());
        return kClean;
    }
    const AuditOptions options = parse_audit(words);
    const Destination to = destination(options);
    check_writable(to.file);
    if (!options.matrix.empty() && access(options.matrix.c_str(), R_OK) != 0)
        throw Error(Code::not_found, fmt::format("cannot read the matrix \"{}\"", options.matrix));
    install_signal_handlers();
    Progress progress(options.quiet);
    report::Report report =
        options.dsn.empty() ? FolderAudit(options, progress).run() : audit_database(options, progress);
    return deliver(report, to, options, progress);
}

} // namespace rlsproof::cli
