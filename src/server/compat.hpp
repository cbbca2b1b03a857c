// Differences between the server's majors. The only file with PG_VERSION_NUM; it refuses majors that nobody tried.
#pragma once

#include "server/postgres.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "parser/parse_relation.h"
}

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "rlsproof is built and tested for PostgreSQL 15 to 18"
#endif

namespace rlsproof::server::compat {

// The user whose rights a range table entry is checked with; InvalidOid is the current user.
inline Oid check_as_user(const Query *query, RangeTblEntry *entry) {
#if PG_VERSION_NUM >= 160000
    return entry->perminfoindex != 0 ? getRTEPermissionInfo(query->rteperminfos, entry)->checkAsUser : InvalidOid;
#else
    (void)query;
    return entry->checkAsUser;
#endif
}

// The privileges a range table entry needs.
inline AclMode required_privileges(const Query *query, RangeTblEntry *entry) {
#if PG_VERSION_NUM >= 160000
    return entry->perminfoindex != 0 ? getRTEPermissionInfo(query->rteperminfos, entry)->requiredPerms : 0;
#else
    (void)query;
    return entry->requiredPerms;
#endif
}

// Checks the privileges a planned statement needs, as the executor would; raises where one is missing.
inline void check_privileges(PlannedStmt *plan) {
#if PG_VERSION_NUM >= 160000
    (void)ExecCheckPermissions(plan->rtable, plan->permInfos, true);
#else
    (void)ExecCheckRTPerms(plan->rtable, true);
#endif
}

// Walks and mutates expression trees: the callback's declared type changed in 16.
#if PG_VERSION_NUM >= 160000
inline bool walk(Node *node, bool (*walker)(Node *, void *), void *context) {
    return expression_tree_walker(node, walker, context);
}
inline bool walk_raw(Node *node, bool (*walker)(Node *, void *), void *context) {
    return raw_expression_tree_walker(node, walker, context);
}
inline Node *mutate(Node *node, Node *(*mutator)(Node *, void *), void *context) {
    return expression_tree_mutator(node, mutator, context);
}
inline auto *walker(bool (*function)(Node *, void *)) {
    return function;
}
#else
inline bool walk(Node *node, bool (*walker)(Node *, void *), void *context) {
    return expression_tree_walker(node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)), context);
}
inline bool walk_raw(Node *node, bool (*walker)(Node *, void *), void *context) {
    return raw_expression_tree_walker(node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)),
                                      context);
}
inline auto *walker(bool (*function)(Node *, void *)) {
    return reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(function));
}
inline Node *mutate(Node *node, Node *(*mutator)(Node *, void *), void *context) {
    return expression_tree_mutator(node, reinterpret_cast<Node *(*)()>(reinterpret_cast<void (*)()>(mutator)), context);
}
#endif

// Every function of a name that the search path shows, whatever its arguments.
inline FuncCandidateList candidates(List *name) {
    return FuncnameGetCandidates(name, -1, NIL, false, false, false, true);
}

// The kind of membership that SET ROLE asks for; until 15 every membership is one.
#if PG_VERSION_NUM >= 160000
inline constexpr const char *may_become = "SET";
#else
inline constexpr const char *may_become = "MEMBER";
#endif

// MAINTAIN is a privilege since 17.
#if PG_VERSION_NUM >= 170000
inline constexpr bool has_maintain = true;
#else
inline constexpr bool has_maintain = false;
#endif

} // namespace rlsproof::server::compat

// Signatures that changed between the majors: what a hook takes, and what it hands on.
#if PG_VERSION_NUM >= 180000
#define RLSPROOF_EXECUTOR_RUN_PARAMS QueryDesc *query, ScanDirection direction, uint64 count
#define RLSPROOF_EXECUTOR_RUN_ARGS query, direction, count
#else
#define RLSPROOF_EXECUTOR_RUN_PARAMS QueryDesc *query, ScanDirection direction, uint64 count, bool execute_once
#define RLSPROOF_EXECUTOR_RUN_ARGS query, direction, count, execute_once
#endif

#if PG_VERSION_NUM >= 160000
#define RLSPROOF_CHECK_PERMS_PARAMS List *range_table, List *permissions, bool raise
#define RLSPROOF_CHECK_PERMS_ARGS range_table, permissions, raise
#else
#define RLSPROOF_CHECK_PERMS_PARAMS List *range_table, bool raise
#define RLSPROOF_CHECK_PERMS_ARGS range_table, raise
#endif
