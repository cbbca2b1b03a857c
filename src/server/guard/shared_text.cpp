#include "server/guard/shared_text.hpp"

#include <algorithm>
#include <cstring>

extern "C" {
#include "catalog/namespace.h"
}

namespace rlsproof::server::guard {

namespace {

constexpr char kCut[] = "...";
constexpr int kCutLength = sizeof(kCut) - 1;

bool is_ascii(const char *text, int length) {
    return std::none_of(text, text + length, [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; });
}

void only_ascii(char *text) {
    for (; *text != '\0'; ++text)
        if ((static_cast<unsigned char>(*text) & 0x80) != 0) *text = '?';
}

} // namespace

void put_text(char *to, int size, const char *text, int length, int encoding) {
    if (length < size) {
        memcpy(to, text, static_cast<size_t>(length));
        to[length] = '\0';
        return;
    }
    const int kept = pg_encoding_mbcliplen(encoding, text, length, size - 1 - kCutLength);
    memcpy(to, text, static_cast<size_t>(kept));
    memcpy(to + kept, kCut, sizeof(kCut));
}

char *text_here(const char *text, int encoding) {
    const int length = static_cast<int>(strlen(text));
    const int here = GetDatabaseEncoding();
    if (is_ascii(text, length)) return pnstrdup(text, static_cast<Size>(length));
    // A database without an encoding says nothing about its bytes, so they mean nothing elsewhere.
    const bool as_it_is = here == encoding && pg_verify_mbstr(here, text, length, true);
    const Oid convert = here == encoding || here == PG_SQL_ASCII || encoding == PG_SQL_ASCII
                            ? InvalidOid
                            : FindDefaultConversionProc(encoding, here);
    if (as_it_is || !OidIsValid(convert)) {
        char *const same = pnstrdup(text, static_cast<Size>(length));
        if (!as_it_is) only_ascii(same);
        return same;
    }
    const int room = length * MAX_CONVERSION_GROWTH + 1;
    auto *const result = static_cast<char *>(palloc0(static_cast<Size>(room)));
    auto *const from = reinterpret_cast<unsigned char *>(pnstrdup(text, static_cast<Size>(length)));
    int read = 0;
    int written = 0;
    while (read < length) {
        // Stops at the first character that the other encoding does not have.
        read +=
            pg_do_encoding_conversion_buf(convert, encoding, here, from + read, length - read,
                                          reinterpret_cast<unsigned char *>(result) + written, room - written, true);
        written += static_cast<int>(strlen(result + written));
        if (read >= length) break;
        read += pg_encoding_mblen_bounded(encoding, reinterpret_cast<const char *>(from) + read);
        if (written + 1 < room) result[written++] = '?';
    }
    pfree(from);
    return result;
}

} // namespace rlsproof::server::guard
