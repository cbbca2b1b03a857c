#include "server/harmless.hpp"

#include <set>
#include <string>

namespace rlsproof::server {

bool is_harmless_function(std::string_view name) {
    static const std::set<std::string, std::less<>> harmless = {"insert_username",
                                                                "clock_timestamp",
                                                                "currval",
                                                                "gen_random_bytes",
                                                                "gen_random_uuid",
                                                                "gen_salt",
                                                                "lastval",
                                                                "moddatetime",
                                                                "pg_advisory_xact_lock",
                                                                "pg_advisory_xact_lock_shared",
                                                                "pg_notify",
                                                                "pg_try_advisory_xact_lock",
                                                                "pg_try_advisory_xact_lock_shared",
                                                                "random",
                                                                "set_config",
                                                                "suppress_redundant_updates_trigger",
                                                                "timeofday",
                                                                "tsvector_update_trigger",
                                                                "tsvector_update_trigger_column",
                                                                "uuid_generate_v1",
                                                                "uuid_generate_v1mc",
                                                                "uuid_generate_v4",
                                                                "uuidv7"};
    return harmless.contains(name);
}

bool is_harmless_setting(std::string_view name) {
    static const std::set<std::string, std::less<>> harmless = {
        "client_min_messages", "lock_timeout", "row_security", "search_path", "statement_timeout", "work_mem"};
    return harmless.contains(name);
}

} // namespace rlsproof::server
