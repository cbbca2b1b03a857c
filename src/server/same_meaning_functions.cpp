// The SQL function rlsproof.same_meaning().
#include "base/error.hpp"
#include "model/cell.hpp"
#include "model/expectation.hpp"
#include "model/world.hpp"
#include "prove/prover.hpp"

#include "server/same_meaning.hpp"

#include <fmt/format.h>

#include "server/access.hpp"
#include "server/result.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/world.hpp"

namespace rlsproof::server {

namespace {

std::vector<std::vector<Value>> compare(const World &world, const Relation &relation, const std::string &one,
                                        const std::string &other, const std::string &only) {
    std::vector<std::vector<Value>> rows;
    const Tables tables = Tables::read();
    SameMeaning meaning(relation, read_meaning(relation, one), read_meaning(relation, other), tables);
    for (const SameMeaning::Difference &difference : meaning.differences())
        rows.push_back({Value(), difference.part, "refuted", difference.reason, Value(), Value(), "0"});
    for (const Persona &persona : world.personas) {
        if (!only.empty() && persona.name != only) continue;
        for (const SameMeaning::Answer &answer : meaning.ask(persona))
            rows.push_back({persona.name, answer.part, answer.verdict, answer.reason,
                            answer.witness.empty() ? Value() : Value(answer.witness),
                            answer.solver.empty() ? Value() : Value(answer.solver),
                            fmt::format("{:.3f}", answer.milliseconds)});
    }
    return rows;
}

const char *required(const char *argument, const char *what) {
    if (argument == nullptr) throw Error(Code::invalid_input, fmt::format("{} must not be null", what));
    return argument;
}

} // namespace

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_same_meaning);

Datum rlsproof_same_meaning(PG_FUNCTION_ARGS) {
    const char *relation = text_argument(fcinfo, 0), *one = text_argument(fcinfo, 1), *other = text_argument(fcinfo, 2),
               *persona = text_argument(fcinfo, 3);
    return enter([&]() -> Datum {
        const World world = read_world();
        if (persona != nullptr) persona_named(world, persona);
        const std::string name = object_named(required(relation, "the table"));
        const Relation *found = world.relation(name);
        if (found == nullptr || !found->is_table())
            throw Error(Code::unsupported, fmt::format("{} is no table that policies could be on", name));
        std::vector<std::vector<Value>> rows;
        undone([&] {
            rows = compare(world, *found, required(one, "the first condition"), required(other, "the second condition"),
                           optional_text(persona).value_or(""));
        });
        return_rows(fcinfo, rows);
        return 0;
    });
}
}

} // namespace rlsproof::server
