#include "server/hints.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/scratch.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

#include "server/compat.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

enum class Kind { value, identity, identity_path, limit, read, function, joined, personal, mention, read_as };

struct Raw {
    Kind kind;
    Oid relation; // or the function
    int number;
    bool own;          // a column of the policy's own table
    const char *value; // nullptr is NULL
    Oid other;         // a column it is joined with
    int other_number;
};

struct Walk {
    Oid relation;      // whose policy it is
    List *stack;       // of Query *, innermost last
    const Oid *asking; // functions that look at who is calling
    int asking_count;
    List *found; // of Raw *
};

void note(Walk *walk, Kind kind, Oid relation, int number, bool own, const char *value) {
    auto *raw = (Raw *)palloc(sizeof(Raw));
    *raw = Raw{kind, relation, number, own, value, InvalidOid, 0};
    walk->found = lappend(walk->found, raw);
}

void note_joined(Walk *walk, Oid relation, int number, Oid other, int other_number) {
    if (relation == other) return;
    auto *raw = (Raw *)palloc(sizeof(Raw));
    *raw = Raw{Kind::joined, relation, number, false, nullptr, other, other_number};
    walk->found = lappend(walk->found, raw);
}

// Casts, (select x) and functions of one column say nothing about whose column it is.
Node *strip(Node *node) {
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

struct Place {
    Oid relation;
    int number;
    bool own;
};

bool place_of(Node *node, const Walk *walk, Place *place) {
    if (node == nullptr) return false;
    if (IsA(node, CoerceToDomainValue)) {
        *place = Place{walk->relation, 0, true};
        return true;
    }
    if (!IsA(node, Var)) return false;
    const auto *var = castNode(Var, node);
    const int level = list_length(walk->stack) - (int)var->varlevelsup;
    if (var->varattno <= 0) return false;
    if (level == 0) {
        *place = Place{walk->relation, var->varattno, true};
        return true;
    }
    if (level < 0) return false;
    const auto *query = (const Query *)list_nth(walk->stack, level - 1);
    const auto *entry = (const RangeTblEntry *)list_nth(query->rtable, var->varno - 1);
    if (entry->rtekind != RTE_RELATION) return false;
    *place = Place{entry->relid, var->varattno, false};
    return true;
}

struct Look {
    const Walk *walk;
    bool asks;
    bool has_column;
};

bool look_inside(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *look = (Look *)context;
    if (IsA(node, Var)) look->has_column = true;
    if (IsA(node, SQLValueFunction)) look->asks = true;
    if (IsA(node, FuncExpr)) {
        const Oid function = castNode(FuncExpr, node)->funcid;
        if (function == F_CURRENT_SETTING_TEXT || function == F_CURRENT_SETTING_TEXT_BOOL) look->asks = true;
        for (int i = 0; i < look->walk->asking_count; i++)
            if (look->walk->asking[i] == function) look->asks = true;
    }
    if (IsA(node, Query)) return query_tree_walker(castNode(Query, node), compat::walker(look_inside), context, 0);
    return compat::walk(node, look_inside, context);
}

// An expression that depends on who is asking and on no row.
bool is_identity(Node *node, const Walk *walk) {
    Look look{walk, false, false};
    (void)look_inside(node, &look);
    return look.asks && !look.has_column;
}

bool is_time(Oid type) {
    return type == TIMESTAMPOID || type == TIMESTAMPTZOID || type == DATEOID;
}

const char *text_of(Oid type, Datum value) {
    Oid output;
    bool varlena;
    getTypeOutputInfo(type, &output, &varlena);
    return OidOutputFunctionCall(output, value);
}

void note_constant(Walk *walk, const Place &place, const Const *constant) {
    note(walk, Kind::value, place.relation, place.number, place.own,
         constant->constisnull ? nullptr : text_of(constant->consttype, constant->constvalue));
}

void note_elements(Walk *walk, const Place &place, Node *array) {
    if (array != nullptr && IsA(array, ArrayExpr)) {
        ListCell *cell;
        foreach (cell, castNode(ArrayExpr, array)->elements) {
            Node *element = strip((Node *)lfirst(cell));
            if (element != nullptr && IsA(element, Const)) note_constant(walk, place, castNode(Const, element));
        }
    } else if (array != nullptr && IsA(array, Const) && !castNode(Const, array)->constisnull) {
        ArrayType *values = DatumGetArrayTypeP(castNode(Const, array)->constvalue);
        const Oid type = ARR_ELEMTYPE(values);
        int16 length;
        bool by_value;
        char align;
        Datum *elements;
        bool *nulls;
        int count;
        get_typlenbyvalalign(type, &length, &by_value, &align);
        deconstruct_array(values, type, length, by_value, align, &elements, &nulls, &count);
        for (int i = 0; i < count; i++)
            if (!nulls[i]) note(walk, Kind::value, place.relation, place.number, place.own, text_of(type, elements[i]));
    }
}

// What policies say in so many words: "admin", "member", whatever it is compared with or handed to.
void note_mentions(Walk *walk, const Const *constant) {
    if (constant->constisnull) return;
    const auto add = [walk](Oid type, Datum value) {
        const char category = TypeCategory(type);
        if (category == TYPCATEGORY_STRING || category == TYPCATEGORY_ENUM || category == TYPCATEGORY_UNKNOWN)
            note(walk, Kind::mention, InvalidOid, 0, false, text_of(type, value));
    };
    const Oid element = get_element_type(constant->consttype);
    if (element == InvalidOid) return add(constant->consttype, constant->constvalue);
    ArrayIterator elements = array_create_iterator(DatumGetArrayTypeP(constant->constvalue), 0, nullptr);
    Datum value;
    bool null;
    while (array_iterate(elements, &value, &null))
        if (!null) add(element, value);
    array_free_iterator(elements);
}

// One side a column, the other something it is compared with.
void compare(Walk *walk, Node *left, Node *right) {
    left = strip(left);
    Node *bare = strip(right);
    if (left == nullptr || bare == nullptr) return;
    Place place, other;
    if (place_of(left, walk, &place)) {
        if (IsA(bare, Const))
            note_constant(walk, place, castNode(Const, bare));
        else if (place_of(bare, walk, &other) && place.number > 0 && other.number > 0)
            note_joined(walk, place.relation, place.number, other.relation, other.number);
        else if (is_identity(bare, walk))
            note(walk, Kind::identity, place.relation, place.number, place.own, nodeToString(bare));
        else if (is_time(exprType(left))) {
            note(walk, Kind::value, place.relation, place.number, place.own, "2000-01-01");
            note(walk, Kind::value, place.relation, place.number, place.own, "2099-01-01");
        }
    } else if (IsA(left, OpExpr) && list_length(castNode(OpExpr, left)->args) == 2 && IsA(bare, Const)) {
        // column ->> 'key' = 'value'
        Node *column = strip((Node *)linitial(castNode(OpExpr, left)->args));
        Node *key = strip((Node *)lsecond(castNode(OpExpr, left)->args));
        if (IsA(column, Var) && IsA(key, Const) && castNode(Var, column)->vartype == JSONBOID &&
            castNode(Const, key)->consttype == TEXTOID && !castNode(Const, key)->constisnull &&
            !castNode(Const, bare)->constisnull && place_of(column, walk, &place))
            note(walk, Kind::value, place.relation, place.number, place.own,
                 psprintf("{\"%s\": \"%s\"}", TextDatumGetCString(castNode(Const, key)->constvalue),
                          text_of(castNode(Const, bare)->consttype, castNode(Const, bare)->constvalue)));
    } else if (IsA(left, SubscriptingRef) && is_identity(bare, walk)) {
        // (storage.foldername(name))[1] = auth.uid()::text
        Node *container = (Node *)castNode(SubscriptingRef, left)->refexpr;
        if (IsA(container, FuncExpr) && list_length(castNode(FuncExpr, container)->args) >= 1) {
            Node *column = strip((Node *)linitial(castNode(FuncExpr, container)->args));
            if (IsA(column, Var) && place_of(column, walk, &place))
                note(walk, Kind::identity_path, place.relation, place.number, place.own, nullptr);
        }
    }
}

// A number of another table that is weighed against anything but the row: a quota, a number of seats.
void weigh(Walk *walk, Oid operation, Node *left, Node *right) {
    const char *symbol = get_opname(operation);
    Place place, other;
    left = strip(left);
    if (symbol == nullptr || (symbol[0] != '<' && symbol[0] != '>') || symbol[1] == '>' || left == nullptr) return;
    if (!place_of(left, walk, &place) || place.own || TypeCategory(exprType(left)) != TYPCATEGORY_NUMERIC) return;
    if (place_of(strip(right), walk, &other) && other.own) return;
    note(walk, Kind::limit, place.relation, place.number, false, nullptr);
}

// The columns of one row of a sub-select, wherever in it they are read.
struct Reading {
    Walk *walk;
    const RangeTblEntry *entry;
    int number; // in the range table
    int depth;  // of sub-selects inside the one it belongs to
};

bool note_personal(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *reading = (Reading *)context;
    if (IsA(node, Var)) {
        const auto *var = castNode(Var, node);
        if (var->varno == reading->number && (int)var->varlevelsup == reading->depth && var->varattno > 0)
            note(reading->walk, Kind::personal, reading->entry->relid, var->varattno, false, nullptr);
        return false;
    }
    if (IsA(node, Query)) {
        reading->depth++;
        (void)query_tree_walker(castNode(Query, node), compat::walker(note_personal), context, 0);
        reading->depth--;
        return false;
    }
    return compat::walk(node, note_personal, context);
}

void note_row(Walk *walk, Query *query, int number) {
    const auto *entry = (const RangeTblEntry *)list_nth(query->rtable, number - 1);
    if (entry->rtekind != RTE_RELATION) return;
    Reading reading{walk, entry, number, 0};
    (void)query_tree_walker(query, compat::walker(note_personal), (void *)&reading, 0);
}

// A row is the caller's own where a condition that every result must meet ties it to who is asking. What such a row
// says is said of the caller; the same column of another row is no more than a state.
void note_own_rows(Walk *walk, Query *query, Node *condition) {
    condition = strip(condition);
    ListCell *cell;
    if (condition == nullptr) return;
    if (IsA(condition, FromExpr)) {
        foreach (cell, castNode(FromExpr, condition)->fromlist) note_own_rows(walk, query, (Node *)lfirst(cell));
        note_own_rows(walk, query, castNode(FromExpr, condition)->quals);
    } else if (IsA(condition, JoinExpr)) {
        note_own_rows(walk, query, castNode(JoinExpr, condition)->larg);
        note_own_rows(walk, query, castNode(JoinExpr, condition)->rarg);
        note_own_rows(walk, query, castNode(JoinExpr, condition)->quals);
    } else if (is_andclause(condition)) {
        foreach (cell, castNode(BoolExpr, condition)->args) note_own_rows(walk, query, (Node *)lfirst(cell));
    } else if (IsA(condition, OpExpr) && list_length(castNode(OpExpr, condition)->args) == 2) {
        Node *left = strip((Node *)linitial(castNode(OpExpr, condition)->args));
        Node *right = strip((Node *)lsecond(castNode(OpExpr, condition)->args));
        for (const auto &[column, value] : {std::pair(left, right), std::pair(right, left)})
            if (column != nullptr && IsA(column, Var) && castNode(Var, column)->varlevelsup == 0 &&
                is_identity(value, walk))
                note_row(walk, query, castNode(Var, column)->varno);
    }
}

// x IN (SELECT column ...), which compares x with the column.
void compare_any(Walk *walk, SubLink *link) {
    if (link->subLinkType != ANY_SUBLINK || link->testexpr == nullptr || !IsA(link->testexpr, OpExpr)) return;
    auto *query = castNode(Query, link->subselect);
    auto *arguments = castNode(OpExpr, link->testexpr)->args;
    if (list_length(arguments) != 2 || query->targetList == NIL) return;
    Node *asked = strip((Node *)linitial(arguments));
    Node *column = strip((Node *)linitial_node(TargetEntry, query->targetList)->expr);
    Place place, other;
    const bool of_row = place_of(asked, walk, &place);
    const bool identity = !of_row && asked != nullptr && is_identity(asked, walk);
    walk->stack = lappend(walk->stack, query);
    if (column != nullptr && IsA(column, Var) && place_of(column, walk, &other)) {
        if (of_row && place.number > 0) note_joined(walk, place.relation, place.number, other.relation, other.number);
        if (identity) note(walk, Kind::identity, other.relation, other.number, other.own, nodeToString(asked));
        if (identity && castNode(Var, column)->varlevelsup == 0) note_row(walk, query, castNode(Var, column)->varno);
    }
    walk->stack = list_truncate(walk->stack, list_length(walk->stack) - 1);
}

bool walk_node(Node *node, void *context);

void walk_condition(Node *node, Walk *walk) {
    Node *bare = strip(node);
    Place place;
    const bool negated = bare != nullptr && is_notclause(bare);
    if (negated) bare = strip((Node *)get_notclausearg((Expr *)bare));
    if (bare != nullptr && IsA(bare, Var) && castNode(Var, bare)->vartype == BOOLOID && place_of(bare, walk, &place))
        note(walk, Kind::value, place.relation, place.number, place.own, negated ? "f" : "t");
}

bool walk_node(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *walk = (Walk *)context;
    ListCell *cell;
    switch (nodeTag(node)) {
    case T_Query: {
        auto *query = castNode(Query, node);
        walk->stack = lappend(walk->stack, query);
        if (query->jointree != nullptr) {
            walk_condition(query->jointree->quals, walk);
            note_own_rows(walk, query, (Node *)query->jointree);
        }
        (void)query_tree_walker(query, compat::walker(walk_node), context, 0);
        walk->stack = list_truncate(walk->stack, list_length(walk->stack) - 1);
        return false;
    }
    case T_Var: {
        Place place;
        if (place_of(node, walk, &place) && !place.own)
            note(walk, Kind::read, place.relation, place.number, false, nullptr);
        break;
    }
    case T_CoerceViaIO: {
        const auto *cast = castNode(CoerceViaIO, node);
        Place place;
        Node *column = strip((Node *)cast->arg);
        if (TypeCategory(exprType((Node *)cast->arg)) == TYPCATEGORY_STRING && place_of(column, walk, &place) &&
            place.number > 0 && TypeCategory(cast->resulttype) != TYPCATEGORY_STRING)
            note(walk, Kind::read_as, place.relation, place.number, place.own, psprintf("%u", cast->resulttype));
        break;
    }
    case T_Const: note_mentions(walk, castNode(Const, node)); break;
    case T_SubLink: compare_any(walk, castNode(SubLink, node)); break;
    case T_FuncExpr: note(walk, Kind::function, castNode(FuncExpr, node)->funcid, 0, false, nullptr); break;
    case T_OpExpr:
    case T_DistinctExpr: {
        auto *arguments = ((OpExpr *)node)->args;
        if (list_length(arguments) == 2) {
            compare(walk, (Node *)linitial(arguments), (Node *)lsecond(arguments));
            compare(walk, (Node *)lsecond(arguments), (Node *)linitial(arguments));
            weigh(walk, ((OpExpr *)node)->opno, (Node *)linitial(arguments), (Node *)lsecond(arguments));
            weigh(walk, ((OpExpr *)node)->opno, (Node *)lsecond(arguments), (Node *)linitial(arguments));
        }
        break;
    }
    case T_ScalarArrayOpExpr: {
        auto *arguments = castNode(ScalarArrayOpExpr, node)->args;
        Node *left = strip((Node *)linitial(arguments));
        Node *right = strip((Node *)lsecond(arguments));
        Place place;
        if (place_of(left, walk, &place)) {
            note_elements(walk, place, right);
            if (is_identity(right, walk))
                note(walk, Kind::identity, place.relation, place.number, place.own, nodeToString(right));
        } else if (IsA(right, Var)) {
            compare(walk, right, left);
        } else if (IsA(right, ArrayExpr)) {
            foreach (cell, castNode(ArrayExpr, right)->elements) compare(walk, (Node *)lfirst(cell), left);
        }
        break;
    }
    case T_NullTest: {
        Node *column = strip((Node *)castNode(NullTest, node)->arg);
        Place place;
        if (column != nullptr && IsA(column, Var) && castNode(NullTest, node)->nulltesttype == IS_NULL &&
            place_of(column, walk, &place))
            note(walk, Kind::value, place.relation, place.number, place.own, nullptr);
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

void walk_tree(const char *tree, Walk *walk) {
    if (tree == nullptr) return;
    auto *node = (Node *)stringToNode(tree);
    walk_condition(node, walk);
    (void)walk_node(node, walk);
}

template <typename T>
void add_once(std::vector<T> &list, const T &value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

// The value of an expression without columns, as text; nullptr for NULL.
const char *value_of(const char *tree) {
    auto *node = (Node *)stringToNode(tree);
    Expr *value = evaluate_expr((Expr *)eval_const_expressions(nullptr, node), exprType(node), exprTypmod(node),
                                exprCollation(node));
    if (!IsA(value, Const) || castNode(Const, value)->constisnull) return nullptr;
    return text_of(castNode(Const, value)->consttype, castNode(Const, value)->constvalue);
}

// Tells expressions that say which person is asking from those that say anything else, by evaluating them as somebody.
class Identities {
public:
    explicit Identities(const Persona *asking) : asking_(asking) {}

    bool is_person(const std::string &expression) {
        if (asking_ == nullptr) return true;
        const auto known = known_.find(expression);
        if (known != known_.end()) return known->second;
        bool person = false;
        (void)attempt(Finish::rollback, [&] {
            assume(identity_of(*asking_));
            const char *value = call(value_of, expression.c_str());
            if (value == nullptr) return;
            for (const char *type : {"text", "int2", "int8"})
                person = person || identity_as(type, asking_->uid) == value;
        });
        return known_[expression] = person;
    }

private:
    const Persona *asking_;
    std::map<std::string, bool> known_;
};

// Columns that hold an identity because of a foreign key to, or from, a column that does.
void follow_foreign_keys(std::set<Column> &identity) {
    const Rows keys = query("select conrelid, conkey[1], confrelid, confkey[1] from pg_catalog.pg_constraint "
                            "where contype = 'f' and pg_catalog.cardinality(conkey) = 1");
    const auto column = [&](size_t row, size_t at) { return Column{keys.oid(row, at), (int)keys.number(row, at + 1)}; };
    for (bool grown = true; grown;) {
        grown = false;
        for (size_t i = 0; i < keys.size(); i++) {
            if (identity.contains(column(i, 0)) && identity.insert(column(i, 2)).second) grown = true;
            if (identity.contains(column(i, 2)) && identity.insert(column(i, 0)).second) grown = true;
        }
    }
}

// The columns of the tables a helper reads, of these names.
std::vector<Column> columns_named(const Body &body, const std::set<std::string> &names) {
    std::vector<Column> columns;
    if (body.relations.empty() || names.empty()) return columns;
    std::vector<std::string> relations;
    for (const auto &[relation, written] : body.relations) relations.push_back(std::to_string(relation));
    const Rows rows = query("select attrelid, attnum from pg_catalog.pg_attribute where attrelid = any($1::oid[]) "
                            "and attnum > 0 and not attisdropped and attname = any($2::name[]) order by 1, 2",
                            {array_literal(relations), array_literal({names.begin(), names.end()})});
    for (size_t i = 0; i < rows.size(); i++) columns.push_back({rows.oid(i, 0), (int)rows.number(i, 1)});
    return columns;
}

} // namespace

Hints read_hints(Bodies &bodies, const Persona *asking_persona) {
    Hints hints;
    Identities identities(asking_persona);
    const Rows policies = query(R"(
select p.polrelid, p.polname, p.polqual::text, p.polwithcheck::text from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by n.nspname collate "C", c.relname collate "C", p.polname collate "C")");

    // Twice over: first for the functions that are called, so that the second knows which of them look at the caller.
    std::set<Oid> called;
    std::vector<Oid> asking;
    for (const bool second : {false, true}) {
        for (size_t i = 0; i < policies.size(); i++) {
            const Scratch scratch;
            Walk walk{policies.oid(i, 0), NIL, asking.data(), (int)asking.size(), NIL};
            for (const size_t column : {2, 3})
                if (policies.value(i, column)) call(walk_tree, policies.text(i, column).c_str(), &walk);
            PolicyHint hint{policies.oid(i, 0), policies.text(i, 1), {}, {}, {}, {}};
            for (int f = 0; f < list_length(walk.found); f++) {
                const auto *raw = static_cast<const Raw *>(list_nth(walk.found, f));
                const Column column{raw->relation, raw->number};
                switch (raw->kind) {
                case Kind::function:
                    called.insert(raw->relation);
                    add_once(hint.functions, raw->relation);
                    break;
                case Kind::value: {
                    const Candidate candidate = raw->value != nullptr ? Candidate(raw->value) : Candidate();
                    add_once(hints.candidates[column], candidate);
                    (raw->own ? hint.values : hint.elsewhere[raw->relation]).emplace_back(raw->number, candidate);
                    break;
                }
                case Kind::identity:
                    if (second) (identities.is_person(raw->value) ? hints.identity : hints.tenant).insert(column);
                    break;
                case Kind::identity_path: hints.identity_path.insert(column); break;
                case Kind::limit: hints.limits.insert(column); break;
                case Kind::read: hint.reads.insert(column); break;
                case Kind::read_as: hints.read_as[column] = (Oid)std::stoul(raw->value); break;
                case Kind::mention: hints.mentions[raw->value]++; break;
                case Kind::joined: hints.joined.insert({column, Column{raw->other, raw->other_number}}); break;
                case Kind::personal:
                    if (second) hints.personal.insert(column);
                    break;
                }
            }
            if (second) hints.policies.push_back(std::move(hint));
        }
        if (!second) {
            for (const Oid function : called)
                if (bodies.of(function).asks_who) asking.push_back(function);
            hints = Hints{};
        }
    }

    // Where every policy asks a helper, accounts are known by what refers to them.
    const Rows accounts = query("select attrelid, attnum from pg_catalog.pg_attribute "
                                "where attrelid = pg_catalog.to_regclass('auth.users') and attname = 'id'");
    if (!accounts.empty()) hints.identity.insert({accounts.oid(0, 0), (int)accounts.number(0, 1)});
    follow_foreign_keys(hints.identity);
    for (const PolicyHint &policy : hints.policies) {
        const std::string by =
            fmt::format("policy \"{}\" of {}", policy.name,
                        query("select $1::oid::regclass::text", {std::to_string(policy.relation)}).text(0, 0));
        for (const Column &column : policy.reads) {
            hints.decided_by[policy.relation].insert(column.relation);
            hints.authority.insert(column);
            hints.deciders[column].insert(by);
        }
        for (const Oid function : policy.functions) {
            const Body &body = bodies.of(function);
            for (const auto &[relation, written] : body.relations) hints.decided_by[policy.relation].insert(relation);
            for (const Column &column : columns_named(body, body.column_names)) {
                hints.authority.insert(column);
                hints.personal.insert(column); // whose row a helper looks at is not read
                hints.deciders[column].insert(
                    by + ", through " +
                    query("select $1::oid::regprocedure::text", {std::to_string(function)}).text(0, 0));
            }
            for (const auto &[name, value] : body.compared) {
                if (value) hints.mentions[*value]++;
                for (const Column &column : columns_named(body, {name})) add_once(hints.candidates[column], value);
            }
        }
    }
    return hints;
}

void read_allowed_values(std::map<Column, std::vector<Candidate>> &columns,
                         std::map<Oid, std::vector<Candidate>> &domains) {
    const Rows rows = query("select conrelid, contypid, conbin::text from pg_catalog.pg_constraint where contype = 'c' "
                            "and (conrelid <> 0 or contypid <> 0) order by oid");
    for (size_t i = 0; i < rows.size(); i++) {
        const Scratch scratch;
        const Oid owner = rows.oid(i, 0) != InvalidOid ? rows.oid(i, 0) : rows.oid(i, 1);
        Walk walk{owner, NIL, nullptr, 0, NIL};
        call(walk_tree, rows.text(i, 2).c_str(), &walk);
        for (int f = 0; f < list_length(walk.found); f++) {
            const auto *raw = static_cast<const Raw *>(list_nth(walk.found, f));
            if (raw->kind != Kind::value || !raw->own || raw->value == nullptr) continue;
            if (rows.oid(i, 0) != InvalidOid)
                add_once(columns[{owner, raw->number}], Candidate(raw->value));
            else
                add_once(domains[owner], Candidate(raw->value));
        }
    }
}

} // namespace rlsproof::server
