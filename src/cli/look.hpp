// Asks the extension in a database for its findings, inside a transaction that is always rolled back.
#pragma once

#include <string>
#include <vector>

#include "base/finding.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

// The version of the extension that the database has; empty if it has none.
std::string extension_version(Session &session);

// A session in the database, which must have the extension. Whatever is odd about that lands in the notes.
// Raises Error{not_found}.
Session open_database(const std::string &dsn, std::vector<std::string> &notes);

// Runs a file of declarations. Raises Error{invalid_input} with the place of what fails.
// REQUIRES: an open transaction.
void load_matrix(Session &session, const std::string &file, Progress &progress);

// `matrix` is a file of SQL, or empty; `keep_matrix` runs it for good instead of for this audit alone.
// Raises Error where the matrix or the audit itself fails.
std::vector<Finding> look(Session &session, const std::string &matrix, bool keep_matrix, Progress &progress);

} // namespace rlsproof::cli
