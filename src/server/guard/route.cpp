#include "server/guard/route.hpp"

#include <cstring>

#include "server/guard/stricter.hpp"

extern "C" {
#include "common/hashfn.h"
}

namespace rlsproof::server::guard {

namespace {

constexpr Route kNone = {};
constexpr size_t kLongest = 256; // of a comment that is remembered

struct Remembered {
    size_t length; // 0 where nothing is
    char comment[kLongest];
    Route route;
};

bool is_blank(char c) {
    return c <= ' ' && (c == ' ' || c == '\n' || c == '\t' || c == '\r');
}

// Where in a text tags may stand: `any`, and where it is one comment alone, that one.
struct Comment {
    bool any;
    const char *start;
    size_t length;
};

Comment comment_of(const char *text) {
    while (is_blank(*text)) ++text;
    const char *end = text + strlen(text);
    while (end > text && (is_blank(end[-1]) || end[-1] == ';')) --end;
    const bool first = text[0] == '/' && text[1] == '*';
    const bool last = end - text >= 4 && end[-1] == '/' && end[-2] == '*';
    if (first == last) return {first, nullptr, 0};
    if (first) {
        const char *const close = strstr(text + 2, "*/");
        if (close == nullptr) return {false, nullptr, 0};
        return {true, text, static_cast<size_t>(close - text) + 2};
    }
    const char *start = end - 3;
    while (start > text && !(start[-1] == '/' && start[0] == '*')) --start;
    if (start == text) return {false, nullptr, 0};
    return {true, start - 1, static_cast<size_t>(end - start) + 1};
}

} // namespace

const Route &route_of(const char *text) {
    static Remembered latest;
    if (text == nullptr) return kNone;
    const Comment comment = comment_of(text);
    if (!comment.any) return kNone;
    if (comment.length != 0 && comment.length == latest.length &&
        memcmp(comment.start, latest.comment, comment.length) == 0)
        return latest.route;

    const Tags tags = tags_of(text);
    strlcpy(latest.route.text, tags.route, sizeof(latest.route.text));
    latest.route.hash = tags.route[0] == '\0' ? 0
                                              : hash_bytes_extended(reinterpret_cast<const unsigned char *>(tags.route),
                                                                    static_cast<int>(strlen(tags.route)), 0);
    latest.length = comment.length <= kLongest ? comment.length : 0;
    memcpy(latest.comment, comment.start != nullptr ? comment.start : "", latest.length);
    return latest.route;
}

} // namespace rlsproof::server::guard
