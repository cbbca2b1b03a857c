#include "base/error.hpp"
#include "sqltext/sqltext.hpp"

#include "server/body_source.hpp"

#include <utility>

#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "parser/parser.h"
}

namespace rlsproof::server {

namespace {

List *parse(const char *sql, int mode) {
    return raw_parser(sql, (RawParseMode)mode);
}

List *parse_sql(const std::string &sql) {
    return call(parse, sql.c_str(), (int)RAW_PARSE_DEFAULT);
}

// PL/pgSQL's pieces are statements, expressions or assignments; which one is only known by trying.
BodyPieces read_plpgsql(const std::string &definition) {
    BodyPieces pieces;
    sqltext::PlpgsqlBody body;
    try {
        body = sqltext::plpgsql(definition);
    } catch (const Error &) {
        return pieces; // Bodies says of what cannot be read that it is unknown
    }
    for (const std::string &piece : body.queries)
        for (const int mode : {(int)RAW_PARSE_DEFAULT, (int)RAW_PARSE_PLPGSQL_EXPR, (int)RAW_PARSE_PLPGSQL_ASSIGN1}) {
            List *statements = NIL;
            if (!attempt(Finish::commit, [&] { statements = call(parse, piece.c_str(), mode); }).ok) continue;
            pieces.statements.push_back(statements);
            break;
        }
    pieces.variables = std::move(body.texts);
    return pieces;
}

} // namespace

BodyText body_text(Oid function) {
    BodyText text;
    const Rows rows = query(R"(
select l.lanname, pg_catalog.pg_get_functiondef(p.oid),
       coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), ''), p.prosrc, p.proname,
       (select split_part(c, '=', 2) from unnest(p.proconfig) c where c like 'search_path=%'),
       array(select coalesce(p.proargnames[a.at], '') from unnest(coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs::int])))
             with ordinality a(mode, at) where a.mode in ('i', 'b', 'v') order by a.at)
from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
where p.oid = $1::oid and p.prokind in ('f', 'p') and l.lanname in ('sql', 'plpgsql'))",
                            {std::to_string(function)});
    if (rows.empty()) return text;
    text.language = rows.text(0, 0);
    text.definition = rows.text(0, 1);
    text.parsed = rows.text(0, 2);
    text.source = rows.text(0, 3);
    text.name = rows.text(0, 4);
    text.search_path = rows.value(0, 5);
    text.arguments = rows.list(0, 6);
    return text;
}

BodyPieces read_pieces(const BodyText &text) {
    if (text.search_path)
        set_locally("search_path", *text.search_path == "\"\"" ? "" : *text.search_path);
    else
        use_default_search_path();
    if (text.language == "plpgsql") return read_plpgsql(text.definition);
    if (text.parsed.starts_with("RETURN ")) return {{parse_sql("SELECT " + text.parsed.substr(7))}, {}};
    if (text.parsed.starts_with("BEGIN ATOMIC"))
        return {{parse_sql(text.parsed.substr(12, text.parsed.rfind("END") - 12))}, {}};
    return {{parse_sql(text.source)}, {}};
}

} // namespace rlsproof::server
