#include "cli/offences.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/statement.hpp"
#include "report/json_writer.hpp"
#include "sqltext/sqltext.hpp"

namespace rlsproof::cli {

namespace {

// A text that has no shape, because it does not parse, is like those of the same tokens.
std::string shape_of(const std::string &sql) {
    try {
        return sqltext::fingerprint(sql);
    } catch (const Error &) {
        return "tokens " + token_hash(sql);
    }
}

void add_indented(std::string &out, std::string_view first, std::string_view text) {
    for (const std::string_view line : text::lines(text)) {
        out += fmt::format("  {}{}\n", first, line);
        first = "";
    }
}

std::string summary(const CheckReport &report) {
    std::map<std::string, size_t> by_rule;
    for (const Offence &offence : report.offences) ++by_rule[offence.rule];
    std::vector<std::string> parts;
    for (const auto &[rule, count] : by_rule) parts.push_back(fmt::format("{} {}", rule, count));
    std::string line = fmt::format("{} of {} looked at: ", text::plural(report.queries, "query", "queries"),
                                   text::plural(report.shapes, "shape", "shapes"));
    line += report.offences.empty()
                ? "nothing found"
                : fmt::format("{} ({})", text::plural(report.offences.size(), "finding", "findings"),
                              text::join(parts, ", "));
    if (report.session_commands > 0)
        line += fmt::format("; {} left out",
                            text::plural(report.session_commands, "command of sessions", "commands of sessions"));
    if (!report.gaps.empty()) line += "; not everything could be looked at";
    return line;
}

} // namespace

void OffenceList::add(const Query &first, size_t times, const std::vector<Row> &rows) {
    const std::string shape = shape_of(first.text);
    shapes_[shape] += times;
    std::map<std::string, int> of_rule;
    for (const Row &row : rows) {
        const auto text = [&](size_t column) { return row.at(column).value_or(""); };
        const std::string key = fmt::format("{} {} {}", shape, text(0), of_rule[text(0)]++);
        const auto [found, is_new] = indexes_.try_emplace(key, offences_.size());
        if (is_new) offences_.push_back({first.line, text(0), text(1), text(2), text(3), text(4), text(5), 0});
        offences_[found->second].times += times;
    }
}

std::vector<Offence> OffenceList::take() {
    std::stable_sort(offences_.begin(), offences_.end(),
                     [](const Offence &a, const Offence &b) { return a.line < b.line; });
    return std::move(offences_);
}

std::string as_text(const CheckReport &report) {
    constexpr size_t kQueryColumns = 100;
    std::string out;
    for (const Offence &offence : report.offences) {
        out += fmt::format("{}:{}: {}: {} ({})\n", report.file, offence.line, offence.rule, offence.message,
                           offence.sqlstate);
        add_indented(out, "", excerpt(offence.query, kQueryColumns));
        if (!offence.detail.empty()) add_indented(out, "", offence.detail);
        if (!offence.hint.empty()) add_indented(out, "hint: ", offence.hint);
        if (offence.times > 1) out += fmt::format("  {} times, first here\n", text::number(offence.times));
        out += '\n';
    }
    for (const std::string &note : report.notes) out += fmt::format("note: {}\n", note);
    for (const std::string &gap : report.gaps) out += fmt::format("not looked at: {}\n", gap);
    return text::visible(out + summary(report) + '\n');
}

std::string as_json(const CheckReport &report) {
    report::JsonWriter json;
    json.open_object();
    json.open_object("tool");
    json.member("name", "rlsproof");
    json.member("version", RLSPROOF_VERSION);
    json.close_object();
    json.member("file", report.file);
    json.member("subject", report.subject);
    json.member("complete", report.gaps.empty());
    json.member("queries", report.queries);
    json.member("shapes", report.shapes);
    json.member("session_commands", report.session_commands);
    json.open_array("findings");
    for (const Offence &offence : report.offences) {
        json.open_object();
        json.member("rule", offence.rule);
        json.member("line", static_cast<size_t>(offence.line));
        json.member("times", offence.times);
        json.member("sqlstate", offence.sqlstate);
        json.member("message", offence.message);
        json.member_if("detail", offence.detail);
        json.member_if("hint", offence.hint);
        json.member("query", offence.query);
        json.close_object();
    }
    json.close_array();
    for (const auto &[name, texts] : {std::pair("notes", &report.notes), std::pair("not_looked_at", &report.gaps)}) {
        json.open_array(name);
        for (const std::string &text : *texts) json.value(text);
        json.close_array();
    }
    json.close_object();
    return json.take();
}

} // namespace rlsproof::cli
