// What the functions that take declarations have in common: how arguments are asked for, how a text is tried out as a
// part of a statement, and how what is wrong is told.
#pragma once

#include <string>
#include <vector>

#include "base/finding.hpp"

#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

// The argument without blanks around it. Raises Error{invalid_input} where there is none.
std::string required(const char *argument, const char *name);

// A text put between parentheses: a comment at its end would swallow the closing one.
std::string closed(std::string text);

void warn(const std::string &message, const std::string &hint);

// Raises the server's own error about a text that somebody declared, with a message of ours.
[[noreturn]] void complain(const Outcome &outcome, const std::string &message, const std::string &hint,
                           const std::string &text);

// The first column of a query.
std::vector<std::string> names(const std::string &sql, const std::vector<Value> &parameters = {});

std::vector<std::string> columns_of(Oid relation);

// Whether the server can parse and rewrite a statement with the text in the middle; positions count in the text.
Outcome ask(const std::string &before, const std::string &text, const std::string &after);

// The finding about a declaration whose object is gone, or no longer what it was.
Finding stale(const std::string &object, const std::string &message, const std::string &hint, const std::string &fix);

} // namespace rlsproof::server
