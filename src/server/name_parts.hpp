// Names of files: policies ask for parts of them, a folder, the extension. Which part an expression reads, and a name
// that has the parts that are asked for.
#pragma once

#include <map>
#include <string>

#include "server/postgres.hpp"

extern "C" {
#include "nodes/primnodes.h"
}

namespace rlsproof::server {

// Parts of a name: its folders from 1 on, and these.
constexpr int kFileName = 0;
constexpr int kExtension = -1;
constexpr int kStem = -2; // of the file name, up to the first dot

// The column of whose value the expression reads a part, and which; nullptr where it is nothing of the kind. A function
// is known by its name, as storage.extension() is: a made row is tried, and the server says what comes of it.
Node *part_of_name(Node *node, int *part);

// The column whose folders an expression lists; nullptr where it is nothing of the kind.
Node *folders_of_name(Node *node);

// The column whose folders an expression counts, and what is counted with them: 1 where the file name is; nullptr where
// it is nothing of the kind.
Node *number_of_folders(Node *node, int *beyond);

// Without lower(), upper() and trim(): what they make of a text, a text in small letters is mostly already.
Node *without_spelling(Node *node);

// Whose folder it is where somebody's is asked for; who owns a row puts another one in its place.
constexpr const char *kSomebody = "c0ffee00-0000-4000-8000-000000000001";

// A text that is like the pattern of a LIKE.
const char *like_sample(const char *pattern);

using NameParts = std::map<int, std::string>;

// A name with these parts. Those that are read as another type, and not asked for, read as it.
std::string name_of_parts(NameParts parts, const std::map<int, Oid> &read_as, const std::string &stem);

} // namespace rlsproof::server
