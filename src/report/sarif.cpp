// SARIF 2.1.0, for code scanning. Every result names its database object as a logical location; a physical one is added
// where the object is a line of a file, or where the report knows which files the schema came from: some consumers
// refuse a whole file for one result without it.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "report/json_writer.hpp"
#include "report/writers.hpp"

namespace rlsproof::report {

namespace {

constexpr std::string_view kSchema = "https://json.schemastore.org/sarif-2.1.0.json";
constexpr std::string_view kFingerprint = "rlsproof/v1";

// What SARIF has to know of a rule: what the report says of it, and the gravest finding it has.
struct RuleEntry {
    Rule rule;
    Level level = Level::note;
    Category category = Category::hygiene;
};

struct Rules {
    std::vector<RuleEntry> entries;
    std::map<std::string, size_t> index;

    RuleEntry &at(const std::string &id) {
        const auto [it, added] = index.emplace(id, entries.size());
        if (added) entries.push_back({Rule{id, {}, {}, {}}, Level::note, Category::hygiene});
        return entries[it->second];
    }
};

Rules rules_of(const Report &report) {
    Rules rules;
    for (const Rule &rule : report.rules) rules.at(rule.id).rule = rule;
    for (const Finding &f : report.findings) {
        RuleEntry &entry = rules.at(f.rule);
        entry.level = std::min(entry.level, f.level);
        entry.category = std::min(entry.category, f.category);
        if (entry.rule.title.empty()) entry.rule.title = f.message;
        if (entry.rule.help.empty()) entry.rule.help = f.hint.empty() ? f.detail : f.hint;
    }
    return rules;
}

// A path as a URI reference: RFC 3986's unreserved characters and the slash stay.
std::string uri(std::string_view path) {
    if (path.starts_with("./")) path.remove_prefix(2);
    std::string out = path.starts_with('/') ? "file://" : "";
    for (char c : path) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._~/").find(c) != std::string_view::npos;
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

// The standard asks for a text wherever it has a message.
void write_message(JsonWriter &j, std::string_view member, std::string_view text, std::string_view otherwise) {
    j.open_object(member);
    j.member("text", !text.empty() ? text : !otherwise.empty() ? otherwise : "no description");
    j.close_object();
}

// How grave a rule is on the scale code scanning sorts by: 9 and above is critical, 7 high, 4 medium.
std::string_view severity(Level level) {
    return level == Level::error ? "9.0" : level == Level::warning ? "7.0" : "3.0";
}

void write_rule(JsonWriter &j, const RuleEntry &entry) {
    j.open_object();
    j.member("id", entry.rule.id);
    j.member("name", entry.rule.id);
    write_message(j, "shortDescription", entry.rule.title, entry.rule.id);
    write_message(j, "help", entry.rule.help, entry.rule.title.empty() ? entry.rule.id : entry.rule.title);
    // The standard wants an absolute one.
    if (entry.rule.uri.find("://") != std::string::npos) j.member("helpUri", entry.rule.uri);
    j.open_object("defaultConfiguration");
    j.member("level", name(entry.level));
    j.close_object();
    j.open_object("properties");
    j.open_array("tags");
    j.value(name(entry.category));
    if (entry.category == Category::exposure) j.value("security");
    j.close_array();
    if (entry.category == Category::exposure) j.member("security-severity", severity(entry.level));
    j.close_object();
    j.close_object();
}

std::string message_of(const Finding &f) {
    std::string out = f.message;
    if (!f.detail.empty()) out += "\n\n" + f.detail;
    if (!f.hint.empty()) out += "\n\nHint: " + f.hint;
    if (!f.fix.empty()) out += "\n\nFix:\n" + f.fix;
    return out;
}

void write_location(JsonWriter &j, const Report &report, const Finding &f, std::string_view kind) {
    const Place place = place_of(f);
    const std::string &file = place ? place.file : report.source;
    j.open_array("locations");
    j.open_object();
    if (!file.empty()) {
        j.open_object("physicalLocation");
        j.open_object("artifactLocation");
        j.member("uri", uri(file));
        if (!file.starts_with('/')) j.member("uriBaseId", "%SRCROOT%");
        j.close_object();
        if (place) {
            j.open_object("region");
            j.member("startLine", place.line);
            if (place.column > 0) j.member("startColumn", place.column);
            j.close_object();
        }
        j.close_object();
    }
    if (!place) {
        j.open_array("logicalLocations");
        j.open_object();
        j.member("fullyQualifiedName", f.object);
        j.member("kind", kind);
        j.close_object();
        j.close_array();
    }
    j.close_object();
    j.close_array();
}

void write_result(JsonWriter &j, const Report &report, const Finding &f, size_t rule_index, std::string_view kind) {
    j.open_object();
    j.member("ruleId", f.rule);
    j.member("ruleIndex", rule_index);
    j.member("level", name(f.level));
    const bool in_file = f.object.empty() || place_of(f);
    write_message(j, "message", in_file ? message_of(f) : f.object + ": " + message_of(f), f.rule);
    write_location(j, report, f, kind);
    j.open_object("partialFingerprints");
    j.member(kFingerprint, key_of(f));
    j.close_object();
    j.open_object("properties");
    j.member("category", name(f.category));
    j.member_if("evidence", f.evidence);
    j.member_if("fix", f.fix);
    j.close_object();
    j.close_object();
}

void write_notification(JsonWriter &j, Level level, std::string_view text) {
    j.open_object();
    j.member("level", name(level));
    write_message(j, "message", text, {});
    j.close_object();
}

void write_invocation(JsonWriter &j, const Report &report) {
    j.open_array("invocations");
    j.open_object();
    j.member("executionSuccessful", report.complete);
    j.open_array("toolExecutionNotifications");
    if (!report.complete) write_notification(j, Level::error, incompleteness(report));
    for (const Note &note : report.notes) write_notification(j, note.level, note.text);
    j.close_array();
    j.close_object();
    j.close_array();
}

} // namespace

std::string write_sarif(const Report &report) {
    const Rules rules = rules_of(report);
    std::map<std::string, std::string> kinds;
    for (const Matrix::Row &row : report.matrix.rows) kinds[row.object] = row.kind;
    const auto kind_of = [&](const std::string &object) -> std::string {
        const auto it = kinds.find(object);
        if (it != kinds.end() && !it->second.empty()) return it->second;
        return object.starts_with("rpc:") ? "function" : "object";
    };

    JsonWriter j;
    j.open_object();
    j.member("$schema", kSchema);
    j.member("version", "2.1.0");
    j.open_array("runs");
    j.open_object();
    j.open_object("tool");
    j.open_object("driver");
    j.member("name", "rlsproof");
    j.member_if("version", report.version);
    j.open_array("rules");
    for (const RuleEntry &entry : rules.entries) write_rule(j, entry);
    j.close_array();
    j.close_object();
    j.close_object();
    j.member("columnKind", "unicodeCodePoints");
    write_invocation(j, report);
    j.open_array("results");
    for (const Finding &f : report.findings) write_result(j, report, f, rules.index.at(f.rule), kind_of(f.object));
    j.close_array();
    j.open_object("properties");
    j.member("subject", report.subject);
    j.member("headline", headline(report));
    j.close_object();
    j.close_object();
    j.close_array();
    j.close_object();
    return j.take();
}

} // namespace rlsproof::report
