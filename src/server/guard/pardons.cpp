#include "model/expectation.hpp"

#include "server/guard/pardons.hpp"

#include <fmt/format.h>

#include "server/guard/exempt.hpp"
#include "server/guard/stored.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"
}

namespace rlsproof::server::guard {

namespace {

Stored &waivers() {
    static const char *const columns[] = {"rule", "object", "until", nullptr};
    static Stored stored("waivers", columns);
    return stored;
}

Stored &baseline() {
    static const char *const columns[] = {"rule", "fingerprint", nullptr};
    static Stored stored("guard_known", columns);
    return stored;
}

// The day as a waiver's end is compared with: the session's.
std::string today() {
    const DateADT day =
        DatumGetDateADT(call(DirectFunctionCall1Coll, static_cast<PGFunction>(timestamptz_date), Oid{InvalidOid},
                             TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())));
    int year, month, number;
    j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &number);
    return fmt::format("{:04}-{:02}-{:02}", year, month, number);
}

// Whether what a waiver names is meant by one of these names.
bool names(const std::string &object, const std::vector<std::string> &meant) {
    for (const std::string &name : meant)
        if (!name.empty() && matches(object, name)) return true;
    return false;
}

} // namespace

bool pardons_exist(Rule rule) {
    static uint64 known = 0;
    static RuleSet rules = 0;
    if (known != changes()) {
        rules = enter([] {
            RuleSet set = 0;
            for (Stored *const stored : {&waivers(), &baseline()})
                for (const auto &row : stored->rows())
                    if (const Rule *const named = rule_named(row[0].value_or("").c_str())) set |= only(*named);
            return set;
        });
        known = changes();
    }
    return (rules & only(rule)) != 0;
}

Pardon pardon_for(Rule rule, Oid relation, uint64_t fingerprint) {
    const std::string hex = fmt::format("{:016x}", fingerprint);
    const char *const role = call(GetUserNameFromId, GetUserId(), true);
    const std::vector<std::string> meant = {OidIsValid(relation) ? call(table_name, relation) : "",
                                            role != nullptr ? fmt::format("role:{}", role) : "",
                                            fmt::format("fingerprint:{}", hex)};
    std::string day;
    for (const auto &row : waivers().rows()) {
        if (row[0].value_or("") != info(rule).name || !names(row[1].value_or(""), meant)) continue;
        if (day.empty()) day = today();
        if (row[2].value_or("") >= day) return Pardon::waiver;
    }
    for (const auto &row : baseline().rows())
        if (row[0].value_or("") == info(rule).name && row[1].value_or("") == hex) return Pardon::baseline;
    return Pardon::none;
}

} // namespace rlsproof::server::guard
