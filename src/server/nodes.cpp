#include "server/nodes.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace rlsproof::server {

Node *without_casts(Node *node) {
    while (node != nullptr) {
        if (IsA(node, RelabelType))
            node = (Node *)castNode(RelabelType, node)->arg;
        else if (IsA(node, CoerceViaIO))
            node = (Node *)castNode(CoerceViaIO, node)->arg;
        else if (IsA(node, CoerceToDomain))
            node = (Node *)castNode(CoerceToDomain, node)->arg;
        else if (IsA(node, ArrayCoerceExpr))
            node = (Node *)castNode(ArrayCoerceExpr, node)->arg;
        else if (IsA(node, FuncExpr) && list_length(castNode(FuncExpr, node)->args) == 1 &&
                 castNode(FuncExpr, node)->funcformat != COERCE_EXPLICIT_CALL)
            node = (Node *)linitial(castNode(FuncExpr, node)->args);
        else if (IsA(node, SubLink) && castNode(SubLink, node)->subLinkType == EXPR_SUBLINK &&
                 castNode(Query, castNode(SubLink, node)->subselect)->rtable == NIL)
            node = (Node *)linitial_node(TargetEntry, castNode(Query, castNode(SubLink, node)->subselect)->targetList)
                       ->expr;
        else
            break;
    }
    return node;
}

bool is_current_user(const Node *node) {
    if (!IsA(node, SQLValueFunction)) return false;
    const SQLValueFunctionOp op = ((const SQLValueFunction *)node)->op;
    return op == SVFOP_CURRENT_USER || op == SVFOP_SESSION_USER || op == SVFOP_USER || op == SVFOP_CURRENT_ROLE;
}

} // namespace rlsproof::server
