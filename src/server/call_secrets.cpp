// Settings that are keys, and what the vault keeps: whoever comes through an API cannot ask for them, but a function
// may tell them.
#include "model/name_words.hpp"

#include "server/calls.hpp"

#include <set>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/vault.hpp"
#include "server/witness.hpp"

namespace rlsproof::server {

namespace {

constexpr const char *kKey = "7f3c1e5a9b2d4860";
constexpr size_t kMostCalls = 4;

} // namespace

// With a secret in the vault under each name that a call gives, or that the body names.
bool Calls::tells_secret(const Function &function, const Body &body, Cell &cell) {
    if (!function.definer || !stage_->triggers_off()) return false;
    {
        const AsUser past(superuser_, security_);
        if (!is_vault(body) || !may_put_into_vault(world_, bodies_)) return false;
    }
    size_t calls = 0;
    for (const Arguments &choice : arguments_for(function, *stage_, persona_.uid, own_)) {
        if (++calls > kMostCalls) break;
        Observation observation;
        observation.statement = call_of(function, choice.list);
        observation.identified = false;
        bool told = false;
        observation.outcome = attempt(Finish::rollback, [&] {
            {
                const AsUser past(superuser_, security_);
                std::set<std::string> names = choice.given;
                add_asked_of_vault(body, names);
                put_into_vault(names);
            }
            told = answer(observation.statement, nullptr).find(kVaultSecret) != std::string::npos;
        });
        if (!observation.outcome.ok || !told) continue;
        cell.verdict = cell.declared ? Verdict::leak : Verdict::open;
        cell.evidence = Evidence::execution;
        cell.reason = fmt::format("it runs as {}: a call told a secret that is kept in the vault", function.owner);
        cell.reached = 1;
        cell.witness = witness(persona_, observation, "");
        return true;
    }
    return false;
}

bool Calls::tells_key(const Function &function, Cell &cell) {
    if (persona_.connects || function.procedure || stage_ == nullptr) return false;
    const Body &body = bodies_.of(function.id);
    if (!why_not_called(body).empty()) return false;
    if (tells_secret(function, body, cell)) return true;
    for (const auto &read : body.settings) {
        const std::string &setting = read.first;
        if (!says_key(setting) || setting.starts_with("request.")) continue;
        size_t calls = 0;
        for (const Arguments &choice : arguments_for(function, *stage_, persona_.uid, own_)) {
            if (++calls > kMostCalls) break;
            Observation observation;
            observation.statement = call_of(function, choice.list);
            observation.identified = false;
            bool told = false;
            observation.outcome = attempt(Finish::rollback, [&] {
                set_locally(setting, kKey);
                told = answer(observation.statement, nullptr).find(kKey) != std::string::npos;
            });
            if (!observation.outcome.ok || !told) continue;
            cell.verdict = cell.declared ? Verdict::leak : Verdict::open;
            cell.evidence = Evidence::execution;
            cell.reason =
                fmt::format("a call told what the setting {} says, which no caller of the API could ask for", setting);
            cell.reached = 1;
            cell.witness = witness(persona_, observation, "");
            return true;
        }
    }
    return false;
}

} // namespace rlsproof::server
