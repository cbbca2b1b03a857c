#include <array>
#include <functional>
#include <string_view>

#include "sqltext/sqltext.hpp"

#include "server/shape.hpp"

extern "C" {
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
}

namespace rlsproof::server {

namespace {

struct Known {
    std::string sql;
    Shape shape;
};

// A session has few shapes that break rules; what falls out is read again.
constexpr size_t kKnown = 64;

// Conversions may raise for bytes the other encoding does not have.
std::string converted(const std::string &text, int from, int to) {
    char *const own = call(pstrdup, static_cast<const char *>(text.c_str()));
    char *const other =
        from == PG_UTF8 ? call(pg_any_to_server, static_cast<const char *>(own), static_cast<int>(text.size()), from)
                        : call(pg_server_to_any, static_cast<const char *>(own), static_cast<int>(text.size()), to);
    std::string result = other;
    if (other != own) pfree(other);
    pfree(own);
    return result;
}

Shape read(const std::string &sql) {
    const int encoding = GetDatabaseEncoding();
    const bool convert = encoding != PG_UTF8 && encoding != PG_SQL_ASCII;
    Shape shape;
    try {
        const std::string utf8 = convert ? converted(sql, encoding, PG_UTF8) : sql;
        const std::string normal = sqltext::normalize(utf8);
        shape.fingerprint = std::stoull(sqltext::fingerprint(utf8), nullptr, 16);
        shape.text = convert ? converted(normal, PG_UTF8, encoding) : normal;
    } catch (const Error &) {
        shape.read = false;
    }
    // A function's body that is kept as a tree comes without a text, and so all of them are one shape.
    if (shape.read && shape.text.empty()) shape.text = "(a statement without a text)";
    if (!shape.read) {
        // Constants may hold personal data, so a text that cannot be normalised is not shown at all.
        shape.text = "(a statement whose constants could not be taken out)";
        shape.fingerprint = call(hash_bytes_extended, reinterpret_cast<const unsigned char *>(sql.data()),
                                 static_cast<int>(sql.size()), uint64{0});
    }
    return shape;
}

} // namespace

const Shape &shape_of(const char *sql, size_t length) {
    static std::array<Known, kKnown> all;
    const std::string_view text(sql, length);
    Known &known = all[std::hash<std::string_view>{}(text) % kKnown];
    if (known.sql != text || known.shape.text.empty()) {
        Shape shape = read(std::string(text));
        known.sql = text;
        known.shape = std::move(shape);
    }
    return known.shape;
}

} // namespace rlsproof::server
