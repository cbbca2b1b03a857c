#include "server/awake.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/rows.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"

extern "C" {
#include "access/relation.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteDefine.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostTables = 200; // that one write reaches through triggers and keys

// A write through a view meets the triggers of the tables below, one into a partitioned table those of its partitions.
constexpr const char *kWritten = R"(
with recursive written(id) as (
  select $1::oid
  union
  select x.id from written w, lateral (
    select i.inhrelid as id from pg_catalog.pg_inherits i where i.inhparent = w.id
    union all
    select d.refobjid from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d
      on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    where r.ev_class = w.id and d.refobjid <> w.id) x
)
)";

// Comments and constants are no part of what a body looks at.
constexpr const char *kTriggers = R"(
select format('trigger %I on %s', t.tgname, t.tgrelid::pg_catalog.regclass), t.tgrelid, p.oid, p.proname,
       lower(pg_catalog.regexp_replace(p.prosrc, $a$--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'$a$, ' ', 'g')),
       t.tgtype & 66 <> 0, pg_catalog.quote_ident(n.nspname),
       lower(pg_catalog.regexp_replace(p.prosrc, $a$--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'$a$, ' ', 'g'))
         ~ 'return\s+(null|old)\M|new\s*:=|into\s+new\M',
       t.tgtype & 2 <> 0 and t.tgqual is null and t.tgattr::text = ''
         and (t.tgtype & 1 = 0 or not exists (select from pg_catalog.pg_inherits i where i.inhparent = t.tgrelid))
         and exists (select from pg_catalog.pg_language l where l.oid = p.prolang and l.lanname = 'plpgsql')
from written w join pg_catalog.pg_trigger t on t.tgrelid = w.id join pg_catalog.pg_proc p on p.oid = t.tgfoid
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where not t.tgisinternal and t.tgenabled = 'O' and t.tgtype & $2::int <> 0
order by t.tgrelid::pg_catalog.regclass::text, t.tgname)";

// Whether a write to it may wake anybody: triggers of its own that are not a key's, or another table that it leads to.
// Most tables have neither, and asking the catalogs takes as long as everything else about a state that is made.
bool may_wake(Oid id) {
    ::Relation relation = try_relation_open(id, AccessShareLock);
    if (relation == nullptr) return true;
    bool may =
        relation->rd_rel->relkind == RELKIND_VIEW || relation->rd_rel->relhassubclass || relation->rd_rel->relhasrules;
    const TriggerDesc *triggers = relation->trigdesc;
    for (int i = 0; !may && triggers != nullptr && i < triggers->numtriggers; i++)
        may = !triggers->triggers[i].tgisinternal;
    relation_close(relation, NoLock);
    return may;
}

bool has_rules(Oid id, CmdType event, bool instead) {
    ::Relation relation = try_relation_open(id, AccessShareLock);
    if (relation == nullptr) return false;
    bool any = false;
    for (int i = 0; relation->rd_rules != nullptr && i < relation->rd_rules->numLocks; i++) {
        const RewriteRule *rule = relation->rd_rules->rules[i];
        any = any || (rule->event == event && (rule->isInstead || !instead) && rule->enabled != RULE_DISABLED &&
                      rule->enabled != RULE_FIRES_ON_REPLICA);
    }
    relation_close(relation, NoLock);
    return any;
}

int event_of(Command command) {
    switch (command) {
    case Command::insert: return 4;
    case Command::remove: return 8;
    case Command::update: return 16;
    default: return 32; // TRUNCATE
    }
}

bool is_word_part(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

bool has_word(const std::string &text, std::string_view word) {
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        const size_t end = at + word.size();
        if ((at == 0 || !is_word_part(text[at - 1])) && (end == text.size() || !is_word_part(text[end]))) return true;
    }
    return false;
}

// RAISE NOTICE and its like stop nothing.
bool raises(const std::string &body) {
    constexpr std::string_view kStatement = "raise";
    for (size_t at = body.find(kStatement); at != std::string::npos; at = body.find(kStatement, at + 1)) {
        const size_t next = body.find_first_not_of(" \t\r\n", at + kStatement.size());
        const std::string_view what = next == std::string::npos ? "" : std::string_view(body).substr(next);
        const auto tells = [&](std::string_view level) { return what.starts_with(level); };
        if (!tells("notice") && !tells("warning") && !tells("log") && !tells("info") && !tells("debug")) return true;
    }
    return has_word(body, "assert");
}

// A body that does nothing but raise lets no write through, whoever it is of. Comments and constants are out of it.
// (Rows of tables that inherit wake no row trigger of their parent: of those it says nothing.)
bool only_raises(const std::string &body) {
    size_t at = body.find_first_not_of(" \t\r\n");
    if (at == std::string::npos || body.compare(at, 5, "begin") != 0 || has_word(body, "when")) return false;
    at = body.find_first_not_of(" \t\r\n", at + 5);
    return at != std::string::npos && body.compare(at, 5, "raise") == 0 &&
           (at + 5 == body.size() || !is_word_part(body[at + 5])) && raises(body.substr(at, body.find(';', at) - at));
}

} // namespace

std::string why_not_undone(const World &world, const Body &body) {
    if (!body.harm.empty()) return body.harm;
    for (const auto &[id, written] : body.relations)
        for (const Relation &relation : world.relations)
            if (relation.id == id && relation.kind == RelationKind::foreign_table)
                return fmt::format("it goes to another server, by {}", relation.name);
    for (const Oid table : body.inserted)
        if (draws_a_number(table, {})) return kWouldDraw;
    return "";
}

// A number or a time that a trigger sets guards nothing; whose a row is, and what policies ask of it, may.
bool Triggers::sets_what_decides(Oid table, const std::string &body) const {
    const Rows set = query("select attnum from pg_catalog.pg_attribute where attrelid = $1::oid and attnum > 0 "
                           "and not attisdropped and $2 ~ ('new\\.\"?' || lower(attname) || '\"?\\s*:?=')",
                           {std::to_string(table), body});
    for (size_t i = 0; i < set.size(); i++) {
        const Column column{table, (int)set.number(i, 0)};
        if (hints_ == nullptr || hints_->identity.contains(column) || hints_->tenant.contains(column) ||
            hints_->authority.contains(column) || hints_->candidates.contains(column))
            return true;
    }
    return false;
}

bool rewritten_by_rules(Oid relation, Command command, bool instead) {
    const CmdType event = command == Command::update   ? CMD_UPDATE
                          : command == Command::insert ? CMD_INSERT
                          : command == Command::remove ? CMD_DELETE
                                                       : CMD_UNKNOWN;
    return event != CMD_UNKNOWN && call(has_rules, relation, event, instead);
}

std::vector<Oid> Triggers::read_rules(Oid relation, Command command, Hearing &hearing) {
    std::vector<Oid> written;
    if (!rewritten_by_rules(relation, command, false)) return written;
    const char event = command == Command::update ? '2' : command == Command::insert ? '3' : '4';
    const Rows rules = query(R"(
select format('rule %I on %s', rulename, ev_class::pg_catalog.regclass), is_instead and ev_qual = '<>' and pg_catalog.pg_get_ruledef(oid) ~ '\mDO INSTEAD NOTHING;$', ev_action::text, ev_qual::text, is_instead
from pg_catalog.pg_rewrite where ev_class = $1::oid and ev_type = $2::"char" and ev_enabled in ('O', 'A') order by 1)",
                             {std::to_string(relation), std::string(1, event)});
    bool nothing = !rules.empty();
    for (size_t i = 0; i < rules.size(); i++) {
        nothing = nothing && rules.boolean(i, 1);
        const bool instead = rules.boolean(i, 4);
        hearing.listeners.push_back({rules.text(i, 0), "", "", true, instead, instead});
        hearing.may_object = hearing.may_object || instead;
        hearing.rewritten = true;
        for (const size_t tree : {2, 3}) {
            if (rules.text(i, tree) == "<>") continue;
            const Scratch scratch;
            const Body body = bodies_.of_tree(rules.text(i, tree));
            if (hearing.why_not.empty())
                if (const std::string why = why_not_undone(world_, body); !why.empty())
                    hearing.why_not = fmt::format("{}: {}", rules.text(i, 0), why);
            for (const auto &[id, by_rule] : body.relations)
                if (by_rule) written.push_back(id);
        }
    }
    if (nothing) hearing.refused_by = rules.text(0, 0);
    hearing.made_nothing = nothing;
    return written;
}

// Takes in the triggers of one table. What they may do to the write counts; of those further on only what they do.
void Triggers::listen(Oid relation, Command command, Hearing &hearing) {
    // By keys that cascade, and by what triggers write themselves, others are woken.
    struct Next {
        Oid table;
        int events;
    };
    constexpr int kEverything = 4 | 8 | 16;
    std::vector<Next> left{{relation, event_of(command)}};
    std::set<std::pair<Oid, int>> seen;
    for (const Oid table : read_rules(relation, command, hearing)) left.push_back({table, kEverything});
    std::swap(left.front(), left.back()); // the write itself first
    for (bool first = true; !left.empty() && seen.size() < kMostTables; first = false) {
        const Next next = left.back();
        left.pop_back();
        if (!seen.emplace(next.table, next.events).second) continue;
        const std::vector<Value> which{std::to_string(next.table), std::to_string(next.events)};
        const Rows triggers = query(std::string(kWritten) + kTriggers, which);
        for (size_t i = 0; i < triggers.size(); i++) {
            const Body &body = bodies_.of(triggers.oid(i, 2));
            const std::string &text = triggers.text(i, 4);
            const bool platform = triggers.text(i, 6) == "supabase_functions";
            Listener listener{triggers.text(i, 0), triggers.text(i, 3), text, triggers.boolean(i, 5), true, false};
            if (triggers.boolean(i, 8) && triggers.oid(i, 1) == relation && only_raises(text))
                hearing.refused_by = listener.name;
            const bool asks = body.asks_who || !body.known || has_word(text, "current_user") ||
                              has_word(text, "current_role") || has_word(text, "session_user");
            listener.guards = asks || has_word(text, "old") || !has_word(text, "new");
            const bool changes = !body.known || triggers.boolean(i, 7) || has_word(text, "perform") ||
                                 sets_what_decides(triggers.oid(i, 1), text);
            listener.may_object =
                !platform && (raises(text) ? listener.before || listener.guards : listener.before && changes);
            if (hearing.why_not.empty())
                if (const std::string why = why_not_undone(world_, body); !why.empty())
                    hearing.why_not = fmt::format("{}: {}", listener.name, why);
            for (const auto &[id, written] : body.relations)
                if (written) left.push_back({id, kEverything});
            if (!first) continue;
            hearing.may_object = hearing.may_object || listener.may_object;
            hearing.listeners.push_back(std::move(listener));
        }
        // What is updated here leaves keys as they are.
        if ((next.events & 8) == 0) continue;
        const Rows children = query(std::string(kWritten) + R"(
select distinct k.conrelid, k.confdeltype = 'c' from written w join pg_catalog.pg_constraint k on k.confrelid = w.id
where k.contype = 'f' and k.confdeltype not in ('a', 'r'))",
                                    {std::to_string(next.table)});
        for (size_t i = 0; i < children.size(); i++)
            left.push_back({children.oid(i, 0), children.boolean(i, 1) ? 8 : 16});
    }
    if (!hearing.listeners.empty() || hearing.why_not.empty()) return;
    // Only what cascades could do harm: what the write itself does wakes nobody.
    hearing.why_not.clear();
}

const Hearing &Triggers::of(const Relation &relation, Command command) {
    const auto [place, is_new] = known_.try_emplace({relation.id, command});
    if (is_new && call(may_wake, relation.id)) listen(relation.id, command, place->second);
    return place->second;
}

void hear_too(Hearing &hearing, const Hearing &more) {
    hearing.listeners.insert(hearing.listeners.end(), more.listeners.begin(), more.listeners.end());
    hearing.may_object = hearing.may_object || more.may_object;
    if (hearing.why_not.empty()) hearing.why_not = more.why_not;
}

Hearing Triggers::of_any(const std::vector<const Relation *> &relations) {
    Hearing all;
    for (const Relation *relation : relations)
        for (const Command command : {Command::insert, Command::update, Command::remove})
            hear_too(all, of(*relation, command));
    return all;
}

std::vector<Objection> objections(const Hearing &hearing, const Heard &heard) {
    std::vector<Objection> said;
    const auto add = [&](Objection objection) {
        if (std::none_of(said.begin(), said.end(), [&](const Objection &o) { return o.reason == objection.reason; }))
            said.push_back(std::move(objection));
    };
    for (const Outcome &failure : heard.failures)
        for (const Listener &listener : hearing.listeners) {
            // A key that what the trigger put in place of the given value does not fit.
            const bool key = failure.sqlstate == "23503";
            const bool misled =
                key && listener.before && !failure.constraint.empty() &&
                !query("select 1 from pg_catalog.pg_constraint k, pg_catalog.pg_attribute a "
                       "where k.conname = $1 and k.contype = 'f' and a.attrelid = k.conrelid and a.attnum = any "
                       "(k.conkey) and $2 ~ ('new\\.\"?' || lower(a.attname) || '\"?\\s*:?=')",
                       {failure.constraint, listener.body})
                     .empty();
            if (listener.function.empty()) continue;
            if (misled)
                add({fmt::format("{} sets another value than the one given", listener.name), true});
            else if (failure.context.find(listener.function + "(") != std::string::npos) {
                const std::string state = failure.sqlstate.substr(0, 2);
                const bool of_values = failure.sqlstate == "P0001" || state == "22" || state == "23";
                add({fmt::format("{} refused it with {}: {}", listener.name, failure.sqlstate, failure.message),
                     listener.guards || !of_values});
            }
        }
    if (heard.put_back) {
        std::vector<std::string> names;
        for (const Listener &listener : hearing.listeners)
            if (listener.before && listener.may_object) names.push_back(listener.name);
        if (names.empty())
            for (const Listener &listener : hearing.listeners) names.push_back(listener.name);
        add({fmt::format("{} {}", fmt::join(names, ", "),
                         hearing.rewritten ? "makes something else of it" : "puts back what it wrote"),
             true});
    }
    std::stable_sort(said.begin(), said.end(),
                     [](const Objection &a, const Objection &b) { return a.guards > b.guards; });
    return said;
}

void wake() {
    set_locally("session_replication_role", "origin");
}

} // namespace rlsproof::server
