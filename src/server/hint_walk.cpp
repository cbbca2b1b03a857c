#include "server/hint_walk.hpp"

#include <utility>

#include "server/hint_notes.hpp"
#include "server/name_parts.hpp"
#include "server/nodes.hpp"

#include "server/compat.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

// A part of a name: what it has to be, or the type it is read as.
void note_part(HintWalk *walk, const Place &place, int part, const char *value, Oid read_as,
               HintKind kind = HintKind::name_part) {
    note(walk, kind, place.relation, place.number, place.own, value, read_as, part);
}

// What a part of a name is compared with. A folder that must not be something is met by any other.
void note_part_compared(HintWalk *walk, const Place &place, int part, const Const *constant, const char *symbol) {
    if (constant->constisnull) return;
    const char *value = text_of(constant->consttype, constant->constvalue);
    if (strcmp(symbol, "=") == 0 || strcmp(symbol, "^@") == 0) return note_part(walk, place, part, value, InvalidOid);
    if (strcmp(symbol, "~") == 0 || strcmp(symbol, "~*") == 0)
        return note_part(walk, place, part, value, InvalidOid, HintKind::name_pattern);
    if (strcmp(symbol, "~~") != 0 && strcmp(symbol, "~~*") != 0) return;
    note_part(walk, place, part, like_sample(value), InvalidOid);
}

// array_length(storage.foldername(name), 1) = 3: as many folders as that.
bool note_folders(HintWalk *walk, Node *left, const Const *constant, const char *symbol) {
    constexpr long kMostFolders = 8;
    int beyond = 0;
    Node *column = number_of_folders(left, &beyond);
    Place place;
    if (column == nullptr || !place_of(column, walk, &place) || constant->constisnull ||
        TypeCategory(constant->consttype) != TYPCATEGORY_NUMERIC)
        return false;
    const long asked = strtol(text_of(constant->consttype, constant->constvalue), nullptr, 10) - beyond +
                       (strcmp(symbol, ">") == 0 ? 1 : 0);
    const bool at_least = symbol[0] == '>' || strcmp(symbol, "=") == 0;
    if (at_least && asked > 0 && asked <= kMostFolders) note_part(walk, place, (int)asked, "made", InvalidOid);
    return true;
}

bool part_place(Node *node, const HintWalk *walk, Place *place, int *part) {
    Node *column = part_of_name(node, part);
    return column != nullptr && place_of(column, walk, place) && place->number > 0;
}

bool is_time(Oid type) {
    return type == TIMESTAMPOID || type == TIMESTAMPTZOID || type == DATEOID;
}

void note_constant(HintWalk *walk, const Place &place, const Const *constant, HintKind kind = HintKind::value) {
    note(walk, kind, place.relation, place.number, place.own,
         constant->constisnull ? nullptr : text_of(constant->consttype, constant->constvalue));
}

// The function that an expression is a call of, also as a sub-select of its own.
Oid called_by(Node *node) {
    node = without_casts(node);
    if (node != nullptr && IsA(node, SubLink) && castNode(SubLink, node)->subLinkType == EXPR_SUBLINK) {
        const auto *query = castNode(Query, castNode(SubLink, node)->subselect);
        if (query->rtable != NIL || query->targetList == NIL) return InvalidOid;
        node = without_casts((Node *)linitial_node(TargetEntry, query->targetList)->expr);
    }
    return node != nullptr && IsA(node, FuncExpr) ? castNode(FuncExpr, node)->funcid : InvalidOid;
}

void note_asked(HintWalk *walk, Node *of, Oid type, Datum value) {
    note(walk, HintKind::asked, called_by(of), 0, false, text_of(type, value));
}

void note_elements(HintWalk *walk, const Place &place, Node *array, HintKind kind) {
    if (array != nullptr && IsA(array, ArrayExpr)) {
        ListCell *cell;
        foreach (cell, castNode(ArrayExpr, array)->elements) {
            Node *element = without_casts((Node *)lfirst(cell));
            if (element != nullptr && IsA(element, Const)) note_constant(walk, place, castNode(Const, element), kind);
        }
    } else if (array != nullptr && IsA(array, Const) && !castNode(Const, array)->constisnull) {
        each_element(castNode(Const, array)->constvalue, [&](Oid type, Datum value) {
            note(walk, kind, place.relation, place.number, place.own, text_of(type, value));
        });
    }
}

// What is written as an expression and is a constant all the same: ARRAY['a', 'b'], lower('A').
Node *folded(Node *node) {
    const bool may_be = node != nullptr && (IsA(node, ArrayExpr) || IsA(node, FuncExpr));
    if (!may_be || contain_var_clause(node) || contain_mutable_functions(node) || contain_subplans(node)) return node;
    return eval_const_expressions(nullptr, node);
}

// One of several is enough, and every policy has one of its own.
void note_part_among(HintWalk *walk, const Place &place, int part, Node *array) {
    array = folded(array);
    if (array == nullptr || !IsA(array, Const) || castNode(Const, array)->constisnull) return;
    const char *first = nullptr;
    each_element(castNode(Const, array)->constvalue, [&](Oid type, Datum value) {
        if (first == nullptr) first = text_of(type, value);
    });
    if (first != nullptr) note_part(walk, place, part, first, InvalidOid);
}

// What policies say in so many words: "admin", "member", whatever it is compared with or handed to.
void note_mentions(HintWalk *walk, const Const *constant) {
    if (constant->constisnull) return;
    const auto add = [walk](Oid type, Datum value) {
        const char category = TypeCategory(type);
        if (category == TYPCATEGORY_STRING || category == TYPCATEGORY_ENUM || category == TYPCATEGORY_UNKNOWN)
            note(walk, HintKind::mention, InvalidOid, 0, false, text_of(type, value));
    };
    const Oid element = get_element_type(constant->consttype);
    if (element == InvalidOid) return add(constant->consttype, constant->constvalue);
    each_element(constant->constvalue, add);
}

void note_value(HintWalk *walk, const Place &place, const char *value) {
    note(walk, HintKind::value, place.relation, place.number, place.own, value);
}

// A constant that a column is compared with, and what lies just beyond it where the comparison asks for that.
void note_compared(HintWalk *walk, const Place &place, Node *column, const Const *constant, const char *symbol) {
    const Oid type = exprType(column);
    if (constant->constisnull) return note_constant(walk, place, constant);
    if (type == JSONBOID && symbol[0] == '?') {
        if (constant->consttype == TEXTOID)
            return note_value(walk, place, psprintf("{\"%s\": true}", TextDatumGetCString(constant->constvalue)));
        return each_element(constant->constvalue, [&](Oid, Datum key) {
            note_value(walk, place, psprintf("{\"%s\": true}", TextDatumGetCString(key)));
        });
    }
    if (symbol[0] == '!') return; // nothing is like what it must not be
    if (constant->consttype == TEXTOID && symbol[0] == '~' && symbol[1] != '~')
        return note(walk, HintKind::pattern, place.relation, place.number, place.own,
                    TextDatumGetCString(constant->constvalue));
    if (TypeCategory(type) == TYPCATEGORY_NUMERIC && (symbol[0] == '<' || symbol[0] == '>')) {
        const long limit = strtol(text_of(constant->consttype, constant->constvalue), nullptr, 10);
        if (symbol[1] != '=') note_value(walk, place, psprintf("%ld", symbol[0] == '>' ? limit + 1 : limit - 1));
    }
    note_constant(walk, place, constant, strcmp(symbol, "<>") == 0 ? HintKind::shunned : HintKind::value);
}

// length(column) > 10
void note_length(HintWalk *walk, FuncExpr *call, const Const *constant, const char *symbol) {
    const char *name = get_func_name(call->funcid);
    Place place;
    if (name == nullptr || strstr(name, "length") == nullptr || call->args == NIL || constant->constisnull) return;
    Node *column = without_casts((Node *)linitial(call->args));
    if (column == nullptr || !IsA(column, Var) || !place_of(column, walk, &place) ||
        TypeCategory(exprType(column)) != TYPCATEGORY_STRING ||
        TypeCategory(constant->consttype) != TYPCATEGORY_NUMERIC)
        return;
    long length = strtol(text_of(constant->consttype, constant->constvalue), nullptr, 10);
    length += symbol[0] == '>' ? 1 : symbol[0] == '<' ? -1 : 0;
    if (length < 0 || length > 1000) return;
    char *text = (char *)palloc((Size)length + 1);
    memset(text, 'x', (size_t)length);
    text[length] = '\0';
    note_value(walk, place, text);
}

// The same read from the other side.
const char *turned(const char *symbol) {
    if (symbol[0] == '<' && symbol[1] != '@') return symbol[1] == '=' ? ">=" : symbol[1] == '>' ? symbol : ">";
    if (symbol[0] == '>') return symbol[1] == '=' ? "<=" : "<";
    return symbol;
}

// column = (SELECT other FROM ... WHERE ...): what is looked up there.
void note_looked_up(HintWalk *walk, const Place &place, Node *node) {
    if (!IsA(node, SubLink) || castNode(SubLink, node)->subLinkType != EXPR_SUBLINK || place.number <= 0) return;
    auto *query = castNode(Query, castNode(SubLink, node)->subselect);
    if (query->targetList == NIL) return;
    walk->stack = lappend(walk->stack, query);
    Place other;
    if (place_of(without_casts((Node *)linitial_node(TargetEntry, query->targetList)->expr), walk, &other) &&
        other.number > 0)
        note(walk, HintKind::matched, place.relation, place.number, place.own, nullptr, other.relation, other.number);
    walk->stack = list_truncate(walk->stack, list_length(walk->stack) - 1);
}

// value = ANY (column): a row at hand in which there is something to be found.
void note_filled(HintWalk *walk, Node *array) {
    Place place;
    const char *value = some_value(get_element_type(exprType(array)));
    if (value != nullptr && place_of(array, walk, &place) && place.own)
        note_value(walk, place, psprintf("{\"%s\"}", value));
}

// One side a column, the other something it is compared with.
void compare(HintWalk *walk, Node *left, Node *right, const char *symbol) {
    left = without_casts(left);
    Node *bare = folded(without_casts(right));
    if (left == nullptr || bare == nullptr) return;
    Place place, other;
    int part = 0;
    if (place_of(left, walk, &place)) {
        note_looked_up(walk, place, bare);
        if (IsA(bare, Const))
            note_compared(walk, place, left, castNode(Const, bare), symbol);
        else if (place_of(bare, walk, &other) && place.number > 0 && other.number > 0)
            note_joined(walk, place.relation, place.number, other.relation, other.number);
        else if (is_identity(bare, walk))
            note(walk, HintKind::identity, place.relation, place.number, place.own, nodeToString(bare));
        else if (is_time(exprType(left))) {
            const bool later = symbol[0] == '>';
            note(walk, HintKind::value, place.relation, place.number, place.own, later ? "2099-01-01" : "2000-01-01");
            note(walk, HintKind::value, place.relation, place.number, place.own, later ? "2000-01-01" : "2099-01-01");
        }
    } else if (part_place(left, walk, &place, &part)) {
        if (place_of(bare, walk, &other))
            note(walk, HintKind::joined_part, place.relation, place.number, false, nullptr, other.relation,
                 other.number);
        // (storage.foldername(name))[1] = auth.uid()::text
        if (IsA(bare, Const))
            note_part_compared(walk, place, part, castNode(Const, bare), symbol);
        else if (part == 1 && is_identity(bare, walk))
            note(walk, HintKind::identity_path, place.relation, place.number, place.own, nullptr);
    } else if (IsA(bare, Const) && strcmp(symbol, "=") == 0 && place_of(without_spelling(left), walk, &place)) {
        note_constant(walk, place, castNode(Const, bare)); // lower(column) = 'value'
    } else if (IsA(bare, Const) && note_folders(walk, left, castNode(Const, bare), symbol)) {
        return;
    } else if (IsA(left, FuncExpr) && IsA(bare, Const)) {
        note_length(walk, castNode(FuncExpr, left), castNode(Const, bare), symbol);
    } else if (IsA(left, OpExpr) && list_length(castNode(OpExpr, left)->args) == 2 && IsA(bare, Const)) {
        // column ->> 'key' = 'value'
        Node *column = without_casts((Node *)linitial(castNode(OpExpr, left)->args));
        Node *key = without_casts((Node *)lsecond(castNode(OpExpr, left)->args));
        if (IsA(column, Var) && IsA(key, Const) && castNode(Var, column)->vartype == JSONBOID &&
            castNode(Const, key)->consttype == TEXTOID && !castNode(Const, key)->constisnull &&
            !castNode(Const, bare)->constisnull && place_of(column, walk, &place))
            note(walk, HintKind::value, place.relation, place.number, place.own,
                 psprintf("{\"%s\": \"%s\"}", TextDatumGetCString(castNode(Const, key)->constvalue),
                          text_of(castNode(Const, bare)->consttype, castNode(Const, bare)->constvalue)));
    }
}

// A constant that something about the caller is compared with: a role, a plan.
void note_equality(HintWalk *walk, Oid operation, Node *left, Node *right) {
    const char *symbol = get_opname(operation);
    right = without_casts(right);
    if (symbol == nullptr || (strcmp(symbol, "=") != 0 && strcmp(symbol, "<>") != 0) || right == nullptr) return;
    if (IsA(right, Const) && !castNode(Const, right)->constisnull && is_identity(left, walk))
        note_asked(walk, left, castNode(Const, right)->consttype, castNode(Const, right)->constvalue);
}

// A number of another table that is weighed against anything but the row: a quota, a number of seats.
void weigh(HintWalk *walk, Oid operation, Node *left, Node *right) {
    const char *symbol = get_opname(operation);
    Place place, other;
    left = without_casts(left);
    if (symbol == nullptr || (symbol[0] != '<' && symbol[0] != '>') || symbol[1] == '>' || left == nullptr) return;
    if (!place_of(left, walk, &place) || place.own || TypeCategory(exprType(left)) != TYPCATEGORY_NUMERIC) return;
    if (place_of(without_casts(right), walk, &other) && other.own) return;
    note(walk, HintKind::limit, place.relation, place.number, false, nullptr);
}

// EXISTS (SELECT * FROM ...) asks no column of what it would show. The tree is our own.
void forget_shown(const SubLink *link) {
    if (link->subLinkType != EXISTS_SUBLINK) return;
    auto *query = castNode(Query, link->subselect);
    if (query->setOperations != nullptr || query->groupClause != NIL || query->distinctClause != NIL ||
        query->sortClause != NIL || query->havingQual != nullptr)
        return;
    ListCell *cell;
    foreach (cell, query->targetList)
        if (IsA(lfirst_node(TargetEntry, cell)->expr, Var))
            query->targetList = foreach_delete_current(query->targetList, cell);
}

// x IN (SELECT column ...), which compares x with the column.
void compare_any(HintWalk *walk, SubLink *link) {
    if (link->subLinkType != ANY_SUBLINK || link->testexpr == nullptr || !IsA(link->testexpr, OpExpr)) return;
    auto *query = castNode(Query, link->subselect);
    auto *arguments = castNode(OpExpr, link->testexpr)->args;
    if (list_length(arguments) != 2 || query->targetList == NIL) return;
    Node *asked = without_casts((Node *)linitial(arguments));
    Node *column = without_casts((Node *)linitial_node(TargetEntry, query->targetList)->expr);
    Place place, other;
    const bool of_row = place_of(asked, walk, &place);
    // One branch of a UNION may be a constant.
    ListCell *cell;
    if (of_row && query->setOperations != nullptr)
        foreach (cell, query->rtable) {
            const auto *entry = lfirst_node(RangeTblEntry, cell);
            if (entry->rtekind != RTE_SUBQUERY || entry->subquery->targetList == NIL) continue;
            Node *value = without_casts((Node *)linitial_node(TargetEntry, entry->subquery->targetList)->expr);
            if (value != nullptr && IsA(value, Const)) note_constant(walk, place, castNode(Const, value));
        }
    const bool identity = !of_row && asked != nullptr && is_identity(asked, walk);
    walk->stack = lappend(walk->stack, query);
    if (column != nullptr && IsA(column, Var) && place_of(column, walk, &other)) {
        if (of_row && place.number > 0) note_joined(walk, place.relation, place.number, other.relation, other.number);
        if (int part = 0; part_place(asked, walk, &place, &part))
            note(walk, HintKind::joined_part, place.relation, place.number, false, nullptr, other.relation,
                 other.number);
        if (identity) note(walk, HintKind::identity, other.relation, other.number, other.own, nodeToString(asked));
        if (identity && castNode(Var, column)->varlevelsup == 0) note_row(walk, query, castNode(Var, column)->varno);
    }
    walk->stack = list_truncate(walk->stack, list_length(walk->stack) - 1);
}

// Also each of several: has_any_role(uid, ARRAY['admin', 'owner']).
void note_handed(HintWalk *walk, const FuncExpr *call) {
    int position = 0;
    ListCell *cell;
    foreach (cell, call->args) {
        Node *argument = folded(without_casts((Node *)lfirst(cell)));
        const int at = position++;
        if (Place place; argument != nullptr && place_of(argument, walk, &place) && place.number > 0)
            note(walk, HintKind::given_to, place.relation, place.number, place.own, nullptr, call->funcid, at);
        if (argument == nullptr || !IsA(argument, Const) || castNode(Const, argument)->constisnull) continue;
        const auto *constant = castNode(Const, argument);
        const auto add = [&](Oid type, Datum value) {
            note(walk, HintKind::handed, call->funcid, at, false, text_of(type, value));
        };
        if (get_element_type(constant->consttype) != InvalidOid)
            each_element(constant->constvalue, add);
        else
            add(constant->consttype, constant->constvalue);
    }
}

bool walk_node(Node *node, void *context);

void walk_condition(Node *node, HintWalk *walk) {
    Node *bare = without_casts(node);
    Place place;
    const bool negated = bare != nullptr && is_notclause(bare);
    if (negated) bare = without_casts((Node *)get_notclausearg((Expr *)bare));
    if (bare != nullptr && IsA(bare, Var) && castNode(Var, bare)->vartype == BOOLOID && place_of(bare, walk, &place))
        note_value(walk, place, negated ? "f" : "t");
    // (column ->> 'key')::boolean
    if (bare == nullptr || !IsA(bare, OpExpr) || list_length(castNode(OpExpr, bare)->args) != 2) return;
    const char *symbol = get_opname(castNode(OpExpr, bare)->opno);
    Node *column = without_casts((Node *)linitial(castNode(OpExpr, bare)->args));
    Node *key = without_casts((Node *)lsecond(castNode(OpExpr, bare)->args));
    if (symbol != nullptr && strcmp(symbol, "->>") == 0 && column != nullptr && IsA(column, Var) && key != nullptr &&
        IsA(key, Const) && castNode(Const, key)->consttype == TEXTOID && !castNode(Const, key)->constisnull &&
        place_of(column, walk, &place))
        note_value(walk, place,
                   psprintf("{\"%s\": %s}", TextDatumGetCString(castNode(Const, key)->constvalue),
                            negated ? "false" : "true"));
}

bool walk_node(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *walk = (HintWalk *)context;
    ListCell *cell;
    switch (nodeTag(node)) {
    case T_Query: {
        auto *query = castNode(Query, node);
        walk->stack = lappend(walk->stack, query);
        if (query->jointree != nullptr) {
            walk_condition(query->jointree->quals, walk);
            note_own_rows(walk, query, (Node *)query->jointree);
        }
        foreach (cell, query->rtable)
            if (lfirst_node(RangeTblEntry, cell)->rtekind == RTE_RELATION)
                note(walk, HintKind::table, lfirst_node(RangeTblEntry, cell)->relid, 0, false, nullptr);
        // A join lists every column of its tables, read or not.
        (void)query_tree_walker(query, compat::walker(walk_node), context, QTW_IGNORE_JOINALIASES);
        walk->stack = list_truncate(walk->stack, list_length(walk->stack) - 1);
        return false;
    }
    case T_Var: {
        Place place;
        if (place_of(node, walk, &place) && !place.own)
            note(walk, HintKind::read, place.relation, place.number, false, nullptr);
        break;
    }
    case T_CoerceViaIO: {
        const auto *cast = castNode(CoerceViaIO, node);
        Place place;
        Node *column = without_casts((Node *)cast->arg);
        if (TypeCategory(exprType((Node *)cast->arg)) == TYPCATEGORY_STRING && place_of(column, walk, &place) &&
            place.number > 0 && TypeCategory(cast->resulttype) != TYPCATEGORY_STRING)
            note(walk, HintKind::read_as, place.relation, place.number, place.own, psprintf("%u", cast->resulttype));
        else if (int part = 0; part_place((Node *)cast->arg, walk, &place, &part))
            note_part(walk, place, part, nullptr, cast->resulttype);
        break;
    }
    case T_Const: note_mentions(walk, castNode(Const, node)); break;
    case T_SubLink:
        forget_shown(castNode(SubLink, node));
        compare_any(walk, castNode(SubLink, node));
        break;
    case T_FuncExpr:
        note(walk, HintKind::function, castNode(FuncExpr, node)->funcid, 0, false, nullptr);
        note_handed(walk, castNode(FuncExpr, node));
        break;
    case T_OpExpr:
    case T_DistinctExpr: {
        auto *arguments = ((OpExpr *)node)->args;
        const char *symbol = IsA(node, DistinctExpr) ? "<>" : get_opname(((OpExpr *)node)->opno);
        if (list_length(arguments) == 2 && symbol != nullptr && ((OpExpr *)node)->opresulttype == BOOLOID) {
            compare(walk, (Node *)linitial(arguments), (Node *)lsecond(arguments), symbol);
            compare(walk, (Node *)lsecond(arguments), (Node *)linitial(arguments), turned(symbol));
            weigh(walk, ((OpExpr *)node)->opno, (Node *)linitial(arguments), (Node *)lsecond(arguments));
            weigh(walk, ((OpExpr *)node)->opno, (Node *)lsecond(arguments), (Node *)linitial(arguments));
            note_equality(walk, ((OpExpr *)node)->opno, (Node *)linitial(arguments), (Node *)lsecond(arguments));
            note_equality(walk, ((OpExpr *)node)->opno, (Node *)lsecond(arguments), (Node *)linitial(arguments));
        }
        break;
    }
    case T_ScalarArrayOpExpr: {
        auto *arguments = castNode(ScalarArrayOpExpr, node)->args;
        Node *left = without_casts((Node *)linitial(arguments));
        Node *right = without_casts((Node *)lsecond(arguments));
        Place place;
        int part = 0;
        const bool listed = folders_of_name(right) != nullptr && place_of(folders_of_name(right), walk, &place);
        if (listed && is_identity(left, walk)) {
            note(walk, HintKind::identity_path, place.relation, place.number, place.own, nullptr);
        } else if (listed && left != nullptr && IsA(left, Const)) {
            note_part(walk, place, 1, text_of(castNode(Const, left)->consttype, castNode(Const, left)->constvalue),
                      InvalidOid);
        } else if (castNode(ScalarArrayOpExpr, node)->useOr && part_place(left, walk, &place, &part)) {
            note_part_among(walk, place, part, right);
        } else if (place_of(left, walk, &place)) {
            note_elements(walk, place, right,
                          castNode(ScalarArrayOpExpr, node)->useOr ? HintKind::value : HintKind::shunned);
            if (is_identity(right, walk))
                note(walk, HintKind::identity, place.relation, place.number, place.own, nodeToString(right));
            if (Place other; place.number > 0 && place_of(right, walk, &other) && other.relation != place.relation)
                note(walk, HintKind::matched, place.relation, place.number, place.own, nullptr, other.relation,
                     other.number);
        } else if (IsA(right, Const) && !castNode(Const, right)->constisnull && is_identity(left, walk)) {
            each_element(castNode(Const, right)->constvalue,
                         [walk, left](Oid type, Datum value) { note_asked(walk, left, type, value); });
        } else if (IsA(right, Var) && IsA(left, Const) && !castNode(Const, left)->constisnull) {
            // 'admin' = ANY(roles): an array that holds it.
            if (place_of(right, walk, &place)) {
                auto *element = castNode(Const, left);
                const char *text = text_of(element->consttype, element->constvalue);
                if (strpbrk(text, "\"\\") == nullptr) note_value(walk, place, psprintf("{\"%s\"}", text));
            }
        } else if (IsA(right, Var)) {
            compare(walk, right, left, "=");
        } else if (IsA(right, ArrayExpr)) {
            foreach (cell, castNode(ArrayExpr, right)->elements) compare(walk, (Node *)lfirst(cell), left, "=");
        }
        if (left != nullptr && (IsA(left, Var) || IsA(left, SubLink)) && IsA(right, Var)) note_filled(walk, right);
        break;
    }
    case T_NullTest: {
        Node *column = without_casts((Node *)castNode(NullTest, node)->arg);
        Place place;
        if (column == nullptr || !IsA(column, Var) || !place_of(column, walk, &place)) break;
        const bool there = castNode(NullTest, node)->nulltesttype == IS_NOT_NULL;
        const char *value = there ? some_value(exprType(column)) : nullptr;
        if (!there || value != nullptr) note(walk, HintKind::value, place.relation, place.number, place.own, value);
        break;
    }
    case T_BooleanTest: walk_condition((Node *)castNode(BooleanTest, node)->arg, walk); break;
    case T_BoolExpr:
        foreach (cell, castNode(BoolExpr, node)->args) walk_condition((Node *)lfirst(cell), walk);
        break;
    default: break;
    }
    return compat::walk(node, walk_node, context);
}

} // namespace

void walk_hints(const char *tree, HintWalk *walk) {
    if (tree == nullptr) return;
    auto *node = (Node *)stringToNode(tree);
    walk_condition(node, walk);
    (void)walk_node(node, walk);
}

} // namespace rlsproof::server
