// Statements that were rewritten, and conditions with a session's identity put in, kept: the same helper is called by
// policy after policy, and the same scope belongs to cell after cell.
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
    // `inside`: of a sub-select, where the same conditions come again in policy after policy: those are known by what
    // they say as well.
    const Known &of(Node *node, const std::string &who, const SessionSettings *settings, bool inside);
    // What rewritten() makes of it. Whoever gets the trees leaves them as they are.
    List *rewritten_once(const std::string &sql, const std::string &who);
    // Whether it holds as much as it may: of thousands of tables not everything is worth its memory.
    bool is_full() const;

private:
    MemoryContext memory_;
    const Known &settle_new(Node *node, const std::string &key, const SessionSettings *settings);

    std::unordered_map<std::string, Known> known_;
    std::unordered_map<std::string, const Known *> places_; // of nodes that lie here
    std::unordered_map<std::string, List *> statements_;
    size_t key_bytes_ = 0;
};

} // namespace rlsproof::server
