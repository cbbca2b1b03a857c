// The command line as values: what was asked for, or an Error that says how to ask.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/folder.hpp"
#include "cli/queries.hpp"
#include "report/report.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

// A folder, or a database.
struct AuditOptions : FolderOptions {
    std::string dsn;
    std::string matrix;
    std::optional<report::Format> format;
    std::string output; // "-" is standard output
    int jobs = 1;
    bool keep = false;
    bool quiet = false;
};

// A folder, or a database, and queries to be planned in it.
struct CheckOptions : FolderOptions {
    std::string file; // "-" is standard input
    std::string dsn;
    std::string matrix;
    std::string persona;
    std::optional<Input> input;                      // otherwise the content tells
    std::vector<std::string> rules;                  // empty: all of them
    std::optional<std::vector<std::string>> fail_on; // otherwise whatever is reported; empty: nothing
    int small_table = 0;                             // pages
    bool json = false;
    bool quiet = false;
};

// REQUIRES: `words` are the arguments after the command's name. Raises Error{invalid_input}.
AuditOptions parse_audit(const std::vector<std::string> &words);
CheckOptions parse_check(const std::vector<std::string> &words);

std::string help();
std::string audit_help();
std::string check_help();

} // namespace rlsproof::cli
