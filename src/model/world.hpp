// A database as the lints see it: personas, relations, policies, views and functions as plain values, every answer in
// them given by the server. Names are qualified and quoted where needed, ready to be printed and pasted.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/command.hpp"

#include "base/core_only.hpp"

namespace rlsproof {

struct Persona {
    std::string name;
    std::string role;
    std::string login;                                         // the role that logs in and takes `role`; or empty
    std::vector<std::pair<std::string, std::string>> settings; // claims among them
    std::string uid;       // the identity of a signed-in persona, as text; empty for the anonymous one
    bool declared = false; // by a person, in the personas table
    bool bypasses = false; // superuser or BYPASSRLS: no policy ever applies
};

struct Policy {
    std::string name;
    bool permissive = true;
    std::string command; // SELECT, INSERT, UPDATE, DELETE or ALL
    std::vector<std::string> roles;
    std::string predicate; // USING, empty where there is none
    std::string check;     // WITH CHECK, empty where there is none
};

// What a persona may do by privilege alone, at table or at column level, through a schema it may use.
struct Reach {
    std::string persona;
    std::set<Command> commands;
    bool row_security = false; // policies apply to this persona here
};

enum class RelationKind { table, partitioned_table, view, materialized_view, foreign_table };

struct Relation {
    unsigned id = 0;
    std::string name;
    RelationKind kind = RelationKind::table;
    std::string owner;
    bool row_security = false;
    bool forced = false;
    bool extension_member = false;
    bool published = false;
    std::string parent; // of a partition or an inheritance child
    std::vector<Policy> policies;
    std::vector<Reach> reach; // of the personas that reach it at all

    // Has rows of its own that policies can protect.
    bool is_table() const { return kind == RelationKind::table || kind == RelationKind::partitioned_table; }

    const Reach *reach_of(const std::string &persona) const {
        for (const Reach &r : reach)
            if (r.persona == persona) return &r;
        return nullptr;
    }
};

// One protected relation that a view reads for a persona, and whether policies still apply on the way.
struct ViewRead {
    std::string view;
    std::string persona;
    std::string relation;
    std::string checked_as;
    std::string via; // views in between
    bool row_security = false;
};

struct Touch {
    std::string relation;
    bool written = false;
    bool has_row_security = false; // the relation is protected by policies
    bool binds_owner = false;      // and they bind the role the function runs as
};

struct Function {
    std::string name; // rpc:schema.name(argument types)
    std::string owner;
    bool definer = false;
    bool pinned_search_path = false;
    std::vector<std::string> callers; // personas that may call it
    std::vector<Touch> touches;
    bool body_known = false;    // everything it touches was found
    std::string unknown_reason; // why not
    bool asks_who = false;      // it looks at the caller's identity
};

struct World {
    std::vector<Persona> personas;
    std::vector<Relation> relations;
    std::vector<ViewRead> view_reads;
    std::vector<Function> functions;
    std::vector<std::string> notes; // what could not be looked at, and why

    const Relation *relation(const std::string &name) const {
        for (const Relation &r : relations)
            if (r.name == name) return &r;
        return nullptr;
    }
};

constexpr std::string_view name(RelationKind kind) {
    switch (kind) {
    case RelationKind::table: return "table";
    case RelationKind::partitioned_table: return "partitioned table";
    case RelationKind::view: return "view";
    case RelationKind::materialized_view: return "materialized view";
    case RelationKind::foreign_table: return "foreign table";
    }
    return "";
}

} // namespace rlsproof
