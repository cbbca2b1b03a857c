// The SQL functions about proofs: rlsproof.prove() and rlsproof.obligation().
#include "base/error.hpp"
#include "model/cell.hpp"
#include "model/expectation.hpp"
#include "prove/prover.hpp"

#include "server/proofs.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/access.hpp"
#include "server/bodies.hpp"
#include "server/declared.hpp"
#include "server/endless.hpp"
#include "server/names.hpp"
#include "server/result.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/world.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
}

namespace rlsproof::server {

namespace {

Direction direction_named(const std::string &text) {
    if (text == "no more") return Direction::no_more;
    if (text == "no less") return Direction::no_less;
    if (text == "no growth") return Direction::no_growth;
    throw Error(Code::invalid_input, fmt::format("there is no direction \"{}\"", text),
                "The directions are \"no more\", \"no less\" and \"no growth\".");
}

std::vector<std::vector<Value>> prove_all(const World &world, const std::string &persona_name,
                                          const std::string &object, const std::string &command_name,
                                          const std::vector<Direction> &directions) {
    const EndlessRefused endless;
    std::vector<std::vector<Value>> rows;
    std::vector<CellToProve> cells;
    std::vector<size_t> rows_of; // where what is said of them goes
    const Declared declared = read_declared();
    Bodies bodies;
    Tables tables = Tables::read();
    Proofs proofs(tables);
    for (const Persona &persona : world.personas) {
        if (!persona_name.empty() && persona.name != persona_name) continue;
        for (const Relation &relation : world.relations) {
            if (relation.extension_member || (!object.empty() && relation.name != object)) continue;
            for (const Command command : kCommands) {
                if (!row_wise(command) || (!command_name.empty() && name(command) != command_name)) continue;
                std::string why;
                std::optional<CellToProve> cell = cell_to_prove(world, persona, relation, command, declared, why);
                for (const Direction direction : directions) {
                    if (!cell) {
                        if (why == "no privilege") break;
                        rows.push_back({persona.name, relation.name, std::string(name(command)), Value(),
                                        std::string(name(direction)), "unknown", why, Value(), Value(), "0"});
                        continue;
                    }
                    cell->direction = direction;
                    cells.push_back(*cell);
                    rows_of.push_back(rows.size());
                    rows.push_back({persona.name, relation.name, std::string(name(command)), cell->expected,
                                    std::string(name(direction))});
                }
            }
        }
    }
    const std::vector<Proof> proved = proofs.prove(cells);
    for (size_t i = 0; i < proved.size(); i++) {
        const Proof &proof = proved[i];
        std::vector<Value> &row = rows[rows_of[i]];
        row.insert(row.end(),
                   {std::string(name(proof.verdict)), proof.reason,
                    proof.witness.empty() ? Value() : Value(proof.witness),
                    proof.solver.empty() ? Value() : Value(proof.solver), fmt::format("{:.3f}", proof.milliseconds)});
    }
    return rows;
}

Datum prove_directions(FunctionCallInfo fcinfo, const std::vector<Direction> &directions) {
    const char *persona = text_argument(fcinfo, 0), *object = text_argument(fcinfo, 1),
               *command = text_argument(fcinfo, 2);
    return enter([&]() -> Datum {
        const World world = read_world();
        if (persona != nullptr) persona_named(world, persona);
        const std::string only_object = object != nullptr ? object_named(object) : "";
        std::string only_command;
        if (command != nullptr) only_command = name(command_named(command));
        std::vector<std::vector<Value>> rows;
        undone([&] {
            rows = prove_all(world, optional_text(persona).value_or(""), only_object, only_command, directions);
        });
        return_rows(fcinfo, rows);
        return 0;
    });
}

} // namespace

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_prove);
PG_FUNCTION_INFO_V1(rlsproof_escalation);
PG_FUNCTION_INFO_V1(rlsproof_obligation);

Datum rlsproof_prove(PG_FUNCTION_ARGS) {
    return prove_directions(fcinfo, {Direction::no_more, Direction::no_less});
}

Datum rlsproof_escalation(PG_FUNCTION_ARGS) {
    return prove_directions(fcinfo, {Direction::no_growth});
}

Datum rlsproof_obligation(PG_FUNCTION_ARGS) {
    const char *persona = text_argument(fcinfo, 0), *object = text_argument(fcinfo, 1),
               *command = text_argument(fcinfo, 2), *direction = text_argument(fcinfo, 3);
    return enter([&]() -> Datum {
        const World world = read_world();
        const std::string relation = object_named(object);
        if (world.relation(relation) == nullptr)
            throw Error(Code::unsupported, fmt::format("{} has no rows to be asked about", relation));
        std::string why, script;
        std::optional<CellToProve> cell = cell_to_prove(world, persona_named(world, persona), *world.relation(relation),
                                                        command_named(command), read_declared(), why);
        if (cell) {
            cell->direction = direction_named(direction);
            undone([&] { script = Proofs::obligation(*cell); });
        } else {
            throw Error(Code::unsupported, "there is nothing to be asked of a solver: " + why);
        }
        return text_result(script);
    });
}
}

} // namespace rlsproof::server
