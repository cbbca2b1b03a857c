#include "model/expectation.hpp"
#include "prove/prover.hpp"
#include "prove/question.hpp"

#include "server/verify.hpp"

#include "server/examination.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/any_value.hpp"
#include "server/endless.hpp"
#include "server/environment.hpp"
#include "server/identity.hpp"
#include "server/kept_plans.hpp"
#include "server/personas.hpp"
#include "server/proof_join.hpp"
#include "server/read_through.hpp"
#include "server/sign_up.hpp"
#include "server/silent.hpp"
#include "server/topics.hpp"
#include "server/vault.hpp"
#include "server/spi.hpp"
#include "server/ways_by_proof.hpp"
#include "server/without_account.hpp"
#include "server/world.hpp"

namespace rlsproof::server {

Verification verify(const World &world, const Selection &selection) {
    const EndlessRefused endless;
    Verification result;
    const bool bucket = selection.object.starts_with("bucket:"); // whether there is one is known when the stage is set
    const bool function = std::any_of(world.functions.begin(), world.functions.end(),
                                      [&](const Function &candidate) { return candidate.name == selection.object; });
    if (!selection.object.empty() && !bucket && !function && world.relation(selection.object) == nullptr)
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
    const Hints hints = read_hints(bodies, world);
    Tables tables = Tables::read();
    tables.join(hints);
    const std::string why_no_stage = why_no_execution();

    if (!why_no_stage.empty()) result.notes.push_back("no statement was executed: " + why_no_stage);
    undone([&] {
        if (why_no_stage.empty()) stock_vault(world, bodies);
        // While the accounts are those that are there.
        const std::vector<Kind> kinds =
            why_no_stage.empty() ? kinds_at_sign_up(world, hints, tables) : std::vector<Kind>{};
        Stage stage(tables, hints);
        std::vector<Oid> wanted;
        for (const Relation &relation : world.relations)
            if (relation.is_table() && !relation.extension_member) wanted.push_back(relation.id);
        if (!why_no_stage.empty()) {
            stage.divide(wanted);
        } else {
            stage.set_up(wanted);
            if (stage.unread() > 0)
                result.notes.push_back(
                    fmt::format("the rows of {} tables may not be read by {}: GRANT pg_read_all_data gives that, and "
                                "BYPASSRLS what policies hide",
                                stage.unread(), query("select current_user").text(0, 0)));
            if (!stage.triggers_off())
                result.notes.push_back(
                    "triggers could not be switched off, so no row was made: only rows that are there "
                    "were looked at (a superuser may, or GRANT SET ON PARAMETER session_replication_role)");
        }
        Proofs proofs(tables);
        Triggers triggers(world, bodies, &hints);
        // Signing up wakes the application's own triggers, which may do what no rollback undoes.
        stage.ask_before_waking([&](const TableShape &accounts) {
            const Relation *relation = world.relation(accounts.name);
            return is_thrown_away() || relation == nullptr || triggers.of(*relation, Command::insert).why_not.empty();
        });
        for (const Persona &persona : world.personas) {
            if (!selection.persona.empty() && persona.name != selection.persona) continue;
            Stage *where = why_no_stage.empty() ? &stage : nullptr;
            const std::vector<Variant> variants = variants_of(persona, hints, where);
            std::vector<std::vector<Cell>> cells(variants.size());
            const auto look_at = [&](const Persona &who, std::vector<Cell> &found) {
                const KeptPlans plans(world, bodies); // gone before proofs need the memory
                Examination examination(world, declared, bodies, hints, triggers, stage, why_no_stage);
                return attempt(Finish::rollback, [&] { examination.persona(who, selection, found, result.findings); });
            };
            Outcome examined;
            for (size_t i = 0; i < variants.size() && examined.ok; i++) {
                const Persona &who = variants[i].persona;
                examined = look_at(who, cells[i]);
                if (!why_not_assumed(persona).empty()) continue;
                add_proofs(world, declared, hints, who, proofs, cells[i], result.notes);
                if (where != nullptr) add_topics(world, who, stage, cells[i]);
                if (where != nullptr && selection.command.empty())
                    add_ways(world, stage, bodies, triggers, who, proofs, selection.object, cells[i], result.findings,
                             result.notes);
                (void)attempt(Finish::rollback, [&] {
                    assume(identity_of(who));
                    settle_views(world, who, bodies, cells[i]);
                });
            }
            if (where != nullptr && is_newcomer(persona) && examined.ok && selection.command.empty())
                for (const Kind &kind : kinds) {
                    const KeptPlans plans(world, bodies);
                    Examination examination(world, declared, bodies, hints, triggers, stage, why_no_stage);
                    const Outcome outcome = attempt(Finish::rollback, [&] {
                        examination.as_kind(persona, kind, selection, cells.front(), result.findings);
                    });
                    if (!outcome.ok)
                        result.notes.push_back(fmt::format("persona \"{}\" could not be looked at with {} = '{}': {}",
                                                           persona.name, kind.name, kind.word, outcome.message));
                }
            if (const auto silent = who_says_nothing(persona); silent && where != nullptr) {
                std::vector<Cell> found;
                const Outcome outcome = look_at(*silent, found);
                add_silent(*silent, found, cells.front());
                if (!outcome.ok)
                    result.notes.push_back(fmt::format("persona \"{}\" could not be looked at without its settings: {}",
                                                       persona.name, outcome.message));
                add_unset(world, *silent, stage, cells.front());
            }
            if (const std::string why = why_not_assumed(persona); !why.empty()) result.notes.push_back(why);
            if (!examined.ok) {
                result.notes.push_back(
                    fmt::format("persona \"{}\" could not be looked at: {}", persona.name, examined.message));
                if (variants.size() > 1) continue;
            }
            for (Cell &cell : merged(variants, std::move(cells))) result.cells.push_back(std::move(cell));
        }
        if (why_no_stage.empty() && selection.persona.empty())
            try_with_accounts(
                world, stage,
                [&](const Persona &who, const Selection &one, std::vector<Cell> &found) {
                    const KeptPlans plans(world, bodies);
                    std::vector<Finding> said;
                    Examination(world, declared, bodies, hints, triggers, stage, why_no_stage)
                        .persona(who, one, found, said);
                },
                result.cells);
    });
    // What a trigger does for an outsider's row it does for a newcomer's, of which the finding speaks.
    for (Cell &cell : result.cells)
        for (const Finding &finding : result.findings)
            if (cell.by_trigger && finding.object == cell.object &&
                (finding.rule == "trigger_reach" || finding.rule == "writable_authority"))
                cell.reason = finding.message;
    return result;
}

} // namespace rlsproof::server
