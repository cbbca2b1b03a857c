#include "prove/question.hpp"

#include "server/settled.hpp"

#include <fmt/format.h>

#include "server/schema.hpp"

extern "C" {
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "utils/memutils.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostKept = 48 << 20; // bytes of trees and of what they are known by

MemoryContext make() {
    return AllocSetContextCreate(boundary::entry_context, "rlsproof settled conditions", ALLOCSET_DEFAULT_SIZES);
}

Node *copied(Node *node, MemoryContext memory) {
    MemoryContext before = MemoryContextSwitchTo(memory);
    auto *copy = (Node *)copyObject(node);
    MemoryContextSwitchTo(before);
    return copy;
}

bool lies_in(Node *node, MemoryContext memory) {
    return GetMemoryChunkContext(node) == memory;
}

std::string current_user(const std::string &who) {
    Oid user = InvalidOid;
    int security = 0;
    GetUserIdAndSecContext(&user, &security);
    return fmt::format("{} {} {}\n", user, security, who);
}

} // namespace

SettledBefore::SettledBefore() : memory_(call(make)) {}

SettledBefore::~SettledBefore() {
    MemoryContextDelete(memory_);
}

const SettledBefore::Known &SettledBefore::of(Node *node, const std::string &who, const SessionSettings *settings,
                                              bool inside) {
    std::string key = current_user(who);
    // What lies here stays as it is, and so its address says all; writing out a whole policy takes longer than anything
    // else.
    const std::string place = call(lies_in, node, memory_) ? fmt::format("{}at {}", key, (const void *)node) : "";
    if (!place.empty())
        if (const auto found = places_.find(place); found != places_.end()) return *found->second;
    if (place.empty() || inside) {
        char *written = call(nodeToString, (const void *)node);
        key += written;
        pfree(written);
    } else {
        key = place;
    }
    const auto found = known_.find(key);
    const Known &known = found != known_.end() ? found->second : settle_new(node, key, settings);
    if (!place.empty()) {
        key_bytes_ += place.size();
        places_.emplace(place, &known);
    }
    return known;
}

const SettledBefore::Known &SettledBefore::settle_new(Node *node, const std::string &key,
                                                      const SessionSettings *settings) {
    const Settled result = call(settle, node, settings);
    Known made{call(copied, result.node, memory_), {}};
    for (int i = 0; i < list_length(result.unset); i++)
        made.unset.emplace_back((const char *)list_nth(result.unset, i));
    key_bytes_ += key.size();
    return known_.emplace(key, std::move(made)).first->second;
}

bool SettledBefore::is_full() const {
    return key_bytes_ + MemoryContextMemAllocated(memory_, true) > kMostKept;
}

List *SettledBefore::rewritten_once(const std::string &sql, const std::string &who) {
    const std::string key = current_user(who) + sql;
    if (const auto found = statements_.find(key); found != statements_.end()) return found->second;
    List *made = call(rewritten, sql.c_str());
    key_bytes_ += key.size();
    return statements_[key] = (List *)call(copied, (Node *)made, memory_);
}

List *Catalog::rewritten(const std::string &sql) {
    if (who.empty()) return call(server::rewritten, sql.c_str());
    if (!settled) settled = std::make_shared<SettledBefore>();
    return settled->rewritten_once(sql, who);
}

} // namespace rlsproof::server
