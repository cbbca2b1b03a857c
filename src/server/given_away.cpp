// Rows that their owner may make somebody else's: an UPDATE whose check does not ask again what USING asked.
#include "server/probe.hpp"

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

Entry Probe::give_away(const std::string &made, const std::string &which, const std::string &set) {
    Entry entry;
    // Both forms: one that may read which rows it changes, and one that may not. A row that can be changed so once more
    // is still within reach, whomever it names.
    const std::string statement = fmt::format("update {} set {}", relation_.name, set);
    for (const std::string &where : {" where " + which, std::string()}) {
        long given = 0, left = 0;
        entry.statement = statement + where;
        entry.outcome = attempt(Finish::rollback, [&] {
            {
                const AsUser past(superuser_, security_);
                (void)execute(made);
            }
            given = run(entry.statement);
            left = run(statement);
        });
        hear(entry.outcome);
        entry.in_scope = !entry.outcome.ok || given == 0 || left >= given;
        if (!entry.in_scope) return entry;
    }
    return entry;
}

} // namespace rlsproof::server
