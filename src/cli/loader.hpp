// Runs migrations as their tool would, one statement after another, and goes on where a tool would stop: what failed
// comes back as findings, what had to be helped along as notes.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/finding.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cli/sources.hpp"
#include "cli/transactions.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

struct LoadResult {
    size_t files = 0;
    size_t statements = 0;
    size_t failed = 0; // for good
    size_t hiding = 0; // of these, the ones that could hide an object, a privilege or a policy from the audit
    std::vector<Finding> findings;
    std::vector<std::string> notes;
    std::vector<std::string> made_roles; // that the migrations use and do not create
};

class Loader {
public:
    Loader(Parameters parameters, std::chrono::seconds statement_timeout, Progress &progress)
        : parameters_(std::move(parameters)), timeout_(statement_timeout), progress_(progress) {}

    LoadResult load(const Sources &sources);

private:
    // Where a statement stood, and under which settings it failed: enough to try it again.
    struct Failed {
        const Source *source;
        const Piece *piece;
        Failure failure;
        Row settings; // search_path, role, check_function_bodies
        size_t undone = 0;

        std::string missing() const; // what it failed for, if something is not there
    };

    void load_file(const Source &source);
    void run_pieces(const Source &source);
    void run_meta(const Source &source, const Piece &piece);
    void run_statement(const Source &source, const Piece &piece);
    void run_control(const Source &source, const Piece &piece);
    std::optional<Failure> attempt(const Piece &piece, const std::string &sql);
    bool help(const Piece &piece, const Failure &failure);
    void finish_file(const Source &source);
    void open_session();
    void fail(const Source &source, const Piece &piece, Failure failure, size_t undone = 0);
    void leave_transaction(bool undone);

    void try_again();
    bool try_again(Failed &failed);
    void describe_helped();
    void report_failed();
    Finding told(const std::vector<const Failed *> &failed);
    Finding told_of(const std::string &missing, const std::vector<const Failed *> &failed);
    std::string maker_of(const std::string &missing);
    void tell_what_is_undone(Finding &finding, const std::vector<const Failed *> &failed);
    std::string unique_key(std::string key);

    Parameters parameters_;
    std::chrono::seconds timeout_;
    Progress &progress_;
    const Sources *sources_ = nullptr;
    std::optional<Transactions> transactions_;
    std::set<const Transaction *> undone_; // that were told of as errors
    std::unique_ptr<Session> session_;
    LoadResult result_;
    std::vector<Failed> failed_;
    std::vector<std::string> late_;                 // loaded on the second attempt
    std::vector<std::string> superseded_;           // failed, and a later file made the same thing
    std::map<std::string, std::string> made_roles_; // and where they were first missing
    std::map<std::string, std::string> stand_ins_;  // for what is not installed here, and where it was first missing
    std::vector<std::string> placeholders_;         // statements with names of psql's variables
    std::map<std::string, int> keys_; // of findings, and how often: the same statement may fail twice in a file
    bool implicit_ = false;           // the open transaction is ours
    bool stopped_ = false;            // \q
    size_t in_transaction_ = 0;       // statements that the open transaction holds
    size_t hiding_in_transaction_ = 0;
    size_t done_ = 0, total_ = 0;
};

} // namespace rlsproof::cli
