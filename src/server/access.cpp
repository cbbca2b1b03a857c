#include "model/expectation.hpp"

#include "server/access.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/names.hpp"
#include "server/personas.hpp"
#include "server/privileges.hpp"
#include "server/result.hpp"
#include "server/spi.hpp"
#include "server/world.hpp"

#include "server/compat.hpp"

namespace rlsproof::server {

namespace {

bool is_table(const Relation &relation) {
    return relation.kind == RelationKind::table || relation.kind == RelationKind::partitioned_table;
}

bool knows(const Relation &relation, Command command) {
    if (command == Command::execute || (command == Command::maintain && !compat::has_maintain)) return false;
    if (relation.kind == RelationKind::materialized_view) return command == Command::select;
    return row_wise(command) || is_table(relation);
}

Reached reached(Truth truth) {
    return truth == Truth::never ? Reached::none : truth == Truth::always ? Reached::all : Reached::some;
}

std::string_view word(Reached rows) {
    switch (rows) {
    case Reached::none: return "none";
    case Reached::some: return "some";
    case Reached::all: return "all";
    case Reached::unknown: return "unknown";
    }
    return "unknown";
}

std::string inside(const std::string &predicate) {
    return predicate.empty() ? "true" : predicate;
}

// Puts what the rewritten statement says into words.
void read_predicate(Access &access, const Relation &relation, const std::vector<BaseRelation> &bases,
                    const std::map<Oid, const Relation *> &by_id) {
    std::vector<std::string> parts, checks, ways;
    Truth rows = Truth::always;
    size_t counted = 0;
    for (const BaseRelation &base : bases) {
        const bool counts = access.command == Command::select ? !base.inside_policy : base.target;
        if (!counts) continue;
        counted++;
        rows = std::min(rows, base.truth);
        const auto known = by_id.find(base.relation);
        const bool itself = base.relation == relation.id;
        if (!base.predicate.empty())
            parts.push_back(
                itself ? base.predicate
                       : fmt::format("{}: {}", known != by_id.end() ? known->second->name : "?", base.predicate));
        for (const Check &check : base.checks) {
            rows = std::min(rows, check.truth);
            checks.push_back(check.predicate);
        }
        if (!itself) {
            const char *role = call(GetUserNameFromId, base.checked_as, true);
            std::string way = fmt::format(
                "{}{} as {}{}", base.via.empty() || base.via == relation.name ? "" : base.via + " → ",
                known != by_id.end() ? known->second->name : "?", role != nullptr ? role : "?",
                base.row_security || (known != by_id.end() && !known->second->row_security) ? ""
                                                                                            : " (past its policies)");
            if (std::find(ways.begin(), ways.end(), way) == ways.end()) ways.push_back(std::move(way));
        }
    }
    // What one branch of a join or a union cannot show another one may.
    if (relation.kind == RelationKind::view && counted > 1 && rows == Truth::never) rows = Truth::depends;
    access.rows = reached(rows);
    access.via = fmt::format("{}", fmt::join(ways, "; "));
    access.predicate = fmt::format("{}", fmt::join(parts, "; "));
    const std::string check = fmt::format("{}", fmt::join(checks, " AND "));
    if (!checks.empty()) access.predicate += (access.predicate.empty() ? "" : " ") + ("WITH CHECK " + check);
    if (!is_table(relation)) return;
    if (access.command == Command::insert)
        access.scope = inside(check);
    else if (parts.size() <= 1)
        access.scope = inside(parts.empty() ? "" : parts.front());
}

void look(Access &access, const Relation &relation, const Persona &persona,
          const std::map<Oid, const Relation *> &by_id) {
    if (!access.held) return;
    if (!row_wise(access.command) || relation.kind == RelationKind::materialized_view ||
        relation.kind == RelationKind::foreign_table) {
        access.rows = Reached::all;
        access.scope = "true";
        return;
    }
    std::vector<BaseRelation> bases;
    const Outcome outcome =
        attempt(Finish::rollback, [&] { bases = rewrite(statement_for(relation, persona, access.command, false)); });
    if (outcome.ok) return read_predicate(access, relation, bases, by_id);
    const std::string &state = outcome.sqlstate;
    const bool no_way_in = !is_table(relation) && access.command != Command::select &&
                           (state == "55000" || state == "0A000" || state == "42809");
    access.rows = no_way_in ? Reached::none : Reached::unknown;
    access.predicate = fmt::format("{}: {}", state, outcome.message);
}

} // namespace

std::string statement_for(const Relation &relation, const Persona &persona, Command command, bool reads) {
    switch (command) {
    case Command::select: return select_statement(relation, persona);
    case Command::insert: return fmt::format("insert into {} default values", relation.name);
    case Command::update: {
        const Rows column = query(fmt::format(
            "select pg_catalog.quote_ident(attname) from pg_catalog.pg_attribute where attrelid = {} and "
            "attnum > 0 and not attisdropped order by attgenerated <> '', attidentity = 'a', attnum limit 1",
            relation.id));
        const std::string name = column.empty() ? "?" : column.text(0, 0);
        return fmt::format("update {} set {} = default{}", relation.name, name,
                           reads ? fmt::format(" where {} is null", name) : "");
    }
    default:
        return fmt::format("delete from {}{}", relation.name,
                           reads ? fmt::format(" where {} is null", relation.name.substr(relation.name.rfind('.') + 1))
                                 : "");
    }
}

const Persona &persona_named(const World &world, const std::string &name) {
    std::vector<std::string> names;
    for (const Persona &persona : world.personas) {
        if (persona.name == name) return persona;
        names.push_back(persona.name);
    }
    throw Error(Code::not_found, fmt::format("there is no persona \"{}\"", name),
                names.empty() ? "Declare one with rlsproof.persona(name, role)." : suggest(name, names, "personas"));
}

std::vector<Access> read_access(const World &world, const std::string &only_persona, const std::string &only_object) {
    const Privileges privileges(world.personas);
    std::map<Oid, const Relation *> by_id;
    for (const Relation &relation : world.relations) by_id.emplace(relation.id, &relation);
    std::vector<Access> result;
    for (const Persona &persona : world.personas) {
        if (!only_persona.empty() && persona.name != only_persona) continue;
        const size_t first = result.size();
        std::vector<const Relation *> relation_of;
        for (const Relation &relation : world.relations) {
            if (relation.extension_member || (!only_object.empty() && !matches(only_object, relation.name))) continue;
            for (const Command command : kCommands) {
                if (!knows(relation, command)) continue;
                const Privilege &privilege = privileges.of(persona.name, relation.name, command);
                result.push_back({persona.name, relation.name, std::string(name(relation.kind)), command,
                                  privilege.held, privilege.way, "", "", Reached::none, ""});
                relation_of.push_back(&relation);
            }
        }
        const Outcome outcome = attempt(Finish::rollback, [&] {
            assume(identity_of(persona));
            for (size_t i = 0; i < relation_of.size(); i++) {
                poll();
                look(result[first + i], *relation_of[i], persona, by_id);
            }
        });
        if (!outcome.ok)
            for (size_t i = first; i < result.size(); i++)
                if (result[i].held) {
                    result[i].rows = Reached::unknown;
                    result[i].predicate = fmt::format("{}: {}", outcome.sqlstate, outcome.message);
                }
        for (const Function &function : world.functions) {
            if (!only_object.empty() && !matches(only_object, function.name)) continue;
            const Privilege &privilege = privileges.of(persona.name, function.name, Command::execute);
            result.push_back({persona.name, function.name, "function", Command::execute, privilege.held, privilege.way,
                              "", "", privilege.held ? Reached::all : Reached::none,
                              function.definer ? fmt::format("runs as {}", function.owner) : ""});
        }
    }
    return result;
}

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_access);

Datum rlsproof_access(PG_FUNCTION_ARGS) {
    const char *persona = text_argument(fcinfo, 0), *object = text_argument(fcinfo, 1);
    return enter([&]() -> Datum {
        const World world = read_world();
        if (persona != nullptr) persona_named(world, persona);
        std::string name;
        if (object != nullptr) {
            const Object found = find_object(object);
            if (found.kind == ObjectKind::missing)
                throw Error(Code::not_found, fmt::format("there is no object \"{}\"", found.name),
                            suggest(found.name, object_names(), "objects"));
            name = found.name;
        }
        std::vector<std::vector<Value>> rows;
        const auto or_null = [](const std::string &text) { return text.empty() ? Value() : Value(text); };
        for (const Access &a : read_access(world, optional_text(persona).value_or(""), name))
            rows.push_back({a.persona, a.object, a.kind, std::string(rlsproof::name(a.command)), a.privilege,
                            or_null(a.predicate), std::string(word(a.rows)), or_null(a.via)});
        return_rows(fcinfo, rows);
        return 0;
    });
}
}

} // namespace rlsproof::server
