#include <array>
#include <functional>
#include <string_view>

#include "sqltext/sqltext.hpp"

#include "server/shape.hpp"
#include "server/normal_form.hpp"

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

// In UTF-8; false where that does not have a character of it. A warning is no reason for a statement to fail.
bool to_utf8(const std::string &sql, std::string *utf8) {
    int length = static_cast<int>(sql.size());
    const char *const text = call(in_utf8, sql.c_str(), &length);
    if (text == nullptr) return false;
    utf8->assign(text, static_cast<size_t>(length));
    if (text != sql.c_str()) pfree(const_cast<char *>(text));
    return true;
}

// What came from this encoding goes back into it.
std::string from_utf8(const std::string &utf8) {
    char *const text = call(pg_any_to_server, utf8.c_str(), static_cast<int>(utf8.size()), static_cast<int>(PG_UTF8));
    std::string result(text);
    if (text != utf8.c_str()) pfree(text);
    return result;
}

Shape read(const std::string &sql) {
    Shape shape;
    std::string utf8;
    shape.read = to_utf8(sql, &utf8);
    if (shape.read) try {
            const sqltext::Statement statement = sqltext::prepared(utf8);
            utf8 = utf8.substr(statement.start, statement.length);
            shape.text = from_utf8(sqltext::normalize(utf8));
            shape.fingerprint = std::stoull(sqltext::fingerprint(utf8), nullptr, 16);
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

std::string executed(const std::string &sql) {
    std::string utf8;
    if (!to_utf8(sql, &utf8)) return {};
    try {
        const sqltext::Statement statement = sqltext::prepared(utf8);
        return from_utf8(utf8.substr(statement.start, statement.length));
    } catch (const Error &) {
        return {};
    }
}

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
