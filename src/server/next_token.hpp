// What the next token of somebody will say, where the database has a say in it: a hook makes its claims of rows, or
// functions and triggers write app_metadata into the account. Who may write what the token is made of is somebody else
// the next time he signs in, or refreshes his token, though nothing is seen by it now.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "server/bodies.hpp"

namespace rlsproof::server {

struct Hints;

struct NextToken {
    std::vector<Oid> hooks;    // functions that make claims
    Oid accounts = InvalidOid; // the table that app_metadata is kept in; only where something writes it
    int column = 0;            // of that table
    std::set<Oid> shown;       // tables whose policies go by such claims
    std::set<size_t> policies; // these policies, as places in the hints
};

// Nothing where the database has no say in tokens, or no policy goes by what they say. REQUIRES: the policies are in
// `hints`.
NextToken read_next_token(const Hints &hints, Bodies &bodies);

// What policies compare something about the caller with may be what a row says that a claim is made of. REQUIRES: the
// columns that hooks read are known as personal.
void name_claims(Hints &hints, Bodies &bodies);

// Gives the session the token that whoever acts in it would have next, as the `at`th hook makes it, until the
// subtransaction around it ends; whether there is one. REQUIRES: `user` is who set the stage.
bool take_next_token(const NextToken &token, size_t at, Oid user, int security);

// How many tokens there may be.
size_t next_tokens(const NextToken &token);

} // namespace rlsproof::server
