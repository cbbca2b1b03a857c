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
    std::string uid;                       // the identity of a signed-in persona, as text; empty for the anonymous one
    bool declared = false;                 // by a person, in the personas table
    bool connects = false;                 // by itself, without an API in between that offers certain commands only
    bool bypasses = false;                 // superuser or BYPASSRLS: no policy ever applies
    std::vector<std::string> tenants = {}; // that claims of its own say it is of, and no other persona
};

// What the node trees of a policy's predicates say, where the text would have to be guessed at. Columns are names.
struct PolicyFacts {
    std::vector<std::string> personas;        // to whom it applies
    std::vector<std::string> forgeable;       // ways by which it decides by something that users write themselves
    std::vector<std::string> sent;            // columns compared with a header or cookie, and nothing asks who it is
    std::vector<std::string> sent_signed_in;  // the same, beside a condition that asks whether anybody is signed in
    std::vector<std::string> self_compared;   // columns of the table whose namesake in a sub-select meets itself
    std::vector<std::string> outer_shown;     // columns compared with themselves, as a sub-select's table has none such
    std::vector<std::string> captured;        // columns of other tables, taken apart in place of a file's name
    std::vector<std::string> detached;        // relations of an EXISTS that mentions neither the row nor the caller
    std::vector<std::string> null_equal;      // nullable columns for which NULL equals a caller without a value
    std::vector<std::string> identity_equals; // columns that USING compares with who is asking
    std::vector<std::string> row_calls;       // functions that USING calls for each row with nothing of the row
    bool negation = false;                    // of each predicate as a whole
    bool asks_who = false;
    bool always = false;           // USING (true)
    bool never = false;            // USING (false)
    std::vector<std::string> shut; // personas whom USING lets to no row, whatever the rows hold
};

struct Policy {
    std::string name;
    bool permissive = true;
    std::string command; // SELECT, INSERT, UPDATE, DELETE or ALL
    std::vector<std::string> roles;
    std::string predicate; // USING, empty where there is none
    std::string check;     // WITH CHECK, empty where there is none
    PolicyFacts facts;
};

// What a persona may do by privilege alone, at table or at column level, through a schema it may use.
struct Reach {
    std::string persona;
    std::set<Command> commands;
    bool row_security = false; // policies apply to this persona here
};

// Where a table's rows say whose they are, and which columns before that keep it from lying in the same place in each.
struct TenantPlace {
    std::string column;                // empty where no tenancy is declared
    bool leads = false;                // to a row that says it, where it does not say it itself
    std::vector<std::string> varying;  // columns before it whose width differs from row to row
    std::vector<std::string> nullable; // those of a fixed width that hold NULLs, or may
    int dropped = 0;                   // those that were dropped: they lie in the rows there were, and not in new ones
    bool small = false;                // the table is known to be

    bool late() const { return !varying.empty() || !nullable.empty() || dropped > 0; }

    bool operator==(const TenantPlace &) const = default;
};

enum class RelationKind { table, partitioned_table, view, materialized_view, foreign_table };

// What a view is made of.
struct ViewParts {
    bool known = false; // columns of tables and counts of rows, and nothing that functions or whole rows say
    std::vector<std::string> columns;  // of tables, that it uses in any place
    std::vector<std::string> constant; // those of them that have to equal a constant, or to be true, in every row shown
    bool names_people = false;         // one of them says to whom a row belongs; an account's own key does not
    bool asks_who = false;             // a condition looks at who is calling
};

struct Relation {
    unsigned id = 0;
    std::string name;
    RelationKind kind = RelationKind::table;
    std::string owner;
    bool row_security = false;
    bool forced = false;
    bool extension_member = false;
    bool published = false; // to subscribers, by a service that asks the policies who may hear what
    std::string parent;     // of a partition or an inheritance child
    std::vector<Policy> policies;
    std::vector<Reach> reach; // of the personas that reach it at all

    bool platform = false;                    // of the hosting platform, not of the application
    long rows = 0;                            // about; of the whole tree where it is partitioned
    std::vector<std::string> index_leads;     // columns that a valid, complete index begins with, or computes from
    std::vector<std::string> protected_reads; // of a materialized view: relations with row security, through views
    std::vector<std::string> forgeable;       // of a view: how it filters by something that users write themselves
    ViewParts parts;                          // of a view

    TenantPlace tenant_place;

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

// An argument that stands for somebody: compared with a column that holds identities, or written into one.
struct Impersonation {
    std::string argument;
    std::string column; // schema.table.column
    bool written = false;
};

// What the server sends to somebody else when a function is called.
struct Sending {
    std::set<std::string> by;         // net.http_post, dblink_exec, COPY TO PROGRAM; empty where nothing is sent
    std::string through;              // the function that it is done by, where that is another one
    std::vector<std::string> given;   // arguments that go into it
    std::vector<std::string> address; // of these, the ones that say where it goes to
    std::string key;                  // that it shows, in words; empty where none
    bool own_key = false;             // and that is the server's, as far as can be seen
    bool says_key = false;            // and stands in the text of a function
    bool weighs = false;              // an argument is compared with something first
    std::string word;                 // of those, one that is a secret by its name
    bool known = true;                // nothing else that the body does could turn its callers away
};

struct Function {
    unsigned id = 0;
    std::string name; // rpc:schema.name(argument types)
    std::string owner;
    bool procedure = false; // called by CALL
    bool platform = false;  // of the hosting platform, not of the application
    bool rows = false;      // it returns rows, not one value
    bool offered = true;    // by an API, to whoever comes through it
    bool definer = false;
    bool pinned_search_path = false;
    std::vector<std::string> callers; // personas that may call it
    std::vector<Touch> touches;
    bool body_known = false;    // everything it touches was found
    std::string unknown_reason; // why not
    bool asks_who = false;      // it looks at the caller's identity

    std::vector<Impersonation> impersonations;
    std::string forgeable;                  // it goes by user metadata: itself, or the function that does
    bool yes_or_no = false;                 // is all that it answers
    bool one_word = false;                  // such as a role
    std::vector<std::string> sets_identity; // settings by which callers are told apart, set to what is not constant
    bool sets_by_name = false;              // and an argument says which
    std::vector<std::string> run_as_sql;    // arguments that go into texts that it runs, as they come
    std::vector<std::string> run_as_table;  // the same, as a table's name
    bool compares_run = false;              // and it compares one of those with words of its own, or alters it
    std::vector<std::string> unqualified;   // relations and functions that its body leaves to the search path
    std::set<std::string> found_in;         // the schemas in which a fresh session finds those
    Sending sending;                        // of one that runs with its owner's rights
};

// A trigger function that copies what users write about themselves into a column that others decide by.
struct AccountCopy {
    std::string function;
    std::string account; // the table the trigger is on
    std::string column;  // schema.table.column
    unsigned function_id = 0, account_id = 0, table_id = 0;
    int number = 0; // of the column
};

// A function declared IMMUTABLE that is not.
struct FalseImmutable {
    std::string function;
    std::string reads;                // "the session" or names of relations
    std::vector<std::string> used_by; // policies and views
};

// What a role's next tables in a schema are handed to, before anybody has thought about them.
struct DefaultPrivilege {
    std::string schema;
    std::string creator;
    std::string grantee; // a role, or PUBLIC
    std::set<Command> commands;
    std::vector<std::string> personas; // that hold them through the grantee
    bool everywhere = false;           // not for this schema alone
    bool platform = false;             // no more than the platform hands out at birth, of its own things too
};

// A bucket whose files a persona may list by a policy that asks nothing about the file.
struct BucketListing {
    std::string bucket;
    bool is_public = false;
    std::string persona;
    std::string policy;
};

// Somebody who may connect and whom the policies of these relations do not bind, where nobody else may.
struct UnboundRole {
    std::string role;
    bool exempt = false; // by BYPASSRLS; else as their owner
    std::vector<std::string> relations;
};

struct World {
    std::vector<Persona> personas;
    std::vector<Relation> relations;
    std::vector<ViewRead> view_reads;
    std::vector<Function> functions;
    std::vector<AccountCopy> account_copies;
    std::vector<FalseImmutable> false_immutables;
    std::vector<DefaultPrivilege> default_privileges;
    std::vector<BucketListing> bucket_listings;
    std::vector<UnboundRole> unbound_roles;
    std::vector<std::string> remarks; // what was taken for granted
    std::vector<std::string> notes;   // what could not be looked at, and why

    // Somebody signed in who occurs in no row, to tell by what expressions yield for it who is asking.
    const Persona *stranger() const {
        for (const Persona &p : personas)
            if (!p.uid.empty() && !p.declared) return &p;
        return nullptr;
    }

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
