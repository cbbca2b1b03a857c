// Conditions with a session's identity put in, kept: the same helper is called by policy after policy.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "server/rewrite.hpp"

namespace rlsproof::server {

class SettledBefore {
public:
    SettledBefore();
    ~SettledBefore();
    SettledBefore(const SettledBefore &) = delete;
    SettledBefore &operator=(const SettledBefore &) = delete;

    struct Known {
        Node *node = nullptr;
        std::vector<std::string> unset;
    };
    // What settle() makes of it. `who` is everything about the session that it may depend on, but for the current user.
    const Known &of(Node *node, const std::string &who, const SessionSettings *settings);

private:
    MemoryContext memory_;
    std::unordered_map<std::string, Known> known_;
};

} // namespace rlsproof::server
