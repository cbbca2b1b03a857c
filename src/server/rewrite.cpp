#include "server/rewrite.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/prep.h"
#include "parser/analyze.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rewriteManip.h"
#include "rewrite/rowsecurity.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"
}

namespace rlsproof::server {

namespace {

// What the plain functions below leave for the C++ frame: palloc'd, in a List.
struct RawCheck {
    const char *policy;
    const char *predicate;
    Truth truth;
};

struct RawBase {
    Oid relation;
    Oid checked_as;
    bool row_security;
    bool target;
    bool inside_policy;
    const char *via;
    bool filtered;
    const char *predicate;
    Truth truth;
    bool identity;
    List *checks; // of RawCheck *
};

struct RawFold {
    const char *name;
    bool binds;
    Truth rows;
    Truth checks;
};

struct Walk {
    List *bases; // of RawBase *
    bool inside_policy;
    const char *via;
    bool filtered;
    const Given *given;
};

// ---- folding -------------------------------------------------------------------------------------------------------

Node *evaluate(void *expression) {
    return (Node *)evaluate_expr((Expr *)expression, exprType((Node *)expression), exprTypmod((Node *)expression),
                                 exprCollation((Node *)expression));
}

struct Reading {
    const SessionSettings *settings; // or nothing: what the session has itself
    List *unset;
    bool changed; // something was put in
};

bool named(List *names, const char *name) {
    ListCell *cell;
    foreach (cell, names)
        if (pg_strcasecmp((const char *)lfirst(cell), name) == 0) return true;
    return false;
}

// What is read of a setting of the application's making that nobody gave: NULL, or empty where it was made and rolled
// back before. Nothing where it is another kind of setting, or one that the server's configuration has a value for.
Node *left_alone(List *arguments, Reading *reading) {
    auto *name = linitial_node(Const, arguments);
    if (name->constisnull) return nullptr;
    char *setting = TextDatumGetCString(name->constvalue);
    if (strchr(setting, '.') == nullptr || named(reading->settings->given, setting)) return nullptr;
    if (GetConfigOption(setting, true, false) != nullptr) {
        const char *configured = GetConfigOptionResetString(setting);
        if (configured != nullptr && *configured != '\0') return nullptr;
    }
    if (named(reading->settings->empty, setting))
        return (Node *)makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1, CStringGetTextDatum(""), false, false);
    reading->unset = lappend(reading->unset, setting);
    const bool may_be_missing = list_length(arguments) > 1 && !lsecond_node(Const, arguments)->constisnull &&
                                DatumGetBool(lsecond_node(Const, arguments)->constvalue);
    if (!may_be_missing)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("unrecognized configuration parameter \"%s\"", setting)));
    return (Node *)makeNullConst(TEXTOID, -1, DEFAULT_COLLATION_OID);
}

// A setting of the application's making, to which no function around gives a value of its own.
bool is_open(List *arguments, const Reading *reading) {
    auto *name = linitial_node(Const, arguments);
    if (name->constisnull) return false;
    const char *setting = TextDatumGetCString(name->constvalue);
    return strchr(setting, '.') != nullptr && !named(reading->settings->given, setting);
}

// Puts the session's identity in: settings and user names become constants, and a sub-select without a FROM becomes its
// expression. Nothing that reads a table is evaluated, so what folds to a constant does so whatever the tables hold.
Node *put_identity_in(Node *node, void *context) {
    if (node == nullptr) return nullptr;
    if (IsA(node, FuncExpr)) {
        auto *function = castNode(FuncExpr, node);
        if (function->funcid == F_CURRENT_SETTING_TEXT || function->funcid == F_CURRENT_SETTING_TEXT_BOOL) {
            List *arguments = (List *)put_identity_in((Node *)function->args, context);
            ListCell *cell;
            foreach (cell, arguments)
                if (!IsA(lfirst(cell), Const)) return node;
            auto *reading = (Reading *)context;
            if (reading->settings != nullptr && reading->settings->any && is_open(arguments, reading)) return node;
            reading->changed = true;
            if (reading->settings != nullptr)
                if (Node *value = left_alone(arguments, reading)) return value;
            auto *copy = (FuncExpr *)copyObject(function);
            copy->args = arguments;
            return evaluate(copy);
        }
    }
    if (IsA(node, SQLValueFunction)) {
        const auto operation = castNode(SQLValueFunction, node)->op;
        if (operation == SVFOP_CURRENT_USER || operation == SVFOP_USER || operation == SVFOP_CURRENT_ROLE ||
            operation == SVFOP_SESSION_USER) {
            ((Reading *)context)->changed = true;
            return evaluate(node);
        }
    }
    if (IsA(node, SubLink)) {
        auto *link = castNode(SubLink, node);
        auto *select = castNode(Query, link->subselect);
        if (link->subLinkType == EXPR_SUBLINK && select->commandType == CMD_SELECT && select->rtable == NIL &&
            select->cteList == NIL && select->setOperations == nullptr && select->limitCount == nullptr &&
            select->limitOffset == nullptr && !select->hasAggs && !select->hasTargetSRFs && !select->hasWindowFuncs &&
            select->havingQual == nullptr && (select->jointree == nullptr || select->jointree->quals == nullptr) &&
            list_length(select->targetList) == 1) {
            auto *expression = (Node *)copyObject(linitial_node(TargetEntry, select->targetList)->expr);
            IncrementVarSublevelsUp(expression, -1, 1);
            ((Reading *)context)->changed = true;
            return put_identity_in(expression, context);
        }
        // What is compared with its rows is evaluated out here; the rows are another query's.
        if (link->testexpr == nullptr) return node;
        auto *copy = (SubLink *)copyObject(link);
        copy->testexpr = put_identity_in(link->testexpr, context);
        return (Node *)copy;
    }
    return compat::mutate(node, put_identity_in, context);
}

// Twice: the first pass inlines the API's helpers (auth.uid() and friends), the second folds what was put in. Where
// nothing was put in there is nothing new to fold.
Node *put_session_in(Node *expression, Reading *reading) {
    Node *folded = eval_const_expressions(nullptr, expression);
    for (int pass = 0; pass < 2; pass++) {
        reading->changed = false;
        Node *with = put_identity_in(folded, reading);
        if (!reading->changed) break;
        folded = eval_const_expressions(nullptr, with);
    }
    return folded;
}

// REQUIRES: the relation's variables are numbered 1.
Node *put_given_in(Node *node, void *context) {
    if (node == nullptr) return nullptr;
    const auto *given = (const Given *)context;
    if (IsA(node, Var)) {
        auto *variable = castNode(Var, node);
        if (variable->varno == 1 && variable->varlevelsup == 0 && variable->varattno == given->column &&
            variable->vartype == TEXTOID)
            return (Node *)makeConst(TEXTOID, -1, variable->varcollid, -1, CStringGetTextDatum(given->value), false,
                                     false);
    }
    return compat::mutate(node, put_given_in, context);
}

// REQUIRES: `qual` is a copy, with the relation's variables numbered 1.
Truth fold(Node *qual) {
    Reading reading{nullptr, NIL, false};
    Node *folded = put_session_in(qual, &reading);
    folded = (Node *)canonicalize_qual((Expr *)folded, false);
    if (folded == nullptr) return Truth::always;
    if (IsA(folded, Const)) {
        auto *constant = castNode(Const, folded);
        return !constant->constisnull && DatumGetBool(constant->constvalue) ? Truth::always : Truth::never;
    }
    if (is_andclause(folded)) {
        ListCell *cell;
        foreach (cell, castNode(BoolExpr, folded)->args)
            if (IsA(lfirst(cell), Const)) {
                auto *constant = lfirst_node(Const, cell);
                if (constant->constisnull || !DatumGetBool(constant->constvalue)) return Truth::never;
            }
    }
    return Truth::depends;
}

Truth fold_given(Node *qual, Oid relation, const Given *given) {
    return fold(given != nullptr && given->relation == relation ? put_given_in(qual, (void *)given) : qual);
}

// Whether a predicate is `column = something about the session`: no other column, no literal.
bool compares_identity(Node *qual) {
    if (!IsA(qual, OpExpr)) return false;
    auto *comparison = castNode(OpExpr, qual);
    const char *name = get_opname(comparison->opno);
    if (list_length(comparison->args) != 2 || name == nullptr || strcmp(name, "=") != 0) return false;
    Node *left = strip_implicit_coercions((Node *)linitial(comparison->args));
    Node *right = strip_implicit_coercions((Node *)lsecond(comparison->args));
    Node *asker = IsA(left, Var) ? right : IsA(right, Var) ? left : nullptr;
    return asker != nullptr && !contain_vars_of_level(asker, 0) && !IsA(asker, Const);
}

// ---- reading the rewritten query -----------------------------------------------------------------------------------

const char *deparse(Node *qual, Oid relation) {
    return deparse_expression(qual, deparse_context_for(get_rel_name(relation), relation), false, false);
}

Node *as_first(Node *expression, int number) {
    auto *copy = (Node *)copyObject(expression);
    if (number != 1) ChangeVarNodes(copy, number, 1, 0);
    return copy;
}

void walk_query(Query *query, Walk *walk);

bool walk_expression(Node *node, void *context) {
    if (node == nullptr) return false;
    if (IsA(node, Query)) {
        walk_query(castNode(Query, node), (Walk *)context);
        return false;
    }
    return compat::walk(node, walk_expression, context);
}

void read_relation(Query *query, int number, RangeTblEntry *entry, Walk *walk) {
    if (entry->relkind == RELKIND_VIEW) return; // a rule's OLD and NEW, and the view a write went through
    auto *base = (RawBase *)palloc0(sizeof(RawBase));
    base->relation = entry->relid;
    base->checked_as = compat::check_as_user(query, entry);
    if (!OidIsValid(base->checked_as)) base->checked_as = GetUserId();
    base->row_security = check_enable_rls(entry->relid, base->checked_as, true) == RLS_ENABLED;
    base->target = query->resultRelation == number;
    // A write through a view carries the view's own WHERE.
    base->filtered = walk->filtered || (base->target && query->jointree->quals != nullptr);
    base->inside_policy = walk->inside_policy;
    base->via = walk->via;
    base->truth = Truth::always;
    if (entry->securityQuals != NIL) {
        Node *qual = (Node *)make_ands_explicit(entry->securityQuals);
        base->predicate = deparse(as_first(qual, number), entry->relid);
        base->truth = fold_given(as_first(qual, number), entry->relid, walk->given);
        base->identity = compares_identity(qual);
    }
    if (base->target) {
        ListCell *cell;
        foreach (cell, query->withCheckOptions) {
            auto *option = lfirst_node(WithCheckOption, cell);
            auto *check = (RawCheck *)palloc0(sizeof(RawCheck));
            check->policy = option->polname;
            check->predicate = deparse(as_first(option->qual, number), entry->relid);
            check->truth = fold_given(as_first(option->qual, number), entry->relid, walk->given);
            base->checks = lappend(base->checks, check);
        }
    }
    walk->bases = lappend(walk->bases, base);
}

bool shows_less(const Query *query) {
    return query->jointree->quals != nullptr || list_length(query->jointree->fromlist) != 1 ||
           !IsA(linitial(query->jointree->fromlist), RangeTblRef) || query->groupClause != NIL ||
           query->havingQual != nullptr || query->hasAggs || query->limitCount != nullptr ||
           query->limitOffset != nullptr;
}

void walk_query(Query *query, Walk *walk) {
    check_stack_depth();
    int number = 0;
    ListCell *cell;
    foreach (cell, query->rtable) {
        auto *entry = lfirst_node(RangeTblEntry, cell);
        number++;
        if (entry->rtekind == RTE_RELATION) {
            read_relation(query, number, entry, walk);
            const bool inside = walk->inside_policy;
            walk->inside_policy = true;
            (void)walk_expression((Node *)entry->securityQuals, walk);
            walk->inside_policy = inside;
        } else if (entry->rtekind == RTE_SUBQUERY) {
            const char *via = walk->via;
            const bool filtered = walk->filtered;
            const char *name = entry->eref != nullptr ? entry->eref->aliasname : "?";
            if (OidIsValid(entry->relid))
                name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(entry->relid)),
                                                  get_rel_name(entry->relid));
            walk->via = via == nullptr ? name : psprintf("%s, %s", via, name);
            walk->filtered = filtered || shows_less(entry->subquery);
            walk_query(entry->subquery, walk);
            walk->via = via;
            walk->filtered = filtered;
        }
    }
    foreach (cell, query->cteList) walk_query(castNode(Query, lfirst_node(CommonTableExpr, cell)->ctequery), walk);
    const bool inside = walk->inside_policy;
    walk->inside_policy = true;
    (void)walk_expression((Node *)query->targetList, walk);
    (void)walk_expression((Node *)query->jointree, walk);
    (void)walk_expression((Node *)query->withCheckOptions, walk);
    walk->inside_policy = inside;
}

List *rewrite_plainly(const char *sql) {
    List *statements = pg_parse_query(sql);
    if (list_length(statements) != 1) elog(ERROR, "one statement expected: %s", sql);
    return pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, statements), sql, nullptr, 0, nullptr);
}

List *read_plainly(const char *sql, const Given *given) {
    Walk walk{NIL, false, nullptr, false, given};
    ListCell *cell;
    foreach (cell, rewrite_plainly(sql)) walk_query(lfirst_node(Query, cell), &walk);
    return walk.bases;
}

bool is_for_current_user(const RowSecurityPolicy *policy) {
    const auto *roles = (const Oid *)ARR_DATA_PTR(policy->roles);
    for (int i = 0; i < ARR_DIMS(policy->roles)[0]; i++)
        if (roles[i] == ACL_ID_PUBLIC || has_privs_of_role(GetUserId(), roles[i])) return true;
    return false;
}

List *fold_policies_plainly(Oid relation) {
    Relation table = table_open(relation, AccessShareLock);
    List *folds = NIL;
    ListCell *cell;
    if (table->rd_rsdesc != nullptr)
        foreach (cell, table->rd_rsdesc->policies) {
            auto *policy = (RowSecurityPolicy *)lfirst(cell);
            auto *raw = (RawFold *)palloc0(sizeof(RawFold));
            Expr *check = policy->with_check_qual != nullptr ? policy->with_check_qual : policy->qual;
            raw->name = pstrdup(policy->policy_name);
            raw->binds = is_for_current_user(policy);
            raw->rows = policy->qual != nullptr ? fold((Node *)copyObject(policy->qual)) : Truth::never;
            raw->checks = check != nullptr ? fold((Node *)copyObject(check)) : Truth::never;
            folds = lappend(folds, raw);
        }
    table_close(table, NoLock);
    return folds;
}

List *view_columns_plainly(Oid view) {
    check_stack_depth();
    List *columns = NIL;
    Relation relation = table_open(view, AccessShareLock);
    Query *query = get_view_query(relation);
    ListCell *cell;
    foreach (cell, query->targetList) {
        auto *target = lfirst_node(TargetEntry, cell);
        auto *var = (Var *)target->expr;
        if (target->resjunk || !IsA(var, Var) || var->varlevelsup != 0 || var->varattno <= 0) continue;
        const auto *entry = rt_fetch(var->varno, query->rtable);
        if (entry->rtekind != RTE_RELATION) continue;
        auto *column = (ViewColumn *)palloc(sizeof(ViewColumn));
        *column = ViewColumn{target->resno, entry->relid, var->varattno};
        if (entry->relkind == RELKIND_VIEW) {
            ListCell *inner;
            foreach (inner, view_columns_plainly(entry->relid)) {
                const auto *below = (const ViewColumn *)lfirst(inner);
                if (below->number == var->varattno) *column = ViewColumn{target->resno, below->table, below->column};
            }
        }
        columns = lappend(columns, column);
    }
    table_close(relation, AccessShareLock);
    return columns;
}

void check_plainly(const char *sql, List *queries) {
    ListCell *cell;
    foreach (cell, queries) {
        auto *query = lfirst_node(Query, cell);
        if (query->commandType == CMD_UTILITY) continue;
        compat::check_privileges(pg_plan_query((Query *)copyObject(query), sql, 0, nullptr));
    }
}

std::string text(const char *value) {
    return value != nullptr ? value : "";
}

} // namespace

Settled settle(Node *expression, const SessionSettings *settings) {
    Reading reading{settings, NIL, false};
    Node *node = put_session_in((Node *)copyObject(expression), &reading);
    return {node, reading.unset};
}

List *rewritten(const char *sql) {
    return rewrite_plainly(sql);
}

Query *analyzed(const char *sql) {
    List *statements = pg_parse_query(sql);
    if (list_length(statements) != 1 || !IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt))
        ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("it is no condition")));
    Query *query = parse_analyze_fixedparams(linitial_node(RawStmt, statements), sql, nullptr, 0, nullptr);
    // Nothing but a table and a WHERE: a text that ends its parentheses early is none.
    if (list_length(query->rtable) != 1 || query->targetList != NIL || query->cteList != NIL ||
        query->groupClause != NIL || query->groupingSets != NIL || query->havingQual != nullptr ||
        query->sortClause != NIL || query->distinctClause != NIL || query->windowClause != NIL ||
        query->rowMarks != NIL || query->limitCount != nullptr || query->limitOffset != nullptr ||
        query->setOperations != nullptr)
        ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("it is no condition")));
    return query;
}

List *with_policies(const Query *query) {
    return pg_rewrite_query((Query *)copyObject(query));
}

std::vector<BaseRelation> rewrite(const std::string &sql, const Given *given) {
    std::vector<BaseRelation> result;
    List *bases = call(read_plainly, sql.c_str(), given);
    for (int i = 0; i < list_length(bases); i++) {
        const auto *raw = static_cast<const RawBase *>(list_nth(bases, i));
        BaseRelation base{raw->relation,
                          raw->checked_as,
                          raw->row_security,
                          raw->target,
                          raw->inside_policy,
                          text(raw->via),
                          raw->filtered,
                          text(raw->predicate),
                          raw->truth,
                          raw->identity,
                          {}};
        for (int j = 0; j < list_length(raw->checks); j++) {
            const auto *check = static_cast<const RawCheck *>(list_nth(raw->checks, j));
            base.checks.push_back({text(check->policy), text(check->predicate), check->truth});
        }
        result.push_back(std::move(base));
    }
    return result;
}

std::vector<PolicyFold> fold_policies(Oid relation) {
    std::vector<PolicyFold> result;
    List *folds = call(fold_policies_plainly, relation);
    for (int i = 0; i < list_length(folds); i++) {
        const auto *raw = static_cast<const RawFold *>(list_nth(folds, i));
        result.push_back({text(raw->name), raw->binds, raw->rows, raw->checks});
    }
    return result;
}

std::vector<ViewColumn> view_columns(Oid view) {
    std::vector<ViewColumn> result;
    const List *columns = call(view_columns_plainly, view);
    for (int i = 0; i < list_length(columns); i++)
        result.push_back(*static_cast<const ViewColumn *>(list_nth(columns, i)));
    return result;
}

void check_privileges(const std::string &sql) {
    check_privileges(sql, call(rewritten, sql.c_str()));
}

void check_privileges(const std::string &sql, List *queries) {
    call(check_plainly, sql.c_str(), queries);
}

} // namespace rlsproof::server
