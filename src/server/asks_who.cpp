#include "server/asks_who.hpp"

#include "server/nodes.hpp"

#include "server/compat.hpp"

extern "C" {
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
}

namespace rlsproof::server {

namespace {

struct Look {
    const Asking &asking;
    bool asks;
    bool has_column;
};

bool look_inside(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *look = (Look *)context;
    if (IsA(node, Var)) look->has_column = true;
    if (is_current_user(node)) look->asks = true;
    if (IsA(node, FuncExpr)) {
        const Oid function = castNode(FuncExpr, node)->funcid;
        if (function == F_CURRENT_SETTING_TEXT || function == F_CURRENT_SETTING_TEXT_BOOL) look->asks = true;
        for (int i = 0; i < look->asking.count; i++)
            if (look->asking.functions[i] == function) look->asks = true;
    }
    if (IsA(node, Query)) return query_tree_walker(castNode(Query, node), compat::walker(look_inside), context, 0);
    return compat::walk(node, look_inside, context);
}

bool weighs(Node *node, const Asking &asking) {
    if (node == nullptr) return false;
    if (IsA(node, BoolExpr)) {
        ListCell *cell;
        foreach (cell, castNode(BoolExpr, node)->args)
            if (weighs((Node *)lfirst(cell), asking)) return true;
        return false;
    }
    Look look{asking, false, false};
    (void)look_inside(node, &look);
    return look.asks && contain_vars_of_level(node, 0);
}

} // namespace

bool is_identity(Node *node, const Asking &asking) {
    Look look{asking, false, false};
    (void)look_inside(node, &look);
    return look.asks && !look.has_column;
}

bool weighs_row_against_caller(const char *tree, const Asking &asking) {
    return weighs((Node *)stringToNode(tree), asking);
}

} // namespace rlsproof::server
