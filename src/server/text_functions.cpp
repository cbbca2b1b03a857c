// rlsproof.fingerprint, normalize and split: text in, text out. Texts go to the core in UTF-8 whatever the database's
// encoding is; a text that cannot be converted is refused by the server's own conversion.
#include "sqltext/sqltext.hpp"

#include "server/boundary.hpp"

extern "C" {
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/tuplestore.h"
}

namespace rlsproof::server {

namespace {

char *utf8_argument(text *argument) {
    char *const own = text_to_cstring(argument);
    return pg_server_to_any(own, static_cast<int>(strlen(own)), PG_UTF8);
}

Datum text_from_utf8(const char *utf8, int length) {
    char *const own = pg_any_to_server(utf8, length, PG_UTF8);
    return PointerGetDatum(own == utf8 ? cstring_to_text_with_len(own, length) : cstring_to_text(own));
}

struct Row {
    int ordinal;
    int start;
    int length;
    const char *statement;
    int bytes;
};

void put_row(ReturnSetInfo *result, const Row *row) {
    Datum values[4] = {Int32GetDatum(row->ordinal), Int32GetDatum(row->start), Int32GetDatum(row->length),
                       text_from_utf8(row->statement, row->bytes)};
    bool nulls[4] = {false, false, false, false};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    pfree(DatumGetPointer(values[3]));
}

// What substr() would call a character: in a database without an encoding, a byte.
int characters(const std::string &text, size_t start, size_t length) {
    if (GetDatabaseEncoding() == PG_SQL_ASCII) return static_cast<int>(length);
    int count = 0;
    for (size_t i = start; i < start + length; ++i) count += (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    return count;
}

Datum text_function(text *argument, std::string (*function)(const std::string &)) {
    const char *const sql = utf8_argument(argument);
    return enter(
        [&] {
            const std::string result = function(sql);
            return call(text_from_utf8, result.c_str(), static_cast<int>(result.size()));
        },
        text_to_cstring(argument));
}

void split(text *argument, ReturnSetInfo *result) {
    const char *const utf8 = utf8_argument(argument);
    enter(
        [&] {
            const std::string sql = utf8;
            Row row{0, 1, 0, nullptr, 0};
            size_t counted = 0;
            for (const sqltext::Statement &statement : sqltext::split(sql)) {
                poll();
                ++row.ordinal;
                row.start += characters(sql, counted, statement.start - counted);
                counted = statement.start;
                row.length = characters(sql, statement.start, statement.length);
                row.statement = sql.c_str() + statement.start;
                row.bytes = static_cast<int>(statement.length);
                call(put_row, result, static_cast<const Row *>(&row));
            }
        },
        text_to_cstring(argument));
}

} // namespace

} // namespace rlsproof::server

using namespace rlsproof;

extern "C" {

PG_FUNCTION_INFO_V1(rlsproof_fingerprint);
Datum rlsproof_fingerprint(PG_FUNCTION_ARGS) {
    return server::text_function(PG_GETARG_TEXT_PP(0), sqltext::fingerprint);
}

PG_FUNCTION_INFO_V1(rlsproof_normalize);
Datum rlsproof_normalize(PG_FUNCTION_ARGS) {
    return server::text_function(PG_GETARG_TEXT_PP(0), sqltext::normalize);
}

PG_FUNCTION_INFO_V1(rlsproof_split);
Datum rlsproof_split(PG_FUNCTION_ARGS) {
    InitMaterializedSRF(fcinfo, 0);
    server::split(PG_GETARG_TEXT_PP(0), reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo));
    return Datum{0};
}

} // extern "C"
