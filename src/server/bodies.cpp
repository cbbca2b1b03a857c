#include "model/name_words.hpp"
#include "model/world.hpp"
#include "sqltext/sqltext.hpp"

#include "server/bodies.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "server/body_names.hpp"
#include "server/body_temporary.hpp"
#include "server/environment.hpp"
#include "server/handed.hpp"
#include "server/harmless.hpp"
#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "parser/parser.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace rlsproof::server {

namespace {

constexpr int kMostHanded = 24; // constants that a body calls functions with
constexpr int kMostCalls = 24;  // how deep calls are followed before the answer is "unknown"

constexpr const char *kBuilds = "it runs SQL that is built at run time";

struct Found {
    List *reads;    // of RangeVar *
    List *writes;   // of RangeVar *
    List *inserts;  // of RangeVar *, of those
    List *calls;    // of List * (a function's name)
    List *ctes;     // of char *
    List *columns;  // of char *
    List *compared; // of char *, char * in turn: a column and a constant
    List *flags;    // of char *, char * in turn: a column, and "t" or "f"
    List *given;    // of char *: columns that are asked to be there
    List *settings; // of char *, char * in turn: a setting and the type it is cast to, which may be empty
    List *paths;    // of char *: what it sets search_path to
    const char *cast;
    BodyNames names;
    List *handed; // of List * (a function's name), Integer, char * in threes: constants that it is called with
    bool asks_who;
    const char *utility; // a statement that is not read any further, and that may do harm
    const char *unread;  // one that does none
};

bool walk_raw(Node *node, void *context);
bool walk_parsed(Node *node, void *context);

const char *column_name(Node *node) {
    if (node == nullptr || !IsA(node, ColumnRef)) return nullptr;
    Node *last = (Node *)llast(castNode(ColumnRef, node)->fields);
    return IsA(last, String) ? strVal(last) : nullptr;
}

const char *constant(Node *node) {
    while (node != nullptr && IsA(node, TypeCast)) node = castNode(TypeCast, node)->arg;
    if (node == nullptr || !IsA(node, A_Const) || castNode(A_Const, node)->isnull) return nullptr;
    Node *value = (Node *)&castNode(A_Const, node)->val;
    if (IsA(value, String)) return strVal(value);
    if (IsA(value, Integer)) return psprintf("%d", intVal(value));
    return nullptr;
}

Node *without_cast(Node *node) {
    while (node != nullptr && IsA(node, TypeCast)) node = castNode(TypeCast, node)->arg;
    return node;
}

// role = 'admin', 'admin' = role, role::text IN (...), role = ANY (ARRAY[...]), 'admin' = ANY (roles)
void note_comparison(A_Expr *expression, Found *found) {
    Node *left = without_cast(expression->lexpr), *right = without_cast(expression->rexpr);
    if (left == nullptr || right == nullptr) return;
    const auto add = [found](const char *column, const char *value) {
        if (value != nullptr) found->compared = lappend(lappend(found->compared, (void *)column), (void *)value);
    };
    if (const char *column = column_name(left)) {
        List *values = IsA(right, List)          ? (List *)right
                       : IsA(right, A_ArrayExpr) ? castNode(A_ArrayExpr, right)->elements
                                                 : list_make1(right);
        ListCell *cell;
        foreach (cell, values) add(column, constant((Node *)lfirst(cell)));
    } else if (const char *other = column_name(right)) {
        const char *value = constant(left);
        const bool element = expression->kind == AEXPR_OP_ANY && value != nullptr;
        if (element && strpbrk(value, "\"\\") != nullptr) return;
        add(other, element ? psprintf("{\"%s\"}", value) : value);
    }
}

// m.user_id = auth.uid() AND m.is_admin AND NOT m.muted. Under an OR a flag is no condition on whoever asks: "live or
// mine".
void note_flags(const BoolExpr *expression, Found *found) {
    if (expression->boolop != AND_EXPR) return;
    ListCell *cell;
    foreach (cell, expression->args) {
        Node *flag = (Node *)lfirst(cell);
        const char *value = "t";
        if (IsA(flag, BoolExpr) && castNode(BoolExpr, flag)->boolop == NOT_EXPR) {
            flag = (Node *)linitial(castNode(BoolExpr, flag)->args);
            value = "f";
        } else if (IsA(flag, BooleanTest) && castNode(BooleanTest, flag)->booltesttype == IS_TRUE) {
            flag = (Node *)castNode(BooleanTest, flag)->arg;
        } else if (IsA(flag, CoalesceExpr)) {
            flag = (Node *)linitial(castNode(CoalesceExpr, flag)->args);
        }
        if (const char *column = column_name(flag))
            found->flags = lappend(lappend(found->flags, (void *)column), (void *)value);
    }
}

// A setting may say who is calling. What it is called with for another service, and what the server is set to, does
// not.
bool says_who(const char *name) {
    const std::string_view setting = name;
    const size_t dot = setting.rfind('.');
    if (dot == setting.npos)
        return setting == "role" || setting == "session_authorization" || setting == "is_superuser";
    return !says_key(setting) && !setting.starts_with("app.settings.");
}

void note_setting(const char *name, Found *found) {
    found->asks_who = found->asks_who || says_who(name);
    const char *type = found->cast != nullptr ? found->cast : "";
    found->settings = lappend(lappend(found->settings, (void *)name), (void *)type);
}

// SET search_path, as a statement or as a call; `value` is nothing where it is made at run time.
void note_path(const char *value, Found *found) {
    if (value == nullptr)
        found->utility = "a change of search_path that is made at run time";
    else
        found->paths = lappend(found->paths, (void *)value);
}

void note_call(FuncCall *expression, Found *found) {
    found->calls = lappend(found->calls, expression->funcname);
    ListCell *cell;
    foreach (cell, defaults_taken(expression->funcname, list_length(expression->args)))
        (void)walk_parsed((Node *)lfirst(cell), found);
    if (expression->args == NIL) return;
    int position = 0;
    foreach (cell, expression->args) {
        const char *value = constant((Node *)lfirst(cell));
        if (value != nullptr && list_length(found->handed) < 3 * kMostHanded)
            found->handed =
                lappend(lappend(lappend(found->handed, expression->funcname), makeInteger(position)), (void *)value);
        position++;
    }
    const char *called = strVal(llast(expression->funcname)), *name = constant((Node *)linitial(expression->args));
    const bool setting = strcmp(called, "current_setting") == 0;
    found->asks_who = found->asks_who || (setting && name == nullptr);
    if (name == nullptr) return;
    if (setting) note_setting(name, found);
    if (strcmp(called, "set_config") == 0 && pg_strcasecmp(name, "search_path") == 0)
        note_path(list_length(expression->args) < 2 ? nullptr : constant((Node *)lsecond(expression->args)), found);
}

void note_set(VariableSetStmt *statement, Found *found) {
    if (statement->kind != VAR_SET_VALUE || !is_harmless_setting(statement->name))
        found->utility = psprintf("SET %s", statement->name != nullptr ? statement->name : "of several settings");
    else if (strcmp(statement->name, "search_path") == 0)
        note_path(ExtractSetVariableArgs(statement), found);
}

// Walks what is cast with the type it is cast to; a text on the way there is no type.
template <typename Walker>
bool walk_cast(Walker walker, Node *argument, const char *type, Found *found) {
    const char *around = found->cast;
    if (around == nullptr || strcmp(type, "text") != 0) found->cast = type;
    (void)walker(argument, found);
    found->cast = around;
    return false;
}

// Walks what a function is given, some of which it may split.
bool walk_given(bool (*walk)(Node *, bool (*)(Node *, void *), void *), bool (*walker)(Node *, void *), Node *node,
                const char *function, Found *found) {
    const char *around = found->cast;
    if (splits_text(function)) found->cast = type_of_part(around);
    const bool result = walk(node, walker, found);
    found->cast = around;
    return result;
}

void note_insert(RangeVar *table, Found *found) {
    found->writes = lappend(found->writes, table);
    found->inserts = lappend(found->inserts, table);
}

void note_statement(Node *statement, Found *found);

void note_utility(Node *statement, Found *found) {
    // Where a table that stays has the name, which of them is meant is not known.
    const char *temporary = temporary_made(statement);
    if (temporary != nullptr && !OidIsValid(relation_named(makeRangeVar(nullptr, pstrdup(temporary), -1)))) {
        found->ctes = lappend(found->ctes, (void *)temporary);
        if (Node *query = temporary_filled_from(statement)) note_statement(query, found);
    } else if (!drops_temporary(statement)) {
        const bool undone = is_thrown_away() && GetCommandLogLevel(statement) == LOGSTMT_DDL; // and nobody waits for it
        (undone ? found->unread : found->utility) = psprintf("%s, a utility statement", CreateCommandName(statement));
    }
}

void note_statement(Node *statement, Found *found) {
    switch (nodeTag(statement)) {
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
    case T_PLAssignStmt:
        note_names(statement, &found->names);
        (void)walk_raw(statement, found);
        break;
    case T_TruncateStmt: found->writes = list_concat(found->writes, ((TruncateStmt *)statement)->relations); break;
    case T_CallStmt: (void)walk_raw((Node *)((CallStmt *)statement)->funccall, found); break;
    case T_VariableSetStmt: note_set((VariableSetStmt *)statement, found); break;
    default: note_utility(statement, found);
    }
}

bool walk_raw(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *found = static_cast<Found *>(context);
    switch (nodeTag(node)) {
    case T_RangeVar: found->reads = lappend(found->reads, node); return false;
    case T_InsertStmt: note_insert(((InsertStmt *)node)->relation, found); break;
    case T_UpdateStmt: found->writes = lappend(found->writes, ((UpdateStmt *)node)->relation); break;
    case T_DeleteStmt: found->writes = lappend(found->writes, ((DeleteStmt *)node)->relation); break;
    case T_MergeStmt: note_insert(((MergeStmt *)node)->relation, found); break;
    case T_FuncCall: {
        auto *called = (FuncCall *)node;
        note_call(called, found);
        return walk_given(compat::walk_raw, walk_raw, node, strVal(llast(called->funcname)), found);
    }
    case T_TypeCast: {
        auto *cast = (TypeCast *)node;
        const char *type = strVal(llast(cast->typeName->names));
        return walk_cast(walk_raw, cast->arg, cast->typeName->arrayBounds != NIL ? psprintf("_%s", type) : type, found);
    }
    case T_CommonTableExpr: found->ctes = lappend(found->ctes, ((CommonTableExpr *)node)->ctename); break;
    case T_SQLValueFunction:
        if (((SQLValueFunction *)node)->op == SVFOP_SESSION_USER) found->asks_who = true;
        break;
    case T_ColumnRef:
        if (const char *name = column_name(node)) found->columns = lappend(found->columns, (void *)name);
        break;
    case T_A_Expr: note_comparison(castNode(A_Expr, node), found); break;
    case T_NullTest:
        if (const char *name = column_name((Node *)castNode(NullTest, node)->arg);
            name != nullptr && castNode(NullTest, node)->nulltesttype == IS_NOT_NULL)
            found->given = lappend(found->given, (void *)name);
        break;
    case T_BoolExpr: note_flags(castNode(BoolExpr, node), found); break;
    case T_PLAssignStmt: return walk_raw((Node *)((PLAssignStmt *)node)->val, context);
    default: break;
    }
    return compat::walk_raw(node, walk_raw, context);
}

// PL/pgSQL's pieces are statements, expressions or assignments; which one is only known by trying.
List *parse_piece(const char *sql, int mode) {
    return raw_parser(sql, (RawParseMode)mode);
}

void walk_statements(List *statements, Found *found) {
    ListCell *cell;
    foreach (cell, statements) note_statement(lfirst_node(RawStmt, cell)->stmt, found);
}

const char *type_name(Oid type) {
    HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
    const char *name = pstrdup(NameStr(((Form_pg_type)GETSTRUCT(tuple))->typname));
    ReleaseSysCache(tuple);
    return name;
}

bool walk_parsed(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *found = static_cast<Found *>(context);
    if (IsA(node, Query)) {
        auto *query = castNode(Query, node);
        int number = 0;
        ListCell *cell;
        foreach (cell, query->rtable) {
            auto *entry = lfirst_node(RangeTblEntry, cell);
            number++;
            if (entry->rtekind != RTE_RELATION) continue;
            auto *name =
                makeRangeVar(get_namespace_name(get_rel_namespace(entry->relid)), get_rel_name(entry->relid), -1);
            if (query->resultRelation == number && query->commandType != CMD_UPDATE && query->commandType != CMD_DELETE)
                note_insert(name, found);
            else if (query->resultRelation == number)
                found->writes = lappend(found->writes, name);
            else
                found->reads = lappend(found->reads, name);
        }
        return query_tree_walker(query, compat::walker(walk_parsed), context, 0);
    }
    if (IsA(node, CoerceViaIO)) {
        auto *cast = castNode(CoerceViaIO, node);
        return walk_cast(walk_parsed, (Node *)cast->arg, type_name(cast->resulttype), found);
    }
    if (IsA(node, ArrayCoerceExpr)) {
        auto *cast = castNode(ArrayCoerceExpr, node);
        return walk_cast(walk_parsed, (Node *)cast->arg, type_name(cast->resulttype), found);
    }
    if (IsA(node, FuncExpr)) {
        const Oid function = castNode(FuncExpr, node)->funcid;
        if (function == F_CURRENT_SETTING_TEXT || function == F_CURRENT_SETTING_TEXT_BOOL) {
            auto *name = (Node *)linitial(castNode(FuncExpr, node)->args);
            if (IsA(name, Const) && !castNode(Const, name)->constisnull)
                note_setting(TextDatumGetCString(castNode(Const, name)->constvalue), found);
            else
                found->asks_who = true;
        }
        found->calls = lappend(found->calls, list_make2(makeString(get_namespace_name(get_func_namespace(function))),
                                                        makeString(get_func_name(function))));
        return walk_given(compat::walk, walk_parsed, node, get_func_name(function), found);
    }
    return compat::walk(node, walk_parsed, context);
}

void walk_tree(const char *tree, Found *found) {
    (void)walk_parsed((Node *)stringToNode(tree), found);
}

void walk_sql_body(Oid function, Found *found) {
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    bool null;
    const Datum body = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &null);
    if (!null) (void)walk_parsed((Node *)stringToNode(TextDatumGetCString(body)), found);
    ReleaseSysCache(tuple);
}

struct Resolved {
    List *reads;   // OIDs
    List *writes;  // OIDs
    List *inserts; // OIDs
    List *calls;   // OIDs, all overloads of a name
};

// A CTE that is called as a table mostly reads it: what is not there under that name is none.
void resolve(const Found *found, Resolved *resolved) {
    ListCell *cell;
    foreach (cell, found->reads)
        resolved->reads = list_append_unique_oid(resolved->reads, relation_named(lfirst_node(RangeVar, cell)));
    foreach (cell, found->writes)
        resolved->writes = list_append_unique_oid(resolved->writes, relation_named(lfirst_node(RangeVar, cell)));
    foreach (cell, found->inserts)
        resolved->inserts = list_append_unique_oid(resolved->inserts, relation_named(lfirst_node(RangeVar, cell)));
    foreach (cell, found->calls)
        resolved->calls = list_concat_unique_oid(resolved->calls, functions_named((List *)lfirst(cell)));
}

std::vector<Oid> oids(const List *list) {
    std::vector<Oid> result;
    for (int i = 0; i < list_length(list); i++)
        if (OidIsValid(list_nth_oid(list, i))) result.push_back(list_nth_oid(list, i));
    return result;
}

void add(Body &body, Oid relation, bool written) {
    for (auto &[known, was_written] : body.relations)
        if (known == relation) {
            was_written = was_written || written;
            return;
        }
    body.relations.emplace_back(relation, written);
}

// REQUIRES: a subtransaction, whose end frees what parsing left behind.
void parse_plpgsql(const std::string &definition, Found &found, Body &body) {
    sqltext::PlpgsqlBody parsed;
    try {
        parsed = sqltext::plpgsql(definition);
    } catch (const Error &error) { // written with check_function_bodies off, as dumps are
        body.forget("its body could not be read: " + std::string(error.what()));
        return;
    }
    body.builds = parsed.dynamic;
    for (const std::string &piece : parsed.queries) {
        bool understood = false;
        for (const int mode : {(int)RAW_PARSE_DEFAULT, (int)RAW_PARSE_PLPGSQL_EXPR, (int)RAW_PARSE_PLPGSQL_ASSIGN1}) {
            List *statements = NIL;
            if (!attempt(Finish::commit, [&] { statements = call(parse_piece, piece.c_str(), mode); }).ok) continue;
            call(walk_statements, statements, &found);
            understood = true;
            break;
        }
        if (!understood) body.forget("a statement in it could not be read");
    }
}

struct Handed {
    Oid function;
    int position;
    std::string value;
};

// What it calls helpers of its own kind with.
std::vector<Handed> handed_on(const Found &found) {
    std::vector<Handed> result;
    for (int i = 0; i + 2 < list_length(found.handed); i += 3)
        for (const Oid function : oids(call(functions_named, (List *)list_nth(found.handed, i))))
            if (function >= FirstNormalObjectId)
                result.push_back({function, intVal(list_nth(found.handed, i + 1)),
                                  static_cast<const char *>(list_nth(found.handed, i + 2))});
    return result;
}

// Takes what was found into `body`, and returns the functions that are called.
std::vector<Oid> collect(const Found &found, Body &body) {
    body.asks_who = body.asks_who || found.asks_who;
    for (int i = 0; i < list_length(found.columns); i++)
        body.column_names.insert(static_cast<const char *>(list_nth(found.columns, i)));
    for (int i = 0; i + 1 < list_length(found.compared); i += 2)
        body.compared.emplace_back(static_cast<const char *>(list_nth(found.compared, i)),
                                   static_cast<const char *>(list_nth(found.compared, i + 1)));
    for (int i = 0; i + 1 < list_length(found.flags); i += 2)
        body.flags.emplace(static_cast<const char *>(list_nth(found.flags, i)),
                           static_cast<const char *>(list_nth(found.flags, i + 1)));
    for (int i = 0; i < list_length(found.given); i++)
        body.given.insert(static_cast<const char *>(list_nth(found.given, i)));
    for (int i = 0; i + 1 < list_length(found.settings); i += 2) {
        std::string &type = body.settings[static_cast<const char *>(list_nth(found.settings, i))];
        if (type.empty()) type = static_cast<const char *>(list_nth(found.settings, i + 1));
    }
    Resolved resolved{};
    call(resolve, (const Found *)&found, &resolved);
    for (const Oid relation : oids(resolved.reads)) add(body, relation, false);
    for (const Oid relation : oids(resolved.writes)) add(body, relation, true);
    for (const Oid relation : oids(resolved.inserts)) body.inserted.insert(relation);
    return oids(resolved.calls);
}

} // namespace

const Body &Bodies::of(Oid function) {
    const auto known = read_.find(function);
    if (known != read_.end()) return known->second;
    Body body = read(function, 0);
    std::sort(body.relations.begin(), body.relations.end());
    return read_.emplace(function, std::move(body)).first->second;
}

Body Bodies::of_tree(const std::string &tree) {
    Body body;
    Found found{};
    call(walk_tree, tree.c_str(), &found);
    const std::vector<Oid> calls = collect(found, body);
    // Policies call the same helpers over and over: each is read once.
    for (const Oid callee : calls) (void)of(callee);
    follow(calls, body, 0);
    return body;
}

Body Bodies::of_text(const std::string &sql) {
    Body body;
    std::vector<Oid> calls;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        Found found{};
        call(walk_statements, call(parse_piece, sql.c_str(), (int)RAW_PARSE_DEFAULT), &found);
        if (found.utility != nullptr) body.forget(std::string("it runs ") + found.utility);
        if (found.unread != nullptr) body.is_unknown(std::string("it runs ") + found.unread);
        calls = collect(found, body);
    });
    if (!outcome.ok) body.forget(outcome.message);
    follow(calls, body, 0);
    return body;
}

// Adds what the called functions touch.
void Bodies::follow(const std::vector<Oid> &calls, Body &body, int depth) {
    for (const Oid callee : calls) {
        const auto known = read_.find(callee);
        const Body inner = known != read_.end() ? known->second : read(callee, depth + 1);
        for (const auto &[relation, written] : inner.relations) add(body, relation, written);
        body.column_names.insert(inner.column_names.begin(), inner.column_names.end());
        body.compared.insert(body.compared.end(), inner.compared.begin(), inner.compared.end());
        body.flags.insert(inner.flags.begin(), inner.flags.end());
        body.given.insert(inner.given.begin(), inner.given.end());
        body.settings.insert(inner.settings.begin(), inner.settings.end());
        body.asks_who = body.asks_who || inner.asks_who;
        body.inserted.insert(inner.inserted.begin(), inner.inserted.end());
        if (!inner.harm.empty())
            body.harms(inner.harm == inner.unknown_reason ? fmt::format("a function it calls: {}", inner.harm)
                                                          : inner.harm);
        if (!inner.known && inner.missing.empty())
            body.is_unknown(fmt::format("a function it calls: {}", inner.unknown_reason));
        if (!inner.missing.empty()) body.misses(inner.missing);
    }
}

Body Bodies::read(Oid function, int depth) {
    Body body;
    if (depth > kMostCalls) {
        body.forget("calls go too deep");
        return body;
    }
    if (std::find(reading_.begin(), reading_.end(), function) != reading_.end()) return body;
    reading_.push_back(function);

    const Rows rows = query(
        R"(
select l.lanname, n.nspname = 'pg_catalog', case when p.prokind in ('f', 'p') then pg_catalog.pg_get_functiondef(p.oid) end,
       p.prosrc, p.prosqlbody is not null, (select t.typname from pg_catalog.pg_type t where t.oid = p.prorettype),
       (select split_part(c, '=', 2) from unnest(p.proconfig) c where c like 'search_path=%'),
       p.proname, p.provolatile = 'v', exists (select from pg_catalog.pg_depend d
         where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid = $1::oid)",
        {std::to_string(function)});
    if (rows.empty()) {
        reading_.pop_back();
        return body;
    }
    const std::string language = rows.text(0, 0);
    const std::string name = rows.text(0, 7);
    const bool harmless = !rows.boolean(0, 8) || is_harmless_function(name) || (name == "nextval" && is_thrown_away());
    if (rows.boolean(0, 1)) {
        if (!harmless) body.harms(fmt::format("it calls {}()", name));
    } else if (rows.boolean(0, 9) && harmless && language != "sql" && language != "plpgsql") {
        // An extension's own: what neither reads nor writes the database says so.
    } else if (language == "sql" || language == "plpgsql") {
        std::vector<Oid> calls;
        std::vector<Handed> handed;
        const Outcome outcome = attempt(Finish::rollback, [&] {
            if (rows.value(0, 6))
                set_locally("search_path", rows.text(0, 6) == "\"\"" ? "" : rows.text(0, 6));
            else
                use_default_search_path();
            Found found{};
            if (language == "plpgsql")
                parse_plpgsql(rows.text(0, 2), found, body);
            else if (rows.boolean(0, 4))
                call(walk_sql_body, function, &found);
            else
                call(walk_statements, call(parse_piece, rows.text(0, 3).c_str(), (int)RAW_PARSE_DEFAULT), &found);
            if (found.utility != nullptr) body.forget(std::string("it runs ") + found.utility);
            if (found.unread != nullptr) body.is_unknown(std::string("it runs ") + found.unread);
            calls = collect(found, body);
            handed = handed_on(found);
            if (const char *missing = call(missing_name, (const BodyNames *)&found.names, (const List *)found.ctes,
                                           (const List *)found.calls);
                missing != nullptr && found.paths == NIL)
                body.misses(missing);
            // Which statements run under a path that the body sets is not followed: under any of them.
            for (int i = 0; i < list_length(found.paths); i++) {
                set_locally("search_path", static_cast<const char *>(list_nth(found.paths, i)));
                const std::vector<Oid> there = collect(found, body);
                calls.insert(calls.end(), there.begin(), there.end());
            }
        });
        if (!outcome.ok) body.forget("its body could not be read: " + outcome.message);
        // What a body hands back without a cast is cast to what the function returns.
        for (auto &[name, type] : body.settings)
            if (type.empty()) type = rows.text(0, 5);
        for (const Handed &constant : handed)
            for (const Column &column : compared_with_argument(constant.function, constant.position))
                body.compared.emplace_back(query("select attname from pg_catalog.pg_attribute where attrelid = $1::oid "
                                                 "and attnum = $2::int2",
                                                 {std::to_string(column.relation), std::to_string(column.number)})
                                               .text(0, 0),
                                           constant.value);
        follow(calls, body, depth);
        if (body.builds) {
            body.beside = std::exchange(body.harm, is_thrown_away() ? body.harm : kBuilds);
            body.unknown_reason = kBuilds;
            body.known = false;
        }
    } else {
        body.forget(fmt::format("it is written in {}", language));
    }
    reading_.pop_back();
    return body;
}

} // namespace rlsproof::server
