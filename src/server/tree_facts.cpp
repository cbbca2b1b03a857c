#include "server/facts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/personas.hpp"
#include "server/rewrite.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/tree_walk.hpp"

extern "C" {
#include "access/transam.h"
}

namespace rlsproof::server {

namespace {

template <typename T>
void add_once(std::vector<T> &list, const T &value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

template <typename Take>
void each_note(const TreeWalk &walk, Take take) {
    for (int i = 0; i < list_length(walk.notes); i++) take(*static_cast<const Note *>(list_nth(walk.notes, i)));
}

List *without_null_equal(List *notes, int from) {
    List *kept = NIL;
    for (int i = 0; i < list_length(notes); i++)
        if (i < from || static_cast<const Note *>(list_nth(notes, i))->kind != NoteKind::null_equal)
            kept = lappend(kept, list_nth(notes, i));
    return kept;
}

class Trees {
public:
    explicit Trees(FactBook &book) : book_(book) {}

    void read();

private:
    void policies();
    void views();
    void applies();
    void shut();
    void immutable(Oid function, const std::string &by);
    // Whether a function reads user metadata, itself or through what it calls.
    bool forgeable(Oid function, std::set<Oid> &seen);
    std::vector<std::string> forgeable(const TreeWalk &walk);
    void take(const TreeWalk &walk, const Relation &table, Policy &policy);
    TreeWalk walk_of(Oid relation) const {
        TreeWalk walk{};
        walk.relation = relation;
        walk.asking = asking_.data();
        walk.asking_count = (int)asking_.size();
        walk.sending = sending_.data();
        walk.sending_count = (int)sending_.size();
        walk.reading = reading_.data();
        walk.reading_count = (int)reading_.size();
        return walk;
    }
    // Without the word in front: schema.function(types).
    std::string plain_name(Oid function) { return book_.function_name(function).substr(4); }

    FactBook &book_;
    // Which row it is that a header names: whose it is, and no secret that only those know who may see it.
    static bool names_whose(const Column &column);

    std::vector<Oid> asking_, sending_, reading_;
    std::map<Oid, bool> immutable_; // functions of the application, and whether they are declared so
};

bool Trees::forgeable(Oid function, std::set<Oid> &seen) {
    if (!seen.insert(function).second) return false;
    const BodyFacts &body = book_.body(function);
    if (body.forgeable) return true;
    const std::vector<Oid> calls = body.calls;
    return std::any_of(calls.begin(), calls.end(), [&](Oid callee) { return forgeable(callee, seen); });
}

std::vector<std::string> Trees::forgeable(const TreeWalk &walk) {
    std::vector<std::string> ways;
    each_note(walk, [&](const Note &note) {
        std::set<Oid> seen;
        if (note.kind == NoteKind::metadata) add_once(ways, std::string("the claim user_metadata"));
        if (note.kind == NoteKind::metadata_column) add_once(ways, std::string("the column raw_user_meta_data"));
        if (note.kind == NoteKind::function && forgeable(note.object, seen))
            add_once(ways, "user metadata through " + plain_name(note.object));
    });
    return ways;
}

bool Trees::names_whose(const Column &column) {
    // A column that says what a row belongs to refers to it; the word that opens a cart to whoever has it is its own.
    const Rows found = query(R"(
select a.attname ~* '(session|token|secret|key|code|hash|guest|visitor|device|nonce|pass|pin|otp|sign|share|invite|cart|fingerprint)',
  exists (select from pg_catalog.pg_constraint f where f.contype = 'f' and f.conrelid = a.attrelid and a.attnum = any(f.conkey)),
  exists (select from pg_catalog.pg_constraint k where k.contype = 'f' and k.confrelid = a.attrelid)
from pg_catalog.pg_attribute a where a.attrelid = $1::oid and a.attnum = $2::int2)",
                             {std::to_string(column.relation), std::to_string(column.number)});
    return !found.empty() && !found.boolean(0, 0) && (found.boolean(0, 1) || found.boolean(0, 2));
}

void Trees::immutable(Oid function, const std::string &by) {
    if (function < FirstNormalObjectId) return;
    auto known = immutable_.find(function);
    if (known == immutable_.end()) {
        const Rows rows = query(
            "select provolatile = 'i' and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and "
            "d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.deptype = 'e') from pg_catalog.pg_proc p "
            "where p.oid = $1::oid",
            {std::to_string(function)});
        known = immutable_.emplace(function, !rows.empty() && rows.boolean(0, 0)).first;
    }
    if (!known->second) return;
    const Body &body = book_.bodies.of(function);
    if (!body.asks_who && body.relations.empty()) return;
    std::string reads = body.asks_who ? "the session" : "";
    for (const auto &[table, written] : body.relations)
        if (const Relation *touched = book_.relation(table)) reads += (reads.empty() ? "" : ", ") + touched->name;
    if (reads.empty()) return;
    for (FalseImmutable &other : book_.world.false_immutables)
        if (other.function == book_.function_name(function)) return add_once(other.used_by, by);
    book_.world.false_immutables.push_back({book_.function_name(function), reads, {by}});
}

void Trees::policies() {
    const Rows rows = query(R"(
select p.polrelid, p.polname, p.polqual::text, p.polwithcheck::text from pg_catalog.pg_policy p
order by p.polrelid, p.polname collate "C")");
    for (size_t i = 0; i < rows.size(); i++) {
        Relation *table = book_.relation(rows.oid(i, 0));
        if (table == nullptr) continue;
        const auto policy = std::find_if(table->policies.begin(), table->policies.end(),
                                         [&](const Policy &p) { return p.name == rows.text(i, 1); });
        if (policy == table->policies.end()) continue;
        const Scratch scratch;
        TreeWalk walk = walk_of(rows.oid(i, 0));
        for (const size_t at : {2, 3}) {
            if (!rows.value(i, at)) continue;
            const int before = list_length(walk.notes);
            call(walk_policy, rows.text(i, at).c_str(), at == 3, &walk);
            // Which rows are given away is USING's to say. A check beside it that knows NULL keeps what was there.
            if (at == 3 && rows.value(i, 2)) walk.notes = call(without_null_equal, walk.notes, before);
        }
        take(walk, *table, *policy);
        poll();
    }
}

void Trees::take(const TreeWalk &walk, const Relation &table, Policy &policy) {
    PolicyFacts &facts = policy.facts;
    facts.forgeable = forgeable(walk);
    facts.negation = walk.predicates > 0 && walk.negations == walk.predicates;
    facts.asks_who = walk.asks_who;
    facts.always = walk.always;
    facts.never = walk.never;
    each_note(walk, [&](const Note &note) {
        switch (note.kind) {
        case NoteKind::function:
            immutable(note.object, fmt::format("policy \"{}\" of {}", policy.name, table.name));
            break;
        case NoteKind::row_call: add_once(facts.row_calls, plain_name(note.object)); break;
        case NoteKind::self: add_once(facts.self_compared, book_.column({note.object, note.number}).name); break;
        case NoteKind::outer: add_once(facts.outer_shown, book_.column({note.object, note.number}).name); break;
        case NoteKind::captured: add_once(facts.captured, book_.column_name({note.object, note.number})); break;
        case NoteKind::detached:
            if (const Relation *other = book_.relation(note.object)) add_once(facts.detached, other->name);
            break;
        case NoteKind::null_equal:
            if (const ColumnFacts found = book_.column({note.object, note.number}); found.nullable)
                add_once(facts.null_equal, found.name);
            break;
        case NoteKind::identity_equal:
            add_once(facts.identity_equals, book_.column({note.object, note.number}).name);
            break;
        case NoteKind::metadata:
        case NoteKind::metadata_column: break; // forgeable() has told
        case NoteKind::sent:
        case NoteKind::sent_signed_in:
            // What is restricted to what a header says is no wider for that.
            if (policy.permissive && names_whose({note.object, note.number}))
                add_once(note.kind == NoteKind::sent ? facts.sent : facts.sent_signed_in,
                         book_.column_name({note.object, note.number}));
            break;
        case NoteKind::loose_address:
            if (policy.permissive) add_once(facts.forgeable, std::string("the end of the e-mail address"));
            break;
        case NoteKind::said_by_header:
            if (policy.permissive) add_once(facts.forgeable, fmt::format("the header {}", kNoSecrets[note.number]));
            break;
        }
    });
}

void Trees::views() {
    const Rows rows = query("select ev_class, ev_action::text from pg_catalog.pg_rewrite r join pg_catalog.pg_class c "
                            "on c.oid = r.ev_class where c.relkind in ('v', 'm') and r.ev_type = '1' "
                            "order by ev_class");
    for (size_t i = 0; i < rows.size(); i++) {
        Relation *view = book_.relation(rows.oid(i, 0));
        if (view == nullptr || view->extension_member) continue;
        const Scratch scratch;
        TreeWalk everything = walk_of(InvalidOid), conditions = everything;
        call(walk_view, rows.text(i, 1).c_str(), &everything, &conditions);
        view->forgeable = forgeable(conditions);
        view->parts.asks_who = conditions.asks_who;
        each_note(everything, [&](const Note &note) {
            if (note.kind == NoteKind::function) immutable(note.object, "view " + view->name);
        });
        poll();
    }
}

void Trees::applies() {
    std::vector<std::string> roles;
    for (const Persona &persona : book_.world.personas) roles.push_back(persona.role);
    const Rows rows = query(R"(
select p.polrelid, p.polname, array(
  select r.ordinality - 1 from pg_catalog.unnest($1::name[]) with ordinality r(role, ordinality)
  where 0 = any(p.polroles) or exists (select from unnest(p.polroles) o where o <> 0
        and pg_catalog.pg_has_role(r.role, o, 'USAGE')) order by 1)
from pg_catalog.pg_policy p)",
                            {array_literal(roles)});
    for (size_t i = 0; i < rows.size(); i++)
        if (Relation *table = book_.relation(rows.oid(i, 0)))
            for (Policy &policy : table->policies)
                if (policy.name == rows.text(i, 1))
                    for (const std::string &position : rows.list(i, 2))
                        policy.facts.personas.push_back(book_.world.personas[std::stoul(position)].name);
}

// Who may write where no policy for SELECT applies to it, and whom the policies for writing let to no row anyway: a
// policy for everybody that compares a column with who is asking is not for those who are nobody.
void Trees::shut() {
    const auto applies_to = [](const Policy &policy, const std::string &persona) {
        const auto &whom = policy.facts.personas;
        return policy.permissive && !policy.predicate.empty() &&
               std::find(whom.begin(), whom.end(), persona) != whom.end();
    };
    for (const Persona &persona : book_.world.personas) {
        std::vector<Relation *> blind;
        for (Relation &relation : book_.world.relations) {
            bool reads = false, writes = false;
            for (const Policy &policy : relation.policies) {
                const bool applied = applies_to(policy, persona.name);
                reads = reads || (applied && (policy.command == "SELECT" || policy.command == "ALL"));
                writes = writes || (applied && (policy.command == "UPDATE" || policy.command == "DELETE"));
            }
            if (writes && !reads) blind.push_back(&relation);
        }
        if (blind.empty() || !why_not_assumed(persona).empty()) continue;
        (void)attempt(Finish::rollback, [&] {
            assume(identity_of(persona));
            for (Relation *relation : blind)
                for (const PolicyFold &fold : fold_policies(relation->id))
                    for (Policy &policy : relation->policies)
                        if (policy.name == fold.name && fold.rows != Truth::always &&
                            (fold.rows == Truth::never || persona.uid.empty()))
                            policy.facts.shut.push_back(persona.name);
        }); // a policy that cannot be folded shuts nobody out
    }
}

void Trees::read() {
    applies();
    shut();
    // Every function of a policy or a view, and which of them look at the caller.
    const Rows called = query("select distinct d.refobjid from pg_catalog.pg_depend d where d.classid in "
                              "('pg_catalog.pg_policy'::pg_catalog.regclass, "
                              "'pg_catalog.pg_rewrite'::pg_catalog.regclass) and d.refclassid = "
                              "'pg_catalog.pg_proc'::pg_catalog.regclass order by 1");
    for (size_t i = 0; i < called.size(); i++)
        if (const Body &body = book_.bodies.of(called.oid(i, 0)); body.asks_who) {
            asking_.push_back(called.oid(i, 0));
            if (!body.relations.empty()) reading_.push_back(called.oid(i, 0));
            const bool sends = std::all_of(body.settings.begin(), body.settings.end(),
                                           [](const auto &setting) { return is_sent_setting(setting.first.c_str()); });
            if (sends && body.relations.empty() && !body.settings.empty()) sending_.push_back(called.oid(i, 0));
        }
    policies();
    views();
}

} // namespace

void add_tree_facts(FactBook &book) {
    Trees(book).read();
}

} // namespace rlsproof::server
