#include "base/error.hpp"
#include "base/finding.hpp"
#include "model/cell.hpp"
#include "model/expectation.hpp"
#include "model/world.hpp"
#include "prove/prover.hpp"
#include "prove/question.hpp"

#include "server/ways_by_proof.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/appointed.hpp"
#include "server/way.hpp"

namespace rlsproof::server {

namespace {

constexpr double kMostSpent = 60000; // milliseconds on questions that show nothing
constexpr size_t kAtOnce = 4;        // that are asked before the next are thought about

constexpr Command kWrites[] = {Command::insert, Command::update, Command::remove};

class Ways {
public:
    Ways(const World &world, const Stage &stage, Bodies &bodies, Triggers &triggers, const Persona &persona,
         Proofs &proofs, std::vector<Cell> &cells, std::vector<Finding> &findings)
        : world_(world), stage_(stage), bodies_(bodies), triggers_(triggers), persona_(persona), proofs_(proofs),
          cells_(cells), findings_(findings) {}

    void look(const std::string &object) {
        who_it_is();
        for (const Relation &relation : world_.relations)
            for (const Command command : kWrites)
                if ((!object.empty() && relation.name != object) || is_told(relation, command) || !may_be_run(relation))
                    who_.left_out.emplace(relation.id, command);
        ask(object);
        // Somebody plain may be in something, and raise itself in that.
        std::set<Oid> raised;
        for (const Column &column : stage_.hints().personal)
            if (!who_.accounts.contains(column.relation) && !stage_.hints().identity.contains(column) &&
                !who_.left_out.contains({column.relation, Command::update}))
                raised.insert(column.relation);
        // What one may be in is nobody's own yet: whoever owns it raises nobody by saying what he is there.
        std::set<Oid> owned;
        for (const Oid table : raised)
            for (const ForeignKey &key : stage_.tables().of(table)->foreign_keys)
                if (key.parent != table && raised.contains(key.parent)) owned.insert(key.parent);
        std::erase_if(raised, [&](Oid table) { return owned.contains(table); });
        if (raised.empty()) return;
        who_.memberships = raised;
        for (const Relation &relation : world_.relations)
            for (const Command command : kWrites)
                if (command != Command::update || !raised.contains(relation.id))
                    who_.left_out.emplace(relation.id, command);
        ask(object);
    }

    // Tables of which it was not asked, since there was no time.
    size_t unasked() const { return unasked_; }

private:
    void ask(const std::string &object) {
        std::vector<CellToProve> questions = tables_to_ask(object);
        double spent = 0; // on what told nothing
        // Each round leaves out what the one before has found: what opens twenty tables is told once.
        while (!questions.empty()) {
            std::vector<CellToProve> again;
            for (size_t at = 0; at < questions.size() && spent < kMostSpent; at += kAtOnce) {
                const std::vector<CellToProve> some(questions.begin() + (long)at,
                                                    questions.begin() + (long)std::min(at + kAtOnce, questions.size()));
                const std::vector<Proof> proofs = proofs_.prove(some);
                for (size_t i = 0; i < some.size(); i++)
                    if (proofs[i].verdict != Proof::Verdict::refuted)
                        spent += proofs[i].milliseconds;
                    else if (tell(some[i], proofs[i]))
                        again.push_back(some[i]);
                if (spent >= kMostSpent)
                    unasked_ = std::max(unasked_, questions.size() - std::min(at + kAtOnce, questions.size()));
            }
            questions = std::move(again);
        }
    }

    const Relation *relation_of(Oid id) const {
        const auto found = std::find_if(world_.relations.begin(), world_.relations.end(),
                                        [&](const Relation &relation) { return relation.id == id; });
        return found == world_.relations.end() ? nullptr : &*found;
    }

    // A write that is open, or opens something, by what was seen before.
    bool is_told(const Relation &relation, Command command) const {
        const auto accused = [&](const Cell &cell) {
            return cell.object == relation.name && cell.command == command &&
                   ((cell.verdict == Verdict::open && !cell.planted && !cell.forged) || cell.verdict == Verdict::leak ||
                    cell.declared || cell.evidence == Evidence::privilege);
        };
        if (std::any_of(cells_.begin(), cells_.end(), accused)) return true;
        // Where signing up puts the row in, nobody is without; and what one may say of oneself later, one may at first.
        if (command != Command::insert || !who_.accounts.contains(relation.id)) return false;
        if (is_told(relation, Command::update)) return true;
        return made_at_sign_up(bodies_, {who_.accounts.begin(), who_.accounts.end()}, relation.id);
    }

    // Of what its triggers do a rollback leaves nothing.
    bool may_be_run(const Relation &relation) {
        return !relation.is_table() || std::all_of(std::begin(kWrites), std::end(kWrites), [&](Command command) {
            return triggers_.of(relation, command).why_not.empty();
        });
    }

    // A list of admins has one row for each of them, and none for who has just signed up.
    bool lists_the_appointed(const TableShape &shape) const {
        return std::any_of(findings_.begin(), findings_.end(),
                           [&](const Finding &finding) { return finding.key == not_tried(shape); });
    }

    void who_it_is() {
        const std::map<Oid, TableShape> &shapes = stage_.tables().shapes;
        for (const auto &[id, shape] : shapes)
            if (one_each(shape, stage_.hints()) && !lists_the_appointed(shape)) who_.accounts.insert(id);
        for (const auto &[id, shape] : shapes)
            for (const ForeignKey &key : shape.foreign_keys)
                if (key.columns.size() == 1 && who_.accounts.contains(id) != who_.accounts.contains(key.parent))
                    who_.belongings.push_back({id, key.parent, key.columns.front(), key.parent_columns.front()});
    }

    // Tables whose rows nothing shows it so far, and that something decides about which it may write.
    std::vector<CellToProve> tables_to_ask(const std::string &object) const {
        std::vector<CellToProve> result;
        std::map<HowDecided, int> asked;
        for (const Relation &relation : world_.relations) {
            const Reach *reach = relation.reach_of(persona_.name);
            if (!relation.is_table() || relation.extension_member || reach == nullptr || !reach->row_security ||
                !reach->commands.contains(Command::select) || !may_depend(relation))
                continue;
            const auto cell = std::find_if(cells_.begin(), cells_.end(), [&](const Cell &candidate) {
                return candidate.object == relation.name && candidate.command == Command::select;
            });
            // Of one object alone the cells of the others are not there.
            if (cell == cells_.end() ? object.empty() : !is_closed(*cell)) continue;
            if (++asked[how_decided(stage_.hints(), relation.id)] > kMostAlike) continue;
            CellToProve question;
            question.persona = &persona_;
            question.relation = &relation;
            question.world = &world_;
            question.direction = Direction::no_growth;
            question.just_signed_up = &who_;
            result.push_back(question);
        }
        // What few tables decide about makes small questions, which solvers answer. The large ones are mostly given up
        // after their time, each of them, and none of the others should wait for that.
        std::stable_sort(result.begin(), result.end(),
                         [&](const CellToProve &a, const CellToProve &b) { return deciders(a) < deciders(b); });
        return result;
    }

    // How many tables decide about it, with those that decide about these.
    size_t deciders(const CellToProve &question) const {
        const auto &decided = stage_.hints().decided_by;
        std::set<Oid> found;
        std::vector<Oid> next{question.relation->id};
        while (!next.empty()) {
            const auto by = decided.find(next.back());
            next.pop_back();
            if (by == decided.end()) continue;
            for (const Oid table : by->second)
                if (found.insert(table).second) next.push_back(table);
        }
        return found.size();
    }

    static bool is_closed(const Cell &cell) {
        return !cell.declared && cell.expected == "none" &&
               (cell.verdict == Verdict::ok || cell.verdict == Verdict::vacuous || cell.verdict == Verdict::unknown ||
                cell.planted || cell.forged);
    }

    bool may_depend(const Relation &relation) const {
        const auto &decided = stage_.hints().decided_by;
        const auto found = decided.find(relation.id);
        return found != decided.end() && std::any_of(found->second.begin(), found->second.end(), [&](Oid decider) {
                   const Relation *by = relation_of(decider);
                   return by != nullptr && may_be_written(*by);
               });
    }

    bool may_be_written(const Relation &relation) const {
        const Reach *reach = relation.reach_of(persona_.name);
        return reach != nullptr && std::any_of(std::begin(kWrites), std::end(kWrites), [&](Command command) {
                   return reach->commands.contains(command) && !who_.left_out.contains({relation.id, command});
               });
    }

    // Whether that was new.
    bool tell(const CellToProve &question, const Proof &proof) {
        if (proof.writes.empty()) return false;
        const Written &first = proof.writes.front();
        const Relation *relation = relation_of(first.table);
        if (relation == nullptr || !who_.left_out.emplace(first.table, first.command).second) return true;
        if (!who_.memberships.empty() && !raises(*relation, first)) return true;
        std::vector<std::string> statements;
        for (const Written &write : proof.writes) statements.push_back(write.statement);
        Way way{first.command == Command::update ? "self_promotion" : "writable_authority",
                relation,
                first.command,
                fmt::format("{}", fmt::join(statements, "; ")),
                fmt::format("{}", fmt::join(first.columns, ", ")),
                nullptr,
                {question.relation->name},
                proof.writes.size() > 1 ? ", and then write " + others(proof.writes) : "",
                proof.witness};
        accuse_of(way, persona_, stage_.tables(), stage_.hints(), cells_, findings_);
        return true;
    }

    // By what is asked of one's own row, and not by what the row is about, nor by taking somebody else's.
    bool raises(const Relation &relation, const Written &write) const {
        const TableShape &shape = *stage_.tables().of(relation.id);
        return std::all_of(write.columns.begin(), write.columns.end(), [&](const std::string &name) {
            return std::any_of(shape.columns.begin(), shape.columns.end(), [&](const ColumnShape &column) {
                const Column place{relation.id, column.number};
                return column.name == name && stage_.hints().personal.contains(place) &&
                       !stage_.hints().identity.contains(place);
            });
        });
    }

    std::string others(const std::vector<Written> &writes) const {
        std::vector<std::string> names;
        for (size_t i = 1; i < writes.size(); i++)
            if (const Relation *relation = relation_of(writes[i].table);
                relation != nullptr && std::find(names.begin(), names.end(), relation->name) == names.end())
                names.push_back(relation->name);
        return fmt::format("{}", fmt::join(names, " and "));
    }

    const World &world_;
    const Stage &stage_;
    Bodies &bodies_;
    Triggers &triggers_;
    const Persona &persona_;
    Proofs &proofs_;
    std::vector<Cell> &cells_;
    std::vector<Finding> &findings_;
    JustSignedUp who_;
    size_t unasked_ = 0;
};

} // namespace

void add_ways(const World &world, const Stage &stage, Bodies &bodies, Triggers &triggers, const Persona &persona,
              Proofs &proofs, const std::string &object, std::vector<Cell> &cells, std::vector<Finding> &findings,
              std::vector<std::string> &notes) {
    if (!is_newcomer(persona) || persona.uid.empty()) return;
    Ways ways(world, stage, bodies, triggers, persona, proofs, cells, findings);
    ways.look(object);
    if (ways.unasked() > 0)
        notes.push_back(
            fmt::format("whether a write of persona \"{}\" opens {} more table{} was not asked of the solver: it spent "
                        "a minute on other tables and found nothing",
                        persona.name, ways.unasked(), ways.unasked() == 1 ? "" : "s"));
}

} // namespace rlsproof::server
