#include "cli/check.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/audit.hpp"
#include "cli/folder.hpp"
#include "cli/look.hpp"
#include "cli/offences.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/queries.hpp"
#include "cli/session.hpp"
#include "cli/signals.hpp"
#include "cli/sources.hpp"

namespace rlsproof::cli {

namespace {

// What a plan cannot tell: they count what runs. Asked for alone, they would always find nothing.
constexpr std::array<std::string_view, 6> kNeedARun = {
    "rows_read", "result_rows", "n_plus_one", "repeated_query", "transaction_rows_read", "transaction_rows_written"};

// The throw-away server, or somebody's database.
class Check {
public:
    Check(const CheckOptions &options, Progress &progress) : options_(options), progress_(progress) {}

    CheckReport run() {
        read();
        if (options_.dsn.empty())
            load();
        else
            connect();
        prepare();
        ask();
        return std::move(report_);
    }

private:
    // All of one text: the guard says the same of each.
    struct Same {
        const Query *first;
        size_t times = 0;
    };

    void read() {
        const std::string text = read_text(options_.file);
        report_.file = options_.file == "-" ? "stdin" : options_.file;
        const Input input = options_.input.value_or(input_of(text));
        queries_ = read_queries(text, input);
        report_.gaps = queries_.gaps;
        report_.session_commands = queries_.session_commands;
        if (queries_.queries.empty() && report_.gaps.empty())
            throw Error(Code::not_found, fmt::format("no queries in \"{}\", read as {}", report_.file, name(input)),
                        input == Input::log ? "A log has them where log_statement or log_min_duration_statement is set."
                                            : "Name the kind of the file with --input.");
    }

    void load() {
        folder_ = std::make_unique<LoadedFolder>(options_, progress_);
        report_.subject = folder_->subject();
        report_.notes = folder_->notes();
        if (folder_->failed() > 0) {
            const std::string what = fmt::format("{} of the migrations failed to load (\"rlsproof audit\" names them)",
                                                 text::plural(folder_->failed(), "statement", "statements"));
            (folder_->incomplete_reason().empty() ? report_.notes : report_.gaps).push_back(what);
        }
        session_.emplace(folder_->server().own_parameters());
        session_->query("create extension rlsproof");
        progress_.phase("counting rows"); // plans are judged by the planner's estimates
        session_->on_wait([&] { progress_.step(0, 0); });
        session_->query("analyze");
        if (options_.matrix.empty()) return;
        session_->query("begin");
        load_matrix(*session_, options_.matrix, progress_);
        session_->query("commit");
    }

    void connect() {
        progress_.phase("connecting");
        session_.emplace(open_database(options_.dsn, report_.notes));
        report_.subject = session_->description();
    }

    void prepare() {
        // Also loads the module, whose settings are only then known.
        session_->query(fmt::format("select from rlsproof.check_query('', {})", persona()));
        if (const auto failure = session_->run(fmt::format("set rlsproof.small_table to {}", options_.small_table)))
            report_.notes.push_back(fmt::format("tables are small as the database says, not below {} pages: {}",
                                                options_.small_table, failure->message));
        check_rules();
    }

    void check_rules() {
        std::vector<std::string> known{std::string(kInvalid)};
        for (const Row &row : session_->query("select pg_catalog.substr(item, 6) from rlsproof.guard_status() "
                                              "where item ^@ 'rule_' order by 1"))
            known.push_back(row.at(0).value_or(""));
        for (const std::string_view counted : kNeedARun) std::erase(known, counted);
        std::vector<std::string> named = options_.rules;
        if (options_.fail_on) named.insert(named.end(), options_.fail_on->begin(), options_.fail_on->end());
        for (const std::string &rule : named) {
            if (std::find(known.begin(), known.end(), rule) != known.end()) continue;
            const bool counted = std::find(kNeedARun.begin(), kNeedARun.end(), rule) != kNeedARun.end();
            throw Error(Code::invalid_input,
                        counted ? fmt::format("the rule \"{}\" is about queries that run, and check runs none", rule)
                                : fmt::format("there is no rule \"{}\"", rule),
                        fmt::format("The rules are: {}.", fmt::join(known, ", ")));
        }
    }

    void ask() {
        std::vector<Same> distinct;
        std::map<std::string_view, size_t> seen;
        for (const Query &query : queries_.queries) {
            const auto [at, is_new] = seen.try_emplace(query.text, distinct.size());
            if (is_new) distinct.push_back({&query, 0});
            distinct[at->second].times += query.times;
            report_.queries += query.times;
        }
        progress_.phase("checking " + text::plural(distinct.size(), "query", "queries"));
        OffenceList offences;
        for (size_t i = 0; i < distinct.size(); ++i) {
            const Query &query = *distinct[i].first;
            progress_.step(i, distinct.size(), fmt::format("{}:{}", report_.file, query.line));
            if (const auto rows = rows_of(query)) offences.add(query, distinct[i].times, *rows);
        }
        report_.shapes = offences.shapes();
        report_.offences = offences.take();
    }

    // Null where it could not be looked at. Each in a transaction of its own, which leaves nothing: no lock is held on
    // a database in use for longer than one plan takes.
    std::optional<std::vector<Row>> rows_of(const Query &query) {
        if (query.text.find('\0') != std::string::npos) {
            report_.gaps.push_back(fmt::format("line {}: the statement contains a zero byte", query.line));
            return std::nullopt;
        }
        try {
            session_->query("begin");
            std::vector<Row> rows = session_->query(
                fmt::format("select rule, sqlstate, message, detail, hint, query from rlsproof.check_query({}, {})",
                            quoted_literal(text::mend(query.text)), persona()));
            session_->query("rollback");
            for (const Row &row : rows)
                if (row.at(0) == kNotLookedAt)
                    report_.gaps.push_back(
                        fmt::format("line {}: {}. {}", query.line, row.at(2).value_or(""), row.at(3).value_or("")));
            std::erase_if(
                rows, [&](const Row &row) { return row.at(0) == kNotLookedAt || !is_wanted(row.at(0).value_or("")); });
            return rows;
        } catch (const Error &error) {
            if (session_->broken()) throw;
            session_->query("rollback");
            report_.gaps.push_back(fmt::format("line {}: {}", query.line, error.what()));
            return std::nullopt;
        }
    }

    bool is_wanted(const std::string &rule) const {
        return options_.rules.empty() || rule == kInvalid ||
               std::find(options_.rules.begin(), options_.rules.end(), rule) != options_.rules.end();
    }

    std::string persona() const { return options_.persona.empty() ? "null" : quoted_literal(options_.persona); }

    const CheckOptions &options_;
    Progress &progress_;
    Queries queries_;
    std::unique_ptr<LoadedFolder> folder_;
    std::optional<Session> session_;
    CheckReport report_;
};

Exit outcome(const CheckReport &report, const CheckOptions &options) {
    const bool fails = std::any_of(report.offences.begin(), report.offences.end(), [&](const Offence &offence) {
        return !options.fail_on ||
               std::find(options.fail_on->begin(), options.fail_on->end(), offence.rule) != options.fail_on->end();
    });
    if (fails) return kFindings;
    return report.gaps.empty() ? kClean : kCouldNotLook;
}

} // namespace

int check(const std::vector<std::string> &words) {
    if (std::find(words.begin(), words.end(), "--help") != words.end()) {
        write_out(check_help());
        return kClean;
    }
    const CheckOptions options = parse_check(words);
    install_signal_handlers();
    Progress progress(options.quiet);
    const CheckReport report = Check(options, progress).run();
    progress.clear();
    write_out(options.json ? as_json(report) : as_text(report));
    return outcome(report, options);
}

} // namespace rlsproof::cli
