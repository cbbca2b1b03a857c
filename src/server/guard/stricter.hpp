// rlsproof.stricter: labels a client chooses for itself may make a rule stricter, never looser.
#pragma once

#include "server/guard/event.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace rlsproof::server::guard {

// The check hook: reads the text and refuses what it does not understand.
bool check_stricter(char **text, void **extra, GucSource source);

// The assign hook's part: takes what was read. Returns the rules that an entry could switch on.
RuleSet adopt_stricter(void *extra);

// The strictest mode any entry selects for these labels under the current role; at least `own`.
Mode stricter_mode(Rule rule, Mode own, const Tags &tags);

// Whether some statement may be refused where it breaks the rule, and whether one with this text is. Costs little where
// no label makes a difference.
bool ever_refused(Rule rule);
bool refused(Rule rule, const char *text);

// sqlcommenter's tags in a text, and the session's application name.
Tags tags_of(const char *text);

} // namespace rlsproof::server::guard
