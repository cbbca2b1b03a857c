// The uuid that is all zeroes: what policies fall back to where a session does not say who it is or of which tenant.
// Nobody is called that, unless something in the database gives it a meaning: then it is a tenant like any other, and
// one that everybody is of who says nothing.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "server/boundary.hpp"

namespace rlsproof::server {

constexpr std::string_view kNil = "00000000-0000-0000-0000-000000000000";

class Nobody {
public:
    // Whether a row that holds it in this column would belong to nobody, and none does. REQUIRES: whoever may read past
    // all policies is the current user; without the right to read the table nothing is said of it.
    bool is_named_by(Oid table, int column);

private:
    std::optional<bool> has_no_meaning_;
    std::map<std::pair<Oid, int>, bool> known_;
};

} // namespace rlsproof::server
