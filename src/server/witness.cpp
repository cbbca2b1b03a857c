#include "server/witness.hpp"

#include <fmt/format.h>

#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

std::string json_text(const std::string &text) {
    std::string json = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') json += '\\';
        if (c == '\n')
            json += "\\n";
        else if ((unsigned char)c < 0x20)
            json += fmt::format("\\u{:04x}", (unsigned)c);
        else
            json += c;
    }
    return json + "\"";
}

} // namespace

std::string witness(const Persona &persona, const Observation &observation, const std::string &row) {
    std::string script = "begin;\n";
    if (!observation.made.empty())
        script +=
            fmt::format("set local session_replication_role = replica; -- the row below, and nothing of triggers\n"
                        "{};\nset local session_replication_role = origin;\n",
                        observation.made);
    for (const auto &[name, value] : persona.settings)
        script += fmt::format("select set_config({}, {}, true);\n", quote_literal(name), quote_literal(value));
    script += fmt::format("set local role {};\n{};\nrollback;", quote_identifier(persona.role), observation.statement);
    std::string claims;
    for (const auto &[name, value] : persona.settings)
        if (name == "request.jwt.claims") claims = value;
    return fmt::format(
        R"({{"persona": {}, "role": {}, "claims": {}, "statement": {}, "rows": {}, "row": {}, "script": {}}})",
        json_text(persona.name), json_text(persona.role), claims.empty() ? "null" : claims,
        json_text(observation.statement),
        observation.identified ? observation.foreign.size() : (size_t)observation.total, row.empty() ? "null" : row,
        json_text(script));
}

} // namespace rlsproof::server
