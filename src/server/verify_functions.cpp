// The SQL functions about cells: rlsproof.verify().
#include "server/verify.hpp"

#include "server/names.hpp"
#include "server/result.hpp"
#include "server/world.hpp"

namespace rlsproof::server {

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_verify);

Datum rlsproof_verify(PG_FUNCTION_ARGS) {
    const char *persona = text_argument(fcinfo, 0);
    const char *object = text_argument(fcinfo, 1);
    const char *command = text_argument(fcinfo, 2);
    return enter([&]() -> Datum {
        Selection selection{optional_text(persona).value_or(""), optional_text(object).value_or(""), ""};
        if (command != nullptr) selection.command = name(command_named(command));
        const Verification verification = verify(read_world(), selection);
        return_rows(fcinfo, verification.cells.size(), [&](size_t i) -> std::vector<Value> {
            const Cell &cell = verification.cells[i];
            return {cell.persona,
                    cell.object,
                    std::string(name(cell.command)),
                    cell.expected,
                    std::string(name(cell.verdict)),
                    std::string(name(cell.evidence)),
                    cell.reason,
                    cell.witness.empty() ? Value() : Value(cell.witness),
                    cell.key};
        });
        return 0;
    });
}
}

} // namespace rlsproof::server
