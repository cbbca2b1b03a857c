#include "server/guard/body_text.hpp"

extern "C" {
#include "nodes/extensible.h"
#include "utils/ruleutils.h"
}

namespace rlsproof::server::guard {

namespace {

constexpr const char *kName = "rlsproof body text";

struct BodyText {
    ExtensibleNode node;
    char *text;
};

void copy_node(ExtensibleNode *to, const ExtensibleNode *from) {
    const char *const text = reinterpret_cast<const BodyText *>(from)->text;
    reinterpret_cast<BodyText *>(to)->text = text == nullptr ? nullptr : pstrdup(text);
}

bool equal_node(const ExtensibleNode *left, const ExtensibleNode *right) {
    return left == right;
}

// Printed for parallel workers alone, which tell nothing.
void print_node(StringInfoData *, const ExtensibleNode *) {}
void read_node(ExtensibleNode *node) {
    reinterpret_cast<BodyText *>(node)->text = nullptr;
}

const ExtensibleNodeMethods kMethods = {kName, sizeof(BodyText), copy_node, equal_node, print_node, read_node};

} // namespace

void define_body_text() {
    RegisterExtensibleNodeMethods(&kMethods);
}

Node *body_text_of(Query *query) {
    auto *const carried = static_cast<BodyText *>(palloc0(sizeof(BodyText)));
    carried->node.type = T_ExtensibleNode;
    carried->node.extnodename = kName;
    carried->text = pg_get_querydef(query, false);
    return reinterpret_cast<Node *>(carried);
}

const char *body_text(const PlannedStmt *plan) {
    ListCell *cell;
    foreach (cell, plan->invalItems) {
        const auto *const item = static_cast<const ExtensibleNode *>(lfirst(cell));
        if (IsA(item, ExtensibleNode) && strcmp(item->extnodename, kName) == 0)
            return reinterpret_cast<const BodyText *>(item)->text;
    }
    return nullptr;
}

} // namespace rlsproof::server::guard
