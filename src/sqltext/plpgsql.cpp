// PL/pgSQL bodies. libpg_query answers in JSON, of which only the texts of the embedded queries are wanted.
#include "sqltext/sqltext.hpp"

#include "base/error.hpp"

extern "C" {
#include <pg_query.h>
}

namespace rlsproof::sqltext {

namespace {

void append_code_point(std::string &text, unsigned code) {
    if (code < 0x80) {
        text += (char)code;
    } else if (code < 0x800) {
        text += (char)(0xC0 | (code >> 6));
        text += (char)(0x80 | (code & 0x3F));
    } else {
        text += (char)(0xE0 | (code >> 12));
        text += (char)(0x80 | ((code >> 6) & 0x3F));
        text += (char)(0x80 | (code & 0x3F));
    }
}

// Reads the JSON string that starts behind the quote at `position`; leaves `position` behind its end.
std::string read_string(const std::string &json, size_t &position) {
    std::string text;
    while (position < json.size() && json[position] != '"') {
        char c = json[position++];
        if (c != '\\' || position >= json.size()) {
            text += c;
            continue;
        }
        c = json[position++];
        switch (c) {
        case 'n': text += '\n'; break;
        case 't': text += '\t'; break;
        case 'r': text += '\r'; break;
        case 'b': text += '\b'; break;
        case 'f': text += '\f'; break;
        case 'u':
            append_code_point(text, (unsigned)std::stoul(json.substr(position, 4), nullptr, 16));
            position += 4;
            break;
        default: text += c;
        }
    }
    position++;
    return text;
}

} // namespace

PlpgsqlBody plpgsql(const std::string &definition) {
    PgQueryPlpgsqlParseResult result = pg_query_parse_plpgsql(definition.c_str());
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
        const std::string key = read_string(json, i);
        if (key != "query" || json.compare(i, 2, ":\"") != 0) continue;
        i += 2;
        body.queries.push_back(read_string(json, i));
    }
    return body;
}

} // namespace rlsproof::sqltext
