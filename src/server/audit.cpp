#include "lint/cells.hpp"
#include "lint/once.hpp"
#include "lint/rules.hpp"

#include "model/expectation.hpp"

#include "server/audit.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "server/declare.hpp"
#include "server/endless.hpp"
#include "server/environment.hpp"
#include "server/next_table.hpp"
#include "server/result.hpp"
#include "server/seen.hpp"
#include "server/sign_up.hpp"
#include "server/sign_up_fails.hpp"
#include "server/spi.hpp"
#include "server/verify.hpp"
#include "server/world.hpp"
#include "server/guard/rules.hpp"

namespace rlsproof::server {

namespace {

std::vector<std::vector<Value>> rows_of(const std::vector<Finding> &findings) {
    std::vector<std::vector<Value>> rows;
    const auto or_null = [](const std::string &text) { return text.empty() ? Value() : Value(text); };
    for (const Finding &f : findings)
        rows.push_back({f.rule, std::string(name(f.level)), std::string(name(f.category)), f.object, f.message,
                        or_null(f.detail), or_null(f.hint), or_null(f.fix), f.evidence, f.key});
    return rows;
}

// What could not be looked at stands among the findings: an audit that missed something never reads as an all-clear.
Finding about_the_audit(const std::string &rule, Level level, const std::string &note) {
    Finding finding;
    finding.rule = rule;
    finding.level = level;
    finding.category = Category::hygiene;
    finding.object = "audit";
    finding.message = note;
    finding.evidence = "none";
    finding.key = rule + ":" + note;
    return finding;
}

constexpr const char *kWaivers = R"(
select rule, object, reason, until, until < pg_catalog.now()::date from rlsproof.waivers
order by rule collate "C", object collate "C")";

// The cells that are left to tell of, and how many each waiver of one command took out, by its place among them.
std::vector<Cell> without_waived(std::vector<Cell> cells, std::map<size_t, size_t> &used) {
    const Rows waivers = query(kWaivers);
    for (size_t i = 0; i < waivers.size(); i++) {
        const Waived waived = waived_of(waivers.text(i, 1));
        if (!waived.command || waivers.boolean(i, 4)) continue;
        used[i] = std::erase_if(cells, [&](const Cell &cell) {
            return cell.command == *waived.command && lint::rule_of(cell) == waivers.text(i, 0) &&
                   matches(waived.object, cell.object);
        });
    }
    return cells;
}

// Takes out what was waived; waivers that are over, or that waive nothing, are findings themselves.
void waive(std::vector<Finding> &findings, std::map<size_t, size_t> &used) {
    const Rows waivers = query(kWaivers);
    for (size_t i = 0; i < waivers.size(); i++) {
        const std::string &rule = waivers.text(i, 0), &object = waivers.text(i, 1);
        const bool expired = waivers.boolean(i, 4);
        const auto waived = [&](const Finding &f) { return f.rule == rule && matches(object, f.object); };
        const size_t count = used[i] + (size_t)std::count_if(findings.begin(), findings.end(), waived);
        if (!expired) std::erase_if(findings, waived);
        // Whether the guard's waivers are used is not for an audit to say: they are about statements that run.
        if (!expired && (count > 0 || guard::rule_named(rule.c_str()) != nullptr)) continue;
        Finding finding;
        finding.rule = expired ? "waiver_expired" : "waiver_unused";
        finding.level = Level::warning;
        finding.category = Category::hygiene;
        finding.object = object;
        finding.message = expired ? fmt::format("the waiver of {} on {} ended on {}", rule, object, waivers.text(i, 3))
                                  : fmt::format("the waiver of {} on {} waives nothing", rule, object);
        finding.detail = fmt::format("Its reason was: {}.", waivers.text(i, 2));
        finding.hint = "Look again, then renew it with rlsproof.waive() or take it away.";
        finding.fix = fmt::format("DELETE FROM rlsproof.waivers WHERE rule = {} AND object = {};", quote_literal(rule),
                                  quote_literal(object));
        finding.evidence = "none";
        finding.key = fmt::format("{}:{}:{}", finding.rule, rule, object);
        findings.push_back(std::move(finding));
    }
}

} // namespace

std::vector<Finding> lint(const std::string &rule, const std::string &object) {
    std::vector<Finding> findings = lint::look(read_world(), rule);
    if (!object.empty()) std::erase_if(findings, [&](const Finding &f) { return f.object != object; });
    rank(findings);
    return findings;
}

Audit audit() {
    const EndlessRefused endless;
    Audit result;
    result.world = read_world();
    const World &world = result.world;
    result.findings = lint::look(world);
    result.notes = world.notes;
    if (why_no_execution().empty()) {
        prove_default_privileges(world, result.findings);
        try_sign_ups(world, result.findings);
        look_for_failing_sign_ups(world, result.findings);
    }
    Verification verification = verify(world, {});
    result.findings.insert(result.findings.end(), verification.findings.begin(), verification.findings.end());
    std::map<size_t, size_t> waived;
    lint::add_cells(world, without_waived(verification.cells, waived), result.findings);
    result.cells = std::move(verification.cells);
    const std::vector<Finding> declared = look_at_declarations(world);
    result.findings.insert(result.findings.end(), declared.begin(), declared.end());
    const std::vector<Finding> seen = seen_by_guard();
    result.findings.insert(result.findings.end(), seen.begin(), seen.end());
    result.notes.insert(result.notes.end(), verification.notes.begin(), verification.notes.end());
    for (const std::string &note : result.notes)
        result.findings.push_back(about_the_audit("not_looked_at", Level::warning, note));
    for (const std::string &remark : world.remarks)
        result.findings.push_back(about_the_audit("taken_for_granted", Level::note, remark));
    waive(result.findings, waived);
    lint::tell_once(world, result.cells, result.findings);
    rank(result.findings);
    return result;
}

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_audit);
PG_FUNCTION_INFO_V1(rlsproof_lint);

Datum rlsproof_audit(PG_FUNCTION_ARGS) {
    return enter([&]() -> Datum {
        return_rows(fcinfo, rows_of(audit().findings));
        return 0;
    });
}

Datum rlsproof_lint(PG_FUNCTION_ARGS) {
    const char *rule = text_argument(fcinfo, 0);
    const char *object = text_argument(fcinfo, 1);
    return enter([&]() -> Datum {
        return_rows(fcinfo, rows_of(lint(optional_text(rule).value_or(""), optional_text(object).value_or(""))));
        return 0;
    });
}
}

} // namespace rlsproof::server
