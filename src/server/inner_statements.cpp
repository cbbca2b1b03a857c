#include "base/error.hpp"
#include "base/text.hpp"
#include "sqltext/sqltext.hpp"

#include "server/inner_statements.hpp"

#include <fmt/format.h>

#include "server/guard/utility.hpp"
#include "server/shape.hpp"
#include "server/spi.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "commands/prepare.h"
#include "tcop/tcopprot.h"
#include "utils/plancache.h"
}

namespace rlsproof::server {

namespace {

const char *text_of_option(const DoStmt *statement, const char *option) {
    ListCell *cell;
    foreach (cell, statement->args) {
        auto *const given = lfirst_node(DefElem, cell);
        if (strcmp(given->defname, option) == 0) return defGetString(given);
    }
    return nullptr;
}

// The block as a function: that is what the parser of bodies reads.
std::string as_function(const std::string &body) {
    std::string tag = "$rlsproof";
    while (body.find(tag) != std::string::npos) tag += '_';
    return fmt::format("CREATE OR REPLACE FUNCTION pg_temp.block()\n RETURNS void\n LANGUAGE plpgsql\nAS {0}${1}{0}$\n",
                       tag, body);
}

void look_into_block(const DoStmt *statement, InnerStatements *inner) {
    const char *const language = call(text_of_option, statement, "language");
    const char *const body = call(text_of_option, statement, "as");
    if (body == nullptr) return;
    if (language != nullptr && strcmp(language, "plpgsql") != 0) {
        inner->unseen.push_back(fmt::format("the block is written in {}", language));
        return;
    }
    try {
        const sqltext::PlpgsqlBody parsed = sqltext::plpgsql(as_function(body));
        for (const std::string &piece : parsed.queries)
            inner->statements.push_back({piece, guard::From::body, InvalidOid});
        if (parsed.dynamic) inner->unseen.emplace_back("the block runs SQL that is built at run time");
    } catch (const Error &error) {
        inner->unseen.push_back(fmt::format("the block could not be read: {}", error.what()));
    }
}

void look_into_prepared(const ExecuteStmt *statement, bool keeps_rows, InnerStatements *inner) {
    const PreparedStatement *const prepared = call(FetchPreparedStatement, statement->name, false);
    if (prepared == nullptr) {
        inner->executes = statement->name;
        return;
    }
    const std::string whole = executed(prepared->plansource->query_string);
    const std::string sql{text::trim(whole)};
    if (sql.empty())
        inner->unseen.push_back(
            fmt::format("the text of the prepared statement \"{}\" could not be read", statement->name));
    else
        inner->statements.push_back({sql, keeps_rows ? guard::From::command : guard::From::client, InvalidOid});
}

void look_into_view(const RefreshMatViewStmt *statement, InnerStatements *inner) {
    if (statement->skipData) return;
    const Oid view = call(RangeVarGetRelidExtended, statement->relation, NoLock, RVR_MISSING_OK, nullptr, nullptr);
    if (!OidIsValid(view)) return;
    const Rows rows = query("select pg_catalog.pg_get_viewdef(oid), relowner from pg_catalog.pg_class "
                            "where oid = $1::oid and relkind = 'm'",
                            {std::to_string(view)});
    if (!rows.empty())
        inner->statements.push_back({std::string(text::trim(rows.text(0, 0))), guard::From::command, rows.oid(0, 1)});
}

} // namespace

InnerStatements inner_statements(const std::string &sql) {
    InnerStatements inner;
    const List *const statements = call(pg_parse_query, sql.c_str());
    for (int i = 0; i < list_length(statements); ++i) {
        auto *const outer = static_cast<RawStmt *>(list_nth(statements, i));
        if (IsA(outer->stmt, PrepareStmt)) inner.prepares = reinterpret_cast<PrepareStmt *>(outer->stmt)->name;
        const Node *const statement = call(guard::innermost, outer)->stmt;
        switch (nodeTag(statement)) {
        case T_DoStmt: look_into_block(reinterpret_cast<const DoStmt *>(statement), &inner); break;
        case T_ExecuteStmt:
            look_into_prepared(reinterpret_cast<const ExecuteStmt *>(statement), guard::keeps_rows(outer->stmt),
                               &inner);
            break;
        case T_RefreshMatViewStmt:
            look_into_view(reinterpret_cast<const RefreshMatViewStmt *>(statement), &inner);
            break;
        case T_CallStmt: inner.unseen.emplace_back("what a procedure runs is looked at when it runs"); break;
        default: break;
        }
    }
    return inner;
}

} // namespace rlsproof::server
