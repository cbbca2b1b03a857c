#include "server/without_account.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "server/calls.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMost = 12; // cells; the others stay as bad as they look

bool is_open(const Cell &cell) {
    return cell.verdict == Verdict::open || cell.verdict == Verdict::leak;
}

// The verdict about that cell; unknown where it was not reached.
Verdict found(const Examine &examine, const Persona &persona, const Cell &cell, Stage *with_account) {
    Selection selection;
    selection.object = cell.object;
    selection.command = name(cell.command);
    Verdict verdict = Verdict::unknown;
    (void)attempt(Finish::rollback, [&] {
        if (with_account != nullptr && !with_account->make_account(persona.uid)) return;
        std::vector<Cell> cells;
        examine(persona, selection, cells);
        for (const Cell &other : cells)
            if (other.object == cell.object && other.command == cell.command) {
                // Whether that is enough in every case is not known, and nobody who was let in was let in by what is
                // here.
                const bool refused =
                    other.verdict == Verdict::unknown && other.reason.find(kTurnedAway) != std::string::npos;
                verdict = refused ? Verdict::ok : other.verdict;
            }
    });
    return verdict;
}

} // namespace

void try_with_accounts(const World &world, Stage &stage, const Examine &examine, std::vector<Cell> &cells) {
    size_t tried = 0;
    for (Cell &cell : cells) {
        const auto persona = std::find_if(world.personas.begin(), world.personas.end(),
                                          [&](const Persona &p) { return p.name == cell.persona; });
        if (persona == world.personas.end() || persona->declared || persona->uid.empty() ||
            !persona->name.starts_with("outsider") || cell.verdict != Verdict::open || cell.declared ||
            cell.evidence != Evidence::execution)
            continue;
        const bool shared = std::any_of(cells.begin(), cells.end(), [&](const Cell &other) {
            return other.object == cell.object && other.command == cell.command && other.persona != cell.persona &&
                   is_open(other);
        });
        if (shared || tried++ >= kMost || found(examine, *persona, cell, nullptr) != Verdict::open ||
            found(examine, *persona, cell, &stage) != Verdict::ok)
            continue;
        cell.without_account = true;
        cell.reason += "; that is so only for whoever has no row in auth.users, as somebody has whose token is older "
                       "than the end of the account: with an account it was turned away";
    }
}

} // namespace rlsproof::server
