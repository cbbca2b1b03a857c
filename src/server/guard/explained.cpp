#include "server/guard/explained.hpp"

#include "server/compat.hpp"
#include "server/guard/harmless.hpp"

extern "C" {
#include "access/transam.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server::guard {

namespace {

// What computes and no more keeps what it is given to itself.
bool may_tell(Oid function, void *) {
    return !harmless(function);
}

bool walker(Node *node, void *context) {
    if (node == nullptr) return false;
    return check_functions_in_node(node, may_tell, context) || compat::walk(node, walker, context);
}

bool in_node(PlanState *state, void *context) {
    const Plan *const plan = state->plan;
    for (List *const expressions : {plan->targetlist, plan->qual})
        if (walker(reinterpret_cast<Node *>(expressions), context)) return true;
    List *of_join = NIL;
    if (IsA(plan, NestLoop) || IsA(plan, HashJoin) || IsA(plan, MergeJoin))
        of_join = reinterpret_cast<const Join *>(plan)->joinqual;
    if (IsA(plan, FunctionScan)) of_join = reinterpret_cast<const FunctionScan *>(plan)->functions;
    if (IsA(plan, IndexScan)) of_join = reinterpret_cast<const IndexScan *>(plan)->indexqualorig;
    return walker(reinterpret_cast<Node *>(of_join), context) || compat::walk_states(state, in_node, context);
}

} // namespace

bool goes_somewhere(const QueryDesc *query) {
    if (query->operation != CMD_SELECT || query->plannedstmt->hasModifyingCTE) return true;
    if (query->dest != nullptr && query->dest->mydest == DestIntoRel) return true;
    return query->planstate != nullptr && in_node(query->planstate, nullptr);
}

} // namespace rlsproof::server::guard
