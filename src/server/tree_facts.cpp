#include "server/facts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/spi.hpp"

#include "server/compat.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

enum class Kind { function, row_call, metadata, metadata_column, self, detached, null_equal, identity_equal, setting };

struct Raw {
    Kind kind;
    Oid object; // relation or function
    int number;
    const char *name;
};

struct Walk {
    Oid relation;      // whose policy it is; invalid for a view
    List *stack;       // of Query *, innermost last
    const Oid *asking; // functions that look at who is calling
    int asking_count;
    bool check; // of new rows, not of rows that are read
    int once;   // inside sub-selects that are evaluated once
    List *found;
    bool asks_who;
};

void note(Walk *walk, Kind kind, Oid object, int number, const char *name) {
    auto *raw = (Raw *)palloc(sizeof(Raw));
    *raw = Raw{kind, object, number, name};
    walk->found = lappend(walk->found, raw);
}

// Casts and (select x) change nothing about what is compared.
Node *strip(Node *node) {
    while (node != nullptr) {
        if (IsA(node, RelabelType))
            node = (Node *)castNode(RelabelType, node)->arg;
        else if (IsA(node, CoerceViaIO))
            node = (Node *)castNode(CoerceViaIO, node)->arg;
        else if (IsA(node, SubLink) && castNode(SubLink, node)->subLinkType == EXPR_SUBLINK &&
                 castNode(Query, castNode(SubLink, node)->subselect)->rtable == NIL)
            node = (Node *)linitial_node(TargetEntry, castNode(Query, castNode(SubLink, node)->subselect)->targetList)
                       ->expr;
        else
            break;
    }
    return node;
}

// The column of the protected table that a node is, or 0.
int own_column(const Node *node, const Walk *walk) {
    if (node == nullptr || !IsA(node, Var)) return 0;
    const auto *var = (const Var *)node;
    return list_length(walk->stack) == (int)var->varlevelsup && var->varattno > 0 ? var->varattno : 0;
}

bool asks(Oid function, const Walk *walk) {
    if (function == F_CURRENT_SETTING_TEXT || function == F_CURRENT_SETTING_TEXT_BOOL) return true;
    for (int i = 0; i < walk->asking_count; i++)
        if (walk->asking[i] == function) return true;
    return false;
}

struct Look {
    const Walk *walk;
    bool asks;
    bool column;
};

bool look_inside(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *look = (Look *)context;
    if (IsA(node, Var)) look->column = true;
    if (IsA(node, SQLValueFunction)) {
        const auto op = castNode(SQLValueFunction, node)->op;
        look->asks = look->asks || op == SVFOP_CURRENT_USER || op == SVFOP_SESSION_USER || op == SVFOP_USER ||
                     op == SVFOP_CURRENT_ROLE;
    }
    if (IsA(node, FuncExpr) && asks(castNode(FuncExpr, node)->funcid, look->walk)) look->asks = true;
    if (IsA(node, Query)) return query_tree_walker(castNode(Query, node), compat::walker(look_inside), context, 0);
    return compat::walk(node, look_inside, context);
}

Look look_at(Node *node, const Walk *walk) {
    Look look{walk, false, false};
    (void)look_inside(node, &look);
    return look;
}

bool is_identity(Node *node, const Walk *walk) {
    const Look look = look_at(node, walk);
    return look.asks && !look.column;
}

const char *text_constant(const Node *node) {
    if (node == nullptr || !IsA(node, Const)) return nullptr;
    const auto *constant = (const Const *)node;
    if (constant->constisnull) return nullptr;
    if (constant->consttype == TEXTOID) return TextDatumGetCString(constant->constvalue);
    if (constant->consttype != TEXTARRAYOID) return nullptr;
    return OidOutputFunctionCall(F_ARRAY_OUT, constant->constvalue);
}

const RangeTblEntry *entry_of(const Var *var, const Walk *walk) {
    const int level = list_length(walk->stack) - (int)var->varlevelsup;
    if (level < 1) return nullptr;
    const auto *query = (const Query *)list_nth(walk->stack, level - 1);
    if (var->varno < 1 || var->varno > list_length(query->rtable)) return nullptr;
    const auto *entry = (const RangeTblEntry *)list_nth(query->rtable, var->varno - 1);
    return entry->rtekind == RTE_RELATION ? entry : nullptr;
}

void note_comparison(Walk *walk, OpExpr *comparison, bool equal) {
    if (list_length(comparison->args) != 2) return;
    Node *sides[2] = {strip((Node *)linitial(comparison->args)), strip((Node *)lsecond(comparison->args))};
    if (sides[0] == nullptr || sides[1] == nullptr) return;
    if (equal && IsA(sides[0], Var) && ::equal(sides[0], sides[1])) {
        const auto *var = castNode(Var, sides[0]);
        const RangeTblEntry *entry = entry_of(var, walk);
        if (entry != nullptr && OidIsValid(walk->relation))
            if (const char *name = get_attname(entry->relid, var->varattno, true))
                if (get_attnum(walk->relation, name) > 0)
                    note(walk, Kind::self, entry->relid, get_attnum(walk->relation, name), name);
    }
    for (int i = 0; i < 2; i++)
        if (equal && !walk->check && own_column(sides[i], walk) != 0 && is_identity(sides[1 - i], walk))
            note(walk, Kind::identity_equal, walk->relation, own_column(sides[i], walk), nullptr);
}

// EXISTS over tables without row security, where neither the row nor the caller is mentioned.
void note_detached(Walk *walk, const SubLink *sub) {
    if (sub->subLinkType != EXISTS_SUBLINK || walk->stack != NIL || !OidIsValid(walk->relation)) return;
    auto *query = castNode(Query, sub->subselect);
    if (contain_vars_of_level((Node *)query, 1) || look_at((Node *)query, walk).asks) return;
    Oid table = InvalidOid;
    ListCell *cell;
    foreach (cell, query->rtable) {
        const auto *entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind != RTE_RELATION || entry->relkind == RELKIND_VIEW) return;
        table = entry->relid;
    }
    if (OidIsValid(table)) note(walk, Kind::detached, table, 0, nullptr);
}

bool walk_node(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *walk = (Walk *)context;
    switch (nodeTag(node)) {
    case T_Query: {
        walk->stack = lappend(walk->stack, node);
        (void)query_tree_walker(castNode(Query, node), compat::walker(walk_node), context, 0);
        walk->stack = list_truncate(walk->stack, list_length(walk->stack) - 1);
        return false;
    }
    case T_SubLink: {
        auto *sub = castNode(SubLink, node);
        note_detached(walk, sub);
        (void)walk_node(sub->testexpr, context);
        walk->once++;
        (void)walk_node(sub->subselect, context);
        walk->once--;
        return false;
    }
    case T_Var: {
        const auto *var = castNode(Var, node);
        const RangeTblEntry *entry = entry_of(var, walk);
        const char *name = entry != nullptr ? get_attname(entry->relid, var->varattno, true) : nullptr;
        if (name != nullptr && strcmp(name, "raw_user_meta_data") == 0)
            note(walk, Kind::metadata_column, entry->relid, var->varattno, nullptr);
        break;
    }
    case T_Const: {
        const char *text = text_constant(node);
        if (text != nullptr && (strcmp(text, "user_metadata") == 0 || strncmp(text, "{user_metadata,", 15) == 0))
            note(walk, Kind::metadata, InvalidOid, 0, nullptr);
        break;
    }
    case T_FuncExpr: {
        auto *call = castNode(FuncExpr, node);
        const Oid function = call->funcid;
        note(walk, Kind::function, function, 0, nullptr);
        if (asks(function, walk)) walk->asks_who = true;
        const bool setting = function == F_CURRENT_SETTING_TEXT || function == F_CURRENT_SETTING_TEXT_BOOL;
        if (setting)
            if (const char *name = text_constant((Node *)linitial(call->args)))
                note(walk, Kind::setting, InvalidOid, 0, name);
        if (!walk->check && walk->once == 0 && OidIsValid(walk->relation) && !contain_var_clause((Node *)call->args) &&
            (setting || get_func_namespace(function) != PG_CATALOG_NAMESPACE) &&
            func_volatile(function) != PROVOLATILE_IMMUTABLE)
            note(walk, Kind::row_call, function, 0, nullptr);
        break;
    }
    case T_SQLValueFunction:
        if (look_at(node, walk).asks) walk->asks_who = true;
        break;
    case T_OpExpr: {
        auto *comparison = castNode(OpExpr, node);
        const Oid type = list_length(comparison->args) == 2 ? exprType((Node *)linitial(comparison->args)) : InvalidOid;
        const bool equal =
            OidIsValid(type) && (op_mergejoinable(comparison->opno, type) || op_hashjoinable(comparison->opno, type));
        note_comparison(walk, comparison, equal);
        break;
    }
    case T_BoolExpr: {
        Node *inner = is_notclause(node) ? (Node *)get_notclausearg((Expr *)node) : nullptr;
        if (inner == nullptr || !IsA(inner, DistinctExpr)) break;
        List *arguments = ((OpExpr *)inner)->args;
        for (int i = 0; i < 2; i++) {
            const int column = own_column(strip((Node *)list_nth(arguments, i)), walk);
            if (column != 0 && is_identity((Node *)list_nth(arguments, 1 - i), walk))
                note(walk, Kind::null_equal, walk->relation, column, nullptr);
        }
        break;
    }
    default: break;
    }
    return compat::walk(node, walk_node, context);
}

struct Predicate {
    bool negation;
    bool asks_who;
};

// What takes away from "everybody" or "everything": NOT, <>, <> ALL, and a column that has to be false.
bool is_negation(Node *node) {
    node = strip(node);
    if (node == nullptr) return false;
    if (is_notclause(node)) {
        auto *inner = (Node *)get_notclausearg((Expr *)node);
        return inner == nullptr || !IsA(inner, DistinctExpr);
    }
    if (IsA(node, ScalarArrayOpExpr)) return !castNode(ScalarArrayOpExpr, node)->useOr;
    if (!IsA(node, OpExpr)) return false;
    const Oid negator = get_negator(castNode(OpExpr, node)->opno);
    const Oid type = exprType((Node *)linitial(castNode(OpExpr, node)->args));
    return OidIsValid(negator) && op_mergejoinable(negator, type);
}

void walk_policy(const char *tree, Walk *walk, Predicate *predicate) {
    auto *node = (Node *)stringToNode(tree);
    predicate->negation = predicate->negation || is_negation(node);
    (void)walk_node(node, walk);
}

bool quals_only(Node *node, void *context) {
    if (node == nullptr) return false;
    if (IsA(node, Query)) {
        auto *walk = (Walk *)context;
        auto *query = castNode(Query, node);
        walk->stack = lappend(walk->stack, query);
        (void)walk_node((Node *)query->jointree, context);
        walk->stack = list_truncate(walk->stack, list_length(walk->stack) - 1);
        return query_tree_walker(query, compat::walker(quals_only), context, 0);
    }
    return compat::walk(node, quals_only, context);
}

// All functions of a view, and what its WHERE says about metadata.
void walk_view(const char *tree, Walk *everything, Walk *quals) {
    auto *actions = (Node *)stringToNode(tree);
    (void)walk_node(actions, everything);
    (void)quals_only(actions, quals);
}

template <typename T>
void add_once(std::vector<T> &list, const T &value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

// A name as people write it: schema.function(types), schema.table, or one of its columns.
std::string signature(Oid function) {
    return query("select format('rpc:%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) from "
                 "pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid = $1::oid",
                 {std::to_string(function)})
        .text(0, 0);
}

class Trees {
public:
    Trees(World &world, const Index &index, Bodies &bodies, std::map<Oid, BodyFacts> &read)
        : world_(world), index_(index), bodies_(bodies), read_(read) {}

    void read();

private:
    void policies();
    void views();
    void applies();
    void immutable(Oid function, const std::string &by);
    const BodyFacts &facts(Oid function) {
        const auto known = read_.find(function);
        return known != read_.end() ? known->second : read_.emplace(function, read_body_facts(function)).first->second;
    }
    // Whether a function reads user metadata, itself or through what it calls.
    bool forgeable(Oid function, std::set<Oid> &seen);
    std::vector<std::string> forgeable(const List *found);
    const std::string &name(Oid function) {
        const auto known = names_.find(function);
        return known != names_.end() ? known->second : names_.emplace(function, signature(function)).first->second;
    }
    Relation *relation(Oid oid) {
        const auto at = index_.find(oid);
        return at != index_.end() ? &world_.relations[at->second] : nullptr;
    }
    std::string column(Oid table, int number) {
        return query("select attname from pg_catalog.pg_attribute where attrelid = $1::oid and attnum = $2::int2 "
                     "and not attisdropped",
                     {std::to_string(table), std::to_string(number)})
            .text(0, 0);
    }

    World &world_;
    const Index &index_;
    Bodies &bodies_;
    std::map<Oid, BodyFacts> &read_;
    std::map<Oid, std::string> names_;
    std::vector<Oid> asking_;
    std::map<Oid, bool> ours_; // functions neither of the server nor of an extension, and declared IMMUTABLE
};

bool Trees::forgeable(Oid function, std::set<Oid> &seen) {
    if (!seen.insert(function).second || function < FirstNormalObjectId) return false;
    const BodyFacts &body = facts(function);
    if (body.forgeable) return true;
    const std::vector<Oid> calls = body.calls;
    return std::any_of(calls.begin(), calls.end(), [&](Oid callee) { return forgeable(callee, seen); });
}

std::vector<std::string> Trees::forgeable(const List *found) {
    std::vector<std::string> ways;
    for (int f = 0; f < list_length(found); f++) {
        const auto *raw = static_cast<const Raw *>(list_nth(found, f));
        std::set<Oid> seen;
        if (raw->kind == Kind::metadata) add_once(ways, std::string("the claim user_metadata"));
        if (raw->kind == Kind::metadata_column) add_once(ways, std::string("the column raw_user_meta_data"));
        if (raw->kind == Kind::function && forgeable(raw->object, seen))
            add_once(ways, "user metadata through " + name(raw->object).substr(4));
    }
    return ways;
}

void Trees::immutable(Oid function, const std::string &by) {
    if (function < FirstNormalObjectId) return;
    auto known = ours_.find(function);
    if (known == ours_.end()) {
        const Rows rows = query(
            "select provolatile = 'i' and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and "
            "d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.deptype = 'e') from pg_catalog.pg_proc p "
            "where p.oid = $1::oid",
            {std::to_string(function)});
        known = ours_.emplace(function, !rows.empty() && rows.boolean(0, 0)).first;
    }
    if (!known->second) return;
    const Body &body = bodies_.of(function);
    if (!body.asks_who && body.relations.empty()) return;
    std::string reads = body.asks_who ? "the session" : "";
    for (const auto &[table, written] : body.relations)
        if (const Relation *touched = relation(table)) reads += (reads.empty() ? "" : ", ") + touched->name;
    if (reads.empty()) return;
    for (FalseImmutable &other : world_.false_immutables)
        if (other.function == name(function)) return add_once(other.used_by, by);
    world_.false_immutables.push_back({name(function), reads, {by}});
}

void Trees::policies() {
    const Rows rows = query(R"(
select p.polrelid, p.polname, p.polqual::text, p.polwithcheck::text from pg_catalog.pg_policy p
order by p.polrelid, p.polname collate "C")");
    for (size_t i = 0; i < rows.size(); i++) {
        Relation *table = relation(rows.oid(i, 0));
        if (table == nullptr) continue;
        const auto policy = std::find_if(table->policies.begin(), table->policies.end(),
                                         [&](const Policy &p) { return p.name == rows.text(i, 1); });
        if (policy == table->policies.end()) continue;
        Walk walk{rows.oid(i, 0), NIL, asking_.data(), (int)asking_.size(), false, 0, NIL, false};
        Predicate predicate{false, false};
        for (const size_t at : {2, 3}) {
            walk.check = at == 3;
            if (rows.value(i, at)) call(walk_policy, rows.text(i, at).c_str(), &walk, &predicate);
        }
        PolicyFacts &facts = policy->facts;
        facts.forgeable = forgeable(walk.found);
        facts.negation = predicate.negation;
        facts.asks_who = walk.asks_who;
        for (int f = 0; f < list_length(walk.found); f++) {
            const auto *raw = static_cast<const Raw *>(list_nth(walk.found, f));
            switch (raw->kind) {
            case Kind::function:
                immutable(raw->object, fmt::format("policy \"{}\" of {}", policy->name, table->name));
                break;
            case Kind::row_call: add_once(facts.row_calls, name(raw->object).substr(4)); break;
            case Kind::self: add_once(facts.self_compared, std::string(raw->name)); break;
            case Kind::detached:
                if (const Relation *other = relation(raw->object); other != nullptr && !other->row_security)
                    add_once(facts.detached, other->name);
                break;
            case Kind::null_equal:
                if (!query("select 1 from pg_catalog.pg_attribute where attrelid = $1::oid and attnum = $2::int2 "
                           "and not attnotnull",
                           {std::to_string(raw->object), std::to_string(raw->number)})
                         .empty())
                    add_once(facts.null_equal, column(raw->object, raw->number));
                break;
            case Kind::identity_equal: add_once(facts.identity_equals, column(raw->object, raw->number)); break;
            default: break;
            }
        }
    }
}

void Trees::views() {
    const Rows rows = query("select ev_class, ev_action::text from pg_catalog.pg_rewrite r join pg_catalog.pg_class c "
                            "on c.oid = r.ev_class where c.relkind in ('v', 'm') and r.ev_type = '1' "
                            "order by ev_class");
    for (size_t i = 0; i < rows.size(); i++) {
        Relation *view = relation(rows.oid(i, 0));
        if (view == nullptr || view->extension_member) continue;
        Walk everything{InvalidOid, NIL, asking_.data(), (int)asking_.size(), false, 0, NIL, false};
        Walk quals = everything;
        call(walk_view, rows.text(i, 1).c_str(), &everything, &quals);
        view->forgeable = forgeable(quals.found);
        for (int f = 0; f < list_length(everything.found); f++) {
            const auto *raw = static_cast<const Raw *>(list_nth(everything.found, f));
            if (raw->kind == Kind::function) immutable(raw->object, "view " + view->name);
        }
    }
}

void Trees::applies() {
    std::vector<std::string> roles;
    for (const Persona &persona : world_.personas) roles.push_back(persona.role);
    const Rows rows = query(R"(
select p.polrelid, p.polname, array(
  select r.ordinality - 1 from pg_catalog.unnest($1::name[]) with ordinality r(role, ordinality)
  where 0 = any(p.polroles) or exists (select from unnest(p.polroles) o where o <> 0
        and pg_catalog.pg_has_role(r.role, o, 'USAGE')) order by 1)
from pg_catalog.pg_policy p)",
                            {array_literal(roles)});
    for (size_t i = 0; i < rows.size(); i++)
        if (Relation *table = relation(rows.oid(i, 0)))
            for (Policy &policy : table->policies)
                if (policy.name == rows.text(i, 1))
                    for (const std::string &position : rows.list(i, 2))
                        policy.facts.personas.push_back(world_.personas[std::stoul(position)].name);
}

void Trees::read() {
    applies();
    // Every function of a policy, and which of them look at the caller.
    const Rows called = query("select distinct d.refobjid from pg_catalog.pg_depend d where d.classid = "
                              "'pg_catalog.pg_policy'::pg_catalog.regclass and d.refclassid = "
                              "'pg_catalog.pg_proc'::pg_catalog.regclass order by 1");
    for (size_t i = 0; i < called.size(); i++)
        if (bodies_.of(called.oid(i, 0)).asks_who) asking_.push_back(called.oid(i, 0));
    policies();
    views();
}

} // namespace

void add_tree_facts(World &world, const Index &index, Bodies &bodies, std::map<Oid, BodyFacts> &read) {
    Trees(world, index, bodies, read).read();
}

} // namespace rlsproof::server
