// Privileges that no policy ever looks at: TRUNCATE empties a table past all policies, TRIGGER runs code as whoever
// writes, REFERENCES tells which keys exist. GRANT ALL gives them away unseen, usually for a whole schema: then it is
// one finding that names every table.
#include <map>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

namespace {

constexpr size_t kAWholeSchema = 6; // tables, from which on they are one finding

struct Held {
    std::vector<const Relation *> tables;
    std::set<std::string> personas;
    std::set<Command> commands;
};

std::vector<std::string> in_order(const World &world, const std::set<std::string> &personas) {
    std::vector<std::string> names;
    for (const Persona &persona : world.personas)
        if (personas.contains(persona.name)) names.push_back(persona.name);
    return names;
}

// Those of them that need no API, and empty the table with a statement of their own.
std::vector<std::string> connecting(const World &world, const Held &held) {
    std::vector<std::string> names;
    for (const Persona &persona : world.personas)
        for (const Relation *table : held.tables) {
            const Reach *reach = table->reach_of(persona.name);
            if (!persona.connects || !held.personas.contains(persona.name) || reach == nullptr ||
                !reach->commands.contains(Command::truncate))
                continue;
            names.push_back(persona.name);
            break;
        }
    return names;
}

Finding describe(const World &world, const Rule &rule, const Held &held) {
    Finding finding = start(rule);
    const std::vector<std::string> direct = connecting(world, held);
    finding.level = direct.empty() ? Level::note : Level::warning;
    finding.detail = direct.empty() ? "The API offers no way to run these commands; a function that runs SQL from "
                                      "outside, or a direct connection, would."
                                    : fmt::format("{} connect{} without an API in between: TRUNCATE empties the table, "
                                                  "whosever its rows are.",
                                                  listed(direct), direct.size() == 1 ? "s" : "");
    finding.hint = "Grant the four row commands by name instead of ALL.";
    std::string commands;
    for (const Command command : {Command::truncate, Command::trigger, Command::references, Command::maintain})
        if (held.commands.contains(command)) commands += (commands.empty() ? "" : ", ") + std::string(name(command));
    std::vector<std::string> names;
    for (const Relation *table : held.tables) names.push_back(table->name);
    finding.fix = fmt::format("REVOKE {} ON {} FROM {};", commands, comma_separated(names),
                              grantees(world, in_order(world, held.personas)));
    finding.evidence = "privilege";
    return finding;
}

} // namespace

void truncate_granted(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    static const std::set<Command> past_policies = {Command::truncate, Command::trigger, Command::references,
                                                    Command::maintain};
    std::map<std::string, Held> schemas;
    for (const Relation &relation : world.relations) {
        if (!relation.is_table()) continue;
        if (relation.extension_member || !relation.row_security) continue; // rls_disabled says it already
        const Reached reached = reached_by_strangers(world, relation, past_policies);
        if (!reached.commands.contains(Command::truncate) && !reached.commands.contains(Command::trigger)) continue;
        Held &held = schemas[schema_of(relation.name)];
        held.tables.push_back(&relation);
        held.commands.insert(reached.commands.begin(), reached.commands.end());
        held.personas.insert(reached.personas.begin(), reached.personas.end());
    }
    for (const auto &[schema, held] : schemas) {
        if (held.tables.size() >= kAWholeSchema) {
            Finding finding = describe(world, rule, held);
            std::vector<std::string> names;
            for (const Relation *table : held.tables) names.push_back(table->name);
            finding.object = "schema:" + schema;
            finding.message = fmt::format("{} hold{} {} on {} tables of schema {}, which no policy looks at",
                                          listed(in_order(world, held.personas)), held.personas.size() == 1 ? "s" : "",
                                          listed(held.commands), names.size(), schema);
            finding.detail += fmt::format(" The tables: {}.", comma_separated(names));
            findings.push_back(std::move(finding));
            continue;
        }
        for (const Relation *table : held.tables) {
            const Reached reached = reached_by_strangers(world, *table, past_policies);
            Finding finding =
                describe(world, rule, {{table}, {reached.personas.begin(), reached.personas.end()}, reached.commands});
            finding.object = table->name;
            finding.message =
                fmt::format("{} hold{} {} on {}, which no policy looks at", listed(reached.personas),
                            reached.personas.size() == 1 ? "s" : "", listed(reached.commands), table->name);
            findings.push_back(std::move(finding));
        }
    }
}

} // namespace rlsproof::lint
