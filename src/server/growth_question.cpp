// What a persona may come to reach by writing: its statements as steps from one state of the tables to the next, with
// the policies of the first deciding about the step, and those of the second about what is reached.
#include "base/error.hpp"
#include "prove/later.hpp"
#include "prove/question.hpp"

#include "server/questioner.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/bodies.hpp"
#include "server/column_rights.hpp"
#include "server/identity.hpp"
#include "server/question_facts.hpp"
#include "server/rewrite.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostSteps = 8; // tables that change at once, in one question

// What becomes of rows when the row they refer to goes or changes.
constexpr const char *kFollows = R"(
select k.conrelid, k.confrelid, k.conkey, k.confkey, k.confdeltype = 'c', 'n' in (k.confdeltype, k.confupdtype),
       k.confupdtype = 'c', 'd' in (k.confdeltype, k.confupdtype)
from pg_catalog.pg_constraint k
where k.contype = 'f' and (k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd')) order by k.oid)";

// Relations with rules that end at a table, through other views; and its partitions, parents and children.
constexpr const char *kViews = R"(
with recursive above as (
    select r.ev_class as id from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid
    where d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = any ($1::oid[])
    union
    select r.ev_class from above v join pg_catalog.pg_depend d on d.refobjid = v.id
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    join pg_catalog.pg_rewrite r on r.oid = d.objid)
select v.id from above v join pg_catalog.pg_class c on c.oid = v.id
where c.relkind = 'v' and (pg_catalog.pg_relation_is_updatable(v.id, true) & 28) <> 0 order by v.id)";

constexpr const char *kParts = R"(
select distinct i.inhparent from pg_catalog.pg_inherits i where i.inhrelid = any ($1::oid[])
union select i.inhrelid from pg_catalog.pg_inherits i where i.inhparent = any ($1::oid[]))";

constexpr const char *kTriggers = R"(
select t.tgfoid, pg_catalog.format('trigger %I of %I.%I', t.tgname, n.nspname, c.relname)
from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where t.tgrelid = any ($1::oid[]) and not t.tgisinternal and t.tgenabled in ('O', 'A') order by t.tgrelid, t.tgname)";

constexpr const char *kRules = R"(
select pg_catalog.format('rule %I of %I.%I', r.rulename, n.nspname, c.relname)
from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where r.ev_class = any ($1::oid[]) and c.relkind in ('r', 'p') and r.ev_enabled <> 'D' order by r.rulename)";

constexpr Command kWrites[] = {Command::insert, Command::update, Command::remove};

const Relation *relation_of(const World &world, Oid id) {
    const auto found =
        std::find_if(world.relations.begin(), world.relations.end(), [&](const Relation &r) { return r.id == id; });
    return found == world.relations.end() ? nullptr : &*found;
}

bool may_write(const World &world, const Persona &persona, Oid id) {
    const Relation *relation = relation_of(world, id);
    const Reach *reach = relation == nullptr ? nullptr : relation->reach_of(persona.name);
    return reach != nullptr && (reach->commands.contains(Command::truncate) ||
                                std::any_of(std::begin(kWrites), std::end(kWrites),
                                            [&](Command command) { return reach->commands.contains(command); }));
}

} // namespace

std::string Questioner::list_of_tables() const {
    std::vector<std::string> ids;
    for (const Oid table : depended_on_) ids.push_back(std::to_string(table));
    return array_literal(ids);
}

bool Questioner::left_out(Oid table, Command command) const {
    return cell_.just_signed_up != nullptr && cell_.just_signed_up->left_out.contains({table, command});
}

bool Questioner::all_left_out(Oid table) const {
    return std::all_of(std::begin(kWrites), std::end(kWrites),
                       [&](Command command) { return left_out(table, command); });
}

void Questioner::add_step(Oid table, const std::vector<prove::Tie> &follows) {
    const Relation *relation = relation_of(*cell_.world, table);
    prove::Step step;
    step.old = translator_.fresh_row(table);
    step.fresh = translator_.fresh_row(table);
    step.before = step.old.table;
    step.follows = follows;
    const Reach *reach = relation == nullptr ? nullptr : relation->reach_of(cell_.persona->name);
    for (const Command command : kWrites) {
        if (reach == nullptr || !reach->commands.contains(command)) continue;
        if (left_out(table, command)) continue;
        CellToProve write = cell_;
        write.relation = relation;
        write.command = command;
        Gate found = gate(*relation, proof_statement(write, *catalog_, false), step.old, step.fresh);
        for (expr::Expr *part : {&found.rows, &found.checks}) *part = prove::at_the_write(*part);
        gates_.insert(gates_.end(), {found.rows, found.checks});
        if (command == Command::insert) {
            std::vector<expr::Expr> parts{found.checks};
            for (const auto &[number, has_default] : column_rights(*catalog_, table, "INSERT").fixed)
                if (const prove::Column *column = made_.schema.tables()[(size_t)step.before].column(number);
                    column != nullptr && !has_default)
                    parts.push_back(expr::is_null(expr::column(column->type, step.fresh, number)));
            step.insert = expr::both(std::move(parts));
        } else if (command == Command::update) {
            step.update = expr::both({found.rows, found.checks});
            for (const auto &[number, has_default] : column_rights(*catalog_, table, "UPDATE").fixed)
                step.fixed.push_back(number);
        } else {
            step.remove = found.rows;
        }
    }
    // No policy stops a TRUNCATE.
    step.truncate = reach != nullptr && cell_.just_signed_up == nullptr && reach->commands.contains(Command::truncate);
    made_.writes.tables.push_back({step.before, -1, table});
    made_.question.steps.push_back(std::move(step));
}

// The tables that the question speaks of and that a statement of the persona may change: by itself, or because what
// their rows refer to goes or changes.
void Questioner::add_steps() {
    struct Stored {
        Oid child, parent;
        prove::Tie tie;
    };
    std::vector<Stored> ties;
    const Rows rows = query(kFollows);
    const auto numbers = [](const std::vector<std::string> &texts) {
        std::vector<int> result;
        for (const std::string &text : texts) result.push_back(std::stoi(text));
        return result;
    };
    for (size_t i = 0; i < rows.size(); i++)
        ties.push_back({rows.oid(i, 0),
                        rows.oid(i, 1),
                        {{"", numbers(rows.list(i, 2)), 0, numbers(rows.list(i, 3))},
                         rows.boolean(i, 4),
                         rows.boolean(i, 5),
                         rows.boolean(i, 6),
                         rows.boolean(i, 7)}});
    std::set<Oid> near;
    for (size_t i = 0; i < made_.schema.tables().size(); i++) near.insert(made_.schema.relation((int)i));
    const auto spread = [&](std::set<Oid> &set, Oid Stored::*from, Oid Stored::*to) {
        for (bool more = true; more;) {
            more = false;
            for (const Stored &tie : ties)
                if (set.contains(tie.*from) && near.contains(tie.*from)) more = set.insert(tie.*to).second || more;
        }
    };
    spread(near, &Stored::child, &Stored::parent);
    depended_on_ = near;
    std::set<Oid> changing;
    for (const Oid table : near)
        if (may_write(*cell_.world, *cell_.persona, table) && !all_left_out(table)) changing.insert(table);
    for (bool more = true; more;) {
        more = false;
        for (const Stored &tie : ties)
            if (changing.contains(tie.parent) && near.contains(tie.child))
                more = changing.insert(tie.child).second || more;
    }
    if (changing.size() > kMostSteps)
        throw Translator::Unsupported{fmt::format("writes to {} tables that it depends on", changing.size())};
    translator_.forget_reads();
    for (const Oid table : changing) {
        std::vector<prove::Tie> follows;
        for (const Stored &tie : ties)
            if (tie.child == table && changing.contains(tie.parent))
                follows.emplace_back(tie.tie).parent = made_.schema.table(tie.parent);
        add_step(table, follows);
    }
}

void Questioner::note_triggers() {
    std::vector<std::string> changing;
    for (const Writes::Table &table : made_.writes.tables) changing.push_back(std::to_string(table.relation));
    const Rows triggers = query(kTriggers, {array_literal(changing)});
    if (!catalog_->bodies) catalog_->bodies = std::make_shared<Bodies>();
    for (size_t i = 0; i < triggers.size(); i++) {
        const Body &body = catalog_->bodies->of(triggers.oid(i, 0));
        const bool writes = std::any_of(body.relations.begin(), body.relations.end(),
                                        [](const auto &relation) { return relation.second; });
        if (!body.known || writes) made_.writes.not_followed.push_back(triggers.text(i, 1));
        if (!body.known || !body.harm.empty()) made_.writes.triggers_run = false;
    }
    const Rows rules = query(kRules, {array_literal(changing)});
    for (size_t i = 0; i < rules.size(); i++) made_.writes.not_followed.push_back(rules.text(i, 0));
}

void Questioner::note_views() {
    const Rows views = query(kViews, {list_of_tables()});
    for (size_t i = 0; i < views.size(); i++) {
        const Relation *view = relation_of(*cell_.world, views.oid(i, 0));
        if (view == nullptr || !may_write(*cell_.world, *cell_.persona, view->id)) continue;
        // Where its writes end; those of a trigger may end anywhere.
        Oid target = view->id;
        const Outcome asked = attempt(Finish::rollback, [&] {
            const std::string sql = fmt::format("delete from {}", view->name);
            List *queries = call(rewritten, sql.c_str());
            if (list_length(queries) != 1) return;
            const auto *query = static_cast<const Query *>(linitial(queries));
            if (query->resultRelation > 0)
                target = ((const RangeTblEntry *)list_nth(query->rtable, query->resultRelation - 1))->relid;
        });
        const bool elsewhere = asked.ok && target != view->id && !depended_on_.contains(target);
        if (!elsewhere) made_.writes.not_followed.push_back("view " + view->name);
    }
}

void Questioner::note_parts() {
    const Rows parts = query(kParts, {list_of_tables()});
    for (size_t i = 0; i < parts.size(); i++)
        if (const Relation *part = relation_of(*cell_.world, parts.oid(i, 0));
            part != nullptr && may_write(*cell_.world, *cell_.persona, part->id))
            made_.writes.not_followed.push_back(part->name);
}

void Questioner::note_functions() {
    std::set<std::string> names;
    for (const Oid table : depended_on_)
        if (const Relation *relation = relation_of(*cell_.world, table)) names.insert(relation->name);
    for (const Function &function : cell_.world->functions) {
        const bool callable =
            std::find(function.callers.begin(), function.callers.end(), cell_.persona->name) != function.callers.end();
        const bool writes = std::any_of(function.touches.begin(), function.touches.end(), [&](const Touch &touch) {
            return touch.written && names.contains(touch.relation);
        });
        if (function.definer && callable && (writes || (!function.body_known && !function.platform)))
            made_.writes.not_followed.push_back(function.name);
    }
}

void Questioner::note_other_ways() {
    note_views();
    const AsUser past(superuser_, security_);
    note_triggers();
    note_parts();
    note_functions();
    const auto meets = [&](const std::set<Oid> &read) {
        return std::any_of(made_.writes.tables.begin(), made_.writes.tables.end(),
                           [&](const Writes::Table &table) { return read.contains(table.relation); });
    };
    made_.writes.seen_meanwhile = meets(translator_.read_meanwhile());
    if (made_.writes.seen_meanwhile && meets(translator_.read_before()))
        throw Translator::Unsupported{"volatile functions and others that both look at what is written"};
}

// The same tables once more, with what holds of them in every state.
void Questioner::add_states_afterwards() {
    std::map<int, int> later;
    for (const Writes::Table &table : made_.writes.tables) later[table.before] = table.after;
    prove::Question &question = made_.question;
    for (const Writes::Table &written : made_.writes.tables) {
        prove::Table table = question.tables[(size_t)written.before];
        table.of = written.before;
        table.name += " afterwards";
        for (prove::Key &key : table.keys) key.name += " afterwards";
        std::erase_if(table.checks, [&](const prove::Check &check) {
            return check.name.starts_with(occurs_in_no_row_of(*cell_.persona));
        });
        for (prove::Check &check : table.checks) {
            check.name += " afterwards";
            check.row.table = written.after;
            check.condition = prove::afterwards(check.condition, later);
        }
        // What a new row refers to may be made by the very statement, where nobody has looked at what may write there.
        std::erase_if(table.references, [&](const prove::Reference &reference) {
            return !later.contains(reference.parent) &&
                   (reference.parent >= (int)made_.schema.tables().size() ||
                    !depended_on_.contains(made_.schema.relation(reference.parent)));
        });
        for (prove::Reference &reference : table.references) {
            reference.name += " afterwards";
            if (const auto found = later.find(reference.parent); found != later.end()) reference.parent = found->second;
        }
        question.tables.push_back(std::move(table));
    }
    // What does not change refers to what is there afterwards.
    for (size_t i = 0; i < made_.schema.tables().size(); i++) {
        if (later.contains((int)i)) continue;
        std::vector<prove::Reference> more;
        for (prove::Reference reference : question.tables[i].references)
            if (const auto found = later.find(reference.parent); found != later.end()) {
                reference.name += " afterwards";
                reference.parent = found->second;
                more.push_back(std::move(reference));
            }
        question.tables[i].references.insert(question.tables[i].references.end(), more.begin(), more.end());
    }
    for (size_t i = 0; i < question.steps.size(); i++) {
        prove::Step &step = question.steps[i];
        step.after = made_.writes.tables[i].after;
        for (expr::Expr *condition : {&step.insert, &step.update})
            if (*condition != nullptr) *condition = prove::of_row_afterwards(*condition, step.fresh, step.after);
        step.fresh.table = step.after;
    }
}

CellQuestion Questioner::make_growth() {
    if (!cell_.relation->is_table()) throw Translator::Unsupported{"what a write opens through a view"};
    if (cell_.world == nullptr) throw Error(Code::internal, "nobody said what may be written");
    const expr::Row row = translator_.subject_row(cell_.relation->id);
    const bool inserts = cell_.command == Command::insert;
    made_.statement = proof_statement(cell_, *catalog_, false);
    made_.question.subjects.push_back({row, inserts ? "the new row" : "the row", !inserts, -1});
    const Gate found = gate(*cell_.relation, made_.statement, row, row);
    const expr::Expr reached = inserts ? found.checks : found.rows;
    const std::set<Oid> opened_by = translator_.read_before();
    made_.names_itself = cell_.expected == "none" && !cell_.declared && naming_.anybody();
    translator_.forget_reads();
    if (!made_.names_itself) (void)scope(&row, nullptr);
    const std::set<Oid> scope_reads = translator_.read_before();
    // A new row is in scope or not once it is written, and then the table holds it.
    if (inserts && scope_reads.contains(cell_.relation->id))
        throw Translator::Unsupported{"a scope that may read the table that is written"};
    add_steps();
    note_other_ways();
    // What cannot be tried is no way that anybody could be shown.
    if (cell_.just_signed_up != nullptr && !made_.writes.triggers_run)
        throw Translator::Unsupported{"triggers that may do what no rollback undoes"};
    for (const Writes::Table &table : made_.writes.tables)
        made_.writes.scope_changes = made_.writes.scope_changes || scope_reads.contains(table.relation);
    const expr::Expr inside = scope(&row, nullptr); // with all that the gates have taught of who is named how
    state_facts();
    if (cell_.unmarked || cell_.just_signed_up != nullptr) state_unmarked({reached}, gates_);
    if (cell_.just_signed_up != nullptr) state_just_signed_up(*cell_.just_signed_up);
    std::map<int, int> later;
    int next = (int)made_.schema.tables().size();
    for (Writes::Table &table : made_.writes.tables) later[table.before] = table.after = next++;
    claim("it was out of reach", cell_.of_scope ? inside : reached, false);
    claim("it is in reach afterwards", prove::afterwards(cell_.of_scope ? inside : reached, later), true,
          cell_.of_scope);
    if (!cell_.of_scope)
        claim(made_.names_itself         ? "it names " + cell_.persona->name
              : cell_.expected == "none" ? "nothing was declared"
                                         : "it is in scope",
              inside, false, true);
    if (const auto now = prove::time_of_writes(gates_); now != nullptr) {
        claim("the write comes first",
              expr::compare(expr::Comparison::less_equal, now, expr::parameter(now->type, "now()")), true);
        made_.question.alike.emplace_back(now->name, "now()");
    }
    for (const Translator::Given &given : translator_.givens())
        claim(given.name + ", afterwards", prove::afterwards(given.condition, later), true);
    made_.question.title = fmt::format("{} {} {}, no growth: no write of its own opens what was closed ({})",
                                       cell_.persona->name, name(cell_.command), cell_.relation->name, cell_.expected);
    made_.unset = translator_.unset_settings();
    complete(made_.question, made_.schema, translator_);
    add_states_afterwards();
    return std::move(made_);
}

} // namespace rlsproof::server
