// What views are made of: the columns that their rules depend on, and which of these every row shown has to have a
// certain value in.
#include "model/cell.hpp"

#include "server/facts.hpp"

#include <algorithm>

#include "server/read_through.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"

#include "server/postgres.hpp"

extern "C" {
#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

struct Fixed {
    Oid relation;
    int number;
};

Node *bare(Node *node) {
    while (node != nullptr && IsA(node, RelabelType)) node = (Node *)castNode(RelabelType, node)->arg;
    return node;
}

void note_fixed(Query *query, List **notes);

void note_var(Query *query, Node *node, List **notes) {
    if (node == nullptr || !IsA(node, Var)) return;
    const Var *var = castNode(Var, node);
    if (var->varlevelsup != 0 || var->varattno <= 0 || var->varno > list_length(query->rtable)) return;
    const auto *entry = (const RangeTblEntry *)list_nth(query->rtable, var->varno - 1);
    if (entry->rtekind != RTE_RELATION) return;
    auto *fixed = (Fixed *)palloc(sizeof(Fixed));
    fixed->relation = entry->relid;
    fixed->number = var->varattno;
    *notes = lappend(*notes, fixed);
}

// What has to hold of every row: under AND alone, and in what an EXISTS asks for.
void note_quals(Query *query, Node *node, List **notes) {
    node = bare(node);
    if (node == nullptr) return;
    if (IsA(node, List)) {
        for (int i = 0; i < list_length((List *)node); i++) note_quals(query, (Node *)list_nth((List *)node, i), notes);
    } else if (IsA(node, BoolExpr)) {
        if (castNode(BoolExpr, node)->boolop == AND_EXPR)
            note_quals(query, (Node *)castNode(BoolExpr, node)->args, notes);
    } else if (IsA(node, Var)) {
        if (castNode(Var, node)->vartype == BOOLOID) note_var(query, node, notes);
    } else if (IsA(node, BooleanTest)) {
        if (castNode(BooleanTest, node)->booltesttype == IS_TRUE)
            note_var(query, bare((Node *)castNode(BooleanTest, node)->arg), notes);
    } else if (IsA(node, OpExpr) || IsA(node, ScalarArrayOpExpr)) {
        const bool list = IsA(node, ScalarArrayOpExpr);
        List *args = list ? ((ScalarArrayOpExpr *)node)->args : ((OpExpr *)node)->args;
        const char *name = get_opname(list ? ((ScalarArrayOpExpr *)node)->opno : ((OpExpr *)node)->opno);
        if (list_length(args) != 2 || name == nullptr || strcmp(name, "=") != 0) return;
        if (list && !((ScalarArrayOpExpr *)node)->useOr) return;
        Node *left = bare((Node *)linitial(args)), *right = bare((Node *)lsecond(args));
        if (left != nullptr && right != nullptr && IsA(right, Const)) note_var(query, left, notes);
        if (left != nullptr && right != nullptr && IsA(left, Const)) note_var(query, right, notes);
    } else if (IsA(node, SubLink)) {
        const SubLink *link = castNode(SubLink, node);
        if (link->subLinkType == EXISTS_SUBLINK) note_fixed(castNode(Query, link->subselect), notes);
    }
}

void note_fixed(Query *query, List **notes) {
    // Of one of several queries in a UNION, or under a join that lets rows without a partner through, nothing is said.
    if (query->setOperations != nullptr || query->jointree == nullptr || query->groupingSets != NIL) return;
    note_quals(query, query->jointree->quals, notes);
}

List *fixed_in(const char *tree) {
    List *notes = NIL;
    auto *actions = (List *)stringToNode(tree);
    if (list_length(actions) == 1) note_fixed((Query *)linitial(actions), &notes);
    return notes;
}

// The views on the way, and whether each says no more than columns and counts: functions of the application, whole rows
// and what the server reads for its caller may show anything.
constexpr const char *kOnTheWay = R"(
select r.ev_action::text,
  r.ev_action::text !~ ':varattno 0 ' and r.ev_action::text !~ ':aggfnoid (?!(2147|2803) )'
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                  and d.objid = r.oid and d.refclassid in ('pg_catalog.pg_proc'::pg_catalog.regclass,
                                                           'pg_catalog.pg_operator'::pg_catalog.regclass))
  and not exists (select from pg_catalog.regexp_matches(r.ev_action::text, ':funcid (\d+) ', 'g') m
                  join pg_catalog.pg_proc p on p.oid = m[1]::oid
                  where p.proname ~ '(_to_xml|^pg_|^lo_|current_setting|query_to|cursor_to)'),
  r.ev_class = $1::oid
from reads join pg_catalog.pg_rewrite r on r.ev_class = reads.id where r.ev_type = '1')";

// The columns of tables on the way, what they are called, and whether they say to whom a row belongs.
constexpr const char *kColumns = R"(
, platform as ( -- also for whoever may not use its schema
  select u.oid as id from pg_catalog.pg_class u join pg_catalog.pg_namespace n on n.oid = u.relnamespace
  where n.nspname = 'auth' and u.relname = 'users'), account as (
  select k.conrelid, k.conkey[1] as number from pg_catalog.pg_constraint k
  where k.contype = 'f' and pg_catalog.cardinality(k.conkey) = 1 and k.confrelid = (select platform.id from platform)
    and exists (select from pg_catalog.pg_constraint own where own.conrelid = k.conrelid and own.contype in ('p', 'u')
                and own.conkey = k.conkey))
select distinct a.attrelid, a.attnum, a.attname,
  exists (select from pg_catalog.pg_constraint f where f.contype = 'f' and f.conrelid = a.attrelid and a.attnum = any(f.conkey)
          and (f.confrelid = (select platform.id from platform) or f.confrelid in (select conrelid from account)))
  and not exists (select from account where conrelid = a.attrelid and number = a.attnum),
  exists (select from account where conrelid = a.attrelid and number = a.attnum)
from reads join pg_catalog.pg_rewrite r on r.ev_class = reads.id
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
  and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0
join pg_catalog.pg_class c on c.oid = d.refobjid and c.relkind <> 'v'
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
order by 1, 2)";

void read_parts(FactBook &book, Relation &view) {
    ViewParts &parts = view.parts;
    const std::string id = std::to_string(view.id);
    const Rows way = query(std::string(kReads) + kOnTheWay, {id});
    parts.known = !way.empty();
    std::set<std::pair<Oid, int>> fixed;
    for (size_t i = 0; i < way.size(); i++) {
        parts.known = parts.known && way.boolean(i, 1);
        if (!way.boolean(i, 2)) continue; // what a view on the way keeps back may come in beside it
        const Scratch scratch;
        const List *notes = call(fixed_in, way.text(i, 0).c_str());
        for (int n = 0; n < list_length(notes); n++) {
            const auto *note = static_cast<const Fixed *>(list_nth(notes, n));
            fixed.emplace(note->relation, note->number);
        }
    }
    const Rows columns = query(std::string(kReads) + kColumns, {id});
    for (size_t i = 0; i < columns.size(); i++) {
        const std::string &name = columns.text(i, 2);
        parts.columns.push_back(name);
        if (fixed.contains({columns.oid(i, 0), (int)columns.number(i, 1)})) parts.constant.push_back(name);
        bool asked = false;
        if (const Relation *table = book.relation(columns.oid(i, 0)))
            for (const Policy &policy : table->policies) {
                const auto &equal = policy.facts.identity_equals;
                asked = asked || std::find(equal.begin(), equal.end(), quote_identifier(name)) != equal.end();
            }
        if (columns.boolean(i, 3) || (asked && !columns.boolean(i, 4))) parts.names_people = true;
    }
}

} // namespace

void add_view_parts(FactBook &book) {
    for (Relation &view : book.world.relations)
        if (view.kind == RelationKind::view && !view.extension_member) read_parts(book, view);
}

} // namespace rlsproof::server
