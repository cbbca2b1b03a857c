#include "sqltext/sqltext.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <string>

#include "server/normal_form.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
}

namespace rlsproof::server {

namespace {

// A C++ frame: no server function is called here, so nothing jumps over it.
bool read(const char *utf8, int length, NormalForm *form) noexcept {
    try {
        std::string sql(utf8, static_cast<size_t>(length));
        const sqltext::Statement statement = sqltext::prepared(sql);
        sql = sql.substr(statement.start, statement.length);
        const std::string normal = sqltext::normalize(sql);
        form->fingerprint = std::stoull(sqltext::fingerprint(sql), nullptr, 16);
        form->length = static_cast<int>(normal.size());
        memcpy(form->text, normal.c_str(), std::min(normal.size() + 1, sizeof(form->text)));
        return true;
    } catch (const std::exception &) {
        return false;
    }
}

} // namespace

const char *in_utf8(const char *sql, int *length) {
    const int here = GetDatabaseEncoding();
    const bool ascii =
        std::none_of(sql, sql + *length, [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; });
    // Without an encoding anything may stand here, UTF-8 among it: whoever reads it checks.
    if (ascii || here == PG_UTF8 || here == PG_SQL_ASCII) return sql;
    const Oid convert = IsTransactionState() ? FindDefaultConversionProc(here, PG_UTF8) : InvalidOid;
    if (!OidIsValid(convert)) return nullptr;
    const int room = *length * MAX_CONVERSION_GROWTH + 1;
    auto *const from = reinterpret_cast<unsigned char *>(pnstrdup(sql, static_cast<Size>(*length)));
    auto *const to = static_cast<unsigned char *>(palloc(static_cast<Size>(room)));
    const int read = pg_do_encoding_conversion_buf(convert, here, PG_UTF8, from, *length, to, room, true);
    pfree(from);
    if (read != *length) {
        pfree(to);
        return nullptr;
    }
    *length = static_cast<int>(strlen(reinterpret_cast<char *>(to)));
    return reinterpret_cast<char *>(to);
}

bool normal_form(const char *sql, size_t length, NormalForm *form) {
    if (length > kMostNormalised) return false;
    int size = static_cast<int>(length);
    const char *const utf8 = in_utf8(sql, &size);
    if (utf8 == nullptr) return false;
    const bool good = read(utf8, size, form);
    if (utf8 != sql) pfree(const_cast<char *>(utf8));
    return good;
}

} // namespace rlsproof::server
