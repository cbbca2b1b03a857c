// What leaves nothing behind once it is rolled back, of what is not pure.
#pragma once

#include <string_view>

namespace rlsproof::server {

// A volatile function of the server or of its own extensions. Every other one may leave something: it advances a
// sequence, waits, reads files, talks to other servers.
bool is_harmless_function(std::string_view name);

// A setting whose change a rollback undoes, and that changes nothing of what our own statements find until then.
bool is_harmless_setting(std::string_view name);

} // namespace rlsproof::server
