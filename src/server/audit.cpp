#include "lint/rules.hpp"

#include "server/audit.hpp"

#include "server/result.hpp"
#include "server/spi.hpp"
#include "server/world.hpp"

namespace rlsproof::server {

namespace {

std::vector<std::vector<Value>> rows_of(const std::vector<Finding> &findings) {
    std::vector<std::vector<Value>> rows;
    const auto or_null = [](const std::string &text) { return text.empty() ? Value() : Value(text); };
    for (const Finding &f : findings)
        rows.push_back({f.rule, std::string(name(f.level)), std::string(name(f.category)), f.object, f.message,
                        or_null(f.detail), or_null(f.hint), or_null(f.fix), f.evidence, f.key});
    return rows;
}

} // namespace

std::vector<Finding> lint(const std::string &rule, const std::string &object) {
    std::vector<Finding> findings = lint::look(read_world(), rule);
    if (!object.empty()) std::erase_if(findings, [&](const Finding &f) { return f.object != object; });
    rank(findings);
    return findings;
}

Audit audit() {
    const World world = read_world();
    Audit result;
    result.findings = lint::look(world);
    result.notes = world.notes;
    rank(result.findings);
    return result;
}

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_audit);
PG_FUNCTION_INFO_V1(rlsproof_lint);

Datum rlsproof_audit(PG_FUNCTION_ARGS) {
    return enter([&]() -> Datum {
        return_rows(fcinfo, rows_of(audit().findings));
        return 0;
    });
}

Datum rlsproof_lint(PG_FUNCTION_ARGS) {
    const char *rule = text_argument(fcinfo, 0);
    const char *object = text_argument(fcinfo, 1);
    return enter([&]() -> Datum {
        return_rows(fcinfo, rows_of(lint(optional_text(rule).value_or(""), optional_text(object).value_or(""))));
        return 0;
    });
}
}

} // namespace rlsproof::server
