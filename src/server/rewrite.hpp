// What a statement becomes for the current user: the server rewrites it, and the base relations with their row security
// quals, checks and the user they are checked as are read from the result. Nothing of policy combination, membership,
// ownership, FORCE or view rights is computed here: the server has already done it.
#pragma once

#include <string>
#include <vector>

#include "server/boundary.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace rlsproof::server {

// Of a predicate, with the session's identity put in: for which rows it can be true.
enum class Truth { never, depends, always };

struct Check {
    std::string policy; // a restrictive policy's name, else empty
    std::string predicate;
    Truth truth;
};

// One relation that the statement reads or writes in the end.
struct BaseRelation {
    Oid relation;
    Oid checked_as;        // the user whose rights and policies count
    bool row_security;     // policies apply to that user
    bool target;           // the relation that is written
    bool inside_policy;    // read by a policy or a sub-select, not by the statement's own FROM
    std::string via;       // the views it is reached through, outermost first; empty when it is named directly
    bool filtered;         // those views show less than all of it, whatever the policies say
    std::string predicate; // what the policies add, deparsed; empty where nothing is added
    Truth truth;           // of the predicate
    bool identity;         // the predicate compares one column with who is asking, and says nothing else
    std::vector<Check> checks;
};

// One policy by itself, for the current user.
struct PolicyFold {
    std::string name;
    bool binds;   // it is for the current user
    Truth rows;   // of USING
    Truth checks; // of WITH CHECK, or of USING where that is used in its place
};

// A column of a relation whose value is known: of a bucket's files, the bucket.
struct Given {
    Oid relation;
    int column;
    const char *value;
};

// Rewrites one statement under the current user id and settings.
// Raises what the server raises: a missing privilege on a schema, policies that recurse, a view that cannot be written.
// What is given counts for what predicates fold to.
std::vector<BaseRelation> rewrite(const std::string &sql, const Given *given = nullptr);

// The policies of a relation that are in force, in the order the server keeps them. What they come to together is
// rewrite()'s to say.
std::vector<PolicyFold> fold_policies(Oid relation);

// A column of a view that is a column of a table, through views in between.
struct ViewColumn {
    int number;
    Oid table;
    int column;
};

// The columns that a write through the view could reach. REQUIRES: a view.
std::vector<ViewColumn> view_columns(Oid view);

// What a session of somebody else has for settings of the application's making. Ours may have others: a setting that
// was made and rolled back stays behind, empty. Lists of char *.
struct SessionSettings {
    List *given; // as they are here
    List *empty; // of the others those that are empty, and not NULL
    bool any;    // any of them may have any value: what is read of them stays a question
};

// An expression with what is constant for that session put in: the identity, settings, and what follows from them.
// For within call(): a plain function.
struct Settled {
    Node *node;
    List *unset; // of char *: settings that were read and are not there
};
Settled settle(Node *expression, const SessionSettings *settings);

// The queries that a statement becomes. For within call(): a plain function.
List *rewritten(const char *sql);
// The same in two steps, of one SELECT: names are looked up as one user, and policies put in as another, as it is with
// what a policy says. Plain functions.
Query *analyzed(const char *sql);
List *with_policies(const Query *query);

// Plans the statement and checks the privileges it needs, as its execution would. Raises what that would raise.
void check_privileges(const std::string &sql);
// The same of what rewritten() made of it, which stays as it is.
void check_privileges(const std::string &sql, List *queries);

} // namespace rlsproof::server
