// The ways up by a row that waits for an account: an invitation of an address, that the trigger of the accounts table
// takes up as soon as somebody signs up with it. Whoever writes the row opens an account there himself.
#include "server/ways_up.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/appointed.hpp"
#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/refusals.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostRows = 24; // that are put in

const std::string kInvited = "14717ed0-0000-4000-8000-00000000e15e";

constexpr const char *kSignUps = R"(
select t.tgfoid, t.tgname from pg_catalog.pg_trigger t where t.tgrelid = $1::oid and not t.tgisinternal
and t.tgenabled in ('O', 'A') and t.tgtype & 4 <> 0 order by t.tgname)";

} // namespace

// The triggers that take rows of the relation up, where what they write decides about others.
std::optional<WaysUp::Invited> WaysUp::invited_by(const Relation &relation) {
    for (const Row &row : own_) {
        const TableShape *accounts = stage_.tables().of(row.table);
        if (accounts == nullptr || accounts->id == relation.id || !stage_.is_account(*accounts) ||
            !has_addresses(*accounts))
            continue;
        Invited invited{accounts, {}, {}, {}, {}, {}, {}};
        const Rows triggers = query(kSignUps, {std::to_string(accounts->id)});
        for (size_t i = 0; i < triggers.size(); i++) {
            std::set<Oid> written;
            bool reads = false;
            for (const auto &[table, is_written] : bodies_.of(triggers.oid(i, 0)).relations) {
                reads = reads || table == relation.id;
                if (is_written && table != relation.id && dependents_.contains(table)) written.insert(table);
            }
            if (!reads || written.empty()) continue;
            invited.triggers.push_back(triggers.text(i, 1));
            for (const Oid table : written) {
                invited.written.insert(table);
                invited.asked.insert(dependents_[table].begin(), dependents_[table].end());
            }
        }
        const auto here = std::find_if(world_.relations.begin(), world_.relations.end(),
                                       [&](const Relation &other) { return other.id == accounts->id; });
        if (invited.triggers.empty() || here == world_.relations.end() ||
            !triggers_.of(*here, Command::insert).why_not.empty())
            continue;
        invited.person = as_person(persona_, kInvited);
        invited.address = address_of(invited.person);
        if (invited.address.empty()) continue;
        const Scratch scratch;
        (void)attempt(Finish::rollback, [&] {
            const AsUser past(user_, security_);
            for (const Row &theirs : stage_.sign_up(kInvited, false))
                if (theirs.table == accounts->id) invited.account = theirs.values;
        });
        std::erase_if(invited.account, [&](const auto &given) {
            const ColumnShape *column = accounts->column(given.first);
            return column == nullptr || column->generated;
        });
        if (invited.account.empty()) continue;
        address_.swap(invited.address);
        readdress(*accounts, invited.account);
        address_.swap(invited.address);
        return invited;
    }
    return std::nullopt;
}

// What the other one sees who signs up now, with all triggers awake.
WaysUp::Seen WaysUp::seen_by(const Invited &invited) {
    Seen seen;
    (void)attempt(Finish::rollback, [&] {
        const AsUser past(user_, security_);
        wake();
        if (in_time([&] { return execute(Maker::insert_statement(*invited.accounts, invited.account)); }) == 0) return;
        (void)execute("set constraints all immediate");
        assume(identity_of(invited.person));
        seen = foreign_seen(invited.asked);
    });
    return seen;
}

void WaysUp::try_inviting(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    if (persona_.declared || !stage_.triggers_off() || joined_.contains(relation.id) || !has_addresses(shape)) return;
    const std::optional<Invited> invited = invited_by(relation);
    if (!invited) return;
    left_ = kMostLooks;
    const std::string own = std::exchange(address_, invited->address);
    const std::vector<Values> rows = entries(relation);
    address_ = own;
    Seen before = at_first(invited->asked).rows; // what the one who invites sees, it may show
    before.merge(seen_by(*invited));
    size_t tried = 0;
    for (const Values &values : rows) {
        if (gave_up() || tried == kMostRows) break;
        const Scratch scratch;
        const std::string statement = entering(relation, values);
        if (statement.empty()) break;
        std::vector<std::string> gain;
        const auto rises = [&] {
            gain.clear();
            for (const auto &seen : seen_by(*invited)) {
                const std::string &name = stage_.tables().of(seen.first)->name;
                if (!before.contains(seen) && std::find(gain.begin(), gain.end(), name) == gain.end())
                    gain.push_back(name);
            }
            return !gain.empty();
        };
        bool rose = false;
        (void)attempt(Finish::rollback, [&] {
            if (in_time([&] { return execute(statement); }) == 0) return;
            tried++;
            rose = rises();
        });
        if (!rose || !stands(triggers_.of(relation, Command::insert), &relation, statement, "true", rises)) continue;
        joined_.insert(relation.id);
        std::vector<std::string> into, by;
        for (const Oid table : invited->written) {
            into.push_back(stage_.tables().of(table)->name);
            for (const auto &[place, names] : stage_.hints().deciders)
                for (const std::string &name : names)
                    if (place.relation == table && std::find(by.begin(), by.end(), name) == by.end())
                        by.push_back(name);
        }
        const std::string trigger =
            fmt::format("trigger {} on {}", fmt::join(invited->triggers, ", "), invited->accounts->name);
        Way way{"writable_authority",
                &relation,
                Command::insert,
                fmt::format("{}; /* sign up as {} */", statement, invited->address),
                "",
                nullptr,
                gain,
                fmt::format(", which {} takes on into {} when somebody signs up with the address in it", trigger,
                            fmt::join(into, ", "))};
        way.trigger = trigger;
        way.by = by;
        way.who = "whoever did";
        late_ = false;
        accuse(way);
        break;
    }
    doubt(relation.name, Command::insert);
}

} // namespace rlsproof::server
