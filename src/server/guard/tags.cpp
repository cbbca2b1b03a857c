// sqlcommenter's tags: /*route='%2Fcart',action='show'*/ at either end of a statement.
#include "server/guard/stricter.hpp"

#include <cstring>

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/guc.h"
}

namespace rlsproof::server::guard {

namespace {

int hex(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

// Copies a value, %XX decoded. What could disturb a log line becomes a question mark.
void copy_value(char *to, const char *from, const char *end, bool encoded) {
    int used = 0;
    while (from < end && used < Tags::kSize - 1) {
        unsigned char c = static_cast<unsigned char>(*from++);
        if (encoded && c == '%' && end - from >= 2 && hex(from[0]) >= 0 && hex(from[1]) >= 0) {
            c = static_cast<unsigned char>(hex(from[0]) * 16 + hex(from[1]));
            from += 2;
        } else if (encoded && c == '\\' && from < end) {
            c = static_cast<unsigned char>(*from++);
        }
        to[used++] = c < ' ' || c == 0x7f ? '?' : static_cast<char>(c);
    }
    // Never half a character, and nothing the database's encoding does not have: %XX may spell anything.
    to[pg_encoding_verifymbstr(GetDatabaseEncoding(), to, used)] = '\0';
}

char *place_of(Tags &tags, const char *key, size_t length) {
    const auto is = [&](const char *known) { return length == strlen(known) && strncmp(key, known, length) == 0; };
    if (is("route")) return tags.route;
    if (is("action")) return tags.action;
    if (is("release")) return tags.release;
    return nullptr;
}

// Reads key='value' pairs separated by commas; stops at what is none.
void read_pairs(Tags &tags, const char *at, const char *end) {
    while (at < end) {
        at += strspn(at, " ,\t\r\n");
        const char *const key = at;
        while (at < end && *at != '=' && *at != ',') ++at;
        if (at + 1 >= end || *at != '=' || at[1] != '\'') return;
        const size_t length = static_cast<size_t>(at - key);
        const char *const value = at + 2;
        at = value;
        while (at < end && *at != '\'') at += *at == '\\' && at + 1 < end ? 2 : 1;
        if (at >= end) return;
        char *const place = place_of(tags, key, length);
        if (place != nullptr && *place == '\0') copy_value(place, value, at, true);
        ++at;
    }
}

} // namespace

Tags tags_of(const char *text) {
    Tags tags;
    memset(&tags, 0, sizeof(tags));
    if (application_name != nullptr)
        copy_value(tags.application, application_name, application_name + strlen(application_name), false);
    if (text == nullptr) return tags;

    const char *const start = text + strspn(text, " \t\r\n");
    const char *end = start + strlen(start);
    while (end > start && strchr(" \t\r\n;", end[-1]) != nullptr) --end;
    if (end - start >= 4 && end[-1] == '/' && end[-2] == '*') {
        const char *open = end - 3;
        while (open > start && !(open[0] == '*' && open[-1] == '/')) --open;
        if (open > start) read_pairs(tags, open + 1, end - 2);
    }
    if (start[0] == '/' && start[1] == '*') {
        const char *const close = strstr(start + 2, "*/");
        if (close != nullptr) read_pairs(tags, start + 2, close);
    }
    return tags;
}

} // namespace rlsproof::server::guard
