// Names people write: what exists under them, what they are called in full, and which ones come near where none does.
#pragma once

#include <string>
#include <vector>

#include "model/command.hpp"

#include "server/boundary.hpp"

namespace rlsproof::server {

enum class ObjectKind { relation, function, bucket, pattern, missing };

struct Object {
    ObjectKind kind = ObjectKind::missing;
    Oid id = InvalidOid; // of a relation or a function
    std::string name;    // in full, quoted where needed: the form in which cells and findings name it
};

// What `written` names: a relation (found as a session of this database would find it), rpc:schema.name(types),
// bucket:name, or a pattern in which * stands for anything. What is well written and not there comes back as missing,
// under the name it would have. Raises Error{invalid_input} for what can be no name.
Object find_object(const std::string &written);

// The buckets of a Supabase storage, as bucket:name.
std::vector<std::string> buckets();

// Every object that can be declared: relations, functions, buckets.
std::vector<std::string> object_names();

// A sentence that offers what comes nearest, or says what there is; empty where there is nothing to offer.
std::string suggest(const std::string &wanted, const std::vector<std::string> &names, const std::string &what);

// The command that somebody wrote, in capitals or not. Raises Error{invalid_input} for anything else.
Command command_named(const std::string &written);

} // namespace rlsproof::server
