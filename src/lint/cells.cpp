#include "lint/cells.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lint/words.hpp"

namespace rlsproof::lint {

namespace {

// Causes that explain why rows are within reach, so that saying it again would be noise.
const std::set<std::string, std::less<>> kCauses = {"rls_disabled", "policies_disabled", "exposed_partition",
                                                    "owner_view", "exposed_matview"};
// The same of functions.
const std::set<std::string, std::less<>> kCallCauses = {"any_sql", "definer_function", "definer_identity",
                                                        "forgeable_claim"};

constexpr const char *kTurnedAway = "; with an account it was turned away";

struct Group {
    std::map<std::string, std::set<Command>> by_persona;
    std::vector<const Cell *> cells;

    void add(const Cell &cell) {
        by_persona[cell.persona].insert(cell.command);
        cells.push_back(&cell);
    }
};

// Rows of its own where they do not belong are told beside what is worse: takes them out, and says so. Where there is
// nothing else, they are what is told.
std::string set_aside_planted(Group &group) {
    Group rest;
    std::string beside;
    for (const Cell *cell : group.cells)
        if (cell->planted)
            beside += fmt::format(" {} as {}: {}.", name(cell->command), cell->persona, cell->reason);
        else
            rest.add(*cell);
    if (rest.cells.empty()) return "";
    group = rest;
    return beside;
}

// "anon can SELECT; outsider and newcomer can SELECT and UPDATE"
std::string who_can_what(const World &world, const Group &group) {
    std::string text;
    std::set<std::string> said;
    for (const Persona &persona : world.personas) {
        const auto mine = group.by_persona.find(persona.name);
        if (mine == group.by_persona.end() || said.contains(persona.name)) continue;
        std::vector<std::string> together;
        for (const Persona &other : world.personas) {
            const auto theirs = group.by_persona.find(other.name);
            if (theirs == group.by_persona.end() || theirs->second != mine->second) continue;
            together.push_back(other.name);
            said.insert(other.name);
        }
        text += fmt::format("{}{} can {}", text.empty() ? "" : "; ", listed(together), listed(mine->second));
    }
    return text;
}

// Of those rows that somebody else has; how many a view could have shown is not known.
bool reaches_some(const Cell &cell) {
    return cell.there == 0 || cell.reached < cell.there || !cell.personal;
}

const Cell &strongest(const Group &group) {
    // What was seen before what was not, what was changed before what was only read, and who reads all before who reads
    // some. Whoever has not signed in is turned away by many a call before anything is decided.
    const auto weight = [](const Cell *cell) {
        const bool turned_away =
            cell->command == Command::execute && cell->verdict == Verdict::unknown && cell->persona == "anon";
        const bool some = cell->command == Command::select && reaches_some(*cell);
        return std::make_tuple(cell->witness.empty(), cell->command == Command::select, turned_away, some);
    };
    return **std::min_element(group.cells.begin(), group.cells.end(),
                              [&](const Cell *a, const Cell *b) { return weight(a) < weight(b); });
}

// For what is told of one command, what was seen by that one.
const Cell &as_told(const Group &group, Command command) {
    const auto seen = std::find_if(group.cells.begin(), group.cells.end(), [&](const Cell *cell) {
        return cell->command == command && cell->evidence == Evidence::execution;
    });
    return seen == group.cells.end() ? strongest(group) : **seen;
}

// What is told of rows that are read, beside what was seen first: by whom, where that was a write, and what in them is
// nobody else's business.
std::string what_is_read(const Group &group, const Cell &first) {
    std::string text;
    std::set<std::string> intimate;
    const Cell *read = nullptr;
    for (const Cell *cell : group.cells) {
        if (cell->command != Command::select) continue;
        intimate.insert(cell->intimate.begin(), cell->intimate.end());
        if (read == nullptr || (reaches_some(*read) && !reaches_some(*cell))) read = cell;
    }
    if (read != nullptr && first.command != Command::select)
        text = fmt::format(" {} as {}: {}.", name(read->command), read->persona, read->reason);
    if (!intimate.empty()) text += fmt::format(" Private by name: {}.", fmt::join(intimate, ", "));
    return text;
}

bool writes(const Group &group) {
    return std::any_of(group.cells.begin(), group.cells.end(),
                       [](const Cell *cell) { return cell->command != Command::select; });
}

// A view that is said to be read, where more than that was seen, or something else.
std::string done_through(const World &world, const Group &group, const std::string &read) {
    Group written;
    for (const Cell *cell : group.cells)
        if (cell->command != Command::select) written.add(*cell);
    const std::string what = who_can_what(world, written);
    constexpr std::string_view kRead = " can read ";
    const size_t at = read.find(kRead);
    if (at == std::string::npos || written.cells.size() < group.cells.size())
        return fmt::format("{}; {} through it", read, what);
    return fmt::format("{} in {}", what, read.substr(at + kRead.size()));
}

Finding about(const std::string &rule, const std::string &object, const Group &group) {
    Finding finding;
    finding.rule = rule;
    finding.object = object;
    const Cell &cell = strongest(group);
    finding.evidence = name(cell.evidence);
    finding.detail = fmt::format("{} as {}: {}.", name(cell.command), cell.persona, cell.reason);
    finding.key = rule + ":" + object;
    return finding;
}

// All that calls of it give is that the server sends something.
bool sends(const Group &group) {
    return std::all_of(group.cells.begin(), group.cells.end(), [](const Cell *cell) { return cell->sends; });
}

// Open to nobody who has an account.
bool without_account(const Group &group) {
    return std::all_of(group.cells.begin(), group.cells.end(), [](const Cell *cell) { return cell->without_account; });
}

Finding reachable(const World &world, const std::string &object, Verdict verdict, const Group &group) {
    Finding finding = about(std::string(name(verdict)), object, group);
    const Cell &cell = strongest(group);
    // A policy that shows some rows to everybody is often meant; a door to all rows, or to writing, seldom is.
    // Nor is a door to rows that belong to nobody in particular: categories, plans, countries.
    const bool some = !writes(group) && reaches_some(cell);
    // Nor is a box that everybody may drop something into and nobody sees into.
    const bool for_everybody = std::any_of(world.personas.begin(), world.personas.end(), [&](const Persona &p) {
        return p.uid.empty() && group.by_persona.contains(p.name);
    });
    // Whoever has signed in puts in there what visitors do.
    const auto is_visitor = [&](const Cell &one) {
        return std::any_of(world.personas.begin(), world.personas.end(),
                           [&](const Persona &p) { return p.uid.empty() && p.name == one.persona; });
    };
    const bool drop_box = for_everybody && std::all_of(group.cells.begin(), group.cells.end(), [&](const Cell *c) {
                              return c->command == Command::insert && (!c->personal || (c->founds && !is_visitor(*c)));
                          });
    // Whoever has signed in may found something of its own; what says whose it is, is written next.
    const bool founding = !for_everybody && std::all_of(group.cells.begin(), group.cells.end(),
                                                        [](const Cell *c) { return c->founds && c->personal; });
    // Nor is what a policy says in so many words that everybody is meant to read.
    const bool said = verdict == Verdict::open &&
                      std::all_of(group.cells.begin(), group.cells.end(),
                                  [](const Cell *c) { return c->command == Command::select && !c->said_by.empty(); });
    // What somebody is said to have said opens nothing.
    const bool forged =
        std::all_of(group.cells.begin(), group.cells.end(), [](const Cell *c) { return c->forged || c->planted; });
    // However few the rows: whoever has read it comes in elsewhere.
    const auto secret =
        std::find_if(group.cells.begin(), group.cells.end(), [](const Cell *c) { return !c->secret.empty(); });
    const bool grave = verdict == Verdict::leak || secret != group.cells.end();
    const bool no_account = without_account(group);
    finding.level =
        grave || !(no_account || some || drop_box || founding || said || forged) ? Level::error : Level::warning;
    finding.category = Category::exposure;
    const bool nobodys = !cell.personal && std::none_of(group.cells.begin(), group.cells.end(),
                                                        [](const Cell *c) { return c->personal && !c->founds; });
    const std::string what = verdict == Verdict::open && founding  ? "rows that name nobody"
                             : verdict == Verdict::open && nobodys ? "rows"
                                                                   : cell.what;
    finding.message =
        fmt::format("{} {} in {}, {}", who_can_what(world, group), what, object,
                    verdict == Verdict::leak ? "which is more than was declared" : "and nobody declared that");
    if (secret != group.cells.end())
        finding.message += fmt::format("; {} in it is secret by its name", (*secret)->secret);
    if (no_account) finding.message += kTurnedAway;
    finding.detail += what_is_read(group, cell);
    if (said && !some) finding.message += fmt::format("; {} says so", cell.said_by);
    finding.hint =
        fmt::format("If that is meant, declare it; else narrow {}. The witness of the cell can be pasted into psql: "
                    "SELECT witness ->> 'script' FROM rlsproof.verify('{}', '{}', '{}').",
                    cell.reason.find("polic") != std::string::npos ? "the policy" : "the privileges", cell.persona,
                    object, name(cell.command));
    if (verdict == Verdict::open)
        finding.fix = fmt::format("SELECT rlsproof.expect('{}', '{}', '{}', 'all'); -- only if it is meant",
                                  cell.persona, object, name(cell.command));
    return finding;
}

// Only ever puts rows in, and may without an account: a form, as it may be meant.
bool hands_in(const World &world, const Group &group) {
    return std::all_of(group.cells.begin(), group.cells.end(),
                       [](const Cell *cell) { return cell->command == Command::insert; }) &&
           std::any_of(world.personas.begin(), world.personas.end(),
                       [&](const Persona &p) { return p.uid.empty() && group.by_persona.contains(p.name); });
}

// What is written and what is read are two findings where the one may be meant, as a form that is handed in, and the
// other is worse, or shows what is nobody else's business: who accepts the one has not accepted the other. The read
// then is as bad as both together. Where the write is the worse of them the read is told beside it.
std::vector<Finding> told_apart(const World &world, const std::string &object, Verdict verdict, const Group &group) {
    Finding together = reachable(world, object, verdict, group);
    Group written, read;
    bool intimate = false;
    for (const Cell *cell : group.cells) {
        (cell->command == Command::select ? read : written).add(*cell);
        intimate = intimate || !cell->intimate.empty();
    }
    if (written.cells.empty() || read.cells.empty()) return {together};
    Finding writing = reachable(world, object, verdict, written), reading = reachable(world, object, verdict, read);
    if (reading.level >= writing.level && !(intimate && hands_in(world, written))) return {together};
    reading.level = std::min(reading.level, together.level);
    // What is read keeps the key that it has alone.
    std::string commands;
    for (const Cell *cell : written.cells)
        if (const std::string command(name(cell->command)); commands.find(command) == std::string::npos)
            commands += (commands.empty() ? "" : ",") + command;
    writing.key += ":" + commands;
    return {writing, reading};
}

// A function that gives its callers what they could not have had without it.
Finding callable(const World &world, const std::string &object, Verdict verdict, const Group &group) {
    Finding finding = about(std::string(name(verdict)), object, group);
    const Cell &cell = strongest(group);
    // To tell something about rows may be what a function is for: how many places are left.
    const bool seen = cell.evidence == Evidence::execution && cell.reached > 0 && cell.personal;
    finding.level = verdict == Verdict::leak || (seen && !without_account(group)) ? Level::error : Level::warning;
    finding.category = Category::exposure;
    std::vector<std::string> callers;
    for (const Persona &persona : world.personas)
        if (group.by_persona.contains(persona.name)) callers.push_back(persona.name);
    if (!cell.power.empty()) finding.rule = "any_sql";
    finding.key = finding.rule + ":" + object;
    finding.message =
        !cell.power.empty()
            ? fmt::format("{} may {}, by calling {}", listed(callers), cell.power, object.substr(object.find(':') + 1))
            : fmt::format("{} {}, {}", who_can_what(world, group), object,
                          verdict == Verdict::leak ? "which is more than was declared"
                                                   : "past the policies, and nobody declared that");
    if (without_account(group)) finding.message += kTurnedAway;
    finding.hint =
        fmt::format("If that is meant, declare it: SELECT rlsproof.expect('{}', '{}', 'EXECUTE', 'all'). Else "
                    "let it look at who is calling, or take EXECUTE away.",
                    cell.persona, object);
    for (const Function &function : world.functions)
        if (function.name == object) {
            std::vector<std::string> personas;
            for (const auto &[persona, commands] : group.by_persona) personas.push_back(persona);
            finding.fix = revoke_execute(world, function, personas);
        }
    return finding;
}

Finding failing(const World &world, const std::string &object, Verdict verdict, const Group &group) {
    const Cell &cell = strongest(group);
    std::vector<std::string> personas;
    std::set<Command> commands;
    for (const Persona &persona : world.personas)
        if (const auto mine = group.by_persona.find(persona.name); mine != group.by_persona.end()) {
            personas.push_back(persona.name);
            commands.insert(mine->second.begin(), mine->second.end());
        }
    switch (verdict) {
    case Verdict::lockout: {
        Finding finding = about("lockout", object, group);
        finding.level = Level::error;
        finding.category = Category::permissions;
        finding.message =
            fmt::format("{} cannot {} in {} what was declared", listed(personas), listed(commands), object);
        return finding;
    }
    case Verdict::error: {
        Finding finding = about("broken", object, group);
        finding.level = cell.command == Command::execute ? Level::warning : Level::error;
        finding.category = Category::permissions;
        finding.message =
            fmt::format("{} on {} fails for {}: {}", listed(commands), object, listed(personas), cell.reason);
        // Who has not signed in and lacks a right that the policies need is turned away for good, if not politely.
        const bool visitors = std::all_of(group.cells.begin(), group.cells.end(), [&](const Cell *c) {
            return c->reason.starts_with("42501") && c->command != Command::execute && !c->declared &&
                   std::any_of(world.personas.begin(), world.personas.end(),
                               [&](const Persona &p) { return p.name == c->persona && p.uid.empty() && !p.declared; });
        });
        if (visitors) finding.level = Level::note;
        finding.hint =
            visitors
                ? "It is shut for them by an error instead of an empty answer. If they are meant to be let in, grant "
                  "what is missing; if not, CREATE POLICY ... TO authenticated says so."
            : cell.command == Command::execute ? "Whoever calls it gets this error: mend it, or drop it."
            : cell.reason.rfind("42P17", 0) == 0
                ? "A policy reads its own table, directly or through another one's policy. Move the look-up into a "
                  "SECURITY DEFINER function that checks the caller."
            : cell.reason.rfind("54001", 0) == 0 && cell.reason.find("→") != std::string::npos
                ? "A policy calls a function that reads, as its caller, the table that the policy is for: the policy "
                  "is asked again, without end. Make the function SECURITY DEFINER, with a search_path of its own, and "
                  "let it check the caller."
                : "The statement fails while the policies are applied; whoever is meant to be let in is not.";
        return finding;
    }
    default: {
        Finding finding = about(std::string(name(verdict)), object, group);
        finding.level = Level::note;
        finding.category = Category::hygiene;
        finding.message =
            cell.command == Command::execute
                ? fmt::format("whether {} gives {} rows of other people is unknown", object, listed(personas))
                : fmt::format("whether {} {} other people's rows in {} by {} is {}", listed(personas),
                              personas.size() == 1 ? "reaches" : "reach", object, listed(commands),
                              verdict == Verdict::vacuous ? "not shown by any row" : "unknown");
        const auto passes =
            std::find_if(group.cells.begin(), group.cells.end(), [](const Cell *c) { return c->passes; });
        if (passes == group.cells.end()) return finding;
        finding.level = Level::warning;
        finding.category = Category::exposure;
        finding.message = fmt::format("{} gets by what turns others away in {}, and what it has of that is not known",
                                      (*passes)->persona, object.substr(object.find(':') + 1));
        finding.detail = fmt::format("{} as {}: {}.", name(cell.command), (*passes)->persona, (*passes)->reason);
        finding.hint = "Let it turn away who has no account as well: IF auth.uid() IS NULL OR ... THEN RAISE.";
        return finding;
    }
    }
}

// A scope that one persona was seen to be held by, and to get its rows through, is alive for all of them.
bool shown_by_another(const std::vector<Cell> &cells, const Cell &cell) {
    return std::any_of(cells.begin(), cells.end(), [&](const Cell &other) {
        return other.object == cell.object && other.command == cell.command && other.expected == cell.expected &&
               other.declared && other.verdict == Verdict::ok && other.reached > 0;
    });
}

// A view that shows one of those who may read it nothing today, and another one what it should not: nobody is to take
// comfort in that.
bool shown_to_another(const std::vector<Cell> &cells, const Cell &cell) {
    return cell.command == Command::select && !cell.declared &&
           std::any_of(cells.begin(), cells.end(), [&](const Cell &other) {
               return other.object == cell.object && other.command == cell.command && other.verdict == Verdict::open;
           });
}

// A view that reads past policies and shows strangers nothing of others all the same, by a condition of its own.
void weigh_views(const World &world, const std::vector<Cell> &cells, std::vector<Finding> &findings) {
    for (Finding &finding : findings) {
        if (finding.rule != "owner_view") continue;
        // One that asks who is calling and shows nothing at all was not seen to fail at that.
        const Relation *view = world.relation(finding.object);
        const bool asks = view != nullptr && view->parts.asks_who;
        bool looked = false, open = false, held = false, certain = true;
        for (const Cell &cell : cells) {
            if (cell.object != finding.object || !row_wise(cell.command)) continue;
            looked = looked || cell.command == Command::select;
            open = open || cell.verdict == Verdict::open || cell.verdict == Verdict::leak;
            held = held || cell.verdict == Verdict::ok;
            certain = certain && (cell.verdict == Verdict::ok || (asks && cell.verdict == Verdict::vacuous));
        }
        certain = certain && held;
        if (!looked || open) continue;
        finding.level = certain ? Level::note : Level::warning;
        finding.detail += certain ? " What it shows them is their own, by a condition of its own."
                                  : " Nothing of other people was seen through it: it has a condition of its own.";
    }
}

// What a body looks like is one thing: that every call fails, or gives nobody what was not theirs anyway, another.
void weigh_calls(const World &world, const std::vector<Cell> &cells, std::vector<Finding> &findings) {
    std::map<std::string, bool> harmless;     // by function
    std::map<std::string, const Cell *> told; // the same: to whoever was told a word, and to nobody else
    std::map<std::string, bool> slight;       // it counts, or takes what nobody sees again, as a policy may let anybody
    for (const Cell &cell : cells) {
        const bool strangers = std::any_of(world.personas.begin(), world.personas.end(),
                                           [&](const Persona &p) { return p.name == cell.persona && is_stranger(p); });
        if (cell.command != Command::execute || cell.evidence == Evidence::privilege || !strangers) continue;
        const auto [known, is_new] = harmless.try_emplace(cell.object, true);
        known->second = known->second && (cell.idle || cell.fails || !cell.told.empty());
        slight.try_emplace(cell.object, true).first->second &=
            cell.verdict == Verdict::open && cell.reached == 0 && !cell.personal;
        if (!cell.told.empty()) told.emplace(cell.object, &cell);
    }
    for (Finding &finding : findings) {
        if (const auto little = slight.find(finding.object); finding.rule == "definer_function" &&
                                                             finding.level == Level::error && little != slight.end() &&
                                                             little->second)
            finding.level = Level::warning;
        const auto by_word = told.find(finding.object);
        if ((finding.rule != "definer_function" && finding.rule != "definer_identity") || by_word == told.end() ||
            !harmless.at(finding.object))
            continue;
        finding.level = Level::note;
        finding.evidence = name(by_word->second->evidence);
        finding.detail += fmt::format(" Seen: EXECUTE as {}: {}.", by_word->second->persona, by_word->second->reason);
    }
    std::erase_if(findings, [&](const Finding &finding) {
        const auto known = harmless.find(finding.object);
        return (finding.rule == "definer_function" || finding.rule == "definer_identity") && known != harmless.end() &&
               known->second && !told.contains(finding.object);
    });
}

// The role of whoever is named by an id is little, whatever else is in that row.
bool answers_one_word(const World &world, const std::string &object) {
    return std::any_of(world.functions.begin(), world.functions.end(),
                       [&](const Function &function) { return function.name == object && function.one_word; });
}

// A role beside the one that everybody has who has signed in is had by whom a token was signed for with it: a panel of
// one's own people, mostly. Who that is, the database does not say.
bool takes_another_role(const Group &group) {
    return std::all_of(group.by_persona.begin(), group.by_persona.end(),
                       [](const auto &persona) { return persona.first.find(':') != std::string::npos; });
}

bool said(const std::vector<Finding> &findings, const std::string &reason) {
    return std::any_of(findings.begin(), findings.end(), [&](const Finding &f) { return f.message == reason; });
}

} // namespace

std::string_view rule_of(const Cell &cell) {
    return cell.verdict == Verdict::error ? "broken" : name(cell.verdict);
}

void add_cells(const World &world, const std::vector<Cell> &cells, std::vector<Finding> &findings) {
    std::map<std::pair<std::string, Verdict>, Group> groups;
    for (const Cell &cell : cells) {
        // truncate_granted speaks for the rest.
        if (cell.verdict == Verdict::ok || !(row_wise(cell.command) || cell.command == Command::execute)) continue;
        if (cell.verdict == Verdict::vacuous && (shown_by_another(cells, cell) || shown_to_another(cells, cell)))
            continue;
        if (said(findings, cell.reason)) continue;
        groups[{cell.object, cell.verdict}].add(cell);
    }
    weigh_views(world, cells, findings);
    weigh_calls(world, cells, findings);
    for (auto &[place, group] : groups) {
        const std::string beside = set_aside_planted(group);
        // By name: clang++ lets no lambda capture a binding.
        const auto &object = place.first;
        const auto &verdict = place.second;
        const bool sending = sends(group);
        const bool call = group.cells.front()->command == Command::execute;
        const auto explains = [&](const Finding &finding) {
            return finding.object == object && ((call ? kCallCauses : kCauses).contains(finding.rule) ||
                                                (finding.rule == "definer_request" && sending));
        };
        if (verdict != Verdict::open && verdict != Verdict::leak) {
            if (!call || verdict == Verdict::lockout || std::none_of(findings.begin(), findings.end(), explains))
                findings.push_back(failing(world, object, verdict, group));
            continue;
        }
        bool explained = false;
        for (Finding &finding : findings) {
            if (!explains(finding)) continue;
            explained = true;
            const bool view = finding.rule == "owner_view";
            const Cell &cell = view ? as_told(group, Command::select) : strongest(group);
            if (cell.evidence != Evidence::execution) continue;
            finding.evidence = name(cell.evidence);
            if (view && writes(group)) {
                finding.level = Level::error;
                finding.message = done_through(world, group, finding.message);
            }
            if (call && cell.reached > 0 && !answers_one_word(world, object) && !without_account(group))
                finding.level = Level::error;
            finding.detail += fmt::format(" Seen: {} as {}: {}.", name(cell.command), cell.persona, cell.reason);
        }
        if (explained && verdict != Verdict::leak) continue;
        std::vector<Finding> told = call ? std::vector<Finding>{callable(world, object, verdict, group)}
                                         : told_apart(world, object, verdict, group);
        told.front().detail += beside;
        for (Finding &finding : told) {
            if (verdict == Verdict::open && takes_another_role(group)) {
                finding.level = Level::warning;
                finding.detail += " Whoever has signed in has another role; who gets a token with this one, the "
                                  "database does not say.";
            }
            findings.push_back(std::move(finding));
        }
    }
}

} // namespace rlsproof::lint
