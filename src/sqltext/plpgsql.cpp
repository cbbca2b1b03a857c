// PL/pgSQL bodies. libpg_query answers in JSON, of which only the texts of the embedded queries are wanted.
#include "sqltext/sqltext.hpp"

#include "base/error.hpp"
#include "sqltext/json.hpp"
#include "sqltext/plpgsql_source.hpp"

extern "C" {
#include <pg_query.h>
}

namespace rlsproof::sqltext {

PlpgsqlBody plpgsql(const std::string &definition) {
    PgQueryPlpgsqlParseResult result = pg_query_parse_plpgsql(plpgsql_source(definition).definition.c_str());
    if (result.error != nullptr) {
        Error error(Code::syntax, result.error->message);
        pg_query_free_plpgsql_parse_result(result);
        throw error;
    }
    const std::string json = result.plpgsql_funcs;
    pg_query_free_plpgsql_parse_result(result);

    PlpgsqlBody body;
    body.dynamic = json.find("\"PLpgSQL_stmt_dynexecute\"") != std::string::npos ||
                   json.find("\"PLpgSQL_stmt_dynfors\"") != std::string::npos ||
                   json.find("\"dynquery\"") != std::string::npos;
    // Strings are skipped as a whole, so that a key is never looked for inside one.
    for (size_t i = 0; i < json.size();) {
        if (json[i++] != '"') continue;
        const std::string key = read_json_string(json, i);
        if (key != "query" || json.compare(i, 2, ":\"") != 0) continue;
        i += 2;
        body.queries.push_back(read_json_string(json, i));
    }
    return body;
}

} // namespace rlsproof::sqltext
