// A function that runs with its owner's rights makes a text, puts into it what its caller hands over, and runs it as
// SQL. Nothing in it looks at who is calling.
#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void any_sql(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Function &function : world.functions) {
        if (!function.definer || function.asks_who) continue;
        const bool sql = !function.run_as_sql.empty();
        const std::vector<std::string> &arguments = sql ? function.run_as_sql : function.run_as_table;
        // Words that it compares a table's name with are as a rule those that it lets in.
        if (arguments.empty() || (!sql && function.compares_run)) continue;
        const std::vector<std::string> callers = strangers_of(world, function);
        if (callers.empty()) continue;
        Finding finding = start(rule);
        finding.level = sql && !function.compares_run ? Level::error : Level::warning;
        finding.object = function.name;
        finding.message = fmt::format("{} may {} as {}, by calling {}", listed(callers),
                                      sql ? "run any SQL" : "go to any table", function.owner, signature(function));
        finding.detail = fmt::format("It is SECURITY DEFINER: its {} {} {} into the text of a statement that it runs "
                                     "with the rights of {}, and nothing in it looks at who is calling.",
                                     arguments.size() == 1 ? "argument" : "arguments", listed(arguments),
                                     sql ? "goes as it comes" : "goes as a table's name", function.owner);
        finding.hint = sql ? "Drop it, or take EXECUTE from everybody but the server. Values go into EXECUTE by USING, "
                             "or by format() with %L; what may be asked for is a function of its own."
                           : "Let it choose among tables that it names itself, or take EXECUTE from everybody but the "
                             "server.";
        finding.fix = revoke_execute(world, function, callers);
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
