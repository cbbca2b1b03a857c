#include "server/guard/tenants.hpp"

#include <fmt/format.h>

#include "server/guard/tenancy.hpp"
#include "server/guard/tenant_session.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server::guard {

namespace {

struct Words {
    std::string column;  // that the statement can hold
    std::string source;  // setting:app.tenant_id; empty where a session does not know its tenant
    std::string setting; // as an expression of the tenant's type
    std::string name;    // of the setting
    bool by_path = false;
    bool failed = false; // asking for the session's tenant does
};

Words words_of(Oid table) {
    Words words;
    const Tenancy *const tenancy = call(tenancy_of, table);
    if (tenancy == nullptr) return words;
    words.by_path = tenancy->links > 0;
    const AttrNumber column = words.by_path ? tenancy->link[0].column : tenancy->column;
    const char *const name = call(get_attname, table, column, true);
    if (name != nullptr) words.column = call(quote_identifier, name);
    if (const SessionTenants *const tenants = call(session_tenants, tenancy)) {
        words.source = tenants->source;
        words.failed = tenants->failure != nullptr;
        if (tenants->setting == nullptr) return words;
        words.name = tenants->setting;
        words.setting = fmt::format("current_setting('{}')", words.name);
        const bool list = words.source.ends_with("[]");
        if (list || tenancy->type != TEXTOID)
            words.setting += fmt::format("::{}{}", call(format_type_be, tenancy->type), list ? "[]" : "");
        if (list) words.setting = fmt::format("ANY ({})", words.setting);
    }
    return words;
}

std::string unset_advice(const Words &words) {
    return words.setting.empty()
               ? fmt::format("The session knows its tenant by {}: see that it is there before tables are touched.",
                             words.source)
               : fmt::format("Say whose work it is when the transaction begins: SET LOCAL {} = '...'.", words.name);
}

} // namespace

std::string tenant_advice(const Violation &found) {
    const Words words = words_of(found.relation);
    if (words.column.empty()) return {};
    if (found.rule == Rule::tenant_write)
        return found.unseen && words.failed ? unset_advice(words)
               : found.unseen
                   ? fmt::format("Write {} by INSERT or UPDATE, where it is a column of the statement itself.",
                                 words.column)
               : found.counted ? "Write the session's tenant; a column default of it is the safest way."
                               : "Delete the rows of one tenant, or waive this one by name.";
    if (found.unseen && words.failed) return unset_advice(words);
    if (found.unseen)
        return words.by_path
                   ? fmt::format("Join the table that {} leads to and compare the tenant there.", words.column)
                   : fmt::format("Select {} or compare it with the session's tenant; a custom scan or a "
                                 "foreign table hands on no column that is not asked for.",
                                 words.column);
    switch (found.rule) {
    case Rule::tenant_mismatch:
        if (words.by_path)
            return fmt::format(
                "Hold {} to rows of the session's tenant, by joining the table it leads to and comparing "
                "the tenant there.",
                words.column);
        return words.setting.empty()
                   ? fmt::format("Compare {} with what the session knows its tenant by: {}.", words.column,
                                 words.source)
                   : fmt::format("Compare {} with the session's tenant, {}, not with what a client sends.",
                                 words.column, words.setting);
    case Rule::tenant_mixed:
    case Rule::tenant_unpinned:
        if (words.by_path)
            return fmt::format(
                "Hold {} to rows of one tenant, by joining the table it leads to and comparing the tenant "
                "there.",
                words.column);
        return words.setting.empty() ? fmt::format("Add a condition that {} is the session's tenant.", words.column)
                                     : fmt::format("Add a condition: {} = {}.", words.column, words.setting);
    case Rule::tenant_unset: return unset_advice(words);
    default: return {};
    }
}

} // namespace rlsproof::server::guard
