// Asking the server in SQL: one statement, its rows as text. The convenient door for catalog questions; what has to be
// fast or exact goes through server functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace rlsproof::server {

using Value = std::optional<std::string>; // nothing is NULL

// The rows of a query as text, kept in memory of their own.
class Rows {
public:
    size_t size() const { return rows_.size(); }
    bool empty() const { return rows_.empty(); }

    const Value &value(size_t row, size_t column) const { return rows_.at(row).at(column); }
    // The text of a value; NULL reads as the empty text.
    const std::string &text(size_t row, size_t column) const;
    bool boolean(size_t row, size_t column) const { return text(row, column) == "t"; }
    Oid oid(size_t row, size_t column) const;
    long number(size_t row, size_t column) const;
    // The elements of a text[] value.
    std::vector<std::string> list(size_t row, size_t column) const;

    std::vector<std::vector<Value>> rows_;
};

// Runs one statement with text parameters ($1, $2, ...: cast them where another type is meant).
// A read-only query sees the snapshot of the calling statement and burns no command id.
Rows query(const std::string &sql, const std::vector<Value> &parameters = {}, bool read_only = true);

// Runs statements for their effect; returns the number of rows the last one processed.
long execute(const std::string &sql, const std::vector<Value> &parameters = {});

// What was sent last by either.
const std::string &latest_statement();

std::string quote_literal(const std::string &text);
std::string quote_identifier(const std::string &name);
// A text as an element list of an array literal: {"a","b"}.
std::string array_literal(const std::vector<std::string> &values);

} // namespace rlsproof::server
