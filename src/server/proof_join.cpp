#include "base/error.hpp"
#include "model/cell.hpp"
#include "model/expectation.hpp"
#include "prove/prover.hpp"

#include "server/proof_join.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

using Said = Proof::Verdict;

// Privileges and structure are facts already. What failed may have failed for the rows or the settings of one moment.
bool asks_policies(const Cell &cell) {
    const bool fact = cell.evidence == Evidence::privilege || cell.evidence == Evidence::structural ||
                      cell.evidence == Evidence::proof;
    return row_wise(cell.command) && (!fact || cell.verdict == Verdict::error) && !cell.object.starts_with("bucket:");
}

// What was not seen to be wrong.
bool is_harmless(const Cell &cell) {
    return cell.verdict == Verdict::ok || cell.verdict == Verdict::vacuous || cell.verdict == Verdict::unknown ||
           cell.verdict == Verdict::error;
}

void say(Cell &cell, Verdict verdict, Evidence evidence, const std::string &reason) {
    cell.verdict = verdict;
    cell.evidence = evidence;
    cell.reason = reason;
}

// `invented`: what the settings of whoever asks say is of our own making.
void join(Cell &cell, const Proof &more, const Proof &less, bool decides, bool invented,
          std::vector<std::string> &notes) {
    // What is proved of the policies says nothing of that, nor of what a row of its own hangs on.
    if (cell.by_trigger || cell.planted || cell.forged) return;
    const auto contradicts = [&](const Proof &proof, Verdict seen) {
        return proof.verdict == Said::proved && cell.verdict == seen;
    };
    // What a row that names its writer hangs on may be somebody else's all the same.
    const bool reached = !more.names_itself && !more.in_its_name &&
                         (contradicts(more, Verdict::leak) || contradicts(more, Verdict::open));
    if (reached || contradicts(less, Verdict::lockout)) {
        notes.push_back(fmt::format(
            "{} {} of {}: proof and execution contradict each other ({}; but {}): please report it", cell.persona,
            name(cell.command), cell.object, reached ? more.reason : less.reason, cell.reason));
        return;
    }
    if (!is_harmless(cell)) return;
    if (more.verdict == Said::refuted) {
        say(cell, cell.declared ? Verdict::leak : Verdict::open, Evidence::execution, more.reason);
        cell.witness = more.witness;
        return;
    }
    if (less.verdict == Said::refuted) {
        say(cell, Verdict::lockout, Evidence::execution, less.reason);
        cell.witness = less.witness;
        return;
    }
    if (cell.verdict == Verdict::error) {
        // A failure is told whatever was proved beside it; a value of a setting that cannot be cast is not every value.
        const bool for_a_value = cell.reason.starts_with("22") || cell.reason.starts_with("42704");
        if (!for_a_value || more.verdict != Said::unknown || !more.doubtful) return;
        cell.reason += "; with another value of a setting it may not fail, and what is reached then is not known";
        if (invented && !cell.declared) say(cell, Verdict::unknown, Evidence::execution, cell.reason);
        return;
    }
    // Nothing is reached, and nothing works either.
    if (!more.failure.empty()) return say(cell, Verdict::error, Evidence::proof, more.failure);
    // Some rows were tried, and something decides of which nothing is known: others may well pass.
    if (more.verdict == Said::unknown && more.doubtful && cell.verdict == Verdict::ok)
        return say(cell, Verdict::unknown, Evidence::execution,
                   fmt::format("{}; but not proved: {}", cell.reason, more.reason));
    if (more.verdict != Said::proved || less.verdict != Said::proved) return;
    // A row of its own may open those of others where policies read it, as a membership does: what follows a write is
    // tried and not proved.
    const bool writes = cell.command == Command::insert || cell.command == Command::update;
    if (more.names_itself && writes && (decides || cell.may_rise) && cell.verdict != Verdict::ok) return;
    // Of a scope that no row can be in, and that nobody reaches, there is nothing to say.
    if (cell.expected != "none" && cell.verdict == Verdict::vacuous && (more.nothing_reached || less.nothing_reached))
        return;
    if (cell.expected == "none") return say(cell, Verdict::ok, Evidence::proof, more.reason);
    say(cell, Verdict::ok, Evidence::proof,
        cell.expected == "all" ? less.reason : fmt::format("{}; and no less than was declared", more.reason));
}

// Tables of which a row may open others: policies read it, or a function does that writes what policies read.
std::set<std::string_view> deciding(const World &world, const Hints &hints) {
    std::set<Oid> read;
    for (const auto &[table, by] : hints.decided_by) read.insert(by.begin(), by.end());
    std::set<std::string_view> by_policies;
    for (const Relation &relation : world.relations)
        if (read.contains(relation.id)) by_policies.insert(relation.name);
    std::set<std::string_view> result = by_policies;
    for (const Function &function : world.functions) {
        const auto opens = [&](const Touch &touch) { return touch.written && by_policies.contains(touch.relation); };
        if (function.definer && std::any_of(function.touches.begin(), function.touches.end(), opens))
            for (const Touch &touch : function.touches) result.insert(touch.relation);
    }
    return result;
}

// Tables of which a row hangs on a protected row that is no account: it may be put beside somebody else's, and who
// writes it says nothing of that.
std::set<Oid> hanging(const Hints &hints) {
    std::set<Oid> result;
    const Rows keys = query(R"(
select conrelid, conkey[1] from pg_catalog.pg_constraint k
join pg_catalog.pg_class p on p.oid = k.confrelid
where k.contype = 'f' and p.relrowsecurity and k.confrelid <> k.conrelid and pg_catalog.cardinality(k.conkey) = 1)");
    for (size_t i = 0; i < keys.size(); i++)
        if (!hints.identity.contains({keys.oid(i, 0), (int)keys.number(i, 1)})) result.insert(keys.oid(i, 0));
    return result;
}

} // namespace

void add_proofs(const World &world, const Declared &declared, const Hints &hints, const Persona &persona,
                Proofs &proofs, std::vector<Cell> &cells, std::vector<std::string> &notes) {
    std::unordered_map<std::string_view, const Relation *> relations;
    for (const Relation &relation : world.relations) relations.emplace(relation.name, &relation);
    std::vector<Cell *> asked;
    std::vector<CellToProve> questions;
    for (Cell &cell : cells) {
        if (!asks_policies(cell)) continue;
        const auto found = relations.find(cell.object);
        if (found == relations.end()) continue;
        const Relation *relation = found->second;
        if (!relation->is_table() && relation->kind != RelationKind::view) continue;
        CellToProve question;
        question.persona = &persona;
        question.relation = relation;
        question.world = &world;
        question.command = cell.command;
        question.expected = cell.expected;
        question.declared = cell.declared;
        if (cell.expected != "none" && cell.expected != "all") {
            const auto scope = declared.scopes.find({relation->name, cell.expected});
            if (scope == declared.scopes.end()) continue;
            question.scope = scope->second;
        }
        asked.push_back(&cell);
        for (const Direction direction : {Direction::no_more, Direction::no_less}) {
            question.direction = direction;
            questions.push_back(question);
        }
    }
    const std::vector<Proof> proved = proofs.prove(questions);
    const std::set<std::string_view> deciders = deciding(world, hints);
    const std::set<Oid> hang = hanging(hints);
    for (size_t i = 0; i < asked.size(); i++) {
        const Relation *relation = questions[2 * i].relation;
        // Where a scope is declared, that says what a row may hang on.
        const bool left_open = asked[i]->expected == "none" && hang.contains(relation->id);
        join(*asked[i], proved[2 * i], proved[2 * i + 1],
             !relation->is_table() || deciders.contains(relation->name) || left_open,
             !persona.declared && !persona.uid.empty(), notes);
    }
    if (proofs.solver_missing()) {
        const std::string note = "nothing was proved: " + no_solver();
        if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
    }
}

} // namespace rlsproof::server
