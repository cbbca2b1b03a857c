#include "server/guard/stricter.hpp"

#include <algorithm>
#include <cstring>

#include "server/compat.hpp"

extern "C" {
#include "utils/acl.h"
}

namespace rlsproof::server::guard {

namespace {

// The entries are one block, as GUC wants it: it frees them as one.
struct Entry {
    char label[NAMEDATALEN];
    char value[NAMEDATALEN]; // a * at its end stands for anything
    Mode modes[kRules];
};

struct Entries {
    int count;
    Entry entry[FLEXIBLE_ARRAY_MEMBER];
};

const Entries *current = nullptr;

constexpr const char *kBlank = " \t\r\n";

// Cuts the next word off `*text`. Nothing where there is no other.
char *next_word(char **text) {
    char *const start = *text + strspn(*text, kBlank);
    if (*start == '\0') return nullptr;
    char *const end = start + strcspn(start, kBlank);
    *text = *end == '\0' ? end : end + 1;
    *end = '\0';
    return start;
}

bool mode_named(const char *text, Mode *mode) {
    for (const Mode known : {Mode::off, Mode::log, Mode::warn, Mode::error})
        if (strcmp(text, name(known)) == 0) {
            *mode = known;
            return true;
        }
    return false;
}

// Splits label=value; both must be there and fit.
bool read_pair(char *word, const char **left, const char **right) {
    char *const sign = strchr(word, '=');
    if (sign == nullptr || sign == word || sign[1] == '\0') return false;
    *sign = '\0';
    *left = word;
    *right = sign + 1;
    return strlen(*left) < NAMEDATALEN && strlen(*right) < NAMEDATALEN;
}

bool known_label(const char *label) {
    for (const char *known : {"role", "application_name", "route", "action", "release"})
        if (strcmp(label, known) == 0) return true;
    return false;
}

// Reads "label=value rule=mode ..."; says what is wrong with it.
bool read_entry(char *text, Entry *entry) {
    memset(entry, 0, sizeof(Entry));
    const char *left;
    const char *right;
    char *word = next_word(&text);
    if (word == nullptr || !read_pair(word, &left, &right) || !known_label(left)) {
        GUC_check_errdetail("An entry starts with role=, application_name=, route=, action= or release=.");
        return false;
    }
    strlcpy(entry->label, left, NAMEDATALEN);
    strlcpy(entry->value, right, NAMEDATALEN);
    bool any = false;
    while ((word = next_word(&text)) != nullptr) {
        char whole[2 * NAMEDATALEN];
        strlcpy(whole, word, sizeof(whole));
        const Rule *rule = read_pair(word, &left, &right) ? rule_named(left) : nullptr;
        Mode mode;
        if (rule == nullptr || !mode_named(right, &mode)) {
            GUC_check_errdetail("\"%s\" is no rule with a mode.", whole);
            GUC_check_errhint("Write rule=mode, as in full_scan=error; modes are off, log, warn and error.");
            return false;
        }
        entry->modes[static_cast<int>(*rule)] = mode;
        any = true;
    }
    if (!any) GUC_check_errdetail("The entry for %s=%s names no rule.", entry->label, entry->value);
    return any;
}

bool matches(const char *pattern, const char *value) {
    const size_t length = strlen(pattern);
    if (pattern[length - 1] == '*') return strncmp(pattern, value, length - 1) == 0;
    return strcmp(pattern, value) == 0;
}

bool applies(const Entry &entry, const Tags &tags, const char *role) {
    const char *value = nullptr;
    if (strcmp(entry.label, "role") == 0) value = role;
    if (strcmp(entry.label, "application_name") == 0) value = tags.application;
    if (strcmp(entry.label, "route") == 0) value = tags.route;
    if (strcmp(entry.label, "action") == 0) value = tags.action;
    if (strcmp(entry.label, "release") == 0) value = tags.release;
    return value != nullptr && *value != '\0' && matches(entry.value, value);
}

} // namespace

bool check_stricter(char **text, void **extra, GucSource) {
    const char *const given = *text != nullptr ? *text : "";
    const int most = 1 + static_cast<int>(std::count(given, given + strlen(given), ';'));
    auto *const entries = static_cast<Entries *>(
        compat::setting_alloc(offsetof(Entries, entry) + sizeof(Entry) * static_cast<size_t>(most)));
    char *const copy = strdup(given);
    bool good = entries != nullptr && copy != nullptr;
    if (good) {
        entries->count = 0;
        char *rest = copy;
        for (char *part; good && (part = strsep(&rest, ";")) != nullptr;) {
            if (part[strspn(part, kBlank)] == '\0') continue;
            good = read_entry(part, &entries->entry[entries->count]);
            ++entries->count;
        }
    }
    free(copy);
    if (!good) {
        compat::setting_free(entries);
        return false;
    }
    *extra = entries;
    return true;
}

ByLabel adopt_stricter(void *extra) {
    current = static_cast<const Entries *>(extra);
    ByLabel by_label;
    for (int i = 0; current != nullptr && i < current->count; ++i)
        for (int rule = 0; rule < kRules; ++rule) {
            if (current->entry[i].modes[rule] != Mode::off) by_label.active |= RuleSet{1} << rule;
            if (current->entry[i].modes[rule] == Mode::error) by_label.refused |= RuleSet{1} << rule;
        }
    return by_label;
}

bool refused_by_text(Rule rule, const char *text) {
    return mode_of(rule) == Mode::error || stricter_mode(rule, mode_of(rule), tags_of(text)) == Mode::error;
}

Mode stricter_mode(Rule rule, Mode own, const Tags &tags) {
    if (current == nullptr || current->count == 0) return own;
    const char *const role = GetUserNameFromId(GetUserId(), true);
    Mode mode = own;
    for (int i = 0; i < current->count; ++i) {
        const Entry &entry = current->entry[i];
        if (applies(entry, tags, role)) mode = std::max(mode, entry.modes[static_cast<int>(rule)]);
    }
    return mode;
}

} // namespace rlsproof::server::guard
