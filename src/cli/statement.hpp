// What the loader must know of a statement before and after it runs it, read off its first words: whether it moves
// transactions, whether a failure hides something the audit should have seen, whether running it later is safe.
#pragma once

#include <string>
#include <string_view>

#include "base/core_only.hpp"

namespace rlsproof::cli {

// BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their kin.
bool controls_transaction(std::string_view sql);

// SET LOCAL, LOCK, ON COMMIT DROP ...: means nothing outside of a transaction.
bool needs_transaction(std::string_view sql);

// False for statements that only bring data, indexes or comments: without them the audit still sees every object,
// privilege and policy.
bool shapes_access(std::string_view sql);

// Whether it changes who may do what: policies, row level security, privileges; in a DO block, by its words.
bool guards_access(std::string_view sql);

// Adds something and takes nothing away, so that running it after everything else cannot undo a later statement.
bool only_adds(std::string_view sql);

// CREATE OR REPLACE without its OR REPLACE: run late, it must not replace what a later file made.
std::string without_or_replace(std::string_view sql);

bool creates_database(std::string_view sql);

// The start of a statement on one line, for people to recognise it.
std::string excerpt(std::string_view sql, size_t columns = 72);

// The same for the same tokens, whatever blanks and comments are between them: 16 hexadecimal digits.
std::string token_hash(std::string_view sql);

} // namespace rlsproof::cli
