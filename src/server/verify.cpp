#include "model/expectation.hpp"

#include "server/verify.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/hints.hpp"
#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/probe.hpp"
#include "server/rewrite.hpp"
#include "server/spi.hpp"
#include "server/stage.hpp"
#include "server/subtransaction.hpp"
#include "server/world.hpp"

extern "C" {
#include "access/xlog.h"
#include "access/xact.h"
}

namespace rlsproof::server {

namespace {

constexpr double kMany = 20000; // rows: beyond that, statements that touch all of them are not run

struct Declared {
    std::vector<Expectation> expectations;
    std::map<std::pair<std::string, std::string>, std::string> scopes; // relation, scope → predicate
};

Declared read_declared() {
    Declared declared;
    const Rows expectations =
        query("select persona, object, command, access from rlsproof.expectations order by 1, 2, 3");
    for (size_t i = 0; i < expectations.size(); i++)
        declared.expectations.push_back(
            {expectations.text(i, 0), expectations.text(i, 1), expectations.text(i, 2), expectations.text(i, 3)});
    const Rows scopes = query("select relation, scope, predicate from rlsproof.scopes");
    for (size_t i = 0; i < scopes.size(); i++)
        declared.scopes[{scopes.text(i, 0), scopes.text(i, 1)}] = scopes.text(i, 2);
    return declared;
}

bool is_table(const Relation &relation) {
    return relation.kind == RelationKind::table || relation.kind == RelationKind::partitioned_table;
}

std::string json_text(const std::string &text) {
    std::string json = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') json += '\\';
        if (c == '\n')
            json += "\\n";
        else if ((unsigned char)c < 0x20)
            json += fmt::format("\\u{:04x}", (unsigned)c);
        else
            json += c;
    }
    return json + "\"";
}

// What the persona's effective policies say before any row is looked at.
struct Predicate {
    Outcome outcome;
    Truth rows = Truth::always;   // which rows that are there can pass
    Truth checks = Truth::always; // which new rows can pass
    bool bound = false;           // policies apply
};

class Examination {
public:
    Examination(const World &world, const Declared &declared, Stage *stage, const std::string &why_no_stage)
        : world_(world), declared_(declared), stage_(stage), why_no_stage_(why_no_stage) {
        GetUserIdAndSecContext(&user_, &security_);
    }

    // REQUIRES: a subtransaction around it, in which the persona is not assumed yet.
    void persona(const Persona &persona, const Selection &selection, std::vector<Cell> &cells,
                 std::vector<Finding> &findings);

private:
    Cell examine(const Persona &persona, const Relation &relation, Command command);
    void rows_decide(Cell &cell, const Persona &persona, const Relation &relation, const Predicate &predicate);
    void judge(Cell &cell, const Relation &relation, Probe &probe, const Observation &observation,
               const Predicate &predicate, const Persona &persona);
    void ways_up(const Persona &persona, std::vector<Cell> &cells, std::vector<Finding> &findings);
    void try_promotion(const Persona &persona, const Relation &relation, std::vector<Cell> &cells,
                       std::vector<Finding> &findings);
    void try_joining(const Persona &persona, const Relation &relation, std::vector<Cell> &cells,
                     std::vector<Finding> &findings);
    std::vector<std::string> gained(const Relation &relation);
    void accuse(const std::string &rule, const Persona &persona, const Relation &relation, Command command,
                const std::string &statement, const std::string &column, const std::vector<std::string> &gain,
                std::vector<Cell> &cells, std::vector<Finding> &findings);
    Predicate predicate(const Relation &relation, Command command, const Persona &persona);
    std::string witness(const Persona &persona, const Observation &observation, const std::string &row) const;
    std::string policies_in_play(const Relation &relation, Command command) const;
    using Seen = std::set<std::pair<Oid, std::string>>;
    Seen foreign_seen(const std::set<Oid> &tables);

    const World &world_;
    const Declared &declared_;
    Stage *stage_;
    std::string why_no_stage_;
    std::vector<Row> own_;
    std::map<Oid, Seen> seen_before_; // by deciding table: what its dependents showed before anything was tried
    Oid user_ = InvalidOid;
    int security_ = 0;
};

Predicate Examination::predicate(const Relation &relation, Command command, const Persona &persona) {
    Predicate result;
    std::string sql;
    switch (command) {
    case Command::select: sql = select_statement(relation, persona); break;
    case Command::insert: sql = fmt::format("insert into {} default values", relation.name); break;
    case Command::update: {
        const Rows column = query(fmt::format(
            "select pg_catalog.quote_ident(attname) from pg_catalog.pg_attribute where attrelid = {} and "
            "attnum > 0 and not attisdropped order by attgenerated <> '', attidentity = 'a', attnum limit 1",
            relation.id));
        if (column.empty()) return result;
        sql = fmt::format("update {} set {} = default", relation.name, column.text(0, 0));
        break;
    }
    default: sql = "delete from " + relation.name;
    }
    result.outcome = attempt(Finish::rollback, [&] {
        for (const BaseRelation &base : rewrite(sql)) {
            const bool counts = command == Command::select ? !base.inside_policy : base.target;
            if (!counts) continue;
            result.bound = result.bound || base.row_security;
            result.rows = std::min(result.rows, base.truth);
            for (const Check &check : base.checks) result.checks = std::min(result.checks, check.truth);
        }
    });
    return result;
}

std::string Examination::policies_in_play(const Relation &relation, Command command) const {
    std::vector<std::string> names;
    for (const Policy &policy : relation.policies)
        if (policy.permissive && (policy.command == "ALL" || policy.command == name(command)))
            names.push_back('"' + policy.name + '"');
    if (names.empty()) return "";
    return fmt::format("{} {}", names.size() == 1 ? "policy" : "policies", fmt::join(names, ", "));
}

// What a person pastes into psql to see it happen.
std::string Examination::witness(const Persona &persona, const Observation &observation, const std::string &row) const {
    std::string script = "begin;\n";
    for (const auto &[name, value] : persona.settings)
        script += fmt::format("select set_config({}, {}, true);\n", quote_literal(name), quote_literal(value));
    script += fmt::format("set local role {};\n{};\nrollback;", quote_identifier(persona.role), observation.statement);
    std::string claims;
    for (const auto &[name, value] : persona.settings)
        if (name == "request.jwt.claims") claims = value;
    return fmt::format(
        R"({{"persona": {}, "role": {}, "claims": {}, "statement": {}, "rows": {}, "row": {}, "script": {}}})",
        json_text(persona.name), json_text(persona.role), claims.empty() ? "null" : claims,
        json_text(observation.statement),
        observation.identified ? observation.foreign.size() : (size_t)observation.total, row.empty() ? "null" : row,
        json_text(script));
}

// Turns what was seen into a verdict, given what was expected.
void Examination::judge(Cell &cell, const Relation &relation, Probe &probe, const Observation &observation,
                        const Predicate &predicate, const Persona &persona) {
    const bool writes_new = cell.command == Command::insert;
    const size_t reached = observation.identified ? observation.foreign.size() : (size_t)observation.total;
    const size_t there = is_table(relation) ? stage_->rows(relation.id).size() : 0;
    cell.evidence = Evidence::execution;
    cell.reached = reached;
    cell.there = there;

    if (cell.expected != "none" && cell.expected != "all") {
        const auto scope = declared_.scopes.find({relation.name, cell.expected});
        if (scope == declared_.scopes.end()) {
            cell.verdict = Verdict::unknown;
            cell.evidence = Evidence::none;
            cell.reason = fmt::format("scope \"{}\" is not declared for {}", cell.expected, relation.name);
            return;
        }
        if (writes_new || !observation.identified) {
            cell.verdict = Verdict::unknown;
            cell.reason = "whether the rows stay in scope was not looked at";
            return;
        }
        const std::vector<const Row *> rightful = probe.in_scope(scope->second);
        const auto has = [](const std::vector<const Row *> &list, const Row *row) {
            return std::find(list.begin(), list.end(), row) != list.end();
        };
        for (const std::vector<const Row *> *seen : {&observation.foreign, &observation.own})
            for (const Row *row : *seen)
                if (!has(rightful, row)) {
                    cell.verdict = Verdict::leak;
                    cell.reason = fmt::format("it reaches a row outside scope \"{}\"", cell.expected);
                    cell.witness = witness(persona, observation, probe.as_json(*row));
                    return;
                }
        for (const Row *row : rightful)
            if (!has(observation.foreign, row) && !has(observation.own, row)) {
                cell.verdict = Verdict::lockout;
                cell.reason = fmt::format("a row inside scope \"{}\" is out of reach", cell.expected);
                cell.witness = witness(persona, observation, probe.as_json(*row));
                return;
            }
        cell.verdict = rightful.empty() ? Verdict::vacuous : Verdict::ok;
        cell.reason = rightful.empty() ? fmt::format("no row is inside scope \"{}\"", cell.expected)
                                       : fmt::format("{} of {} rows, all inside scope \"{}\"", rightful.size(),
                                                     there + own_.size(), cell.expected);
        return;
    }
    if (reached > 0) {
        const std::string let_through = policies_in_play(relation, cell.command);
        const bool fine = cell.expected == "all";
        cell.verdict = fine ? Verdict::ok : cell.declared ? Verdict::leak : Verdict::open;
        const std::string what = writes_new               ? "a row that belongs to somebody else was accepted"
                                 : observation.identified ? fmt::format("{} of {} rows of other people", reached, there)
                                                          : fmt::format("{} rows", reached);
        cell.reason = what + (!predicate.bound      ? is_table(relation) ? "; no policy applies" : ""
                              : let_through.empty() ? ""
                                                    : "; through " + let_through);
        const std::string row =
            observation.foreign.empty() || writes_new ? "" : probe.as_json(*observation.foreign.front());
        if (!fine) cell.witness = witness(persona, observation, row);
        return;
    }
    if (cell.expected == "all") {
        cell.verdict = there == 0 && !writes_new ? Verdict::vacuous : Verdict::lockout;
        cell.reason = there == 0 ? "there is no row that could have been reached" : "no row is reached";
        return;
    }
    if (!is_table(relation)) {
        cell.verdict = Verdict::vacuous;
        cell.reason = "it shows nothing now";
        return;
    }
    if (there == 0) {
        cell.verdict = Verdict::vacuous;
        cell.evidence = Evidence::none;
        cell.reason = stage_->why_none(relation.id);
        return;
    }
    cell.verdict = Verdict::ok;
    cell.reason = observation.own.empty() ? fmt::format("none of {} rows of other people", there)
                                          : fmt::format("only its own: none of {} rows of other people", there);
}

void Examination::rows_decide(Cell &cell, const Persona &persona, const Relation &relation,
                              const Predicate &predicate) {
    Probe probe(*stage_, relation, own_, user_, security_);
    const TableShape *shape = stage_->tables().of(relation.id);
    const bool many = shape != nullptr && shape->rows > kMany;
    Observation observation;
    switch (cell.command) {
    case Command::select: observation = probe.select(); break;
    case Command::insert: {
        const std::vector<Values> candidates = stage_->candidates(relation.id);
        if (!is_table(relation) || candidates.empty()) {
            cell.verdict = predicate.checks == Truth::always && predicate.bound ? Verdict::open : Verdict::unknown;
            cell.reason = is_table(relation) ? stage_->why_none(relation.id) : "inserting through it was not tried";
            return;
        }
        observation = probe.insert(candidates);
        break;
    }
    default: {
        if (!is_table(relation)) {
            cell.verdict = Verdict::unknown;
            cell.reason = "writing through it was not tried";
            return;
        }
        const auto run = [&](bool blind) {
            return cell.command == Command::update ? probe.update(blind) : probe.remove(blind);
        };
        observation = run(false);
        if ((!observation.outcome.ok || observation.foreign.empty()) && !many) {
            Observation blind = run(true);
            if (blind.outcome.ok || !observation.outcome.ok) observation = std::move(blind);
        }
    }
    }
    const Outcome &outcome = observation.outcome;
    if (outcome.ok) return judge(cell, relation, probe, observation, predicate, persona);

    // A refusal by policy is an answer; a failure is one as well, of another kind.
    if (outcome.sqlstate == "42501" && cell.command == Command::insert &&
        outcome.message.find("row-level security") != std::string::npos) {
        observation.total = 0;
        judge(cell, relation, probe, observation, predicate, persona);
        if (cell.verdict == Verdict::ok) cell.reason = "every row that belongs to somebody else was refused";
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
    if (!is_table(relation) && outcome.sqlstate == "42501") {
        // A view that reads with the caller's rights: what it may not read, it may not read through the view either.
        cell.verdict = cell.expected == "none" ? Verdict::ok : Verdict::lockout;
        cell.evidence = Evidence::privilege;
        cell.reason = outcome.message;
        return;
    }
    cell.verdict = Verdict::error;
    cell.evidence = Evidence::execution;
    cell.reason = fmt::format("{}: {}", outcome.sqlstate, outcome.message);
}

Cell Examination::examine(const Persona &persona, const Relation &relation, Command command) {
    Cell cell;
    cell.persona = persona.name;
    cell.object = relation.name;
    cell.command = command;
    cell.key = fmt::format("{}:{}:{}", cell.persona, cell.object, name(command));
    if (const Expectation *expectation =
            expectation_for(declared_.expectations, persona.name, relation.name, command)) {
        cell.expected = expectation->access;
        cell.declared = true;
    }
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
    if (relation.kind == RelationKind::foreign_table)
        return decide(allowed, Evidence::privilege, "a foreign table can have no policies");

    const Predicate found = predicate(relation, command, persona);
    if (!found.outcome.ok) {
        const std::string &state = found.outcome.sqlstate;
        // A view that cannot be written is no way in.
        if (!is_table(relation) && command != Command::select &&
            (state == "55000" || state == "0A000" || state == "42809"))
            return decide(denied, Evidence::structural, found.outcome.message);
        return decide(Verdict::error, Evidence::structural, fmt::format("{}: {}", state, found.outcome.message));
    }
    const Truth truth = command == Command::insert ? found.checks : found.rows;
    const bool relevant = is_table(relation) || relation.kind == RelationKind::view;
    if (found.bound && truth == Truth::never && relevant)
        return decide(denied, Evidence::proof,
                      relation.policies.empty() ? "row level security is on and there is no policy"
                                                : "for this identity the policies are false, whatever the rows hold");
    if (stage_ == nullptr) {
        if (!found.bound || truth == Truth::always)
            return decide(allowed, found.bound ? Evidence::proof : Evidence::privilege,
                          found.bound ? "the policies are true for every row" : "no policy applies");
        return decide(Verdict::unknown, Evidence::none, why_no_stage_);
    }
    rows_decide(cell, persona, relation, found);
    // What holds for every row needs no row to show it.
    const bool everything = is_table(relation) && (!found.bound || truth == Truth::always) &&
                            (command != Command::update || found.checks == Truth::always);
    if (everything && (cell.verdict == Verdict::vacuous || cell.verdict == Verdict::unknown) &&
        (cell.expected == "none" || cell.expected == "all"))
        return decide(allowed, found.bound ? Evidence::proof : Evidence::privilege,
                      fmt::format("{} ({})", found.bound ? "the policies are true for every row" : "no policy applies",
                                  cell.reason));
    return cell;
}

// Rows of other people that are visible now, in some tables.
Examination::Seen Examination::foreign_seen(const std::set<Oid> &tables) {
    Seen seen;
    for (const Relation &relation : world_.relations) {
        if (!tables.contains(relation.id) || !is_table(relation)) continue;
        Probe probe(*stage_, relation, own_, user_, security_);
        const Observation observation = probe.select();
        for (const Row *row : observation.foreign) seen.emplace(relation.id, row->tid);
    }
    return seen;
}

// ---- ways up: one write of its own, and what becomes visible by it ------------------------------------------------

// The tables whose visible rows grew, after a write to a table that decides about them.
std::vector<std::string> Examination::gained(const Relation &relation) {
    std::vector<std::string> names;
    std::set<Oid> dependents;
    for (const auto &[table, deciders] : stage_->hints().decided_by)
        if (deciders.contains(relation.id)) dependents.insert(table);
    const Seen &before = seen_before_[relation.id];
    for (const auto &[table, tid] : foreign_seen(dependents)) {
        if (before.contains({table, tid})) continue;
        const std::string name = stage_->tables().of(table)->name;
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names;
}

void Examination::accuse(const std::string &rule, const Persona &persona, const Relation &relation, Command command,
                         const std::string &statement, const std::string &column, const std::vector<std::string> &gain,
                         std::vector<Cell> &cells, std::vector<Finding> &findings) {
    const std::string gains =
        gain.empty() ? "" : fmt::format("; after that it sees rows of other people in {}", fmt::join(gain, ", "));
    const std::string what = fmt::format("{} can {} {} by itself{}", persona.name,
                                         rule == "self_promotion" ? "set" : "write its own row into",
                                         column.empty() ? relation.name : relation.name + "." + column, gains);
    for (Cell &cell : cells)
        if (cell.persona == persona.name && cell.object == relation.name && cell.command == command &&
            cell.verdict == Verdict::ok && cell.expected == "none") {
            cell.verdict = cell.declared ? Verdict::leak : Verdict::open;
            cell.evidence = Evidence::execution;
            cell.reason = what;
            Observation observation;
            observation.statement = statement;
            cell.witness = witness(persona, observation, "");
        }
    Finding finding;
    finding.rule = rule;
    finding.level = Level::error;
    finding.category = Category::exposure;
    finding.object = relation.name;
    finding.message = what;
    std::vector<std::string> deciders;
    for (const auto &[place, by] : stage_->hints().deciders)
        if (place.relation == relation.id &&
            (column.empty() || stage_->tables().of(relation.id)->column(place.number)->name == column))
            for (const std::string &decider : by)
                if (std::find(deciders.begin(), deciders.end(), decider) == deciders.end()) deciders.push_back(decider);
    const size_t more = deciders.size() > 3 ? deciders.size() - 3 : 0;
    deciders.resize(std::min<size_t>(deciders.size(), 3));
    finding.detail = fmt::format("{} decides by it{}. It was done with: {}", fmt::join(deciders, "; "),
                                 more > 0 ? fmt::format(" (and {} more)", more) : "", statement);
    finding.hint = rule == "self_promotion"
                       ? "Take UPDATE on the column away, or let the policy's WITH CHECK keep it as it is."
                       : "Let only those who may invite write to the table; a WITH CHECK on the caller's own "
                         "identity says nothing about what is joined.";
    if (rule == "self_promotion")
        finding.fix =
            fmt::format("REVOKE UPDATE ON {0} FROM {1}; GRANT UPDATE (/* the harmless columns */) ON {0} TO {1};",
                        relation.name, quote_identifier(persona.role));
    finding.evidence = "execution";
    finding.key = fmt::format("{}:{}{}", rule, relation.name, column.empty() ? "" : "." + column);
    findings.push_back(std::move(finding));
}

void Examination::try_promotion(const Persona &persona, const Relation &relation, std::vector<Cell> &cells,
                                std::vector<Finding> &findings) {
    const TableShape &shape = *stage_->tables().of(relation.id);
    const Hints &hints = stage_->hints();
    for (const ColumnShape &column : shape.columns) {
        const Column place{relation.id, column.number};
        if (!hints.authority.contains(place) || hints.identity.contains(place) || column.generated) continue;
        if (!query(fmt::format("select pg_catalog.has_column_privilege({}::oid, {}::int2, 'UPDATE')", relation.id,
                               column.number))
                 .boolean(0, 0))
            continue;
        // What policies and helpers compare the column with, and what other people's rows hold in it.
        std::vector<Candidate> values;
        if (const auto asked = hints.candidates.find(place); asked != hints.candidates.end()) values = asked->second;
        const size_t asked = values.size();
        if (column.type == 16) values.push_back("t");
        for (const ForeignKey &key : shape.foreign_keys)
            if (key.columns.size() == 1 && key.columns.front() == column.number)
                for (const Row &row : stage_->rows(relation.id))
                    if (const auto value = row.values.find(column.number);
                        value != row.values.end() && value->second && values.size() < asked + 4)
                        values.push_back(value->second);
        bool accused = false;
        for (size_t i = 0; i < values.size() && !accused; i++) {
            if (!values[i]) continue;
            const std::string literal = Maker::literal(column, values[i]);
            const std::string statement = fmt::format("update {} set {} = {} where {} is distinct from {}",
                                                      relation.name, column.name, literal, column.name, literal);
            const Outcome tried = attempt(Finish::rollback, [&] {
                if (execute(statement) == 0) return;
                const std::vector<std::string> gain = gained(relation);
                // A value that policies ask for is a promotion, whether or not a row of today shows it.
                if (gain.empty() && (i >= asked || column.category == 'D')) return;
                accuse("self_promotion", persona, relation, Command::update, statement, column.name, gain, cells,
                       findings);
                accused = true;
            });
            (void)tried; // refused: nothing to accuse
        }
    }
}

void Examination::try_joining(const Persona &persona, const Relation &relation, std::vector<Cell> &cells,
                              std::vector<Finding> &findings) {
    const TableShape &shape = *stage_->tables().of(relation.id);
    const bool names_people = std::any_of(shape.columns.begin(), shape.columns.end(), [&](const ColumnShape &column) {
        return stage_->hints().identity.contains({relation.id, column.number});
    });
    if (!names_people) return;
    bool accused = false;
    for (const Values &candidate : stage_->candidates(relation.id)) {
        if (accused) break;
        const std::string statement = Maker::insert_statement(shape, stage_->owned_by(shape, candidate, persona.uid));
        (void)attempt(Finish::rollback, [&] {
            if (execute(statement) == 0) return;
            const std::vector<std::string> gain = gained(relation);
            if (gain.empty()) return;
            accuse("writable_authority", persona, relation, Command::insert, statement, "", gain, cells, findings);
            accused = true;
        });
    }
}

void Examination::ways_up(const Persona &persona, std::vector<Cell> &cells, std::vector<Finding> &findings) {
    std::map<Oid, std::set<Oid>> dependents;
    for (const auto &[table, deciders] : stage_->hints().decided_by)
        for (const Oid decider : deciders) dependents[decider].insert(table);
    for (const Relation &relation : world_.relations) {
        const auto found = dependents.find(relation.id);
        if (found == dependents.end() || !is_table(relation) || stage_->tables().of(relation.id) == nullptr) continue;
        const Reach *reach = relation.reach_of(persona.name);
        if (reach == nullptr || !reach->row_security) continue; // with no policy in the way it is open already
        seen_before_[relation.id] = foreign_seen(found->second);
        if (reach->commands.contains(Command::update)) try_promotion(persona, relation, cells, findings);
        if (reach->commands.contains(Command::insert)) try_joining(persona, relation, cells, findings);
    }
}

void Examination::persona(const Persona &persona, const Selection &selection, std::vector<Cell> &cells,
                          std::vector<Finding> &findings) {
    own_.clear();
    const bool newcomer = persona.name.rfind("newcomer", 0) == 0;
    if (stage_ != nullptr && !persona.uid.empty() && (newcomer || persona.declared))
        own_ = stage_->sign_up(persona.uid, persona.declared);
    assume(identity_of(persona));
    for (const Relation &relation : world_.relations) {
        if (relation.extension_member || (!selection.object.empty() && selection.object != relation.name)) continue;
        for (const Command command : kCommands) {
            if (command == Command::execute || (!selection.command.empty() && selection.command != name(command)))
                continue;
            if (!row_wise(command) && !is_table(relation)) continue;
            cells.push_back(examine(persona, relation, command));
        }
    }
    if (stage_ != nullptr && newcomer && selection.command.empty() && selection.object.empty())
        ways_up(persona, cells, findings);
}

} // namespace

Verification verify(const World &world, const Selection &selection) {
    Verification result;
    if (!selection.command.empty() && !command_from(selection.command))
        throw Error(
            Code::invalid_input, fmt::format("\"{}\" is not a command", selection.command),
            "The commands are SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN and EXECUTE.");
    if (!selection.object.empty() && world.relation(selection.object) == nullptr)
        throw Error(Code::not_found, fmt::format("there is no object \"{}\"", selection.object),
                    "Objects are named with their schema, as in public.orders.");
    const bool known =
        selection.persona.empty() || std::any_of(world.personas.begin(), world.personas.end(),
                                                 [&](const Persona &p) { return p.name == selection.persona; });
    if (!known) {
        std::string names;
        for (const Persona &persona : world.personas) names += (names.empty() ? "" : ", ") + persona.name;
        throw Error(Code::not_found, fmt::format("there is no persona \"{}\"", selection.persona),
                    names.empty() ? "Declare one with rlsproof.persona(name, role)."
                                  : fmt::format("The personas are: {}.", names));
    }

    const Declared declared = read_declared();
    Bodies bodies;
    const Hints hints = read_hints(bodies, world.stranger());
    const Tables tables = Tables::read();
    std::string why_no_stage;
    if (RecoveryInProgress())
        why_no_stage = "nothing can be executed on a standby server";
    else if (XactReadOnly)
        why_no_stage = "nothing can be executed in a read-only transaction";

    const Outcome outcome = attempt(Finish::rollback, [&] {
        Stage stage(tables, hints);
        if (why_no_stage.empty()) {
            std::vector<Oid> wanted;
            for (const Relation &relation : world.relations)
                if (is_table(relation) && !relation.extension_member) wanted.push_back(relation.id);
            stage.set_up(wanted);
            if (!stage.triggers_off())
                result.notes.push_back(
                    "triggers could not be switched off, so no row was made: only rows that are there "
                    "were looked at (a superuser may, or GRANT SET ON PARAMETER session_replication_role)");
        }
        for (const Persona &persona : world.personas) {
            if (!selection.persona.empty() && persona.name != selection.persona) continue;
            Examination examination(world, declared, why_no_stage.empty() ? &stage : nullptr, why_no_stage);
            const Outcome examined = attempt(
                Finish::rollback, [&] { examination.persona(persona, selection, result.cells, result.findings); });
            if (!examined.ok)
                result.notes.push_back(
                    fmt::format("persona \"{}\" could not be looked at: {}", persona.name, examined.message));
        }
    });
    if (!outcome.ok) throw Error(Code::internal, outcome.message, outcome.hint, outcome.detail);
    return result;
}

} // namespace rlsproof::server
