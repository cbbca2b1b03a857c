// libpg_query behind our own names. Never includes a server header: pg_query.h redefines PG_VERSION_NUM without a word.
#include "sqltext/sqltext.hpp"

#include "base/error.hpp"

extern "C" {
#include <pg_query.h>
}

namespace rlsproof::sqltext {

namespace {

// REQUIRES: `error` is not null.
Error syntax_error(const PgQueryError *error) {
    Error result(Code::syntax, error->message);
    return result.at(error->cursorpos);
}

} // namespace

std::string fingerprint(const std::string &sql) {
    PgQueryFingerprintResult result = pg_query_fingerprint(sql.c_str());
    if (result.error != nullptr) {
        Error error = syntax_error(result.error);
        pg_query_free_fingerprint_result(result);
        throw error;
    }
    std::string text = result.fingerprint_str;
    pg_query_free_fingerprint_result(result);
    return text;
}

} // namespace rlsproof::sqltext
