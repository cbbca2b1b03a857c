// Claims that policies and functions read, and that say of which tenant somebody is: a server or a hook writes them
// into the token of whoever signs in, so that an undeclared persona has to have them as well.
#pragma once

#include <string>
#include <vector>

#include "model/world.hpp"

namespace rlsproof::server {

struct Claim {
    bool of_application = false; // within app_metadata
    std::string name;
    std::string type; // what it is cast to
};

std::vector<Claim> claims_read();

// Claims that are read and say what somebody is, as app_metadata.role does: nobody has one that he was not given.
std::vector<Claim> ranks_claimed();

// The claims with one more, or with another value of it.
std::string with_claim(const std::string &claims, const Claim &claim, const std::string &value);

// Whether a policy asks for a second factor: anybody may set one up for an account of his own.
bool second_factor_asked();

// Gives a persona a tenant of its own in each of these claims that it has not got yet; and the second factor.
void belong(Persona &persona, const std::vector<Claim> &read, bool second_factor);

} // namespace rlsproof::server
