// The command line as values: what was asked for, or an Error that says how to ask.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flavour.hpp"
#include "report/report.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

struct AuditOptions {
    std::string directory; // one of these two
    std::string dsn;
    std::string matrix;
    std::optional<report::Format> format;
    std::string output; // "-" is standard output
    int jobs = 1;
    int statement_timeout = 120; // seconds; 0 waits for ever
    bool keep = false;
    bool quiet = false;
    std::string pgbin;
    std::optional<Flavour> flavour; // forced
};

// REQUIRES: `words` are the arguments after the command's name. Raises Error{invalid_input}.
AuditOptions parse_audit(const std::vector<std::string> &words);

std::string help();
std::string audit_help();

} // namespace rlsproof::cli
