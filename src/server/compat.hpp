// Differences between the server's majors. The only file with PG_VERSION_NUM; it refuses majors that nobody tried.
#pragma once

#include "server/postgres.hpp"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "rlsproof is built and tested for PostgreSQL 15 to 18"
#endif

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

// Tree walkers are passed without a prototype in 15, and as what they are later.
#if PG_VERSION_NUM >= 160000
#define RLSPROOF_WALKER(function) (function)
#else
#define RLSPROOF_WALKER(function) reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(function))
#endif
