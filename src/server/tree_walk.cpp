#include "server/tree_walk.hpp"

#include <iterator>

#include "server/nodes.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace rlsproof::server {

namespace {

void note(TreeWalk *walk, NoteKind kind, Oid object, int number = 0) {
    auto *made = (Note *)palloc(sizeof(Note));
    *made = Note{kind, object, number};
    walk->notes = lappend(walk->notes, made);
}

int depth(const TreeWalk *walk) {
    return list_length(walk->stack);
}

// The column of the protected table that a node is, or 0.
int own_column(const Node *node, const TreeWalk *walk) {
    if (node == nullptr || !IsA(node, Var)) return 0;
    const auto *var = (const Var *)node;
    return depth(walk) == (int)var->varlevelsup && var->varattno > 0 ? var->varattno : 0;
}

// ---- who is asking ------------------------------------------------------------------------------------------------

bool is_setting(Oid function) {
    return function == F_CURRENT_SETTING_TEXT || function == F_CURRENT_SETTING_TEXT_BOOL;
}

bool asks(Oid function, const TreeWalk *walk) {
    if (is_setting(function)) return true;
    for (int i = 0; i < walk->asking_count; i++)
        if (walk->asking[i] == function) return true;
    return false;
}

struct Look {
    const TreeWalk *walk;
    bool asks;
};

bool look_inside(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *look = (Look *)context;
    if (is_current_user(node) || (IsA(node, FuncExpr) && asks(castNode(FuncExpr, node)->funcid, look->walk)))
        look->asks = true;
    if (IsA(node, Query)) return query_tree_walker(castNode(Query, node), compat::walker(look_inside), context, 0);
    return compat::walk(node, look_inside, context);
}

bool mentions_caller(Node *node, const TreeWalk *walk) {
    Look look{walk, false};
    (void)look_inside(node, &look);
    return look.asks;
}

// Whether a column of the row, or of a query around, goes into the value.
bool mentions_column(Node *node, const TreeWalk *walk) {
    for (int level = 0; level <= depth(walk); level++)
        if (contain_vars_of_level(node, level)) return true;
    return false;
}

// A value that depends on who is asking and on no row: auth.uid(), or (select tenant from members where ...).
bool is_identity(Node *node, const TreeWalk *walk) {
    return mentions_caller(node, walk) && !mentions_column(node, walk);
}

// ---- what users write themselves ----------------------------------------------------------------------------------

const char *text_constant(const Node *node) {
    if (node == nullptr || !IsA(node, Const)) return nullptr;
    const auto *constant = (const Const *)node;
    if (constant->constisnull) return nullptr;
    if (constant->consttype == TEXTOID) return TextDatumGetCString(constant->constvalue);
    if (constant->consttype != TEXTARRAYOID) return nullptr;
    return OidOutputFunctionCall(F_ARRAY_OUT, constant->constvalue);
}

bool names_metadata(Node *key) {
    key = without_casts(key);
    if (key == nullptr) return false;
    if (IsA(key, ArrayExpr) && castNode(ArrayExpr, key)->elements != NIL)
        key = without_casts((Node *)linitial(castNode(ArrayExpr, key)->elements));
    const char *text = text_constant(key);
    return text != nullptr && (strcmp(text, "user_metadata") == 0 || strcmp(text, "{user_metadata}") == 0 ||
                               strncmp(text, "{user_metadata,", 15) == 0);
}

// The key is taken of what the session says, by an operator or a function. A column may have keys of any name.
void note_key(TreeWalk *walk, List *arguments) {
    if (list_length(arguments) < 2 || !names_metadata((Node *)lsecond(arguments))) return;
    auto *claims = (Node *)linitial(arguments);
    const Oid type = exprType(claims);
    if ((type == JSONOID || type == JSONBOID) && mentions_caller(claims, walk))
        note(walk, NoteKind::metadata, InvalidOid);
}

void note_subscript(TreeWalk *walk, const SubscriptingRef *reference) {
    if (reference->refcontainertype == JSONBOID && reference->refupperindexpr != NIL &&
        names_metadata((Node *)linitial(reference->refupperindexpr)) &&
        mentions_caller((Node *)reference->refexpr, walk))
        note(walk, NoteKind::metadata, InvalidOid);
}

const RangeTblEntry *entry_of(const Var *var, const TreeWalk *walk) {
    const int level = depth(walk) - (int)var->varlevelsup;
    if (level < 1) return nullptr;
    const auto *query = (const Query *)list_nth(walk->stack, level - 1);
    if (var->varno < 1 || var->varno > list_length(query->rtable)) return nullptr;
    const auto *entry = (const RangeTblEntry *)list_nth(query->rtable, var->varno - 1);
    return entry->rtekind == RTE_RELATION ? entry : nullptr;
}

void note_column(TreeWalk *walk, const Var *var) {
    const RangeTblEntry *entry = entry_of(var, walk);
    const char *name = entry != nullptr ? get_attname(entry->relid, var->varattno, true) : nullptr;
    if (name != nullptr && strcmp(name, "raw_user_meta_data") == 0)
        note(walk, NoteKind::metadata_column, entry->relid, var->varattno);
}

// ---- what the request brings along -------------------------------------------------------------------------------

bool among(Oid function, const Oid *functions, int count) {
    for (int i = 0; i < count; i++)
        if (functions[i] == function) return true;
    return false;
}

bool is_sent(FuncExpr *call, const TreeWalk *walk) {
    if (!is_setting(call->funcid)) return among(call->funcid, walk->sending, walk->sending_count);
    const char *name = text_constant(without_casts((Node *)linitial(call->args)));
    return name != nullptr && is_sent_setting(name);
}

// What an expression asks, and by what.
struct Said {
    const TreeWalk *walk;
    bool sent;  // a header or a cookie
    bool asks;  // anything else about the caller
    bool reads; // a column or a table
};

bool find_said(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *said = (Said *)context;
    if (IsA(node, Var)) said->reads = true;
    if (is_current_user(node)) said->asks = true;
    if (IsA(node, FuncExpr)) {
        auto *call = castNode(FuncExpr, node);
        const bool sent = is_sent(call, said->walk);
        said->sent = said->sent || sent;
        if (!sent && asks(call->funcid, said->walk)) said->asks = true;
        if (among(call->funcid, said->walk->reading, said->walk->reading_count)) said->reads = true;
    }
    if (IsA(node, Query)) return query_tree_walker(castNode(Query, node), compat::walker(find_said), context, 0);
    return compat::walk(node, find_said, context);
}

bool is_equality(Oid op, List *arguments) {
    const Oid type = exprType((Node *)linitial(arguments));
    return op_mergejoinable(op, type) || op_hashjoinable(op, type);
}

// What stands beside a comparison: nothing about the caller, whether somebody is signed in, or whose something is.
enum Beside { nothing, signed_in, whose };

Beside beside_of(Node *node, const TreeWalk *walk) {
    Said said{walk, false, false, false};
    (void)find_said(node, &said);
    return !said.asks ? nothing : said.reads ? whose : signed_in;
}

bool find_header(Node *node, void *number) {
    if (node == nullptr) return false;
    const char *name = IsA(node, Const) ? text_constant(node) : nullptr;
    for (size_t i = 0; name != nullptr && i < std::size(kNoSecrets); i++)
        if (pg_strcasecmp(name, kNoSecrets[i]) == 0) *(int *)number = (int)i;
    return compat::walk(node, find_header, number);
}

// request.headers ->> 'origin' = 'https://app.example.com'
void note_header(TreeWalk *walk, Node *constant, Node *value, Beside beside) {
    constant = without_casts(constant);
    const bool known = constant != nullptr && (IsA(constant, Const) || IsA(constant, ArrayExpr));
    Said said{walk, false, false, false};
    (void)find_said(value, &said);
    int header = -1;
    (void)find_header(value, &header);
    if (known && said.sent && !said.reads && header >= 0 && beside != whose)
        note(walk, NoteKind::said_by_header, InvalidOid, header);
}

bool find_email(Node *node, void *found) {
    if (node == nullptr) return false;
    const char *name = IsA(node, Const)      ? text_constant(node)
                       : IsA(node, FuncExpr) ? get_func_name(castNode(FuncExpr, node)->funcid)
                                             : nullptr;
    if (name != nullptr && strcmp(name, "email") == 0) *(bool *)found = true;
    return compat::walk(node, find_email, found);
}

// auth.email() LIKE '%corp.com', which x@evilcorp.com is.
void note_address(TreeWalk *walk, Node *value, Node *pattern, Beside beside) {
    pattern = without_casts(pattern);
    const char *like = pattern != nullptr && IsA(pattern, Const) ? text_constant(pattern) : nullptr;
    if (like == nullptr || like[0] != '%' || strchr(like, '@') != nullptr || strchr(like, '.') == nullptr ||
        beside == whose)
        return;
    if (like[1] == '.') return; // a domain below it
    Said said{walk, false, false, false};
    (void)find_said(value, &said);
    bool email = false;
    (void)find_email(value, &email);
    if (email && said.asks && !said.reads) note(walk, NoteKind::loose_address, InvalidOid);
}

void note_sent(TreeWalk *walk, Node *column, Node *value, Beside beside) {
    column = without_casts(column);
    if (column == nullptr || !IsA(column, Var) || castNode(Var, column)->varattno <= 0 || beside == whose) return;
    Said said{walk, false, false, false};
    (void)find_said(value, &said);
    if (!said.sent || said.reads) return;
    const NoteKind kind = beside == nothing ? NoteKind::sent : NoteKind::sent_signed_in;
    if (own_column(column, walk) != 0)
        note(walk, kind, walk->relation, castNode(Var, column)->varattno);
    else if (const RangeTblEntry *entry = entry_of(castNode(Var, column), walk); entry != nullptr)
        note(walk, kind, entry->relid, castNode(Var, column)->varattno);
}

// Follows the conditions that have to hold, with what holds beside each.
void weigh_sent(Node *node, Beside beside, TreeWalk *walk) {
    if (node == nullptr) return;
    ListCell *cell, *other;
    if (is_andclause(node) || is_orclause(node)) {
        foreach (cell, castNode(BoolExpr, node)->args) {
            Beside more = beside;
            if (is_andclause(node))
                foreach (other, castNode(BoolExpr, node)->args)
                    if (other != cell) more = Max(more, beside_of((Node *)lfirst(other), walk));
            weigh_sent((Node *)lfirst(cell), more, walk);
        }
    } else if (IsA(node, SubLink) && IsA(castNode(SubLink, node)->subselect, Query)) {
        auto *query = castNode(Query, castNode(SubLink, node)->subselect);
        const Beside tested =
            castNode(SubLink, node)->testexpr != nullptr ? beside_of(castNode(SubLink, node)->testexpr, walk) : nothing;
        walk->stack = lappend(walk->stack, query);
        if (query->jointree != nullptr) weigh_sent(query->jointree->quals, Max(beside, tested), walk);
        walk->stack = list_truncate(walk->stack, depth(walk) - 1);
    } else if (IsA(node, OpExpr) && list_length(castNode(OpExpr, node)->args) == 2) {
        auto *comparison = castNode(OpExpr, node);
        auto *left = (Node *)linitial(comparison->args), *right = (Node *)lsecond(comparison->args);
        const char *symbol = get_opname(comparison->opno);
        const bool is_like = symbol != nullptr && (strcmp(symbol, "~~") == 0 || strcmp(symbol, "~~*") == 0);
        if (is_like) note_header(walk, right, left, beside);
        if (is_like) note_address(walk, left, right, beside);
        if (!is_equality(comparison->opno, comparison->args)) return;
        note_header(walk, left, right, beside);
        note_header(walk, right, left, beside);
        note_sent(walk, left, right, beside);
        note_sent(walk, right, left, beside);
    } else if (IsA(node, ScalarArrayOpExpr) && castNode(ScalarArrayOpExpr, node)->useOr) {
        auto *any = castNode(ScalarArrayOpExpr, node);
        note_header(walk, (Node *)lsecond(any->args), (Node *)linitial(any->args), beside);
        note_sent(walk, (Node *)linitial(any->args), (Node *)lsecond(any->args), beside);
        note_sent(walk, (Node *)lsecond(any->args), (Node *)linitial(any->args), beside);
    }
}

// ---- comparisons --------------------------------------------------------------------------------------------------

// What has to hold of each row that is read, so that an index on the column finds those rows.
void note_identity(TreeWalk *walk, Node *column, Node *value) {
    const int number = own_column(without_casts(column), walk);
    if (!walk->check && walk->alternatives == 0 && number != 0 && is_identity(value, walk))
        note(walk, NoteKind::identity_equal, walk->relation, number);
}

// column = (SELECT column FROM other), and IN: where the other table has no such column, the row's own is meant.
void note_outer(TreeWalk *walk, Node *asked, Node *link) {
    const int number = own_column(without_casts(asked), walk);
    if (number == 0 || link == nullptr || !IsA(link, SubLink)) return;
    auto *query = castNode(Query, castNode(SubLink, link)->subselect);
    if (query->rtable == NIL || query->targetList == NIL) return;
    walk->stack = lappend(walk->stack, query);
    Node *shown = without_casts((Node *)linitial_node(TargetEntry, query->targetList)->expr);
    if (own_column(shown, walk) == number) note(walk, NoteKind::outer, walk->relation, number);
    walk->stack = list_truncate(walk->stack, depth(walk) - 1);
}

void note_comparison(TreeWalk *walk, const OpExpr *comparison) {
    if (list_length(comparison->args) != 2 || !is_equality(comparison->opno, comparison->args)) return;
    auto *left = (Node *)linitial(comparison->args), *right = (Node *)lsecond(comparison->args);
    note_identity(walk, left, right);
    note_identity(walk, right, left);
    note_outer(walk, left, without_casts(right));
    note_outer(walk, right, without_casts(left));
    left = without_casts(left);
    if (!OidIsValid(walk->relation) || left == nullptr || !IsA(left, Var) || !equal(left, without_casts(right))) return;
    const RangeTblEntry *entry = entry_of(castNode(Var, left), walk);
    if (entry == nullptr) return;
    const char *name = get_attname(entry->relid, castNode(Var, left)->varattno, true);
    const AttrNumber own = name != nullptr ? get_attnum(walk->relation, name) : InvalidAttrNumber;
    if (own > 0) note(walk, NoteKind::self, walk->relation, own);
}

void note_any(TreeWalk *walk, SubLink *link) {
    if (link->subLinkType != ANY_SUBLINK || link->testexpr == nullptr || !IsA(link->testexpr, OpExpr)) return;
    const auto *comparison = castNode(OpExpr, link->testexpr);
    if (list_length(comparison->args) == 2 && is_equality(comparison->opno, comparison->args))
        note_outer(walk, (Node *)linitial(comparison->args), (Node *)link);
}

void note_null_equal(TreeWalk *walk, const OpExpr *distinct) {
    for (int i = 0; i < 2; i++) {
        const int column = own_column(without_casts((Node *)list_nth(distinct->args, i)), walk);
        if (column != 0 && is_identity((Node *)list_nth(distinct->args, 1 - i), walk))
            note(walk, NoteKind::null_equal, walk->relation, column);
    }
}

// ---- what is taken for the row ------------------------------------------------------------------------------------

bool takes_paths_apart(Oid function) {
    const Oid schema = get_func_namespace(function);
    const char *of = get_namespace_name(schema), *name = get_func_name(function);
    if (of != nullptr && strcmp(of, "storage") == 0) return true;
    if (schema != PG_CATALOG_NAMESPACE) return false;
    for (const char *known : {"split_part", "string_to_array", "regexp_split_to_array"})
        if (strcmp(name, known) == 0) return true;
    return false;
}

// storage.foldername(name) within EXISTS (SELECT FROM companies ...): where a company has a name, it is the company's.
void note_captured(TreeWalk *walk, const FuncExpr *call) {
    const char *schema = OidIsValid(walk->relation) ? get_namespace_name(get_rel_namespace(walk->relation)) : nullptr;
    if (schema == nullptr || strcmp(schema, "storage") != 0 || call->args == NIL || depth(walk) == 0 ||
        !takes_paths_apart(call->funcid))
        return;
    Node *path = without_casts((Node *)linitial(call->args));
    if (path == nullptr || !IsA(path, Var)) return;
    const RangeTblEntry *entry = entry_of(castNode(Var, path), walk);
    if (entry == nullptr || entry->relid == walk->relation) return;
    const char *name = get_attname(entry->relid, castNode(Var, path)->varattno, true);
    if (name != nullptr && get_attnum(walk->relation, name) > 0 &&
        !contain_vars_of_level((Node *)linitial(walk->stack), 1))
        note(walk, NoteKind::captured, entry->relid, castNode(Var, path)->varattno);
}

// ---- the walk -----------------------------------------------------------------------------------------------------

void note_call(TreeWalk *walk, FuncExpr *call) {
    const Oid function = call->funcid;
    note(walk, NoteKind::function, function);
    note_key(walk, call->args);
    if (asks(function, walk)) walk->asks_who = true;
    const bool costs = is_setting(function) || get_func_namespace(function) != PG_CATALOG_NAMESPACE;
    if (costs && !walk->check && walk->once == 0 && OidIsValid(walk->relation) &&
        func_volatile(function) != PROVOLATILE_IMMUTABLE && !contain_var_clause((Node *)call->args))
        note(walk, NoteKind::row_call, function);
}

bool walk_node(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *walk = (TreeWalk *)context;
    switch (nodeTag(node)) {
    case T_Query:
        walk->stack = lappend(walk->stack, node);
        (void)query_tree_walker(castNode(Query, node), compat::walker(walk_node), context, 0);
        walk->stack = list_truncate(walk->stack, depth(walk) - 1);
        return false;
    case T_SubLink:
        note_any(walk, castNode(SubLink, node));
        (void)walk_node(castNode(SubLink, node)->testexpr, context);
        walk->once++;
        (void)walk_node(castNode(SubLink, node)->subselect, context);
        walk->once--;
        return false;
    case T_BoolExpr: {
        const auto *expression = castNode(BoolExpr, node);
        if (expression->boolop == AND_EXPR) break;
        auto *inner = (Node *)linitial(expression->args);
        if (expression->boolop == NOT_EXPR && IsA(inner, DistinctExpr)) note_null_equal(walk, (OpExpr *)inner);
        walk->alternatives++;
        (void)compat::walk(node, walk_node, context);
        walk->alternatives--;
        return false;
    }
    case T_Var: note_column(walk, castNode(Var, node)); break;
    case T_FuncExpr:
        note_call(walk, castNode(FuncExpr, node));
        note_captured(walk, castNode(FuncExpr, node));
        break;
    case T_SQLValueFunction: walk->asks_who = walk->asks_who || is_current_user(node); break;
    case T_SubscriptingRef: note_subscript(walk, castNode(SubscriptingRef, node)); break;
    case T_OpExpr:
        note_key(walk, castNode(OpExpr, node)->args);
        note_comparison(walk, castNode(OpExpr, node));
        break;
    case T_ScalarArrayOpExpr: {
        const auto *any = castNode(ScalarArrayOpExpr, node);
        if (any->useOr && is_equality(any->opno, any->args))
            note_identity(walk, (Node *)linitial(any->args), (Node *)lsecond(any->args));
        break;
    }
    default: break;
    }
    return compat::walk(node, walk_node, context);
}

// ---- a predicate as a whole ---------------------------------------------------------------------------------------

// What takes somebody or something away from "everybody" or "everything": NOT, <> and <> ALL. A sentence about callers
// in general, auth.role() <> 'anon', takes nobody away by name.
bool is_negation(Node *node, const TreeWalk *walk) {
    node = without_casts(node);
    if (node == nullptr) return false;
    if (is_notclause(node)) {
        auto *inner = (Node *)get_notclausearg((Expr *)node);
        return inner == nullptr || (!IsA(inner, DistinctExpr) && !IsA(inner, NullTest));
    }
    if (IsA(node, ScalarArrayOpExpr)) return !castNode(ScalarArrayOpExpr, node)->useOr;
    if (!IsA(node, OpExpr) || list_length(castNode(OpExpr, node)->args) != 2) return false;
    const auto *comparison = castNode(OpExpr, node);
    const Oid negator = get_negator(comparison->opno);
    if (!OidIsValid(negator) || !is_equality(negator, comparison->args)) return false;
    auto *left = without_casts((Node *)linitial(comparison->args)),
         *right = without_casts((Node *)lsecond(comparison->args));
    return !(IsA(left, Const) && is_identity(right, walk)) && !(IsA(right, Const) && is_identity(left, walk));
}

bool has_row_security(Oid relation) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) return false;
    const bool on = ((Form_pg_class)GETSTRUCT(tuple))->relrowsecurity;
    ReleaseSysCache(tuple);
    return on;
}

struct Tables {
    List *oids;
    bool unprotected; // every one of them is a table that shows each caller the same rows
};

bool find_tables(Node *node, void *context) {
    if (node == nullptr) return false;
    if (!IsA(node, Query)) return compat::walk(node, find_tables, context);
    auto *tables = (Tables *)context;
    ListCell *cell;
    foreach (cell, castNode(Query, node)->rtable) {
        const auto *entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind != RTE_RELATION) continue;
        tables->oids = list_append_unique_oid(tables->oids, entry->relid);
        if (entry->relkind == RELKIND_VIEW || has_row_security(entry->relid)) tables->unprotected = false;
    }
    return query_tree_walker(castNode(Query, node), compat::walker(find_tables), context, 0);
}

// An EXISTS that is enough by itself, over tables that show everybody the same, and mentions neither row nor caller.
// Beside a condition that does, it may well be a switch for the whole application.
void note_detached(Node *node, TreeWalk *walk) {
    node = without_casts(node);
    if (node == nullptr) return;
    if (is_orclause(node)) {
        ListCell *cell;
        foreach (cell, castNode(BoolExpr, node)->args) note_detached((Node *)lfirst(cell), walk);
        return;
    }
    if (!IsA(node, SubLink) || castNode(SubLink, node)->subLinkType != EXISTS_SUBLINK) return;
    Node *query = castNode(SubLink, node)->subselect;
    if (contain_vars_of_level(query, 1) || mentions_caller(query, walk)) return;
    Tables tables{NIL, true};
    (void)find_tables(query, &tables);
    ListCell *cell;
    if (tables.unprotected)
        foreach (cell, tables.oids) note(walk, NoteKind::detached, lfirst_oid(cell));
}

// A column that the predicate wants to be there anyway equals no caller's NULL.
void forget_null_equal(Node *node, TreeWalk *walk) {
    ListCell *cell;
    if (node != nullptr && is_andclause(node)) {
        foreach (cell, castNode(BoolExpr, node)->args) forget_null_equal((Node *)lfirst(cell), walk);
        return;
    }
    if (node == nullptr || !IsA(node, NullTest) || castNode(NullTest, node)->nulltesttype != IS_NOT_NULL) return;
    const int column = own_column(without_casts((Node *)castNode(NullTest, node)->arg), walk);
    foreach (cell, walk->notes) {
        const auto *made = (const Note *)lfirst(cell);
        if (made->kind == NoteKind::null_equal && made->number == column)
            walk->notes = foreach_delete_current(walk->notes, cell);
    }
}

bool is_constant(const Node *node, bool value) {
    return node != nullptr && IsA(node, Const) && ((const Const *)node)->consttype == BOOLOID &&
           !((const Const *)node)->constisnull && DatumGetBool(((const Const *)node)->constvalue) == value;
}

bool walk_conditions(Node *node, void *context) {
    if (node == nullptr) return false;
    if (!IsA(node, Query)) return compat::walk(node, walk_conditions, context);
    auto *walk = (TreeWalk *)context;
    auto *query = castNode(Query, node);
    walk->stack = lappend(walk->stack, query);
    (void)walk_node((Node *)query->jointree, context);
    walk->stack = list_truncate(walk->stack, depth(walk) - 1);
    return query_tree_walker(query, compat::walker(walk_conditions), context, 0);
}

} // namespace

bool is_sent_setting(const char *name) {
    return strcmp(name, "request.headers") == 0 || strcmp(name, "request.cookies") == 0 ||
           strncmp(name, "request.header.", 15) == 0 || strncmp(name, "request.cookie.", 15) == 0;
}

void walk_policy(const char *tree, bool check, TreeWalk *walk) {
    auto *node = (Node *)stringToNode(tree);
    walk->check = check;
    walk->predicates++;
    if (is_negation(node, walk)) walk->negations++;
    if (!check) {
        walk->always = is_constant(node, true);
        walk->never = is_constant(node, false);
    }
    note_detached(node, walk);
    weigh_sent(node, nothing, walk);
    (void)walk_node(node, walk);
    forget_null_equal(node, walk);
}

void walk_view(const char *tree, TreeWalk *everything, TreeWalk *conditions) {
    auto *actions = (Node *)stringToNode(tree);
    (void)walk_node(actions, everything);
    (void)walk_conditions(actions, conditions);
}

} // namespace rlsproof::server
