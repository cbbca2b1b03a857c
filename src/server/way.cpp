#include "server/way.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/spi.hpp"
#include "server/witness.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostDeciders = 3; // named in a finding

} // namespace

std::vector<std::string> deciders(const Way &way, const Tables &tables, const Hints &hints) {
    std::vector<std::string> result;
    for (const auto &[place, by] : hints.deciders)
        if (way.relation != nullptr && place.relation == way.relation->id &&
            (way.column.empty() || tables.of(place.relation)->column(place.number)->name == way.column))
            for (const std::string &decider : by)
                if (std::find(result.begin(), result.end(), decider) == result.end()) result.push_back(decider);
    return result;
}

std::string some_deciders(std::vector<std::string> by) {
    if (by.empty()) return "a condition elsewhere";
    const size_t more = by.size() > kMostDeciders ? by.size() - kMostDeciders : 0;
    by.resize(std::min(by.size(), kMostDeciders));
    return fmt::format("{}{}", fmt::join(by, "; "), more > 0 ? fmt::format(" (and {} more)", more) : "");
}

void make_open(std::span<Cell> cells, const Persona &persona, const std::string &object, Command command,
               const std::string &what, const std::string &statement, const std::string &shown) {
    for (Cell &cell : cells)
        if (cell.persona == persona.name && cell.object == object && cell.command == command &&
            cell.verdict != Verdict::open && cell.verdict != Verdict::leak && cell.expected == "none") {
            cell.verdict = cell.declared ? Verdict::leak : Verdict::open;
            cell.evidence = Evidence::execution;
            cell.reason = what;
            Observation observation;
            observation.statement = statement;
            cell.witness = shown.empty() ? witness(persona, observation, "") : shown;
        }
}

void accuse_of(const Way &way, const Persona &persona, const Tables &tables, const Hints &hints,
               std::vector<Cell> &cells, std::vector<Finding> &findings) {
    const bool promotion = way.rule == "self_promotion";
    const std::string object = way.relation != nullptr ? way.relation->name : way.function->name;
    std::string what = fmt::format("{} can", way.appointed.empty() ? persona.name : way.appointed);
    if (way.relation != nullptr)
        what +=
            fmt::format(" {} {}{}",
                        promotion                        ? std::string("set")
                        : !way.moves.empty()             ? fmt::format("make a row of its own name {} in", way.moves)
                        : way.command == Command::update ? "change its own row in"
                                                         : "write its own row into",
                        way.column.empty() ? object : object + "." + way.column, way.moves.empty() ? " by itself" : "");
    what += way.when;
    if (way.function != nullptr)
        what += fmt::format("{} call {}{}", way.relation != nullptr ? " and" : "", way.function->name.substr(4),
                            way.then != nullptr       ? fmt::format(", and {} of the row that it puts into {}",
                                                                    way.then->name.substr(4), way.words)
                            : way.relation != nullptr ? " with it"
                            : way.words.empty()       ? " with the key of any row"
                                                      : fmt::format(" with {}, which it is shown", way.words));
    if (!way.gained.empty())
        what += fmt::format("; after that{} {} {} rows of other people in {}",
                            way.by_next_token ? ", and with its next token," : "", way.who,
                            way.changes ? "changes" : "sees", fmt::join(way.gained, ", "));
    // What takes more than an account is not open to whoever has one.
    if (way.appointed.empty()) make_open(cells, persona, object, way.command, what, way.statement, way.witness);
    Finding finding;
    finding.rule = way.rule;
    finding.level = Level::error;
    finding.category = Category::exposure;
    finding.object = object;
    finding.message = what;
    const std::string decided =
        !way.trigger.empty()
            ? fmt::format("{} writes past the policies, and {} decides by it", way.trigger, some_deciders(way.by))
        : !way.shows.empty()  ? fmt::format("{}, and shows what such rows point to", way.shows)
        : way.then != nullptr ? fmt::format("{} runs as {}, and puts in what its caller could not; {} takes it up, and "
                                            "writes to what decides about others",
                                            way.function->name.substr(4), way.function->owner, way.then->name.substr(4))
        : way.function != nullptr ? fmt::format("{} runs as {}, and writes to what decides about others",
                                                way.function->name.substr(4), way.function->owner)
                                  : some_deciders(deciders(way, tables, hints)) + " decides by it";
    finding.detail = fmt::format(
        "{}. It was done{} with: {}", decided,
        way.appointed.empty() ? "" : fmt::format(", {} having been given that role in a row of its own,", persona.name),
        way.statement);
    finding.hint = !way.appointed.empty()
                       ? "Let the policy's WITH CHECK hold the role at those that one tenant may give, or let whoever "
                         "asks for the role ask where it is held."
                   : promotion || !way.moves.empty()
                       ? "Take UPDATE on the column away, or let the policy's WITH CHECK keep it as it is."
                   : !way.trigger.empty()
                       ? "Let the policy's WITH CHECK hold the columns that the trigger goes by at what everybody may "
                         "have, or let the trigger function ask who is calling before it writes."
                   : !way.shows.empty()
                       ? "Let the policy's WITH CHECK ask whose the row is that is pointed to, or let the function ask "
                         "whose it is before it shows it."
                   : !way.when.empty()
                       ? "Let the policy's WITH CHECK hold the columns that others decide by at what everybody may "
                         "have, or let a trigger put the row in at sign-up and nobody else."
                   : way.then != nullptr
                       ? "Let the function that puts the row in ask whether its caller may let others in."
                   : !way.words.empty()
                       ? "Show the word to those who may hand it on and to nobody else, or let the function ask for "
                         "more than that."
                   : way.relation == nullptr
                       ? "Let the function ask whether its caller was let in by somebody who may."
                       : "Let only those who may invite write to the table; a WITH CHECK on the caller's own "
                         "identity says nothing about what is joined.";
    if ((promotion && way.appointed.empty()) || !way.moves.empty())
        finding.fix =
            fmt::format("REVOKE UPDATE ON {0} FROM {1}; GRANT UPDATE (/* the harmless columns */) ON {0} TO {1};",
                        object, quote_identifier(persona.role));
    finding.evidence = "execution";
    finding.key = fmt::format("{}:{}{}", way.rule, object, way.column.empty() ? "" : "." + way.column);
    findings.push_back(std::move(finding));
}

bool made_at_sign_up(Bodies &bodies, const std::vector<Oid> &accounts, Oid table) {
    std::vector<std::string> others;
    for (const Oid account : accounts)
        if (account != table) others.push_back(std::to_string(account));
    const Rows functions = query("select tgfoid from pg_catalog.pg_trigger where tgrelid = any ($1::oid[]) "
                                 "and not tgisinternal and tgenabled in ('O', 'A') and tgtype & 4 <> 0",
                                 {array_literal(others)});
    for (size_t i = 0; i < functions.size(); i++) {
        const Body &body = bodies.of(functions.oid(i, 0));
        if (!body.known || body.inserted.contains(table)) return true;
    }
    return false;
}

} // namespace rlsproof::server
