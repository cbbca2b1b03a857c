// rlsproof.report() and audit_notes(): the whole look, written by the report room.
#include "base/error.hpp"
#include "base/text.hpp"
#include "lint/rules.hpp"
#include "model/cell.hpp"
#include "model/world.hpp"
#include "report/report.hpp"

#include <fmt/format.h>

#include "server/audit.hpp"
#include "server/coverage.hpp"
#include "server/result.hpp"
#include "server/spi.hpp"
#include "server/verify.hpp"
#include "server/world.hpp"

namespace rlsproof::server {

namespace {

report::Report build() {
    report::Report report;
    report.version =
        query("select coalesce(max(extversion), '') from pg_catalog.pg_extension where extname = 'rlsproof'")
            .text(0, 0);
    report.server = "PostgreSQL " + query("select pg_catalog.current_setting('server_version')").text(0, 0);
    report.subject = "database " + query("select pg_catalog.current_database()").text(0, 0);
    Audit found = audit();
    // What could not be looked at stands in front of the findings and not among them, unless it was waived.
    for (Finding &finding : found.findings)
        if (finding.rule == "not_looked_at")
            report.notes.push_back({Level::warning, finding.message});
        else
            report.findings.push_back(std::move(finding));
    for (const lint::Rule &rule : lint::rules()) report.rules.push_back({rule.id, rule.title, rule.help, ""});
    report.matrix = matrix_of(found.world, found.cells);
    report.complete = report.notes.empty() && !found.world.personas.empty();
    if (found.world.personas.empty())
        report.incomplete_reason = "Nobody's access was looked at: no persona is declared, and no role was found that "
                                   "an application connects as.";
    else if (!report.complete)
        report.incomplete_reason = text::plural(report.notes.size(), "thing", "things") + " could not be looked at.";
    return report;
}

} // namespace

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_report);
PG_FUNCTION_INFO_V1(rlsproof_audit_notes);

Datum rlsproof_report(PG_FUNCTION_ARGS) {
    const char *format = text_argument(fcinfo, 0);
    return enter([&] {
        const report::Format wanted = report::format_from(format != nullptr ? format : "text");
        return text_result(report::write(wanted, build()));
    });
}

Datum rlsproof_audit_notes(PG_FUNCTION_ARGS) {
    return enter([&]() -> Datum {
        const Audit found = audit();
        std::vector<std::vector<Value>> rows;
        if (found.world.personas.empty())
            rows.push_back({"error", "nobody's access was looked at: there is no persona"});
        for (const std::string &note : found.notes) rows.push_back({"warning", note});
        return_rows(fcinfo, rows);
        return 0;
    });
}
}

} // namespace rlsproof::server
