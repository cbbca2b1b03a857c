#include "server/guard/utility.hpp"

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/tenants.hpp"

extern "C" {
#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
}

namespace rlsproof::server::guard {

namespace {

// Without a lock: the statement itself will take its own, and complain where there is nothing to be found.
Oid relation_of(const RangeVar *name) {
    return RangeVarGetRelid(name, NoLock, true);
}

bool small(Oid table) {
    if (limits.small_table == 0) return false;
    Relation const relation = try_relation_open(table, AccessShareLock);
    if (relation == nullptr) return true;
    const bool result = RELKIND_HAS_STORAGE(relation->rd_rel->relkind) &&
                        RelationGetNumberOfBlocks(relation) < static_cast<BlockNumber>(limits.small_table);
    relation_close(relation, AccessShareLock);
    return result;
}

// A table that was just made, as tools make one to fill it, with what TRUNCATE would take along.
bool holds_nothing(const TruncateStmt *statement, const RangeVar *name, Oid table) {
    // Which tables follow is found out by the command itself. Where it is only looked at, rows may come before it runs.
    if (statement->behavior == DROP_CASCADE || inspecting) return false;
    const List *const tables = name->inh ? find_all_inheritors(table, NoLock, nullptr) : list_make1_oid(table);
    ListCell *cell;
    foreach (cell, tables) {
        Relation const relation = try_relation_open(lfirst_oid(cell), AccessShareLock);
        if (relation == nullptr) continue;
        const bool nothing =
            relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ||
            (RELKIND_HAS_STORAGE(relation->rd_rel->relkind) && RelationGetNumberOfBlocks(relation) == 0);
        relation_close(relation, AccessShareLock);
        if (!nothing) return false;
    }
    return true;
}

void look_at_truncate(const TruncateStmt *statement, Violations *found) {
    ListCell *cell;
    foreach (cell, statement->relations) {
        const auto *const name = lfirst_node(RangeVar, cell);
        const Oid table = relation_of(name);
        if (!OidIsValid(table) || exempt_table(table) || get_rel_persistence(table) == RELPERSISTENCE_TEMP) continue;
        if (holds_nothing(statement, name, table)) continue;
        Violation *const violation = found->add(Rule::write_without_where);
        if (violation == nullptr) return;
        violation->relation = table;
    }
}

// A table that is copied as it is passes no executor. Where its policies bind, COPY becomes a query and is judged as
// one; where the server will refuse it, that is the server's to say.
void look_at_copied_table(const CopyStmt *statement, Violations *found) {
    if (statement->relation == nullptr) return;
    const Oid table = relation_of(statement->relation);
    const AclMode used = statement->is_from ? ACL_INSERT : ACL_SELECT;
    if (!OidIsValid(table) || exempt_table(table) || check_enable_rls(table, InvalidOid, true) == RLS_ENABLED) return;
    if (pg_class_aclcheck(table, GetUserId(), used) == ACLCHECK_OK ||
        pg_attribute_aclcheck_all(table, GetUserId(), used, ACLMASK_ANY) == ACLCHECK_OK)
        judge_rights(table, protected_table(table), used, found);
}

void look_at_copy(const CopyStmt *statement, Violations *found) {
    if (statement->is_from) return;
    Oid table = InvalidOid;
    if (statement->relation != nullptr) {
        table = relation_of(statement->relation);
        if (!OidIsValid(table) || exempt_table(table) || small(table)) return;
    }
    // What a query reads is judged when it runs; that it leaves by COPY is said here.
    Violation *const violation = found->add(Rule::copy_out);
    if (violation != nullptr) violation->relation = table;
}

// What leaves the table by COPY passes no condition, but for the policies that make COPY a query.
void look_at_tenants_in(const CopyStmt *statement, Violations *found) {
    if (statement->relation == nullptr) return;
    const Oid table = relation_of(statement->relation);
    if (!OidIsValid(table) || exempt_table(table)) return;
    if (statement->is_from)
        judge_tenants_of_rows(table, false, found);
    else if (check_enable_rls(table, InvalidOid, true) != RLS_ENABLED)
        judge_tenants_of_table(table, found);
}

} // namespace

void judge_utility(Node *statement, Violations *found) {
    if (IsA(statement, TruncateStmt) && wants(Rule::tenant_write)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<TruncateStmt *>(statement)->relations) {
            const auto *const name = lfirst_node(RangeVar, cell);
            const Oid table = relation_of(name);
            if (OidIsValid(table) && !exempt_table(table) &&
                !holds_nothing(reinterpret_cast<TruncateStmt *>(statement), name, table))
                judge_tenants_of_rows(table, true, found);
        }
    }
    if (IsA(statement, TruncateStmt) && wants(Rule::write_without_where))
        look_at_truncate(reinterpret_cast<TruncateStmt *>(statement), found);
    if (IsA(statement, CopyStmt) && (wants(Rule::rls_bypass) || wants(Rule::matrix_access)))
        look_at_copied_table(reinterpret_cast<CopyStmt *>(statement), found);
    if (IsA(statement, CopyStmt) && (active & kTenants) != 0)
        look_at_tenants_in(reinterpret_cast<CopyStmt *>(statement), found);
    if (IsA(statement, CopyStmt) && wants(Rule::copy_out)) look_at_copy(reinterpret_cast<CopyStmt *>(statement), found);
}

Passing passing(const Node *statement) {
    if (IsA(statement, CreateTableAsStmt)) return Passing::into_table;
    if (!IsA(statement, CopyStmt)) return Passing::none;
    const auto *const copy = reinterpret_cast<const CopyStmt *>(statement);
    if (copy->is_from) return Passing::into_table;
    // Where its policies bind, COPY becomes a query.
    const Oid table = copy->relation != nullptr ? relation_of(copy->relation) : InvalidOid;
    if (!OidIsValid(table) || exempt_table(table) || check_enable_rls(table, InvalidOid, true) == RLS_ENABLED)
        return Passing::none;
    return copy->filename == nullptr ? Passing::to_client : Passing::to_file;
}

bool keeps_rows(const Node *statement) {
    return IsA(statement, CopyStmt) || IsA(statement, CreateTableAsStmt) || IsA(statement, RefreshMatViewStmt) ||
           IsA(statement, DeclareCursorStmt);
}

} // namespace rlsproof::server::guard
