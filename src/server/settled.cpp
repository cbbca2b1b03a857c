#include "server/settled.hpp"

#include <fmt/format.h>

extern "C" {
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "utils/memutils.h"
}

namespace rlsproof::server {

namespace {

MemoryContext make() {
    return AllocSetContextCreate(boundary::entry_context, "rlsproof settled conditions", ALLOCSET_DEFAULT_SIZES);
}

Node *copied(Node *node, MemoryContext memory) {
    MemoryContext before = MemoryContextSwitchTo(memory);
    auto *copy = (Node *)copyObject(node);
    MemoryContextSwitchTo(before);
    return copy;
}

} // namespace

SettledBefore::SettledBefore() : memory_(call(make)) {}

SettledBefore::~SettledBefore() {
    MemoryContextDelete(memory_);
}

const SettledBefore::Known &SettledBefore::of(Node *node, const std::string &who, const SessionSettings *settings) {
    Oid user = InvalidOid;
    int security = 0;
    GetUserIdAndSecContext(&user, &security);
    char *written = call(nodeToString, (const void *)node);
    const std::string key = fmt::format("{} {} {}\n{}", user, security, who, written);
    pfree(written);
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
    const Settled result = call(settle, node, settings);
    Known made{call(copied, result.node, memory_), {}};
    for (int i = 0; i < list_length(result.unset); i++)
        made.unset.emplace_back((const char *)list_nth(result.unset, i));
    return known_.emplace(key, std::move(made)).first->second;
}

} // namespace rlsproof::server
