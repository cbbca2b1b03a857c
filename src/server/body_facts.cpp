#include "sqltext/sqltext.hpp"

#include "server/facts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/body_flows.hpp"
#include "server/body_names.hpp"
#include "server/body_source.hpp"
#include "server/subtransaction.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

// One statement or expression of a body, before anything in it is resolved.
struct Piece {
    List *tables;           // of RangeVar *
    List *ctes;             // of char *
    List *calls;            // of List *
    List *handed;           // of FuncCall *, the same
    List *compared;         // of Node *, in pairs
    List *written;          // of RangeVar *, char * (or nullptr for "by position"), Node *, position, in fours
    List *sets;             // of char *
    List *sets_by;          // of Node *: what names the settings that it sets
    List *asked;            // of Node *, char * in turn: what is compared with a constant
    List *nulls;            // of char *: what is asked whether it is NULL
    bool metadata, decides; // it reads user metadata, and goes by it
    const char *tainted;    // the key under which metadata is read
};

const char *last_name(List *names) {
    return names != NIL && IsA(llast(names), String) ? strVal(llast(names)) : "";
}

const char *string_of(Node *node) {
    while (node != nullptr && IsA(node, TypeCast)) node = castNode(TypeCast, node)->arg;
    if (node == nullptr || !IsA(node, A_Const) || castNode(A_Const, node)->isnull) return nullptr;
    Node *value = (Node *)&castNode(A_Const, node)->val;
    return IsA(value, String) ? strVal(value) : nullptr;
}

const char *constant_of(Node *node) {
    if (const char *text = string_of(node)) return text;
    const char *sign = "";
    while (node != nullptr && IsA(node, TypeCast)) node = castNode(TypeCast, node)->arg;
    if (node != nullptr && IsA(node, A_Expr) && castNode(A_Expr, node)->lexpr == nullptr) {
        sign = "-";
        node = castNode(A_Expr, node)->rexpr;
    }
    if (node == nullptr || !IsA(node, A_Const) || castNode(A_Const, node)->isnull) return nullptr;
    Node *value = (Node *)&castNode(A_Const, node)->val;
    if (IsA(value, Integer)) return psprintf("%s%d", sign, intVal(value));
    if (IsA(value, Float)) return psprintf("%s%s", sign, castNode(Float, value)->fval);
    return nullptr;
}

Node *bare(Node *node) {
    while (node != nullptr && IsA(node, TypeCast)) node = castNode(TypeCast, node)->arg;
    return node;
}

bool is_metadata(Node *node) {
    const char *text = string_of(node);
    if (text != nullptr && (strcmp(text, "user_metadata") == 0 || strcmp(text, "{user_metadata}") == 0 ||
                            strncmp(text, "{user_metadata,", 15) == 0))
        return true;
    return IsA(node, ColumnRef) && strcmp(last_name(castNode(ColumnRef, node)->fields), "raw_user_meta_data") == 0;
}

// A CASE that chooses among constants lets nobody write what they like.
bool chooses_constants(Node *node) {
    if (!IsA(node, CaseExpr)) return false;
    auto *choice = castNode(CaseExpr, node);
    bool constant = choice->defresult == nullptr || IsA(bare((Node *)choice->defresult), A_Const);
    ListCell *cell;
    foreach (cell, choice->args) constant = constant && IsA(bare((Node *)lfirst_node(CaseWhen, cell)->result), A_Const);
    return constant;
}

bool find_metadata(Node *node, void *context) {
    if (node == nullptr) return false;
    if (chooses_constants(node)) return false;
    if (is_metadata(node)) return true;
    return compat::walk_raw(node, find_metadata, context);
}

// Whether what users write themselves is compared with something: that it is empty says nothing of anybody.
bool compares_metadata(A_Expr *expression) {
    const char *name = last_name(expression->name);
    const bool compares = expression->kind != AEXPR_OP || strcmp(name, "=") == 0 || strcmp(name, "<>") == 0 ||
                          strncmp(name, "~", 1) == 0 || strncmp(name, "!~", 2) == 0;
    const auto is_empty = [](Node *node) {
        const char *text = string_of(node);
        return text != nullptr && *text == '\0';
    };
    return compares && expression->lexpr != nullptr && expression->rexpr != nullptr &&
           expression->kind != AEXPR_NULLIF && !is_empty(expression->lexpr) && !is_empty(expression->rexpr) &&
           (find_metadata(expression->lexpr, nullptr) || find_metadata(expression->rexpr, nullptr));
}

// A variable, or a field of one: what was sent may be in it. The new row itself has names of its own.
bool find_variable(Node *node, void *context) {
    if (node == nullptr) return false;
    if (chooses_constants(node)) return false;
    if (IsA(node, ColumnRef)) {
        Node *first = (Node *)linitial(castNode(ColumnRef, node)->fields);
        const bool of_row =
            IsA(first, String) && (strcmp(strVal(first), "new") == 0 || strcmp(strVal(first), "old") == 0);
        return !of_row || list_length(castNode(ColumnRef, node)->fields) < 2;
    }
    return compat::walk_raw(node, find_variable, context);
}

// lower(trim(kind)) and coalesce(kind, 'x') are the kind; how long it is is another thing.
Node *within(Node *node) {
    for (;;) {
        node = bare(node);
        if (node != nullptr && IsA(node, CoalesceExpr))
            node = (Node *)linitial(castNode(CoalesceExpr, node)->args);
        else if (node != nullptr && IsA(node, FuncCall) && castNode(FuncCall, node)->args != NIL &&
                 strstr(last_name(castNode(FuncCall, node)->funcname), "length") == nullptr)
            node = (Node *)linitial(castNode(FuncCall, node)->args);
        else
            return node;
    }
}

void note_asked(Piece *piece, Node *what, Node *with) {
    Node *there = bare(with);
    List *constants = there == nullptr          ? NIL
                      : IsA(there, List)        ? (List *)there
                      : IsA(there, A_ArrayExpr) ? castNode(A_ArrayExpr, there)->elements
                                                : list_make1(with);
    ListCell *cell;
    foreach (cell, constants)
        if (const char *constant = constant_of((Node *)lfirst(cell)))
            piece->asked = lappend(lappend(piece->asked, what), (void *)constant);
}

void note_target(Piece *piece, RangeVar *table, const char *column, Node *value, int at = 0) {
    piece->written = lappend(lappend(lappend(lappend(piece->written, table), (void *)column), value), makeInteger(at));
}

void note_targets(Piece *piece, RangeVar *table, List *targets) {
    ListCell *cell;
    foreach (cell, targets) {
        auto *target = lfirst_node(ResTarget, cell);
        if (target->name != nullptr && target->val != nullptr) note_target(piece, table, target->name, target->val);
    }
}

void note_insert(Piece *piece, InsertStmt *insert) {
    auto *select = (SelectStmt *)insert->selectStmt;
    if (select != nullptr && IsA(select, SelectStmt)) {
        List *rows = select->valuesLists != NIL ? select->valuesLists : list_make1(select->targetList);
        ListCell *row;
        foreach (row, rows) {
            int at = 0;
            ListCell *cell;
            foreach (cell, (List *)lfirst(row)) {
                Node *value = (Node *)lfirst(cell);
                if (IsA(value, ResTarget)) value = castNode(ResTarget, value)->val;
                if (insert->cols == NIL)
                    note_target(piece, insert->relation, nullptr, value, at);
                else if (at < list_length(insert->cols))
                    note_target(piece, insert->relation, list_nth_node(ResTarget, insert->cols, at)->name, value);
                at++;
            }
        }
    }
    if (insert->onConflictClause != nullptr)
        note_targets(piece, insert->relation, insert->onConflictClause->targetList);
}

bool walk_piece(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *piece = (Piece *)context;
    if (is_metadata(node)) piece->metadata = true;
    switch (nodeTag(node)) {
    case T_RangeVar: piece->tables = lappend(piece->tables, node); return false;
    case T_CommonTableExpr: piece->ctes = lappend(piece->ctes, castNode(CommonTableExpr, node)->ctename); break;
    case T_InsertStmt: note_insert(piece, castNode(InsertStmt, node)); break;
    case T_UpdateStmt:
        note_targets(piece, castNode(UpdateStmt, node)->relation, castNode(UpdateStmt, node)->targetList);
        break;
    case T_FuncCall: {
        auto *function = castNode(FuncCall, node);
        const char *name = last_name(function->funcname);
        piece->calls = lappend(piece->calls, function->funcname);
        piece->handed = lappend(piece->handed, function);
        const char *setting = function->args != NIL ? string_of((Node *)linitial(function->args)) : nullptr;
        if (strcmp(name, "set_config") == 0 && list_length(function->args) > 1 &&
            !IsA(bare((Node *)lsecond(function->args)), A_Const)) {
            if (setting != nullptr)
                piece->sets = lappend(piece->sets, (void *)setting);
            else
                piece->sets_by = lappend(piece->sets_by, linitial(function->args));
        }
        break;
    }
    case T_A_Expr: {
        auto *expression = castNode(A_Expr, node);
        const char *name = last_name(expression->name);
        if ((expression->kind == AEXPR_OP || expression->kind == AEXPR_OP_ANY) && strcmp(name, "=") == 0) {
            piece->compared = lappend(lappend(piece->compared, expression->lexpr), expression->rexpr);
            piece->compared = lappend(lappend(piece->compared, expression->rexpr), expression->lexpr);
        }
        piece->decides = piece->decides || compares_metadata(expression);
        // What is put together is not compared.
        if (strcmp(name, "||") != 0) {
            note_asked(piece, expression->lexpr, expression->rexpr);
            note_asked(piece, expression->rexpr, expression->lexpr);
        }
        if (name[0] == '-' && name[1] == '>' && expression->lexpr != nullptr && is_metadata(bare(expression->lexpr)))
            if (const char *key = string_of(expression->rexpr)) piece->tainted = key;
        break;
    }
    case T_CaseExpr: {
        ListCell *cell;
        if (castNode(CaseExpr, node)->arg != nullptr)
            foreach (cell, castNode(CaseExpr, node)->args)
                note_asked(piece, (Node *)castNode(CaseExpr, node)->arg, (Node *)lfirst_node(CaseWhen, cell)->expr);
        break;
    }
    case T_NullTest: {
        Node *what = bare((Node *)castNode(NullTest, node)->arg);
        if (what != nullptr && IsA(what, ColumnRef))
            piece->nulls = lappend(piece->nulls, (void *)last_name(castNode(ColumnRef, what)->fields));
        break;
    }
    case T_PLAssignStmt: return walk_piece((Node *)castNode(PLAssignStmt, node)->val, context);
    default: break;
    }
    return compat::walk_raw(node, walk_piece, context);
}

// What the pieces come to, in the server's memory.
struct Raw {
    List *calls;   // OIDs
    List *columns; // of RawColumn *
    List *names;   // of char *: unqualified
    List *schemas; // of char *: where those were found
    List *sets;    // of char *
    List *sets_by; // of char *: how the names begin of those that an argument names
    List *keys;    // of char *: metadata that went into a variable
    List *asked;   // of char *, char * in turn: an argument, or "", and a constant
    List *nulls;   // of char *
    List *handed;  // of RawHanded *
    bool metadata, decides;
};

enum class Use { compared, written, flows, copied, target };

struct RawColumn {
    Use use;
    Oid relation;
    int number;
    const char *name;
    const char *key; // of what flows
};

struct RawHanded {
    Oid function;
    int position;
    const char *argument;
};

struct Arguments {
    const char *function;
    const char *const *names;
    int count;
};

const char *argument_of(Node *node, const Arguments *arguments) {
    node = bare(node);
    if (node == nullptr) return nullptr;
    if (IsA(node, ParamRef)) {
        const int number = castNode(ParamRef, node)->number;
        if (number < 1 || number > arguments->count) return nullptr;
        return arguments->names[number - 1][0] != '\0' ? arguments->names[number - 1] : psprintf("$%d", number);
    }
    if (!IsA(node, ColumnRef)) return nullptr;
    List *fields = castNode(ColumnRef, node)->fields;
    if (list_length(fields) > 2 || !IsA(llast(fields), String)) return nullptr;
    if (list_length(fields) == 2 && strcmp(strVal(linitial(fields)), arguments->function) != 0) return nullptr;
    for (int i = 0; i < arguments->count; i++)
        if (strcmp(arguments->names[i], strVal(llast(fields))) == 0) return arguments->names[i];
    return nullptr;
}

Oid table_of(const RangeVar *table, const Piece *piece) {
    ListCell *cell;
    if (table->schemaname == nullptr)
        foreach (cell, piece->ctes)
            if (strcmp((const char *)lfirst(cell), table->relname) == 0) return InvalidOid;
    return relation_named(table);
}

bool column_of(Node *node, const Piece *piece, RawColumn *column) {
    node = bare(node);
    if (node == nullptr || !IsA(node, ColumnRef)) return false;
    List *fields = castNode(ColumnRef, node)->fields;
    if (!IsA(llast(fields), String) || list_length(fields) > 3) return false;
    const char *owner = list_length(fields) > 1 ? strVal(list_nth(fields, list_length(fields) - 2)) : nullptr;
    ListCell *cell;
    foreach (cell, piece->tables) {
        auto *table = lfirst_node(RangeVar, cell);
        const char *known_as = table->alias != nullptr ? table->alias->aliasname : table->relname;
        if (owner != nullptr && strcmp(owner, known_as) != 0) continue;
        column->relation = table_of(table, piece);
        if (!OidIsValid(column->relation)) continue;
        column->number = get_attnum(column->relation, strVal(llast(fields)));
        if (column->number > 0) return true;
    }
    return false;
}

void note(Raw *raw, Use use, const RawColumn *place, const char *name, const char *key = "") {
    auto *column = (RawColumn *)palloc(sizeof(RawColumn));
    *column = RawColumn{use, place->relation, place->number, name, key};
    raw->columns = lappend(raw->columns, column);
}

// What is found in pg_catalog is found there by everybody.
void note_unqualified(Raw *raw, const char *name, Oid schema) {
    if (!OidIsValid(schema) || schema == PG_CATALOG_NAMESPACE) return;
    raw->names = lappend(raw->names, (void *)name);
    raw->schemas = lappend(raw->schemas, (void *)::quote_identifier(get_namespace_name(schema)));
}

// What of the arguments goes into a value; a sub-select looks something up by them.
struct Flowing {
    Raw *raw;
    const RawColumn *place;
    const Arguments *arguments;
};

// An argument or a variable: what that is made of is told elsewhere.
const char *name_of(Node *node, const Arguments *arguments) {
    if (const char *argument = argument_of(node, arguments)) return argument;
    node = bare(node);
    const bool plain = node != nullptr && IsA(node, ColumnRef) && list_length(castNode(ColumnRef, node)->fields) == 1;
    return plain && last_name(castNode(ColumnRef, node)->fields)[0] != '\0'
               ? last_name(castNode(ColumnRef, node)->fields)
               : nullptr;
}

bool note_flows(Node *node, void *context) {
    if (node == nullptr || IsA(node, SubLink)) return false;
    const auto *flowing = (const Flowing *)context;
    if (IsA(node, A_Expr) && castNode(A_Expr, node)->lexpr != nullptr &&
        strncmp(last_name(castNode(A_Expr, node)->name), "->", 2) == 0) {
        const char *object = name_of(castNode(A_Expr, node)->lexpr, flowing->arguments);
        const char *key = string_of(castNode(A_Expr, node)->rexpr);
        if (object != nullptr && key != nullptr) {
            note(flowing->raw, Use::flows, flowing->place, object, key);
            return false;
        }
    }
    if (const char *name = name_of(node, flowing->arguments)) {
        note(flowing->raw, Use::flows, flowing->place, name);
        return false;
    }
    return compat::walk_raw(node, note_flows, context);
}

// To a helper of its own kind: what is handed to the server's functions stands for nothing.
void note_handed(Raw *raw, FuncCall *call, const Arguments *arguments) {
    int position = 0;
    ListCell *cell;
    foreach (cell, call->args) {
        const char *argument = argument_of((Node *)lfirst(cell), arguments);
        ListCell *function;
        if (argument != nullptr)
            foreach (function, functions_named(call->funcname)) {
                if (lfirst_oid(function) < FirstNormalObjectId) continue;
                auto *handed = (RawHanded *)palloc(sizeof(RawHanded));
                *handed = RawHanded{lfirst_oid(function), position, argument};
                raw->handed = lappend(raw->handed, handed);
            }
        position++;
    }
}

// name, 'app.' || name: how the name of a setting begins that an argument says; nullptr where none does.
const char *named_by(Node *node, const Arguments *arguments) {
    node = bare(node);
    if (argument_of(node, arguments) != nullptr) return "";
    if (node == nullptr || !IsA(node, A_Expr) || strcmp(last_name(castNode(A_Expr, node)->name), "||") != 0)
        return nullptr;
    const char *left = string_of(castNode(A_Expr, node)->lexpr);
    return argument_of(castNode(A_Expr, node)->rexpr, arguments) != nullptr ? left : nullptr;
}

// The column that a value goes into for where it stands.
int column_at(Oid relation, int position) {
    for (AttrNumber number = 1; get_attname(relation, number, true) != nullptr; number++)
        if (OidIsValid(get_atttype(relation, number)) && position-- == 0) return number; // no dropped one
    return InvalidAttrNumber;
}

void read_piece(Node *statement, const Arguments *arguments, Raw *raw) {
    Piece piece{};
    (void)walk_piece(statement, &piece);
    raw->metadata = raw->metadata || piece.metadata;
    raw->decides = raw->decides || piece.decides;
    raw->sets = list_concat(raw->sets, piece.sets);
    if (piece.tainted != nullptr && piece.written == NIL) raw->keys = lappend(raw->keys, (void *)piece.tainted);
    ListCell *cell;
    foreach (cell, piece.sets_by)
        if (const char *prefix = named_by((Node *)lfirst(cell), arguments))
            raw->sets_by = lappend(raw->sets_by, (void *)prefix);
    foreach (cell, piece.calls) {
        auto *name = (List *)lfirst(cell);
        const List *functions = functions_named(name);
        Oid schema = functions != NIL ? get_func_namespace(linitial_oid(functions)) : InvalidOid;
        ListCell *function;
        foreach (function, functions) {
            raw->calls = list_append_unique_oid(raw->calls, lfirst_oid(function));
            if (get_func_namespace(lfirst_oid(function)) == PG_CATALOG_NAMESPACE) schema = PG_CATALOG_NAMESPACE;
        }
        if (list_length(name) == 1) note_unqualified(raw, psprintf("%s()", last_name(name)), schema);
    }
    RawColumn place{};
    for (int i = 0; i < list_length(piece.written); i += 4) {
        auto *table = (RangeVar *)list_nth(piece.written, i);
        auto *value = (Node *)list_nth(piece.written, i + 2);
        if (!list_member_ptr(piece.tables, table)) piece.tables = lappend(piece.tables, table);
        place.relation = table_of(table, &piece);
        place.number = !OidIsValid(place.relation) ? InvalidAttrNumber
                       : list_nth(piece.written, i + 1) != nullptr
                           ? get_attnum(place.relation, (const char *)list_nth(piece.written, i + 1))
                           : column_at(place.relation, intVal(list_nth(piece.written, i + 3)));
        if (place.number <= 0) continue;
        if (find_variable(value, nullptr))
            note(raw, Use::target, &place, get_attname(place.relation, (AttrNumber)place.number, false));
        if (find_metadata(value, nullptr)) note(raw, Use::copied, &place, "");
        const char *argument = argument_of(value, arguments);
        if (argument != nullptr) note(raw, Use::written, &place, argument);
        Flowing flowing{raw, &place, arguments};
        if (argument == nullptr) (void)note_flows(value, &flowing);
    }
    for (int i = 0; i < list_length(piece.compared); i += 2) {
        auto *other = (Node *)list_nth(piece.compared, i + 1);
        RawColumn ignored{};
        if (!column_of((Node *)list_nth(piece.compared, i), &piece, &place)) continue;
        const char *argument = column_of(other, &piece, &ignored) ? nullptr : argument_of(other, arguments);
        if (argument != nullptr) note(raw, Use::compared, &place, argument);
    }
    raw->nulls = list_concat(raw->nulls, piece.nulls);
    foreach (cell, piece.handed) note_handed(raw, (FuncCall *)lfirst(cell), arguments);
    for (int i = 0; i < list_length(piece.asked); i += 2) {
        Node *what = within((Node *)list_nth(piece.asked, i));
        const char *argument = argument_of(what, arguments);
        RawColumn ignored{};
        if (what == nullptr || column_of(what, &piece, &ignored)) continue;
        if (argument == nullptr && (!IsA(what, ColumnRef) || list_length(castNode(ColumnRef, what)->fields) > 1))
            continue;
        raw->asked =
            lappend(lappend(raw->asked, (void *)(argument != nullptr ? argument : "")), list_nth(piece.asked, i + 1));
    }
    foreach (cell, piece.tables) {
        auto *table = lfirst_node(RangeVar, cell);
        if (table->schemaname != nullptr) continue;
        const Oid relation = table_of(table, &piece);
        if (OidIsValid(relation)) note_unqualified(raw, table->relname, get_rel_namespace(relation));
    }
}

void read_statements(List *statements, const Arguments *arguments, Raw *raw) {
    ListCell *cell;
    foreach (cell, statements) read_piece(lfirst_node(RawStmt, cell)->stmt, arguments, raw);
}

template <typename Add>
void each(const List *list, Add add) {
    for (int i = 0; i < list_length(list); i++) add(static_cast<const char *>(list_nth(list, i)));
}

void take(const Raw &raw, BodyFacts &facts) {
    facts.forgeable = raw.metadata;
    facts.decides_forgeably = raw.decides;
    each(raw.sets, [&](const char *name) { facts.sets.insert(name); });
    each(raw.sets_by, [&](const char *prefix) { facts.sets_by_name.insert(prefix); });
    each(raw.names, [&](const char *name) {
        if (std::find(facts.unqualified.begin(), facts.unqualified.end(), name) == facts.unqualified.end())
            facts.unqualified.emplace_back(name);
    });
    each(raw.schemas, [&](const char *schema) { facts.found_in.insert(schema); });
    each(raw.nulls, [&](const char *name) { facts.null_asked.insert(name); });
    for (int i = 0; i < list_length(raw.handed); i++) {
        const auto *handed = static_cast<const RawHanded *>(list_nth(raw.handed, i));
        facts.handed.emplace(std::pair{handed->function, handed->position}, handed->argument);
    }
    for (int i = 0; i + 1 < list_length(raw.asked); i += 2) {
        auto &constants = facts.asked[static_cast<const char *>(list_nth(raw.asked, i))];
        const std::string constant = static_cast<const char *>(list_nth(raw.asked, i + 1));
        if (std::find(constants.begin(), constants.end(), constant) == constants.end()) constants.push_back(constant);
    }
    for (int i = 0; i < list_length(raw.calls); i++) facts.calls.push_back(list_nth_oid(raw.calls, i));
    std::set<std::string> keys;
    each(raw.keys, [&](const char *key) { keys.insert(key); });
    for (int i = 0; i < list_length(raw.columns); i++) {
        const auto *column = static_cast<const RawColumn *>(list_nth(raw.columns, i));
        const Column place{column->relation, column->number};
        switch (column->use) {
        case Use::compared: facts.compared.emplace(place, column->name); break;
        case Use::written: facts.written.emplace(place, column->name); break;
        case Use::flows: facts.flows.insert({place, column->name, column->key}); break;
        case Use::copied: facts.copied.insert(place); break;
        case Use::target:
            // Read under the column's own name into a variable, and written from there.
            if (keys.contains(column->name)) facts.copied.insert(place);
        }
    }
}

} // namespace

BodyFacts read_body_facts(Oid function) {
    BodyFacts facts;
    const BodyText text = body_text(function);
    if (text.language.empty()) return facts;
    std::vector<const char *> names;
    for (const std::string &name : text.arguments) names.push_back(name.c_str());
    const Arguments arguments{text.name.c_str(), names.data(), (int)names.size()};
    (void)attempt(Finish::rollback, [&] {
        Raw raw{};
        const BodyPieces pieces = read_pieces(text);
        for (List *statements : pieces.statements)
            call(read_statements, statements, (const Arguments *)&arguments, (Raw *)&raw);
        take(raw, facts);
        follow_variables(pieces.variables, facts);
        if (!text.parsed.empty()) facts.unqualified.clear(); // resolved when it was made
    });
    return facts;
}

} // namespace rlsproof::server
