#include "model/cell.hpp"
#include "model/expectation.hpp"
#include "prove/question.hpp"

#include "server/access.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/any_value.hpp"
#include "server/column_rights.hpp"
#include "server/identity.hpp"
#include "server/names.hpp"
#include "server/personas.hpp"
#include "server/privileges.hpp"
#include "server/result.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/world.hpp"

#include "server/compat.hpp"

namespace rlsproof::server {

namespace {

constexpr const char *kFiles = "storage.objects", *kBucket = "bucket:";

Reached reached(Truth truth) {
    return truth == Truth::never ? Reached::none : truth == Truth::always ? Reached::all : Reached::some;
}

void add_once(std::vector<std::string> &list, std::string text) {
    if (!text.empty() && std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

int column_number(Oid relation, const std::string &name) {
    const Rows rows = query("select attnum from pg_catalog.pg_attribute where attrelid = $1::oid and attname = $2",
                            {std::to_string(relation), name});
    return rows.empty() ? 0 : (int)rows.number(0, 0);
}

// Asks the rewriter for every cell of one persona. REQUIRES: the persona is assumed.
class Looker {
public:
    explicit Looker(const World &world) {
        for (const Relation &relation : world.relations) by_id_.emplace(relation.id, &relation);
    }

    // With `bucket`, of the files of that bucket alone.
    void look(Access &access, const Relation &relation, const Persona &persona, const std::string &bucket);

private:
    void read(Access &access, const Relation &relation, const std::vector<BaseRelation> &bases);
    std::string way(const Relation &relation, const BaseRelation &base);
    std::string name_of(Oid relation) const {
        const auto found = by_id_.find(relation);
        return found == by_id_.end() ? std::to_string(relation) : found->second->name;
    }

    std::map<Oid, const Relation *> by_id_;
    Exemptions exemptions_;
};

// How the statement comes to a relation, where that is more than by its name and through its policies.
std::string Looker::way(const Relation &relation, const BaseRelation &base) {
    const auto found = by_id_.find(base.relation);
    const bool past = found != by_id_.end() && found->second->row_security && !base.row_security;
    const std::string role = role_name(base.checked_as);
    const std::string how =
        past ? fmt::format("past its policies ({})", exemptions_.why(*found->second, role)) : std::string();
    if (base.relation == relation.id) return how;
    const std::string views = base.via.empty() || base.via == relation.name ? "" : base.via + " → ";
    return fmt::format("{}{} as {}{}{}", views, name_of(base.relation), role, how.empty() ? "" : ", ", how);
}

// Puts what the rewritten statement says into words.
void Looker::read(Access &access, const Relation &relation, const std::vector<BaseRelation> &bases) {
    std::vector<std::string> quals, checks, ways;
    Truth rows = Truth::always;
    size_t relations = 0;
    bool filtered = false;
    for (const BaseRelation &base : bases) {
        if (!counts(base, access.command)) continue;
        relations++;
        rows = std::min(rows, base.truth);
        filtered = filtered || base.filtered;
        access.identity = base.identity;
        const bool itself = base.relation == relation.id;
        const std::string qual = one_line(base.predicate);
        if (!qual.empty()) add_once(quals, itself ? qual : fmt::format("{}: {}", name_of(base.relation), qual));
        for (const Check &check : base.checks) {
            rows = std::min(rows, check.truth);
            add_once(checks, one_line(check.predicate));
        }
        add_once(ways, way(relation, base));
    }
    // What one branch of a join or a union cannot show another one may, and a view may show less than it could.
    if (relations > 1 && rows == Truth::never && !relation.is_table()) rows = Truth::depends;
    if (filtered && rows == Truth::always) rows = Truth::depends;
    access.rows = reached(rows);
    access.via = fmt::format("{}", fmt::join(ways, "; "));
    access.predicate = fmt::format("{}", fmt::join(quals, "; "));
    const std::string check = fmt::format("{}", fmt::join(checks, " AND "));
    if (!checks.empty() && checks != quals)
        access.predicate += (access.predicate.empty() ? "" : " ") + ("WITH CHECK " + check);
    if (!relation.is_table() || quals.size() > 1 || access.object != relation.name) return;
    access.scope = access.command == Command::insert ? check : quals.empty() ? "" : quals.front();
    if (access.command == Command::insert) access.identity = false;
}

void Looker::look(Access &access, const Relation &relation, const Persona &persona, const std::string &bucket) {
    if (!access.held) return;
    const bool bare = relation.kind == RelationKind::materialized_view || relation.kind == RelationKind::foreign_table;
    if (!row_wise(access.command) || bare) {
        access.rows = Reached::all;
        if (bare && row_wise(access.command)) access.via = fmt::format("a {} has no policies", name(relation.kind));
        return;
    }
    const Given given{relation.id, bucket.empty() ? 0 : column_number(relation.id, "bucket_id"), bucket.c_str()};
    std::vector<BaseRelation> bases;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        bases = rewrite(statement_for(relation, persona, access.command, false), bucket.empty() ? nullptr : &given);
    });
    if (outcome.ok) return read(access, relation, bases);
    const std::string &state = outcome.sqlstate;
    const bool no_way_in = !relation.is_table() && access.command != Command::select &&
                           (state == "55000" || state == "0A000" || state == "42809");
    access.rows = no_way_in ? Reached::none : Reached::unknown;
    access.predicate = fmt::format("{}: {}", state, outcome.message);
}

void add_functions(const World &world, const Persona &persona, const std::string &object, const Privileges &privileges,
                   std::vector<Access> &result) {
    for (const Function &function : world.functions) {
        if (!object.empty() && !matches(object, function.name)) continue;
        const Privilege &privilege = privileges.of(persona.name, function.name, Command::execute);
        Access access;
        access.persona = persona.name;
        access.object = function.name;
        access.kind = "function";
        access.command = Command::execute;
        access.held = privilege.held;
        access.privilege = privilege.way;
        access.rows = privilege.held ? Reached::all : Reached::none;
        if (function.definer) access.via = "runs as " + function.owner;
        result.push_back(std::move(access));
    }
}

// A cell to be looked at, and what its rows are.
struct Place {
    const Relation *relation;
    std::string bucket; // of the relation's rows, those of this bucket
};

void add_cells(const Persona &persona, const Place &place, const std::string &object, std::string_view kind,
               const Privileges &privileges, std::vector<Access> &result, std::vector<Place> &places) {
    for (const Command command : kCommands) {
        if (!knows(*place.relation, command) || (!place.bucket.empty() && !row_wise(command))) continue;
        const Privilege &privilege = privileges.of(persona.name, place.relation->name, command);
        Access access;
        access.persona = persona.name;
        access.object = object;
        access.kind = kind;
        access.command = command;
        access.held = privilege.held;
        access.privilege = privilege.way;
        result.push_back(std::move(access));
        places.push_back(place);
    }
}

void add_relations(const World &world, const Persona &persona, const std::string &object, const Privileges &privileges,
                   std::vector<Access> &result) {
    const size_t first = result.size();
    const auto wanted = [&](const std::string &name) { return object.empty() || matches(object, name); };
    std::vector<Place> places;
    for (const Relation &relation : world.relations) {
        if (relation.extension_member) continue;
        if (wanted(relation.name))
            add_cells(persona, {&relation, ""}, relation.name, name(relation.kind), privileges, result, places);
        if (relation.name != kFiles) continue;
        for (const std::string &bucket : buckets())
            if (wanted(bucket))
                add_cells(persona, {&relation, bucket.substr(strlen(kBucket))}, bucket, "bucket", privileges, result,
                          places);
    }
    const Outcome outcome = attempt(Finish::rollback, [&] {
        assume(identity_of(persona));
        Looker looker(world);
        for (size_t i = 0; i < places.size(); i++) {
            poll();
            const Scratch scratch;
            looker.look(result[first + i], *places[i].relation, persona, places[i].bucket);
        }
    });
    if (outcome.ok) return;
    for (size_t i = first; i < result.size(); i++)
        if (result[i].held) {
            result[i].rows = Reached::unknown;
            result[i].predicate = fmt::format("{}: {}", outcome.sqlstate, outcome.message);
        }
}

} // namespace

std::string_view word(Reached rows) {
    switch (rows) {
    case Reached::none: return "none";
    case Reached::some: return "some";
    case Reached::all: return "all";
    case Reached::unknown: return "unknown";
    }
    return "unknown";
}

bool knows(const Relation &relation, Command command) {
    if (command == Command::execute || (command == Command::maintain && !compat::has_maintain)) return false;
    if (relation.kind == RelationKind::materialized_view) return command == Command::select;
    return row_wise(command) || relation.is_table();
}

bool counts(const BaseRelation &base, Command command) {
    return command == Command::select ? !base.inside_policy : base.target;
}

std::string role_name(Oid role) {
    const char *name = call(GetUserNameFromId, role, true);
    return name != nullptr ? name : "a role that is gone";
}

std::string Exemptions::why(const Relation &relation, const std::string &role) {
    auto found = exempt_.find(role);
    if (found == exempt_.end()) {
        const Rows rows =
            query("select case when rolsuper then 'superuser' when rolbypassrls then 'BYPASSRLS' else '' end "
                  "from pg_catalog.pg_roles where rolname = $1",
                  {role});
        found = exempt_.emplace(role, rows.empty() ? "" : rows.text(0, 0)).first;
    }
    if (!found->second.empty()) return found->second;
    return role == relation.owner ? "owner" : "member of the owner " + relation.owner;
}

std::string one_line(const std::string &sql) {
    std::string line;
    char quote = '\0';
    for (const char c : sql) {
        if (quote != '\0') {
            if (c == quote) quote = '\0';
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (isspace((unsigned char)c)) {
            if (!line.empty() && line.back() != ' ') line += ' ';
            continue;
        }
        line += c;
    }
    return line;
}

std::string statement_for(const Relation &relation, const Persona &persona, Command command, bool reads) {
    const std::string where = reads ? " where x is not null" : "";
    switch (command) {
    case Command::select: return select_statement(relation, persona);
    case Command::insert: return fmt::format("insert into {} as x default values", relation.name);
    case Command::update: {
        const std::string column = settable_column(relation);
        if (column.empty()) return fmt::format("delete from {} as x{}", relation.name, where);
        return fmt::format("update {} as x set {} = default{}", relation.name, column, where);
    }
    default: return fmt::format("delete from {} as x{}", relation.name, where);
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

std::string object_named(const std::string &written) {
    const Object found = find_object(written);
    if (found.kind == ObjectKind::missing)
        throw Error(Code::not_found, fmt::format("there is no object \"{}\"", found.name),
                    suggest(found.name, object_names(), "objects"));
    return found.name;
}

namespace {

// Who may have any value of a claim reaches what one of the values that policies name lets them reach.
void add_relations_for_any(const World &world, const Persona &persona, const std::string &object,
                           const Privileges &privileges, std::vector<Access> &result) {
    const auto wider = [](const Access &a, const Access &b) {
        const auto weight = [](Reached rows) {
            return rows == Reached::all ? 3 : rows == Reached::some ? 2 : rows == Reached::unknown ? 1 : 0;
        };
        return weight(a.rows) > weight(b.rows);
    };
    Bodies bodies;
    std::vector<Access> widest;
    for (const Variant &variant : variants_of(persona, read_hints(bodies, world), nullptr)) {
        std::vector<Access> found;
        add_relations(world, variant.persona, object, privileges, found);
        if (widest.empty()) widest = found;
        for (size_t i = 0; i < found.size(); i++)
            if (wider(found[i], widest[i])) widest[i] = std::move(found[i]);
    }
    result.insert(result.end(), widest.begin(), widest.end());
}

} // namespace

std::vector<Access> read_access(const World &world, const std::string &only_persona, const std::string &only_object) {
    const Privileges privileges(world.personas);
    std::vector<Access> result;
    for (const Persona &persona : world.personas) {
        if (!only_persona.empty() && persona.name != only_persona) continue;
        if (has_any_value(persona))
            add_relations_for_any(world, persona, only_object, privileges, result);
        else
            add_relations(world, persona, only_object, privileges, result);
        add_functions(world, persona, only_object, privileges, result);
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
        const std::string only_object = object != nullptr ? object_named(object) : "";
        const auto or_null = [](const std::string &text) { return text.empty() ? Value() : Value(text); };
        const std::vector<Access> cells = read_access(world, optional_text(persona).value_or(""), only_object);
        return_rows(fcinfo, cells.size(), [&](size_t i) -> std::vector<Value> {
            const Access &a = cells[i];
            return {a.persona,
                    a.object,
                    a.kind,
                    std::string(name(a.command)),
                    a.privilege,
                    or_null(a.predicate),
                    std::string(word(a.rows)),
                    or_null(a.via)};
        });
        return 0;
    });
}
}

} // namespace rlsproof::server
