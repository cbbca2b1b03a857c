// rlsproof.draft_matrix(): the declarations that describe what is observed today. Every one of them is tried out before
// it is printed: what the drafted matrix would not stand up to is drafted less finely, or said in a comment.
#include "base/finding.hpp"
#include "base/text.hpp"
#include "model/cell.hpp"
#include "model/world.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/access.hpp"
#include "server/declare.hpp"
#include "server/result.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/verify.hpp"
#include "server/world.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "utils/snapmgr.h"
}

namespace rlsproof::server {

namespace {

constexpr const char *kNote = "unreviewed";

// Lets what was just written be read. The end of the subtransaction takes the snapshot away again.
void see_what_was_written() {
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
}

// public.* for public.orders, rpc:public.* for rpc:public.pay(uuid); empty for what is in no schema.
std::string schema_pattern(const std::string &object) {
    size_t at = object.starts_with("rpc:") ? 4 : 0;
    bool quoted = false;
    for (; at < object.size(); at++) {
        if (object[at] == '"') quoted = !quoted;
        if (object[at] == '.' && !quoted) return object.substr(0, at + 1) + "*";
    }
    return "";
}

class Draft {
public:
    explicit Draft(const World &world) : world_(world) {}

    std::vector<std::string> write();

private:
    struct Line {
        std::string access;  // none, all or a scope; empty where nothing can be declared that holds
        std::string without; // the access where the scope does not hold
    };
    using Place = std::tuple<std::string, std::string, Command>; // persona, object, command
    struct Scope {
        std::string relation, name, predicate;
    };

    void observe();
    void try_scopes();
    bool settle(const std::vector<Cell> &cells);
    void declare_for_a_try();
    std::vector<Cell> tried();
    const std::string &scope_for(const Access &access);
    std::set<std::string> closed_schemas(const std::string &persona) const;
    void write_personas();
    void write_scopes();
    void write_expectations(const std::string &persona);
    void write_what_is_left();
    void say(std::string line) { lines_.push_back(std::move(line)); }

    const World &world_;
    std::vector<Cell> cells_;
    std::map<Place, Line> drafted_; // of the cells nobody has declared
    std::vector<Scope> scopes_;     // drafted and declared ones
    size_t declared_scopes_ = 0;
    std::map<Place, std::string> left_; // cells that no declaration makes fine, and why
    std::vector<Finding> holes_;
    std::vector<std::string> lines_;
};

// What is there without a draft.
void Draft::observe() {
    cells_ = verify(world_, {}).cells;
    for (const Cell &cell : cells_) {
        if (cell.declared) continue;
        // A function that may be called and gives nothing: the line that closes its schema says so.
        const bool call = cell.command == Command::execute && cell.evidence != Evidence::privilege;
        if (call && cell.verdict == Verdict::ok) continue;
        const bool open = call || cell.verdict == Verdict::open || cell.verdict == Verdict::leak;
        const std::string access = open ? "all" : "none";
        drafted_[{cell.persona, cell.object, cell.command}] = {access, access};
    }
    const Rows declared = query("select relation, scope, predicate from rlsproof.scopes order by 1, 2");
    for (size_t i = 0; i < declared.size(); i++)
        scopes_.push_back({declared.text(i, 0), declared.text(i, 1), declared.text(i, 2)});
    declared_scopes_ = scopes_.size();
}

std::string_view plain_name(const Access &access) {
    if (access.identity) return "own";
    switch (access.command) {
    case Command::select: return "visible";
    case Command::insert: return "addable";
    case Command::update: return "changeable";
    default: return "removable";
    }
}

// The scope with this predicate; a new one gets a name that is free.
const std::string &Draft::scope_for(const Access &access) {
    std::set<std::string> taken;
    for (const Scope &scope : scopes_) {
        if (scope.relation != access.object) continue;
        if (scope.predicate == access.scope) return scope.name;
        taken.insert(scope.name);
    }
    const std::string_view base = plain_name(access);
    std::string name(base);
    for (int i = 2; taken.contains(name); i++) name = fmt::format("{}_{}", base, i);
    return scopes_.emplace_back(Scope{access.object, name, access.scope}).name;
}

void Draft::try_scopes() {
    for (const Access &access : read_access(world_, "", "")) {
        const auto found = drafted_.find({access.persona, access.object, access.command});
        if (found == drafted_.end() || access.rows != Reached::some || access.scope.empty()) continue;
        if (check_predicate(access.object, access.scope).ok) found->second.access = scope_for(access);
    }
}

void Draft::declare_for_a_try() {
    for (size_t i = declared_scopes_; i < scopes_.size(); i++)
        execute("insert into rlsproof.scopes (relation, scope, predicate) values ($1, $2, $3)",
                {scopes_[i].relation, scopes_[i].name, scopes_[i].predicate});
    for (const auto &[place, line] : drafted_)
        if (!line.access.empty())
            execute("insert into rlsproof.expectations (persona, object, command, access) values ($1, $2, $3, $4)",
                    {std::get<0>(place), std::get<1>(place), std::string(name(std::get<2>(place))), line.access});
}

std::vector<Cell> Draft::tried() {
    std::vector<Cell> cells;
    undone([&] {
        declare_for_a_try();
        call(see_what_was_written);
        Verification verification = verify(world_, {});
        cells = std::move(verification.cells);
        holes_ = std::move(verification.findings);
    });
    return cells;
}

// A scope that does not hold gives way to none or all, and what cannot be had at all to none, and none, where
// it is less than there is, to no declaration. What does not hold then is left to a person. Whether anything was
// drafted anew.
bool Draft::settle(const std::vector<Cell> &cells) {
    bool changed = false;
    left_.clear();
    for (const Cell &cell : cells) {
        const auto found = drafted_.find({cell.persona, cell.object, cell.command});
        if (found == drafted_.end() || cell.verdict == Verdict::ok) continue;
        // Each step is taken once, so that this ends.
        Line &line = found->second;
        if (line.access == "all" && cell.verdict == Verdict::lockout)
            line.without = "none";
        else if (line.access == "none" && cell.verdict == Verdict::leak)
            line.without = "";
        changed = changed || line.access != line.without;
        line.access = line.without;
        left_[found->first] = fmt::format("{}: {}", name(cell.verdict), cell.reason);
    }
    return changed;
}

// The schemas of which nobody has declared anything for the persona: one line can close all that is closed there.
std::set<std::string> Draft::closed_schemas(const std::string &persona) const {
    std::set<std::string> schemas, touched;
    for (const Cell &cell : cells_) {
        if (cell.persona != persona) continue;
        const auto line = drafted_.find({cell.persona, cell.object, cell.command});
        const bool left_out = line != drafted_.end() && line->second.access.empty();
        (cell.declared || left_out ? touched : schemas).insert(schema_pattern(cell.object));
    }
    for (const std::string &schema : touched) schemas.erase(schema);
    schemas.erase("");
    return schemas;
}

void Draft::write_personas() {
    std::vector<std::string> built_in;
    for (const Persona &persona : world_.personas)
        if (!persona.declared) built_in.push_back(fmt::format("{} (role {})", persona.name, persona.role));
    say("");
    if (!built_in.empty())
        for (const std::string &line :
             text::wrap(fmt::format("Looked at without being declared: {}.", fmt::join(built_in, ", ")), 95))
            say("-- " + line);
    const Rows rows = query(R"(select name, role, claims::text, settings::text, note from rlsproof.personas
order by name collate "C")");
    const auto literal = [&](size_t row, size_t column) {
        return rows.value(row, column) ? quote_literal(rows.text(row, column)) : std::string("NULL");
    };
    for (size_t i = 0; i < rows.size(); i++)
        say(fmt::format("SELECT rlsproof.persona({}, {}, {}, {}, {});", literal(i, 0), literal(i, 1), literal(i, 2),
                        literal(i, 3), literal(i, 4)));
}

void Draft::write_scopes() {
    std::set<std::pair<std::string, std::string>> used;
    for (const auto &[place, line] : drafted_) used.emplace(std::get<1>(place), line.access);
    bool first = true;
    for (size_t i = declared_scopes_; i < scopes_.size(); i++) {
        const Scope &scope = scopes_[i];
        if (!used.contains({scope.relation, scope.name})) continue;
        if (first) {
            say("");
            say("-- Whose a row is: as the policies have it.");
        }
        first = false;
        say(fmt::format("SELECT rlsproof.scope({}, {}, {}, NULL, '{}');", quote_literal(scope.relation),
                        quote_literal(scope.name), quote_literal(scope.predicate), kNote));
    }
}

void Draft::write_expectations(const std::string &persona) {
    const std::set<std::string> closed = closed_schemas(persona);
    std::vector<std::string> lines;
    const auto add = [&](const std::string &object, const std::string &commands, const std::string &access) {
        lines.push_back(fmt::format("SELECT rlsproof.expect({}, {}, '{}', {}, '{}');", quote_literal(persona),
                                    quote_literal(object), commands, quote_literal(access), kNote));
    };
    for (const std::string &schema : closed) add(schema, "all", "none");
    std::string object;
    std::vector<std::pair<std::string, std::string>> groups; // access → its commands
    const auto flush = [&] {
        for (const auto &[access, commands] : groups)
            if (access != "none" || !closed.contains(schema_pattern(object))) add(object, commands, access);
        groups.clear();
    };
    for (const Cell &cell : cells_) {
        const auto found = drafted_.find({cell.persona, cell.object, cell.command});
        if (cell.persona != persona || found == drafted_.end()) continue;
        if (cell.object != object) flush();
        object = cell.object;
        const std::string &access = found->second.access;
        if (access.empty()) continue;
        const auto group =
            std::find_if(groups.begin(), groups.end(), [&](const auto &known) { return known.first == access; });
        if (group == groups.end())
            groups.emplace_back(access, name(cell.command));
        else
            group->second += fmt::format(", {}", name(cell.command));
    }
    flush();
    if (lines.empty()) return;
    say("");
    say("-- What " + persona + " may do.");
    lines_.insert(lines_.end(), lines.begin(), lines.end());
}

void Draft::write_what_is_left() {
    bool first = true;
    for (const Cell &cell : cells_) {
        const auto found = drafted_.find({cell.persona, cell.object, cell.command});
        if (found == drafted_.end() || !found->second.access.empty()) continue;
        if (first) {
            say("");
            say("-- What is left to be declared by hand: neither none nor all is true, and no scope was found that "
                "is.");
        }
        first = false;
        say(fmt::format("--   {} {} {}", cell.persona, name(cell.command), cell.object));
    }
    if (!left_.empty()) {
        say("");
        say("-- What no declaration settles, since it was not shown by running it:");
        for (const Cell &cell : cells_)
            if (const auto found = left_.find({cell.persona, cell.object, cell.command}); found != left_.end())
                say(fmt::format("--   {} {} {}: {}", cell.persona, name(cell.command), cell.object,
                                text::flat(found->second)));
    }
    if (holes_.empty()) return;
    say("");
    say("-- What is found whatever is declared:");
    for (const Finding &finding : holes_) say(fmt::format("--   {}: {}", finding.rule, text::flat(finding.message)));
}

std::vector<std::string> Draft::write() {
    observe();
    try_scopes();
    while (settle(tried())) poll();
    say("-- Who reaches which rows today, drafted by rlsproof.draft_matrix(). It says what is, not what is meant:");
    say("-- read every line, change what is wrong, and put a note of your own in place of 'unreviewed'.");
    write_personas();
    write_scopes();
    for (const Persona &persona : world_.personas) write_expectations(persona.name);
    write_what_is_left();
    return std::move(lines_);
}

} // namespace

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_draft_matrix);

Datum rlsproof_draft_matrix(PG_FUNCTION_ARGS) {
    return enter([&]() -> Datum {
        if (XactReadOnly || RecoveryInProgress())
            throw Error(Code::unsupported, "a matrix cannot be drafted in a read-only transaction",
                        "What is drafted is tried out and rolled back, and that takes a transaction that may write.");
        const World world = read_world();
        if (world.personas.empty())
            throw Error(Code::not_found, "there is no persona to draft a matrix for",
                        "Declare one with rlsproof.persona(name, role).");
        return_lines(fcinfo, Draft(world).write());
        return 0;
    });
}
}

} // namespace rlsproof::server
