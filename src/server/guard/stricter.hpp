// rlsproof.stricter: labels a client chooses for itself may make a rule stricter, never looser.
#pragma once

#include "server/guard/event.hpp"
#include "server/guard/settings.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace rlsproof::server::guard {

// The check hook: reads the text and refuses what it does not understand.
bool check_stricter(char **text, void **extra, GucSource source);

// The rules that an entry could switch on, and those it could have refused.
struct ByLabel {
    RuleSet active = 0;
    RuleSet refused = 0;
};

// The assign hook's part: takes what was read.
ByLabel adopt_stricter(void *extra);

// The strictest mode any entry selects for these labels under the current role; at least `own`.
Mode stricter_mode(Rule rule, Mode own, const Tags &tags);

// Whether a statement with this text is refused where it breaks the rule. REQUIRES: some statement may be.
bool refused_by_text(Rule rule, const char *text);

// The same of any rule; asked on the hot path, where as a rule nothing is refused.
inline bool refused(Rule rule, const char *text) {
    return ever_refused(only(rule)) && refused_by_text(rule, text);
}

// sqlcommenter's tags in a text, and the session's application name.
Tags tags_of(const char *text);

} // namespace rlsproof::server::guard
