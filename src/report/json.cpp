// JSON for programs. Its shape is documented in docs/reports.md and changes only together with kSchemaVersion; keys are
// added, never renamed.
#include "report/json_writer.hpp"
#include "report/writers.hpp"

namespace rlsproof::report {

namespace {

constexpr size_t kSchemaVersion = 1;

std::string_view word(Outcome outcome) {
    switch (outcome) {
    case Outcome::clean: return "clean";
    case Outcome::findings: return "findings";
    case Outcome::could_not_look: break;
    }
    return "could_not_look";
}

void write_counts(JsonWriter &j, const Counts &counts) {
    j.open_object("counts");
    j.member("total", counts.total());
    for (Level level : kLevels) j.member(name(level), counts.of(level));
    j.open_object("by_category");
    for (Category category : kCategories) {
        j.open_object(name(category));
        for (Level level : kLevels)
            j.member(name(level), counts.by[static_cast<size_t>(category)][static_cast<size_t>(level)]);
        j.close_object();
    }
    j.close_object();
    j.close_object();
}

void write_finding(JsonWriter &j, const Finding &f) {
    j.open_object();
    j.member("rule", f.rule);
    j.member("level", name(f.level));
    j.member("category", name(f.category));
    j.member("object", f.object);
    j.member("message", f.message);
    j.member("detail", f.detail);
    j.member("hint", f.hint);
    j.member("fix", f.fix);
    j.member("evidence", f.evidence);
    j.member("key", key_of(f));
    j.close_object();
}

void write_matrix(JsonWriter &j, const Matrix &matrix) {
    j.open_object("matrix");
    j.open_array("commands");
    for (std::string_view command : kCommands) j.value(command);
    j.close_array();
    j.open_object("codes");
    for (char code : codes_of(matrix)) j.member(std::string_view(&code, 1), meaning(code));
    j.close_object();
    j.open_array("personas");
    for (const std::string &persona : matrix.personas) j.value(persona);
    j.close_array();
    j.open_array("rows");
    for (const Matrix::Row &row : matrix.rows) {
        j.open_object();
        j.member("object", row.object);
        j.member("kind", row.kind);
        j.open_array("cells");
        for (const std::string &cell : row.cells) j.value(cell);
        j.close_array();
        j.close_object();
    }
    j.close_array();
    j.close_object();
}

} // namespace

std::string write_json(const Report &report) {
    JsonWriter j;
    j.open_object();
    j.member("schema", "rlsproof.report");
    j.member("schema_version", kSchemaVersion);
    j.member("version", report.version);
    j.member("title", title(report));
    j.member("subject", report.subject);
    j.member("server", report.server);
    j.member("source", report.source);
    j.member_if("generated", report.generated);
    j.member("outcome", word(outcome(report)));
    j.member("headline", headline(report));
    j.member("complete", report.complete);
    j.member("incomplete_reason", incompleteness(report));
    write_counts(j, count(report));

    j.open_array("notes");
    for (const Note &note : report.notes) {
        j.open_object();
        j.member("level", name(note.level));
        j.member("text", note.text);
        j.close_object();
    }
    j.close_array();

    j.open_array("findings");
    for (const Finding &f : report.findings) write_finding(j, f);
    j.close_array();

    j.open_array("rules");
    for (const Rule &rule : report.rules) {
        j.open_object();
        j.member("id", rule.id);
        j.member("title", rule.title);
        j.member("help", rule.help);
        j.member("uri", rule.uri);
        j.close_object();
    }
    j.close_array();

    write_matrix(j, report.matrix);
    j.close_object();
    return j.take();
}

} // namespace rlsproof::report
