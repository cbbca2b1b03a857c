// Rows out: a set-returning SQL function hands its result over as text and the server makes the column's types of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/boundary.hpp"
#include "server/spi.hpp"

namespace rlsproof::server {

// REQUIRES: called from a function declared RETURNS SETOF record or TABLE, with as many values a row as columns.
void return_rows(FunctionCallInfo info, const std::vector<std::vector<Value>> &rows);

// The same of rows that are made one by one: for tens of thousands of them.
using RowSource = std::function<std::vector<Value>(size_t)>;
void return_rows(FunctionCallInfo info, size_t count, const RowSource &row);

// REQUIRES: called from a function declared RETURNS SETOF text, or TABLE with one column of text.
void return_lines(FunctionCallInfo info, const std::vector<std::string> &lines);

// A text argument; nothing where it is NULL. REQUIRES: fetched before enter(), detoasting may raise.
const char *text_argument(FunctionCallInfo info, int number);

// The fetched argument as a value.
inline Value optional_text(const char *argument) {
    return argument != nullptr ? Value(argument) : Value();
}

Datum text_result(const std::string &text);

} // namespace rlsproof::server
