// What a function's body takes out of arguments that hold more than one value: documents of JSON, rows of a table,
// lists in one text. Of what is taken out it tells what the body compares it with and writes it into.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/hints.hpp"

namespace rlsproof::server {

// A place in an argument, with what is taken out of it there.
struct Place {
    std::map<std::string, Place> members; // of an object or a row
    std::shared_ptr<Place> element;       // of an array, or of a list in a text
    bool in_text = false;                 // that list is one in a text, with commas
    std::optional<Column> compared, written;
    std::string before;             // what stands before it, as the name before a domain does
    std::string type;               // that it is read as, by its name; empty where nothing says so
    std::vector<std::string> words; // constants that it is compared with
    bool weighed = false;           // it is asked whether it is more or less than something
    bool null_asked = false;        // or whether it is there at all

    bool has_parts() const { return element != nullptr || !members.empty(); }
};

// Two of the same thing: what is known of either counts.
void merge(Place &into, const Place &other);

// Whether anything in it is weighed.
bool weighs(const Place &place);

// By the position of the argument, counted from 0. A body that cannot be read has none.
std::map<size_t, Place> read_documents(Oid function);

// What a trigger's function takes out of the row that sets it off, new or old: its columns are the members.
Place read_written_row(Oid function);

} // namespace rlsproof::server
