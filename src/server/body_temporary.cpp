#include "server/body_temporary.hpp"

#include <cstring>

#include "server/body_names.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
}

namespace rlsproof::server {

namespace {

// As the server takes it, which knows pg_temp.orders for a temporary table too.
bool is_temporary(const RangeVar *name) {
    return name->relpersistence == RELPERSISTENCE_TEMP ||
           (name->schemaname != nullptr && strcmp(name->schemaname, "pg_temp") == 0);
}

const RangeVar *made(Node *statement) {
    if (IsA(statement, CreateStmt)) return castNode(CreateStmt, statement)->relation;
    if (IsA(statement, CreateTableAsStmt)) return castNode(CreateTableAsStmt, statement)->into->rel;
    return nullptr;
}

} // namespace

const char *temporary_made(Node *statement) {
    const RangeVar *name = made(statement);
    return name != nullptr && is_temporary(name) ? name->relname : nullptr;
}

Node *temporary_filled_from(Node *statement) {
    return IsA(statement, CreateTableAsStmt) ? castNode(CreateTableAsStmt, statement)->query : nullptr;
}

bool drops_temporary(Node *statement) {
    if (!IsA(statement, DropStmt) || castNode(DropStmt, statement)->removeType != OBJECT_TABLE) return false;
    ListCell *cell;
    foreach (cell, castNode(DropStmt, statement)->objects) {
        const RangeVar *name = makeRangeVarFromNameList(lfirst_node(List, cell));
        if (name->schemaname != nullptr ? !is_temporary(name) : OidIsValid(relation_named(name))) return false;
    }
    return true;
}

} // namespace rlsproof::server
