#include "model/expectation.hpp"
#include "model/name_words.hpp"
#include "prove/prover.hpp"
#include "prove/question.hpp"

#include "server/examination.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/access.hpp"
#include "server/appointed.hpp"
#include "server/calls.hpp"
#include "server/column_rights.hpp"
#include "server/cycle.hpp"
#include "server/environment.hpp"
#include "server/identity.hpp"
#include "server/judge.hpp"
#include "server/meant.hpp"
#include "server/name_conditions.hpp"
#include "server/personas.hpp"
#include "server/read_through.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/time_limit.hpp"
#include "server/ways_up.hpp"
#include "server/world.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kTelling = 8;  // letters from which on a value is taken to be one that was made
constexpr double kMany = 20000; // rows: beyond that, statements that touch all of them are not run

// Whether a trigger may fill the columns of a new row.
bool trigger_may_give(Oid table) {
    return !query("select from pg_catalog.pg_trigger where tgrelid = $1::oid and tgtype & 7 = 7 and tgenabled <> 'D'",
                  {std::to_string(table)})
                .empty();
}

// Whether the one who asks may fill the column that a new row lacks, or a trigger may. What another table lacks, that a
// trigger writes to, says nothing of this one.
bool may_give(const Relation &relation, const Outcome &lacking) {
    const Rows found = query(R"(
select pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'INSERT') from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = $1::oid
where n.nspname = $2 and c.relname = $3 and a.attname = $4 and (c.oid = a.attrelid
  or exists (select from pg_catalog.pg_partition_tree(a.attrelid::regclass) p where p.relid = c.oid)))",
                             {std::to_string(relation.id), lacking.schema, lacking.table, lacking.column});
    return found.empty() || found.boolean(0, 0) || trigger_may_give(relation.id);
}

std::string object_of(const Relation &relation, const Part &part) {
    return part.column == 0 ? relation.name : "bucket:" + part.value;
}

std::string not_looked_at(const Outcome &outcome) {
    return fmt::format("it could not be looked at: {}: {}", outcome.sqlstate, outcome.message);
}

} // namespace

// Whether a value that something objects to, quoted in its message, is one that was made up here.
bool Examination::is_of_made_row(const Relation &relation, const std::string &message) const {
    const size_t start = message.find('"');
    if (start == message.npos || message.find('"', start + 1) == message.npos) return false;
    const std::string value = message.substr(start + 1, message.find('"', start + 1) - start - 1);
    if (value.starts_with("made")) return true;
    const std::vector<Row> &rows = stage_->rows(relation.id);
    return value.size() >= kTelling && std::any_of(rows.begin(), rows.end(), [&](const Row &row) {
               return row.made && std::any_of(row.values.begin(), row.values.end(), [&](const auto &given) {
                          return given.second && given.second->find(value) != std::string::npos;
                      });
           });
}

Predicate Examination::predicate(const Relation &relation, Command command, const Persona &persona, bool with_rules) {
    Predicate result;
    std::string sql;
    switch (command) {
    case Command::select: sql = select_statement(relation, persona); break;
    case Command::insert: sql = fmt::format("insert into {} default values", relation.name); break;
    case Command::update: {
        const std::string column = settable_column(relation);
        if (column.empty()) return result;
        sql = fmt::format("update {} set {} = default", relation.name, column);
        break;
    }
    default: sql = "delete from " + relation.name;
    }
    result.outcome = attempt(Finish::rollback, [&] {
        if (with_rules) {
            const AsUser past(user_, security_);
            wake();
        }
        for (const BaseRelation &base : rewrite(sql)) {
            const bool counts = command == Command::select ? !base.inside_policy : base.target;
            if (!counts) continue;
            result.bound = result.bound || base.row_security;
            result.filtered = result.filtered || base.filtered;
            result.rows = std::min(result.rows, base.truth);
            for (const Check &check : base.checks) result.checks = std::min(result.checks, check.truth);
        }
    });
    return result;
}

// What went wrong; of policies that lead back to themselves, the way they take.
std::string Examination::failure(const Outcome &outcome, const Persona &persona, const Relation &relation,
                                 Command command) {
    std::string text = fmt::format("{}: {}", outcome.sqlstate, outcome.message);
    if (outcome.sqlstate != "42P17" && outcome.sqlstate != "54001") return text;
    const std::string way = policy_cycle(world_, hints_, bodies_, relation, command, persona.name);
    return way.empty() ? text : fmt::format("{} ({})", text, way);
}

void Examination::rows_decide(Cell &cell, const Persona &persona, const Relation &relation, const Part &part,
                              const Predicate &predicate, Heard *heard) {
    Probe probe(*stage_, relation, own_, user_, security_, part);
    if (heard != nullptr) probe.wake_triggers(*heard);
    Judge judge(*stage_, own_, declared_.scopes, persona, relation, probe);
    const TableShape *shape = stage_->tables().of(relation.id);
    const bool many = shape != nullptr && shape->rows > kMany;
    Observation observation;
    switch (cell.command) {
    case Command::select: observation = probe.select(); break;
    case Command::insert: {
        if (!relation.is_table()) {
            const std::vector<ViewColumn> columns = view_columns(relation.id);
            const Relation *base = nullptr;
            for (const Relation &candidate : world_.relations)
                if (!columns.empty() && candidate.id == columns.front().table) base = &candidate;
            if (base == nullptr || has_scope(cell)) {
                cell.verdict = Verdict::unknown;
                cell.reason = "inserting through it was not tried";
                return;
            }
            const Probe below(*stage_, *base, own_, user_, security_, part);
            const std::vector<Values> candidates = stage_->candidates(base->id, below.foreign());
            if (candidates.empty()) {
                cell.verdict = Verdict::vacuous;
                cell.reason = stage_->why_none(base->id);
                return;
            }
            observation = probe.insert_view(candidates, columns);
            break;
        }
        if (has_scope(cell)) return judge.entries(cell);
        std::vector<Values> candidates = stage_->candidates(relation.id, probe.foreign());
        if (cell.declared && cell.expected == "none") {
            const std::vector<Values> own = stage_->candidates(relation.id, probe.own());
            candidates.insert(candidates.end(), own.begin(), own.end());
        }
        if (candidates.empty()) {
            cell.verdict = predicate.checks == Truth::always && predicate.bound ? Verdict::open : Verdict::unknown;
            cell.reason = stage_->why_none(relation.id);
            return;
        }
        observation = probe.insert(candidates, persona.uid);
        break;
    }
    default: {
        if (!relation.is_table()) {
            observation = cell.command == Command::update ? probe.update_view() : probe.remove_view();
            break;
        }
        if (cell.command == Command::update) {
            observation = probe.update(many);
            break;
        }
        observation = probe.remove(false);
        if ((!observation.outcome.ok || observation.foreign.empty()) && !many) {
            Observation blind = probe.remove(true);
            if (blind.outcome.ok || !observation.outcome.ok) observation = std::move(blind);
        }
    }
    }
    const Outcome &outcome = observation.outcome;
    if (outcome.ok) return judge.seen(cell, observation, predicate.bound);

    // A refusal by policy is an answer; a failure is one as well, of another kind.
    if (refused_by_policy(outcome)) {
        observation.total = 0;
        judge.seen(cell, observation, predicate.bound);
        if (cell.verdict == Verdict::ok) {
            cell.reason = cell.command == Command::insert ? "every row that belongs to somebody else was refused"
                                                          : "every change of a row of somebody else was refused";
            if (part.column != 0 && cell.command == Command::insert) judge.any_bucket(cell, part);
        }
        return;
    }
    if (TimeLimit::ended(outcome) || outcome.message == kWouldDraw) {
        cell.verdict = Verdict::unknown;
        cell.evidence = Evidence::none;
        cell.reason = outcome.message;
        return;
    }
    if (outcome.sqlstate == "44000") { // the view's own WITH CHECK OPTION
        cell.verdict = Verdict::unknown;
        cell.evidence = Evidence::none;
        cell.reason = fmt::format("no made row is one that it shows: {}", outcome.message);
        return;
    }
    if (outcome.sqlstate == "23502" && !relation.is_table() && cell.command == Command::insert) {
        const auto columns = view_columns(relation.id);
        const bool shown = std::any_of(columns.begin(), columns.end(), [&](const ViewColumn &column) {
            const TableShape *base = stage_->tables().of(column.table);
            const ColumnShape *named = base != nullptr ? base->column(column.column) : nullptr;
            return named != nullptr && named->name == quote_identifier(outcome.column);
        });
        if (!shown && !columns.empty() && !trigger_may_give(columns.front().table)) {
            cell.verdict = cell.expected == "none" ? Verdict::ok : Verdict::lockout;
            cell.evidence = Evidence::structural;
            cell.reason = fmt::format("a row needs a value in {}, which it has no column for", outcome.column);
            return;
        }
    }
    if (outcome.sqlstate == "23502" && relation.is_table() && cell.command == Command::insert &&
        !may_give(relation, outcome)) {
        cell.verdict = cell.expected == "none" ? Verdict::ok : Verdict::lockout;
        cell.evidence = Evidence::privilege;
        cell.reason = fmt::format("a row needs a value in {}, and there is no privilege to give one", outcome.column);
        return;
    }
    if (outcome.sqlstate.substr(0, 2) == "23" || outcome.sqlstate.substr(0, 2) == "22") {
        if (cell.command != Command::select && outcome.sqlstate.substr(0, 2) == "23") {
            cell.verdict = Verdict::unknown;
            cell.evidence = Evidence::none;
            cell.reason =
                fmt::format("a constraint objected before the policies could be seen at work: {}", outcome.message);
            return;
        }
    }
    if (outcome.sqlstate.substr(0, 2) == "22" && is_of_made_row(relation, outcome.message)) {
        cell.verdict = Verdict::unknown;
        cell.evidence = Evidence::none;
        cell.reason = fmt::format("a made row does not suit the policies: {}", outcome.message);
        return;
    }
    if (!relation.is_table() && outcome.sqlstate == "42501") {
        // A view that reads with the caller's rights: what it may not read, it may not read through the view either.
        cell.verdict = cell.expected == "none" ? Verdict::ok : Verdict::lockout;
        cell.evidence = Evidence::privilege;
        cell.reason = outcome.message;
        return;
    }
    if (outcome.of_our_text) {
        cell.verdict = Verdict::unknown;
        cell.evidence = Evidence::none;
        cell.reason = not_looked_at(outcome);
        return;
    }
    cell.verdict = Verdict::error;
    cell.evidence = Evidence::execution;
    cell.reason = failure(outcome, persona, relation, cell.command);
}

// Triggers may guard what policies leave open. Who is accused of a write has done it past them as well; where it was
// stopped, one refusal does not say that every write is. False where that leaves a doubt.
bool Examination::hear_triggers(Cell &cell, const Cell &before, const Persona &persona, const Relation &relation,
                                const Part &part, const Predicate &predicate) {
    const bool accused = cell.verdict == Verdict::open || cell.verdict == Verdict::leak;
    if (!accused || cell.command == Command::select || !stage_->triggers_off()) return true;
    const Hearing &hearing = triggers_.of(relation, cell.command);
    const auto doubt = [&](const std::string &why) {
        const std::string accusation = cell.reason;
        cell = before;
        cell.verdict = Verdict::unknown;
        cell.evidence = Evidence::none;
        cell.reason = fmt::format("the policies let it through ({}), and {}", accusation, why);
        return false;
    };
    if (hearing.listeners.empty()) return true;
    if (!hearing.refused_by.empty() && before.expected == "none") {
        cell = before;
        cell.verdict = Verdict::ok;
        cell.evidence = Evidence::structural;
        cell.reason = fmt::format("the policies let it through, and {} refuses it to everybody", hearing.refused_by);
        return false;
    }
    if (!hearing.why_not.empty()) {
        return !hearing.may_object ||
               doubt(fmt::format("triggers that may stop it could not be heard: {}", hearing.why_not));
    }
    Heard heard;
    Cell again = before;
    rows_decide(again, persona, relation, part, predicate, &heard);
    if (again.verdict == cell.verdict) {
        cell = std::move(again);
        return true;
    }
    std::vector<Objection> said = objections(hearing, heard);
    if (said.empty() && heard.failures.empty()) {
        heard.put_back = true; // it ran, and nothing came of it
        said = objections(hearing, heard);
    }
    if (said.empty()) return true; // a key that a made row does not have is no guard
    if (!said.front().guards) {
        cell.reason += fmt::format("; past the policies, {}", said.front().reason);
        return true;
    }
    return doubt(fmt::format("{}; whether that stops everything is not known", said.front().reason));
}

// As it is before anything is known.
Cell Examination::blank(const Persona &persona, const std::string &object, Command command) const {
    Cell cell;
    cell.persona = persona.name;
    cell.object = object;
    cell.command = command;
    cell.key = fmt::format("{}:{}:{}", cell.persona, cell.object, name(command));
    if (const Expectation *expectation = declared_.expectations.of(persona.name, object, command)) {
        cell.expected = expectation->access;
        cell.declared = true;
    }
    return cell;
}

Cell Examination::examine(const Persona &persona, const Relation &relation, const Part &part, Command command) {
    Cell cell = blank(persona, object_of(relation, part), command);
    const auto decide = [&](Verdict verdict, Evidence evidence, std::string reason) {
        cell.verdict = verdict;
        cell.evidence = evidence;
        cell.reason = std::move(reason);
        return cell;
    };
    const Verdict denied = cell.expected == "none" ? Verdict::ok : Verdict::lockout;
    const Verdict allowed = cell.expected == "all" ? Verdict::ok : cell.declared ? Verdict::leak : Verdict::open;

    const Reach *reach = relation.reach_of(persona.name);
    if (reach == nullptr || !reach->commands.contains(command))
        return decide(denied, Evidence::privilege, "no privilege");
    if (!row_wise(command))
        return decide(allowed, Evidence::privilege,
                      fmt::format("{} is granted, and no policy looks at it", name(command)));
    if (relation.kind == RelationKind::materialized_view && command != Command::select)
        return decide(denied, Evidence::structural, "a materialized view cannot be written");
    if (relation.kind == RelationKind::foreign_table)
        return decide(allowed, Evidence::privilege, "a foreign table can have no policies");

    const Hearing *rules = command != Command::select ? &triggers_.of(relation, command) : nullptr;
    if (rules != nullptr && rules->made_nothing)
        return decide(denied, Evidence::structural, fmt::format("{} makes nothing of it", rules->refused_by));
    if (!why_not_assumed_.empty()) return decide(Verdict::unknown, Evidence::none, why_not_assumed_);
    // A view that rules make writable is no table of its own, and rules rest while triggers do.
    const bool by_rules = rules != nullptr && rules->rewritten && !relation.is_table() && stage_ != nullptr;
    const Predicate found = predicate(relation, command, persona, by_rules);
    if (!found.outcome.ok) {
        const std::string &state = found.outcome.sqlstate;
        // A view that cannot be written is no way in.
        if (!relation.is_table() && command != Command::select &&
            (state == "55000" || state == "0A000" || state == "42809"))
            return decide(denied, Evidence::structural, found.outcome.message);
        if (found.outcome.of_our_text) return decide(Verdict::unknown, Evidence::none, not_looked_at(found.outcome));
        return decide(Verdict::error, Evidence::structural, failure(found.outcome, persona, relation, command));
    }
    const Truth truth = command == Command::insert ? found.checks : found.rows;
    const bool relevant = relation.is_table() || relation.kind == RelationKind::view;
    if (has_scope(cell) && !declared_.scopes.contains({relation.name, cell.expected}))
        return decide(Verdict::unknown, Evidence::none,
                      fmt::format("scope \"{}\" is not declared for {}", cell.expected, relation.name));
    // Whether somebody is locked out of what the scope gives depends on whether it gives anything.
    if (found.bound && truth == Truth::never && relevant && (!has_scope(cell) || stage_ == nullptr))
        return decide(denied, Evidence::proof,
                      relation.is_table() && relation.policies.empty()
                          ? "row level security is on and there is no policy"
                          : "for this identity the policies are false, whatever the rows hold");
    if (stage_ == nullptr) {
        const Outcome privileged =
            attempt(Finish::rollback, [&] { check_privileges(statement_for(relation, persona, command, false)); });
        if (!privileged.ok && privileged.sqlstate == "42501" && !relation.is_table())
            return decide(denied, Evidence::privilege, privileged.message);
        if (privileged.ok && !found.filtered && (!found.bound || truth == Truth::always))
            return decide(allowed, found.bound ? Evidence::proof : Evidence::privilege,
                          found.bound ? "the policies are true for every row" : "no policy applies");
        return decide(Verdict::unknown, Evidence::none, why_no_stage_);
    }
    const Cell before = cell;
    if (by_rules) {
        if (!rules->why_not.empty())
            return decide(Verdict::unknown, Evidence::none,
                          "what its rules make of it was not tried: " + rules->why_not);
        Heard heard;
        rows_decide(cell, persona, relation, part, found, &heard);
        if (cell.verdict == Verdict::ok && cell.evidence == Evidence::execution && command != Command::insert)
            return decide(Verdict::unknown, Evidence::execution,
                          "its rules make something else of it, and what that changes was not seen");
        return cell;
    }
    rows_decide(cell, persona, relation, part, found);
    if (!hear_triggers(cell, before, persona, relation, part, found)) return cell;
    if (cell.verdict == Verdict::ok && !cell.declared && part.column != 0 && found.bound) {
        Probe probe(*stage_, relation, own_, user_, security_, part);
        if (const std::string unmet = unmet_name(relation, persona, command, probe); !unmet.empty())
            return decide(Verdict::unknown, Evidence::none, "no file could be made whose name meets " + unmet);
    }
    if (cell.verdict == Verdict::open && command == Command::select && part.column == 0 && found.bound &&
        truth == Truth::always)
        cell.said_by = said_to_be_for_everybody(persona, relation, *stage_,
                                                Probe(*stage_, relation, own_, user_, security_, part));
    // What holds for every row needs no row to show it.
    const bool everything = relation.is_table() && (!found.bound || truth == Truth::always) &&
                            (command != Command::update || found.checks == Truth::always);
    if (everything && (cell.verdict == Verdict::vacuous || cell.verdict == Verdict::unknown) &&
        (cell.expected == "none" || cell.expected == "all"))
        return decide(allowed, found.bound ? Evidence::proof : Evidence::privilege,
                      fmt::format("{} ({})", found.bound ? "the policies are true for every row" : "no policy applies",
                                  cell.reason));
    return cell;
}

// One that cannot be looked at leaves the others to be looked at.
Cell Examination::examined(const Persona &persona, const Relation &relation, const Part &part, Command command) {
    Cell cell;
    const Outcome outcome = attempt(Finish::commit, [&] { cell = examine(persona, relation, part, command); });
    if (outcome.ok) return cell;
    cell = blank(persona, object_of(relation, part), command);
    cell.reason = not_looked_at(outcome);
    return cell;
}

// A table is one object, unless it keeps the files of buckets: then each of them is one, beside the table itself for
// what is granted on the whole.
std::vector<std::pair<std::string, Part>> Examination::objects_of(const Relation &relation) const {
    std::vector<std::pair<std::string, Part>> objects{{relation.name, Part{}}};
    for (const Part &part : parts_.parts(relation.id)) objects.emplace_back("bucket:" + part.value, part);
    return objects;
}

void Examination::functions(const Persona &persona, const Selection &selection, std::vector<Cell> &cells) {
    if (!selection.command.empty() && selection.command != name(Command::execute)) return;
    Calls calls(world_, bodies_, triggers_, hints_, stage_, why_no_stage_, why_not_assumed_.empty(), persona, own_,
                user_, security_);
    for (const Function &function : world_.functions) {
        if (selection.object.empty() ? function.platform : selection.object != function.name) continue;
        poll();
        const Scratch scratch;
        const Expectation *expected = declared_.expectations.of(persona.name, function.name, Command::execute);
        Cell cell;
        const Outcome outcome = attempt(Finish::commit, [&] { cell = calls.examine(function, expected); });
        cells.push_back(outcome.ok ? cell : blank(persona, function.name, Command::execute));
        if (!outcome.ok) cells.back().reason = not_looked_at(outcome);
    }
}

void Examination::persona(const Persona &persona, const Selection &selection, std::vector<Cell> &cells,
                          std::vector<Finding> &findings) {
    own_.clear();
    const bool newcomer = persona.name.rfind("newcomer", 0) == 0;
    why_not_assumed_ = why_not_assumed(persona);
    if (!why_not_assumed_.empty()) {
        stage_ = nullptr;
        why_no_stage_ = why_not_assumed_;
    } else {
        if (stage_ != nullptr && !persona.uid.empty() && (newcomer || persona.declared)) {
            own_ = stage_->sign_up(persona.uid, persona.declared);
            if (newcomer && !persona.declared) strike_off(*stage_, bodies_, persona, own_, findings);
        }
        assume(identity_of(persona));
    }
    for (const Relation &relation : world_.relations) {
        if (relation.extension_member) continue;
        const auto objects = objects_of(relation);
        for (const auto &[object, part] : objects) {
            if (!selection.object.empty() && selection.object != object) continue;
            for (const Command command : kCommands) {
                if (!selection.command.empty() && selection.command != name(command)) continue;
                if (!row_wise(command) && (!relation.is_table() || !knows(relation, command) || part.column != 0))
                    continue;
                if (row_wise(command) && objects.size() > 1 && part.column == 0) continue;
                const Scratch scratch;
                cells.push_back(examined(persona, relation, part, command));
            }
        }
    }
    functions(persona, selection, cells);
    if (stage_ == nullptr) return;
    WaysUp ways(world_, bodies_, triggers_, *stage_, persona, own_, user_, security_);
    if (newcomer) ways.look(selection.object, cells, findings);
    ways.look_at_triggers(selection.object, cells, newcomer ? &findings : nullptr);
}

// What is shown to somebody for having said at sign-up what it is.
void Examination::tell_kind(const Persona &persona, const Kind &kind, const std::vector<Cell> &cells,
                            std::vector<Finding> &findings) {
    std::vector<std::string> gained;
    for (const Cell &cell : cells) {
        const Relation *relation = world_.relation(cell.object);
        if (cell.command != Command::select || cell.verdict != Verdict::ok || relation == nullptr) continue;
        const auto decided = hints_.decided_by.find(relation->id);
        if (decided == hints_.decided_by.end() || !decided->second.contains(kind.column.relation)) continue;
        const Scratch scratch;
        if (examined(persona, *relation, Part{}, Command::select).verdict == Verdict::open)
            gained.push_back(relation->name);
    }
    if (gained.empty()) return;
    Finding finding;
    finding.rule = "forgeable_claim";
    finding.level = !kind.code && (says_ruler(kind.word) || kind.word == "true") ? Level::error : Level::warning;
    finding.category = Category::exposure;
    finding.object = kind.function;
    finding.message = fmt::format("whoever signs up may choose {} = '{}', and is then shown rows of other people in {}",
                                  kind.name, kind.word, fmt::join(gained, ", "));
    finding.detail = fmt::format("Seen: an account was put in that sent {}; what the trigger made of it was looked at, "
                                 "and undone.",
                                 kind.sent.empty() ? "the word" : kind.sent);
    if (kind.code)
        finding.detail += " One has to be told the code; it stands in the function, and is the same for everybody.";
    finding.hint = "If everybody may be that, declare a persona who is; else let the trigger take no word that opens "
                   "something.";
    finding.evidence = "execution";
    finding.key = fmt::format("forgeable_claim:{}:{}={}", kind.function, kind.name, kind.word);
    findings.push_back(std::move(finding));
}

void Examination::as_kind(const Persona &persona, const Kind &kind, const Selection &selection,
                          std::vector<Cell> &cells, std::vector<Finding> &findings) {
    // That whoever likes is an admin is told as what it is; what admins may do is meant for them. Whoever is to sign up
    // as an owner or a manager is looked at.
    if (kind.told && says_admin(kind.word)) return;
    std::vector<Finding> said_before, said;
    own_ = stage_->sign_up(persona.uid, false);
    strike_off(*stage_, bodies_, persona, own_, said_before);
    bool is_one = false;
    // What a trigger was seen to put in at sign-up is no appointment.
    const TableShape &list = *stage_->tables().of(kind.column.relation);
    if (std::none_of(own_.begin(), own_.end(), [&](const Row &row) { return row.table == list.id; }))
        if (std::optional<Row> row = stage_->another_own(list, persona.uid, own_)) {
            own_.push_back(std::move(*row));
            std::erase_if(findings, [&](const Finding &finding) { return finding.key == not_tried(list); });
        }
    for (Row &row : own_) {
        if (row.table != kind.column.relation) continue;
        const TableShape &shape = *stage_->tables().of(row.table);
        const ColumnShape &column = *shape.column(kind.column.number);
        const Rows moved = query(fmt::format("update {} set {} = {} where ctid = {}::tid and tableoid = {} "
                                             "returning ctid, tableoid",
                                             shape.name, column.name, Maker::literal(column, kind.word),
                                             quote_literal(row.tid), row.stored_in),
                                 {}, false);
        if (moved.empty()) continue;
        row.tid = moved.text(0, 0);
        row.stored_in = moved.oid(0, 1);
        row.values[column.number] = kind.word;
        is_one = true;
    }
    if (!is_one) return;
    assume(identity_of(persona));
    std::vector<Cell> now = cells;
    WaysUp(world_, bodies_, triggers_, *stage_, persona, own_, user_, security_).look(selection.object, now, said);
    if (!kind.told) tell_kind(persona, kind, cells, findings);
    const std::string as = fmt::format(", as one who has signed up with {} = '{}'", kind.name, kind.word);
    for (size_t i = 0; i < cells.size(); i++)
        if (now[i].verdict != cells[i].verdict &&
            (now[i].verdict == Verdict::open || now[i].verdict == Verdict::leak)) {
            cells[i] = now[i];
            cells[i].reason += as;
        }
    for (Finding &finding : said) {
        const auto same = [&](const Finding &other) { return other.key == finding.key; };
        if (std::any_of(findings.begin(), findings.end(), same)) continue;
        finding.message += as;
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::server
