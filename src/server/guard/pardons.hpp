// What is accepted: waivers, which are named, dated rows, and the baseline, which holds what was there before the
// guard.
#pragma once

#include <cstdint>

#include "server/guard/rules.hpp"

namespace rlsproof::server::guard {

enum class Pardon { none, baseline, waiver };

// Waivers name a table, role:name or fingerprint:hex. Read from rlsproof.waivers and rlsproof.guard_known where this
// database has the extension; kept until one of the two is changed.
// Whether any could apply to the rule at all. Plain.
bool pardons_exist(Rule rule);

Pardon pardon_for(Rule rule, Oid relation, uint64_t fingerprint);

} // namespace rlsproof::server::guard
