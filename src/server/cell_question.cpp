#include "base/error.hpp"
#include "prove/question.hpp"

#include "server/questioner.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/bodies.hpp"
#include "server/column_rights.hpp"
#include "server/identity.hpp"
#include "server/naming.hpp"
#include "server/question_facts.hpp"
#include "server/rewrite.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"
#include "server/translate.hpp"
#include "server/world.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

const Query *only(List *queries) {
    if (list_length(queries) != 1) throw Translator::Unsupported{"a rule that makes several statements of one"};
    return static_cast<const Query *>(linitial(queries));
}

bool reads_table(const expr::Expr &e, int table) {
    if (e->looks) return true;
    for (const expr::Select &select : e->selects) {
        for (const expr::Row &row : select.rows)
            if (row.table == table) return true;
        if (reads_table(select.where, table) || reads_table(select.output, table)) return true;
    }
    return std::any_of(e->arguments.begin(), e->arguments.end(),
                       [&](const expr::Expr &part) { return reads_table(part, table); });
}

std::vector<std::string> names_of(const std::vector<std::pair<std::string, std::string>> &settings) {
    std::vector<std::string> names;
    for (const auto &[name, value] : settings) names.push_back(name);
    return names;
}

bool is_volatile(const char *tree) {
    return contain_volatile_functions((Node *)stringToNode(tree));
}

// What a column is for whoever is the current user, where that is the same for every row.
std::optional<std::string> default_of(Oid table, int column) {
    std::optional<std::string> value;
    (void)attempt(Finish::rollback, [&] {
        const Rows rows = query("select adbin::text, pg_catalog.pg_get_expr(adbin, adrelid) from pg_catalog.pg_attrdef "
                                "where adrelid = $1::oid and adnum = $2::int2",
                                {std::to_string(table), std::to_string(column)});
        if (rows.empty() || call(is_volatile, rows.text(0, 0).c_str())) return;
        const Rows now = query(fmt::format("select ({})::text", rows.text(0, 1)));
        if (now.value(0, 0)) value = now.text(0, 0);
    });
    return value;
}

} // namespace

Questioner::Questioner(const CellToProve &cell, Oid superuser, int security, std::shared_ptr<Catalog> catalog,
                       const std::set<std::string> &empty)
    : cell_(cell), superuser_(superuser), security_(security), catalog_(catalog), made_(std::move(catalog)),
      translator_(made_.schema, true, names_of(cell.persona->settings), empty), naming_(*cell.persona) {}

void Questioner::claim(std::string name, expr::Expr condition, bool holds, bool bad) {
    if (bad) made_.question.bad = (int)made_.question.claims.size();
    made_.question.claims.push_back({std::move(name), std::move(condition), holds});
}

// What the policies ask of the rows of a statement, as the server put it into the statement.
Questioner::Gate Questioner::gate(const Relation &relation, const std::string &statement, const expr::Row &there,
                                  const expr::Row &written) {
    const Query *query = only(catalog_->rewritten(statement));
    int number = query->resultRelation;
    if (number == 0) {
        if (list_length(query->jointree->fromlist) != 1 || !IsA(linitial(query->jointree->fromlist), RangeTblRef))
            throw Translator::Unsupported{"a statement of another form"};
        number = linitial_node(RangeTblRef, query->jointree->fromlist)->rtindex;
    }
    const auto *entry = static_cast<const RangeTblEntry *>(list_nth(query->rtable, number - 1));
    if (entry->rtekind != RTE_RELATION || entry->relid != relation.id)
        throw Translator::Unsupported{"a statement of another form"};
    return gate(query, number, there, written);
}

Questioner::Gate Questioner::gate(const Query *query, int number, const expr::Row &there, const expr::Row &written) {
    const auto *entry = static_cast<const RangeTblEntry *>(list_nth(query->rtable, number - 1));
    std::vector<expr::Expr> rows, checks;
    for (int i = 0; i < list_length(entry->securityQuals); i++)
        rows.push_back(translator_.condition((Node *)list_nth(entry->securityQuals, i), query, number, there));
    for (int i = 0; i < list_length(query->withCheckOptions); i++)
        checks.push_back(translator_.condition(
            (Node *)((const WithCheckOption *)list_nth(query->withCheckOptions, i))->qual, query, number, written));
    for (const auto &parts : {rows, checks})
        for (const expr::Expr &part : parts) naming_.learn(part);
    return {expr::both(std::move(rows)), expr::both(std::move(checks))};
}

// The declared scope, with the persona's settings and past all policies.
expr::Expr Questioner::scope(const expr::Row *row, const std::vector<expr::Expr> *outputs) {
    if (cell_.expected == "all") return expr::boolean(true);
    if (cell_.expected == "none" && !made_.names_itself) return expr::boolean(false);
    if (made_.names_itself) {
        if (row == nullptr) throw Translator::Unsupported{"whose the rows of a view are"};
        return expr::either(naming_.conditions(made_.schema.tables()[(size_t)row->table], *row));
    }
    const AsUser past(superuser_, security_);
    const std::string sql = fmt::format("select from {} where ({})", cell_.relation->name, cell_.scope);
    const Query *query = only(catalog_->rewritten(sql));
    const int number = linitial_node(RangeTblRef, query->jointree->fromlist)->rtindex;
    auto *where = (Node *)query->jointree->quals;
    if (where == nullptr) return expr::boolean(true);
    return row != nullptr ? translator_.condition(where, query, number, *row)
                          : translator_.condition(where, query, number, *outputs);
}

// What is written through a view is written to the table below it. What the view shows is asked where that can be
// followed; else more rows than it lets through are thought of.
void Questioner::ask_view_write() {
    if (cell_.expected != "none" || cell_.direction != Direction::no_more)
        throw Translator::Unsupported{"writing through a view"};
    made_.not_shown = "writing through a view";
    made_.statement = proof_statement(cell_, *catalog_, false);
    const Query *query = only(catalog_->rewritten(made_.statement));
    const int number = query->resultRelation;
    const auto *entry = number == 0 ? nullptr : static_cast<const RangeTblEntry *>(list_nth(query->rtable, number - 1));
    if (entry == nullptr || entry->rtekind != RTE_RELATION || entry->relid == cell_.relation->id)
        throw Translator::Unsupported{"writing through a view"};
    const expr::Row there = translator_.subject_row(entry->relid), written = translator_.subject_row(entry->relid);
    const bool inserts = cell_.command == Command::insert, updates = cell_.command == Command::update;
    auto &subjects = made_.question.subjects;
    if (!inserts) subjects.push_back({there, "the row", true, -1});
    if (inserts || updates) subjects.push_back({written, "the new row", false, updates ? 0 : -1});
    if (!inserts && query->jointree->quals != nullptr) {
        try {
            const expr::Expr shown = translator_.condition(query->jointree->quals, query, number, there);
            naming_.learn(shown);
            claim("the view shows it", shown, true);
        } catch (const Translator::Unsupported &) { // then it may show anything
        }
    }
    claim_no_more(gate(query, number, there, written), there, written);
}

void Questioner::ask_view() {
    if (cell_.command != Command::select) return ask_view_write();
    made_.through_view = true;
    if (cell_.direction == Direction::no_less) throw Translator::Unsupported{"what a view leaves out"};
    made_.statement = proof_statement(cell_, *catalog_, false);
    const Query *query = only(catalog_->rewritten(made_.statement));
    const auto *entry = static_cast<const RangeTblEntry *>(
        list_nth(query->rtable, linitial_node(RangeTblRef, query->jointree->fromlist)->rtindex - 1));
    if (entry->rtekind != RTE_SUBQUERY) throw Translator::Unsupported{"a relation without rows of its own"};
    std::vector<expr::Select> selects, everything;
    for (const Translator::Branch &branch : translator_.rows_of(entry->subquery, Translator::Use::values)) {
        naming_.learn(branch.where);
        const expr::Expr inside = scope(nullptr, &branch.outputs);
        selects.push_back({branch.rows, branch.where, expr::negate(expr::is_true(inside))});
        everything.push_back({branch.rows, branch.where, expr::boolean(true)});
    }
    claim("the view shows a row", expr::any(std::move(everything)), true);
    claim("the view shows a row that it should not", expr::any(std::move(selects)), true, true);
}

expr::Expr Questioner::passed(const Gate &gate) const {
    if (cell_.command == Command::insert) return gate.checks;
    return cell_.command == Command::update ? expr::both({gate.rows, gate.checks}) : gate.rows;
}

void Questioner::claim_no_more(const Gate &gate, const expr::Row &there, const expr::Row &written) {
    claim("the policies let it through", passed(gate), true);
    const bool inserts = cell_.command == Command::insert;
    expr::Expr fine = expr::is_true(scope(inserts ? &written : &there, nullptr));
    if (cell_.command == Command::update) fine = expr::both({fine, expr::is_true(scope(&written, nullptr))});
    claim(cell_.expected == "none" && !made_.names_itself ? "nothing was declared" : "it is in scope", fine, false,
          true);
}

void Questioner::ask_rows() {
    const expr::Row there = translator_.subject_row(cell_.relation->id),
                    written = translator_.subject_row(cell_.relation->id);
    const bool less = cell_.direction == Direction::no_less;
    const bool inserts = cell_.command == Command::insert, updates = cell_.command == Command::update;
    const bool may_read = [&] {
        const Reach *reach = cell_.relation->reach_of(cell_.persona->name);
        return reach != nullptr && reach->commands.contains(Command::select);
    }();
    // The weakest statement is the one to fear, the strongest the one to count on.
    made_.statement = proof_statement(cell_, *catalog_, less && may_read && !inserts);
    auto &subjects = made_.question.subjects;
    if (!inserts) subjects.push_back({there, "the row", true, -1});
    if (inserts || (updates && !less)) subjects.push_back({written, "the new row", false, updates ? 0 : -1});
    // What changes nothing leaves the row as it is.
    const Gate found = gate(*cell_.relation, made_.statement, there, updates && less ? there : written);
    const expr::Row &decided = inserts ? written : there;
    // A new row is in scope or not once it is written, and then the table holds it.
    if ((inserts || (updates && !less)) && reads_table(scope(&written, nullptr), written.table))
        throw Translator::Unsupported{"a scope that may read the table that is written"};
    if (less) {
        claim("it is in scope", scope(&decided, nullptr), true);
        claim("the policies let it through", passed(found), false, true);
    } else {
        claim_no_more(found, there, written);
        if (inserts || updates)
            for (const auto &[number, has_default] :
                 column_rights(*catalog_, cell_.relation->id, inserts ? "INSERT" : "UPDATE").fixed) {
                const prove::Column *column = made_.schema.tables()[(size_t)written.table].column(number);
                if (column == nullptr) continue;
                const expr::Expr fresh = expr::column(column->type, written, number);
                if (inserts && has_default) {
                    const std::optional<std::string> value = default_of(cell_.relation->id, number);
                    if (value && (column->type.name == "uuid" || column->type.name == "text"))
                        claim(fmt::format("{} is what it is by default", column->name),
                              expr::equal(fresh, expr::literal(column->type, *value)), true);
                    continue;
                }
                claim(fmt::format("{} cannot be given", column->name),
                      inserts ? expr::is_null(fresh)
                              : expr::negate(expr::distinct(fresh, expr::column(column->type, there, number))),
                      true);
            }
    }
}

// Constraints of the tables, and what is known of the persona: somebody who occurs in no row.
void Questioner::state_facts() {
    state_checks(made_.schema, translator_);
    const Persona &persona = *cell_.persona;
    // Who may insert nothing of others may insert what is its own, unless somebody declared that it may not.
    const bool stored = cell_.command != Command::insert || cell_.declared;
    for (const auto &[table, number] : naming_.held_against_nobody()) {
        const AsUser past(superuser_, security_);
        if (cell_.any_state || !catalog_->nobody.is_named_by(made_.schema.relation(table), number)) continue;
        const expr::Row row = translator_.fresh_row(made_.schema.relation(table));
        const prove::Table &held = made_.schema.tables()[(size_t)table];
        const expr::Type type = held.column(number)->type;
        made_.schema.tables()[(size_t)table].checks.push_back(
            {fmt::format("no row of {} is of {}", held.name, kNil), row,
             expr::negate(expr::equal(expr::column(type, row, number), expr::literal(type, std::string(kNil)))),
             stored});
    }
    if (cell_.any_state || (!cell_.occurs_nowhere && (persona.declared || is_newcomer(persona)))) return;
    for (size_t i = 0; i < made_.schema.tables().size(); i++) {
        const expr::Row row = translator_.fresh_row(made_.schema.relation((int)i));
        const std::vector<expr::Expr> named = naming_.conditions(made_.schema.tables()[i], row);
        if (named.empty()) continue;
        made_.occurs_nowhere = true;
        made_.schema.tables()[i].checks.push_back({occurs_in_no_row_of(persona) + made_.schema.tables()[i].name, row,
                                                   expr::negate(expr::either(named)), stored});
    }
}

// A volatile function sees what the statement around it has done so far. Where it looks at nothing that the statement
// changes while policies are asked, it sees what was there: other tables than the one that is written, where neither a
// trigger before the row nor a default writes anything. What such a write sets off itself is not looked at.
void Questioner::refuse_meanwhile() {
    const std::set<Oid> &read = translator_.read_meanwhile();
    if (read.empty()) return;
    const Translator::Unsupported refused{"volatile functions that look at what the statement writes"};
    if (!cell_.relation->is_table()) throw refused; // what a view's writes end at
    const AsUser past(superuser_, security_);
    const Rows run = query(R"(
with recursive same(id) as (
  select $1::oid union
  select case when i.inhparent = s.id then i.inhrelid else i.inhparent end
  from same s join pg_catalog.pg_inherits i on s.id in (i.inhparent, i.inhrelid))
select s.id, t.tgfoid from same s left join pg_catalog.pg_trigger t
  on t.tgrelid = s.id and not t.tgisinternal and t.tgenabled <> 'D' and t.tgtype & 2 <> 0
union
select s.id, p.oid from same s join pg_catalog.pg_attrdef a on a.adrelid = s.id join pg_catalog.pg_depend d
  on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.objid = a.oid
    and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
join pg_catalog.pg_proc p on p.oid = d.refobjid and p.provolatile = 'v')",
                           {std::to_string(cell_.relation->id)});
    if (!catalog_->bodies) catalog_->bodies = std::make_shared<Bodies>();
    for (size_t i = 0; i < run.size(); i++) {
        bool meets = read.contains(run.oid(i, 0));
        if (run.value(i, 1)) {
            const Body &body = catalog_->bodies->of(run.oid(i, 1));
            meets = meets || !body.known ||
                    std::any_of(body.relations.begin(), body.relations.end(),
                                [](const auto &touched) { return touched.second; });
        }
        if (meets) throw refused;
    }
}

CellQuestion Questioner::make() {
    // Who has rows of its own may reach them, unless somebody declared that it may not.
    made_.names_itself = cell_.expected == "none" && !cell_.declared && !cell_.occurs_nowhere &&
                         (is_newcomer(*cell_.persona) || cell_.persona->declared) && naming_.anybody();
    if (cell_.direction == Direction::no_growth) return make_growth();
    if (cell_.relation->kind == RelationKind::view)
        ask_view();
    else
        ask_rows();
    if (cell_.command != Command::select) refuse_meanwhile();
    state_facts();
    made_.question.title = fmt::format(
        "{} {} {}, {}: {}", cell_.persona->name, name(cell_.command), cell_.relation->name, name(cell_.direction),
        cell_.direction == Direction::no_more
            ? fmt::format("every row it reaches was declared ({})", cell_.expected)
            : fmt::format("every row that was declared is reached ({})", cell_.expected));
    made_.unset = translator_.unset_settings();
    made_.may_raise = translator_.may_raise();
    complete(made_.question, made_.schema, translator_);
    return std::move(made_);
}

bool is_newcomer(const Persona &persona) {
    return !persona.declared && persona.name.rfind("newcomer", 0) == 0;
}

std::string occurs_in_no_row_of(const Persona &persona) {
    return persona.name + " occurs in no row of ";
}

std::string proof_statement(const CellToProve &cell, Catalog &catalog, bool reads) {
    const Relation &relation = *cell.relation;
    if (cell.command == Command::select) {
        const ColumnRights &rights = column_rights(catalog, relation.id, "SELECT");
        std::vector<std::string> names{"*"};
        if (!rights.whole) {
            names.clear();
            for (const auto &[number, column] : rights.granted) names.push_back(column);
        }
        return fmt::format("select {} from {}", fmt::join(names, ", "), relation.name);
    }
    const std::string where = reads ? " where x is not null" : "";
    if (cell.command == Command::remove) return fmt::format("delete from {} as x{}", relation.name, where);
    const std::string &name =
        column_rights(catalog, relation.id, cell.command == Command::insert ? "INSERT" : "UPDATE").first;
    if (cell.command == Command::insert)
        return name.empty() ? fmt::format("insert into {} as x default values", relation.name)
                            : fmt::format("insert into {} as x ({}) values (default)", relation.name, name);
    if (name.empty()) throw Translator::Unsupported{"an UPDATE without a column that may be updated"};
    return fmt::format("update {} as x set {} = default{}", relation.name, name, where);
}

CellQuestion make_question(const CellToProve &cell, Oid superuser, int security, std::shared_ptr<Catalog> catalog,
                           const std::set<std::string> &empty) {
    try {
        return Questioner(cell, superuser, security, std::move(catalog), empty).make();
    } catch (const Translator::Unsupported &unsupported) {
        throw Error(Code::unsupported, unsupported.what);
    }
}

} // namespace rlsproof::server
