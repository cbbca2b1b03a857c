#include "cli/look.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "cli/sources.hpp"
#include "cli/statement.hpp"

namespace rlsproof::cli {

namespace {

Level level_of(const std::string &text) {
    for (const Level level : {Level::error, Level::warning, Level::note}) {
        if (name(level) == text) return level;
    }
    throw Error(Code::internal, fmt::format("the audit answered with an unknown level \"{}\"", text));
}

Category category_of(const std::string &text) {
    for (const Category category :
         {Category::exposure, Category::permissions, Category::performance, Category::hygiene}) {
        if (name(category) == text) return category;
    }
    throw Error(Code::internal, fmt::format("the audit answered with an unknown category \"{}\"", text));
}

Finding finding_of(const Row &row) {
    const auto text = [&](size_t column) { return row.at(column).value_or(""); };
    return {text(0), level_of(text(1)), category_of(text(2)), text(3), text(4), text(5), text(6), text(7), text(8),
            text(9)};
}

} // namespace

std::string extension_version(Session &session) {
    const auto rows = session.query("select extversion from pg_catalog.pg_extension where extname = 'rlsproof'");
    return rows.empty() ? std::string() : rows.front().front().value_or("");
}

void load_matrix(Session &session, const std::string &file, Progress &progress) {
    progress.phase(fmt::format("reading {}", file));
    const auto source = read_source(file, file);
    for (const Piece &piece : source->pieces) {
        const auto place = [&](int position) { return fmt::format("{}:{}", file, line_of(piece, position)); };
        if (piece.kind == Piece::Kind::meta)
            throw Error(Code::invalid_input, fmt::format("{}: psql's commands mean nothing here", place(0)));
        if (controls_transaction(piece.text))
            throw Error(Code::invalid_input, fmt::format("{}: a matrix does not begin or end transactions", place(0)));
        if (const auto failure = session.run(std::string(piece.text), piece.data))
            throw Error(Code::invalid_input,
                        fmt::format("{}: {} ({})", place(failure->position), failure->message, failure->sqlstate),
                        failure->hint, failure->detail);
    }
}

Session open_database(const std::string &dsn, std::vector<std::string> &notes) {
    Session session({{"dbname", dsn}, {"fallback_application_name", "rlsproof"}, {"client_encoding", "UTF8"}});
    const std::string version = extension_version(session);
    if (version.empty())
        throw Error(Code::not_found, fmt::format("{} does not have the extension rlsproof", session.description()),
                    "Run CREATE EXTENSION rlsproof in a staging copy; this tool does not change a database by itself.");
    if (version != RLSPROOF_VERSION)
        notes.push_back(fmt::format("the database has rlsproof {}, this is the tool of {}", version, RLSPROOF_VERSION));
    return session;
}

std::vector<Finding> look(Session &session, const std::string &matrix, bool keep_matrix, Progress &progress) {
    session.query("begin");
    if (!matrix.empty()) load_matrix(session, matrix, progress);
    if (keep_matrix) session.query("commit; begin");
    progress.phase("auditing");
    session.on_wait([&] { progress.step(0, 0); });
    std::vector<Finding> findings;
    try {
        for (const Row &row :
             session.query("select rule, level, category, object, message, detail, hint, fix, evidence, key "
                           "from rlsproof.audit()"))
            findings.push_back(finding_of(row));
    } catch (Error &error) {
        throw Error(error.code, fmt::format("the audit itself failed: {}", error.what()), error.hint, error.detail);
    }
    session.query("rollback");
    return findings;
}

} // namespace rlsproof::cli
